import pprint

from apps.products.samples.request import SampleRequest


def write(request: SampleRequest) -> str:
    """With the `requests` package."""
    headers = dict(request.headers)
    arguments = []
    try:
        value = request.json_body()
    except ValueError:
        if request.body:
            arguments.append(f"data={request.body!r}.encode()")
    else:
        # `json=` sets the media type itself.
        del headers["Content-Type"]
        arguments.append(f"json={_indented(pprint.pformat(value, sort_dicts=False, width=80))}")
    call = ",\n    ".join([repr(request.url), f"headers={_headers(headers)}", *arguments, "timeout=10"])
    name = request.method.lower()
    return f"import requests\n\nresponse = requests.{name}(\n    {call},\n)\nprint(response.status_code, response.text)"


def _headers(headers: dict[str, str]) -> str:
    """Values beyond ASCII as bytes: `requests` would send them in Latin-1."""
    pairs = (f"{name!r}: {value!r}{'' if value.isascii() else '.encode()'}" for name, value in headers.items())
    return f"{{{', '.join(pairs)}}}"


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")
