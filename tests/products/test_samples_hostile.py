"""Whatever an example holds, each sample is a program of its language that sends exactly this call."""

import ast
import itertools
import json
import re
import shlex
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.products.enums import Method
from apps.products.samples import SampleRequest, code_samples

URL = "https://gateway.example.com/weather/x?a=%22b%27"
NASTY = [
    "'\"`$(x)\\\n\r\t\b\f\x0b\x1b\x7f\x85\u2028\u2029\u202e\ufeff😀é",
    '"""', '""""\n"""', '"\n\\', "\\u0022", "\\", "{0}", "${x}", "*/ //", "#", "\n", " ", "</script>",
    '{"a": [1, null, true, "\\u2028"]}', '{"__proto__": {"a": 1}}', '{"n": 123456789012345678901}',
    "null", "NaN", "[1e999]", "[" * 5_000, '"x" ', "{\n  \"a\": \"\"\"\"\n}", "…",
]  # fmt: skip
TEXTS = st.one_of(st.sampled_from(NASTY), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
# What the value of a header can be.
VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


def requests_of(media_type: str) -> "st.SearchStrategy[SampleRequest]":
    return st.builds(
        lambda method, value, body: SampleRequest(
            method, URL, (("Authorization", "Bearer k"), ("X-Tag", value), ("Content-Type", media_type)), body
        ),
        st.sampled_from(Method.values),
        VALUES,
        TEXTS,
    )


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(requests_of("application/json"), requests_of("text/plain; charset=utf-8"), requests_of("application/xml"))
)
def test_each_sample_is_a_program_that_sends_this_call(request: SampleRequest) -> None:
    curl, python, javascript, csharp = (sample.code for sample in code_samples(request))
    check_curl(curl, request)
    check_python(python, request)
    check_javascript(javascript, request)
    check_csharp(csharp, request)


def check_curl(code: str, request: SampleRequest) -> None:
    arguments = shlex.split(code)
    assert arguments[0] == "curl"
    assert request.url in arguments
    assert [arguments[at + 1] for at, word in enumerate(arguments) if word == "-H"][: len(request.headers)] == [
        f"{name}: {value}" for name, value in request.headers
    ]
    if request.body:
        assert arguments[-2:] == ["--data-raw", request.body]


def check_python(code: str, request: SampleRequest) -> None:
    *_, printed = ast.parse(code).body
    made = ast.parse(code).body[1]
    assert isinstance(made, ast.Assign)
    assert isinstance(printed, ast.Expr)
    call = made.value
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Attribute)
    assert call.func.attr == request.method.lower()
    given = {word.arg: value_of(word.value) for word in call.keywords}
    assert value_of(call.args[0]) == request.url
    sent = {name: value if isinstance(value, str) else value.decode() for name, value in given["headers"].items()}
    assert all(isinstance(value, bytes) or value.isascii() for value in given["headers"].values())
    if "json" in given:
        assert given["json"] == json.loads(request.body)
        sent["Content-Type"] = "application/json"
    else:
        assert given.get("data", b"") == request.body.encode()
    assert sent == dict(request.headers)


def value_of(node: ast.expr) -> Any:
    """What the expression is when the program runs: made of literals and `.encode()` alone."""
    calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    assert all(isinstance(inner.func, ast.Attribute) and inner.func.attr == "encode" for inner in calls)
    assert not any(isinstance(inner, ast.Name) for inner in ast.walk(node))
    return eval(compile(ast.Expression(node), "sample", "eval"), {"__builtins__": {}})  # noqa: S307 - literals


def check_javascript(code: str, request: SampleRequest) -> None:
    """Its string literals are those of JSON, so what stands between them is the program."""
    strings = [json.loads(literal) for literal in re.findall(r'"(?:[^"\\\n]|\\.)*"', code)]
    assert strings[0] == request.url
    assert request.headers[1][1].encode() in [text.encode("latin-1", "ignore") for text in strings]
    if not request.body:
        return
    _, _, body = code.partition("\n  body: ")
    body = body.rpartition(",\n});\n")[0]
    if body.startswith("JSON.stringify("):
        value = json.loads(body.removeprefix("JSON.stringify(").removesuffix(")"))
        assert value == json.loads(request.body)
        assert "__proto__" not in body
    else:
        assert json.loads(body) == request.body


def check_csharp(code: str, request: SampleRequest) -> None:
    strings, program = read_csharp(code)
    assert strings[0] == request.url
    pairs = dict(itertools.pairwise(strings))
    for name, value in request.headers:
        assert pairs[name] == value
    assert f"HttpMethod.{request.method.capitalize()}, §" in program
    if request.body:
        assert request.body in strings
    assert program.count("(") == program.count(")")
    assert re.fullmatch(r"[ -~\n§]*", program)


ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def read_csharp(code: str) -> tuple[list[str], str]:
    """The strings of a C# program, and the program with § in their places. Raises what C# would complain of."""
    strings, program, at = [], "", 0
    while at < len(code):
        if code[at] != '"':
            program += code[at]
            at += 1
            continue
        fence = re.compile('"+').match(code, at)
        assert fence is not None
        if len(fence[0]) >= 3:
            # A raw literal: it ends with the first run of as many quotes, alone on its line.
            start = fence.end() + 1
            assert code[fence.end()] == "\n"
            end = code.index(fence[0], start)
            assert code[end - 1] == "\n"
            text, at = code[start : end - 1], end + len(fence[0])
        else:
            text, at = read_regular(code, at + 1)
        strings.append(text)
        program += "§"
    return strings, program


def read_regular(code: str, at: int) -> tuple[str, int]:
    text = ""
    while code[at] != '"':
        assert code[at] not in "\n\r\x85\u2028\u2029", "a line end in a string"
        if code[at] != "\\":
            text, at = text + code[at], at + 1
        elif code[at + 1] in "uU":
            digits = 4 if code[at + 1] == "u" else 8
            text, at = text + chr(int(code[at + 2 : at + 2 + digits], 16)), at + 2 + digits
        else:
            text, at = text + ESCAPES[code[at + 1]], at + 2
    return text, at + 1


@pytest.mark.parametrize("method", Method.values)
def test_csharp_knows_every_method(method: str) -> None:
    code = code_samples(SampleRequest(method, URL, (("Authorization", "Bearer k"),)))[3].code
    assert f"HttpMethod.{method.capitalize()}," in code
    assert "Content" not in code.replace("ReadAsStringAsync", "").replace("response.Content", "")
    assert "SocketsHttpHandler" not in code


def test_csharp_puts_headers_of_the_content_where_net_takes_them() -> None:
    headers = (("Authorization", "Bearer k"), ("Content-Language", "de"), ("Content-Type", "application/json"))
    code = code_samples(SampleRequest("POST", URL, headers, '{\n  "a": 1\n}'))[3].code
    assert 'request.Content.Headers.TryAddWithoutValidation("Content-Language", "de");' in code
    assert 'request.Headers.TryAddWithoutValidation("Authorization", "Bearer k");' in code
    assert 'GetBytes("""\n{\n  "a": 1\n}\n"""));' in code


def test_csharp_sends_headers_beyond_ascii() -> None:
    headers = (("X-City", "Zürich"),)
    assert "RequestHeaderEncodingSelector" in code_samples(SampleRequest("GET", URL, headers))[3].code
