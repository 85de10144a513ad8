"""What stands in the query string of a list: free text, and choices of which an unknown one chooses nothing."""

from collections.abc import Container

from django.http import HttpRequest

SEARCH_MAX = 100


def searched(request: HttpRequest) -> str:
    """The words of `?q=`, without NUL bytes and runs of spaces, cut to what a search takes."""
    return " ".join(request.GET.get("q", "").replace("\x00", "").split())[:SEARCH_MAX]


def chosen(request: HttpRequest, name: str, choices: Container[str]) -> str:
    """The value of a parameter that is one of the choices; else empty."""
    value = request.GET.get(name, "")
    return value if value in choices else ""
