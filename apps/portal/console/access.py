"""How a page of a subscription gets it: the only way into `/o/<organization>/subscriptions/<id>/…`."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpResponseBase

from apps.portal.access import PortalRequest, organization_page
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
        return view(request, subscription, *args, **kwargs)

    return organization_page(page)
