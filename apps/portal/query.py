"""What stands in the query string of a list: free text, and choices of which an unknown one chooses nothing."""

from collections.abc import Container

from django.http import HttpRequest

from apps.core.values import words_of


def searched(request: HttpRequest) -> str:
    """The words of `?q=`, one space between them, cut to what a search takes."""
    return " ".join(words_of(request.GET.get("q", "")))


def chosen(request: HttpRequest, name: str, choices: Container[str]) -> str:
    """The value of a parameter that is one of the choices; else empty."""
    value = request.GET.get(name, "")
    return value if value in choices else ""
