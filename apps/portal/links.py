"""Addresses that come with a request and that a browser is sent back to."""

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme


def is_own_path(text: str) -> bool:
    """Whether the text is the path of a page of this site, and of no other one."""
    return text.startswith("/") and url_has_allowed_host_and_scheme(text, allowed_hosts=None)


def return_path(request: HttpRequest) -> str:
    """Where to go on after signing in: the page that was asked for, or the one that a form was sent from.

    A form says it in its field `back`, a browser in the Referer; where neither does, the page above the form's address.
    """
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    back = request.POST.get("back", "")
    return back if is_own_path(back) else _referring_path(request) or page_above(request.path)


def page_above(path: str) -> str:
    """The nearest address above this one that leads anywhere: `…/keys/create/` → `…/keys/`."""
    while path != "/":
        path = path.rstrip("/").rpartition("/")[0] + "/"
        try:
            resolve(path)
        except Resolver404:
            continue
        return path
    return path


def _referring_path(request: HttpRequest) -> str:
    """The path with its query, where the Referer is a page of this site."""
    try:
        parts = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    if parts.netloc != request.get_host() or not is_own_path(parts.path):
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
