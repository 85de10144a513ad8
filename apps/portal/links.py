"""Addresses that come with a request and that a browser is sent back to."""

from django.utils.http import url_has_allowed_host_and_scheme


def is_own_path(text: str) -> bool:
    """Whether the text is the path of a page of this site, and of no other one."""
    return text.startswith("/") and url_has_allowed_host_and_scheme(text, allowed_hosts=None)
