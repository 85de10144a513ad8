from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.accounts.models import Membership
from apps.accounts.selectors import list_memberships_of
from apps.notifications.selectors import count_unread
from apps.portal.theme import chosen_theme


def portal(request: HttpRequest) -> dict[str, Any]:
    """What the page frame needs on every page. Nothing is read before a template asks for it.

    `actor` and `organization` are there on pages below `/o/<organization>/` (see `apps.portal.access`).
    """
    actor = getattr(request, "actor", None)
    return {
        "actor": actor,
        "organization": actor.organization if actor else None,
        "memberships": SimpleLazyObject(lambda: _memberships(request)),
        "unread_notices": SimpleLazyObject(lambda: _unread(request)),
        "theme": chosen_theme(request),
        "sells_hosting": bool(settings.HOSTING_PRODUCT),
        "development": settings.DEVELOPMENT_MAILBOX,
    }


def _memberships(request: HttpRequest) -> list[Membership]:
    user = getattr(request, "user", None)
    return list(list_memberships_of(user)) if user is not None and user.is_authenticated else []


def _unread(request: HttpRequest) -> int:
    user = getattr(request, "user", None)
    return count_unread(user) if user is not None and user.is_authenticated else 0
