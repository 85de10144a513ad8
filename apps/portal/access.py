"""How a page of an organization gets its actor: the only way into `/o/<organization>/…`."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django_htmx.middleware import HtmxDetails

from apps.accounts.access import Actor
from apps.accounts.models import User
from apps.accounts.selectors import get_actor
from apps.portal.links import return_path

P = ParamSpec("P")


class PortalRequest(HttpRequest):
    """A request of a signed-in member: what `organization_page` adds."""

    user: User
    actor: Actor
    htmx: HtmxDetails


def signed_in(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Send visitors to sign in, and from there to the page that they were on, whose form they may have sent."""

    @wraps(view)
    def page(request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(return_path(request))
        return view(request, *args, **kwargs)

    return page


def organization_page(
    view: Callable[Concatenate[PortalRequest, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Require sign-in and membership; the view finds `request.actor` and not the organization's name.

    Who is not a member sees a page that does not exist, not one that is forbidden.
    """

    @wraps(view)
    def page(request: PortalRequest, /, organization: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request.actor = get_actor(user=request.user, organization_slug=organization)
        return view(request, *args, **kwargs)

    return signed_in(page)
