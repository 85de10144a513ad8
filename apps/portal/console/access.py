"""How a page of a subscription gets it: the only way into `/o/<organization>/subscriptions/<id>/…`."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpResponseBase
from django.shortcuts import redirect

from apps.portal.access import PortalRequest, organization_page
from apps.products.hosting import is_hosting
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import get_subscription

P = ParamSpec("P")


def subscription_page(
    view: Callable[Concatenate[PortalRequest, Subscription, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Require membership of the organization that has the subscription; the view gets it in place of its id."""

    @wraps(view)
    def page(request: PortalRequest, /, subscription_id: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        subscription = get_subscription(request.actor, public_id=subscription_id)
        if is_hosting(subscription.product) and _is_elsewhere(request):
            return redirect("portal:hosting", request.actor.organization.slug)
        return view(request, subscription, *args, **kwargs)

    return organization_page(page)


def _is_elsewhere(request: PortalRequest) -> bool:
    """Whether what a page of a subscription shows is on the hosting page; its plan alone is changed as any other."""
    match = request.resolver_match
    return request.method in ("GET", "HEAD") and match is not None and match.url_name != "plan-change"
