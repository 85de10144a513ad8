"""Calls to an endpoint, written as a program would make them.

Each language has a module with one function from `SampleRequest` to text. The text is made to be pasted and run:
every value is quoted by the rules of its language.
"""

from dataclasses import dataclass

from apps.products.samples import csharp, curl, javascript, python
from apps.products.samples.request import SampleRequest

__all__ = ["CodeSample", "SampleRequest", "code_samples"]


@dataclass(frozen=True, slots=True)
class CodeSample:
    language: str
    label: str
    code: str


def code_samples(request: SampleRequest) -> list[CodeSample]:
    """The call in every language, curl first."""
    return [
        CodeSample("curl", "curl", curl.write(request)),
        CodeSample("python", "Python", python.write(request)),
        CodeSample("javascript", "JavaScript", javascript.write(request)),
        CodeSample("csharp", "C#", csharp.write(request)),
    ]
