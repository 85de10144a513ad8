import json
from typing import Any

from apps.products.samples.request import SampleRequest

_SAFE_INTEGER_MAX = 2**53 - 1


def write(request: SampleRequest) -> str:
    """With `fetch`, in a browser's module or Node."""
    options = []
    if request.method != "GET":
        options.append(f"method: {json.dumps(request.method)},")
    # `fetch` takes a character for each byte of a header.
    headers = {name: value.encode().decode("latin-1") for name, value in request.headers}
    options.append(f"headers: {_indented(json.dumps(headers, indent=2))},")
    if request.body:
        options.append(f"body: {_body(request)},")
    inside = "\n  ".join(options)
    return (
        f"const response = await fetch({json.dumps(request.url)}, {{\n  {inside}\n}});\n"
        "console.log(response.status, await response.text());"
    )


def _body(request: SampleRequest) -> str:
    try:
        value = request.json_body()
    except ValueError:
        return json.dumps(request.body)
    if not _means_the_same(value):
        return json.dumps(request.body)
    return f"JSON.stringify({_indented(json.dumps(value, indent=2, ensure_ascii=False))})"


def _means_the_same(value: Any) -> bool:
    """Whether the text of the JSON value, as JavaScript, is the same value."""
    if isinstance(value, dict):
        return "__proto__" not in value and all(map(_means_the_same, value.values()))
    if isinstance(value, list):
        return all(map(_means_the_same, value))
    return not isinstance(value, int) or abs(value) <= _SAFE_INTEGER_MAX


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
