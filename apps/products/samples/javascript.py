import json

from apps.products.samples.request import SampleRequest


def write(request: SampleRequest) -> str:
    """With `fetch`, in a browser's module or Node."""
    options = []
    if request.method != "GET":
        options.append(f"method: {json.dumps(request.method)},")
    options.append(f"headers: {_object(dict(request.headers))},")
    if request.body:
        options.append(f"body: {_body(request)},")
    inside = "\n  ".join(options)
    return (
        f"const response = await fetch({json.dumps(request.url)}, {{\n  {inside}\n}});\n"
        "console.log(response.status, await response.text());"
    )


def _object(value: dict[str, str]) -> str:
    return json.dumps(value, indent=2).replace("\n", "\n  ")


def _body(request: SampleRequest) -> str:
    if request.has_json_body:
        try:
            value = json.loads(request.body)
        except ValueError:
            return json.dumps(request.body)
        return f"JSON.stringify({json.dumps(value, indent=2, ensure_ascii=False)})".replace("\n", "\n  ")
    return json.dumps(request.body)
