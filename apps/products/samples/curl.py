import shlex

from apps.products.samples.request import SampleRequest


def write(request: SampleRequest) -> str:
    """A command for a POSIX shell, one option a line."""
    # curl would read braces and brackets of the address as patterns.
    globoff = "--globoff " if any(sign in request.url for sign in "[]{}") else ""
    method = "" if request.method == "GET" else "--head " if request.method == "HEAD" else f"-X {request.method} "
    lines = [f"curl {globoff}{method}{shlex.quote(request.url)}"]
    lines += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in request.headers]
    if request.body:
        lines.append(f"--data-raw {shlex.quote(request.body)}")
    return " \\\n  ".join(lines)
