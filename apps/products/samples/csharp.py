"""The call as a C# program of top-level statements, with `HttpClient` alone."""

import json
import re

from apps.products.samples.request import SampleRequest

# .NET keeps these with the content and refuses them among the headers of the request.
_CONTENT_HEADERS = frozenset(
    {
        "allow", "content-disposition", "content-encoding", "content-language", "content-length", "content-location",
        "content-md5", "content-range", "content-type", "expires", "last-modified",
    }
)  # fmt: skip


def write(request: SampleRequest) -> str:
    """For .NET 7 and later."""
    own = [(name, value) for name, value in request.headers if name.lower() not in _CONTENT_HEADERS]
    of_content = [(name, value) for name, value in request.headers if name.lower() in _CONTENT_HEADERS]
    lines = ["using System.Text;", "", *_client(own + of_content)]
    method = request.method.capitalize()
    lines.append(f"using var request = new HttpRequestMessage(HttpMethod.{method}, {_literal(request.url)});")
    lines += [f"request.Headers.TryAddWithoutValidation({_literal(n)}, {_literal(v)});" for n, v in own]
    if request.body or of_content:
        lines.append(f"request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes({_text(request.body)}));")
    lines += [f"request.Content.Headers.TryAddWithoutValidation({_literal(n)}, {_literal(v)});" for n, v in of_content]
    lines += [
        "",
        "using var response = await client.SendAsync(request);",
        "Console.WriteLine((int)response.StatusCode);",
        "Console.WriteLine(await response.Content.ReadAsStringAsync());",
    ]
    return "\n".join(lines)


def _client(headers: list[tuple[str, str]]) -> list[str]:
    """HttpClient sends header values in ASCII only, unless it is told otherwise."""
    if all(value.isascii() for _, value in headers):
        return ["using var client = new HttpClient();"]
    return [
        "using var handler = new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 };",
        "using var client = new HttpClient(handler);",
    ]


def _literal(text: str) -> str:
    """A regular string literal. JSON's escapes are C#'s too; what cannot be seen is escaped as well."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(character if character.isprintable() else _escape(character) for character in quoted)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _text(text: str) -> str:
    """A raw string literal, which is read as it stands, for lines of text that can be seen; else a regular one."""
    lines = text.split("\n")
    if len(lines) == 1 or not all(line.isprintable() for line in lines):
        return _literal(text)
    # The fence is longer than every run of quotes inside.
    fence = '"' * max(3, 1 + max(map(len, re.findall('"+', text)), default=0))
    return f"{fence}\n{text}\n{fence}"
