import json
import pprint

from apps.products.samples.request import SampleRequest


def write(request: SampleRequest) -> str:
    """With the `requests` package."""
    headers = dict(request.headers)
    arguments = []
    if request.has_json_body and (value := _json(request.body)) is not None:
        # `json=` sets the media type itself.
        del headers["Content-Type"]
        arguments.append(f"json={_indented(pprint.pformat(value, sort_dicts=False, width=80))}")
    elif request.body:
        arguments.append(f"data={request.body!r}.encode()")
    call = ",\n    ".join([repr(request.url), f"headers={headers!r}", *arguments, "timeout=10"])
    name = request.method.lower()
    return f"import requests\n\nresponse = requests.{name}(\n    {call},\n)\nprint(response.status_code, response.text)"


def _json(text: str) -> object:
    """None where the example is not whole JSON."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    return value


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")
