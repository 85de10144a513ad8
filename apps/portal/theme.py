"""Light or dark. The choice is a cookie, so that the server writes it into the page and nothing flashes."""

from django.http import HttpRequest

COOKIE = "theme"
COOKIE_SECONDS = 365 * 24 * 3600
THEMES = ("light", "dark")


def chosen_theme(request: HttpRequest) -> str:
    """`light` or `dark`; empty where the system decides."""
    value = request.COOKIES.get(COOKIE, "")
    return value if value in THEMES else ""
