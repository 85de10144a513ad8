"""What a subscription is: its plan, its limits, its history, and its end."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.permissions import Action
from apps.portal import history
from apps.portal.access import PortalRequest
from apps.portal.console.access import subscription_page
from apps.portal.console.forms import CancelForm
from apps.portal.endings import ends_with_product
from apps.portal.forms import carried_out
from apps.portal.overage import overage_form
from apps.portal.wording import (
    beyond_in_words,
    charges_extra_units,
    concurrency_in_words,
    quotas_in_words,
    rate_limit_in_words,
)
from apps.subscriptions import services
from apps.subscriptions.enums import CollectedBy, SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import list_changes

CHANGES_PER_PAGE = 20
_CHANGEABLE = SubscriptionStatus.begun() - {SubscriptionStatus.UNPAID}


@require_safe
@subscription_page
def manage(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    return render(request, "console/manage.html", _context(request, subscription))


@require_POST
@subscription_page
def cancel(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    form = CancelForm(request.POST, product_name=subscription.product.name)
    canceled = None
    if form.is_valid():
        canceled = carried_out(
            form, lambda: services.cancel_subscription(actor=request.actor, subscription=subscription)
        )
    if canceled is None:
        return render(request, "console/manage.html", _context(request, subscription) | {"form": form}, status=422)
    text = _("The subscription to %(product)s is canceled. Its keys stop working within seconds.")
    messages.success(request, text % {"product": subscription.product.name})
    return redirect("portal:subscription-manage", request.actor.organization.slug, subscription.public_id)


@require_POST
@subscription_page
def overage(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    """Allow extra units, or refuse them."""
    form = overage_form(subscription, request.POST)
    changed = None
    if form.is_valid():
        changed = carried_out(
            form,
            lambda: services.set_overage(actor=request.actor, subscription=subscription, choice=form.choice()),
        )
    if changed is None:
        context = _context(request, subscription) | {"overage_form": form}
        return render(request, "console/manage.html", context, status=422)
    if changed.overage_allowed:
        messages.success(request, _("Extra units pass and are charged, from a few seconds on."))
    else:
        messages.success(request, _("Extra units are refused, from a few seconds on."))
    return redirect("portal:subscription-manage", request.actor.organization.slug, subscription.public_id)


def _context(request: PortalRequest, subscription: Subscription) -> dict[str, Any]:
    page = Paginator(list_changes(subscription), CHANGES_PER_PAGE).get_page(request.GET.get("page"))
    is_at_stripe = subscription.collected_by == CollectedBy.STRIPE
    may_manage = request.actor.may(Action.SUBSCRIPTIONS_MANAGE) and not is_at_stripe
    limits = list(subscription.plan.rate_limits.all())
    return {
        "subscription": subscription,
        "is_at_stripe": is_at_stripe,
        "quotas": quotas_in_words(subscription.plan),
        "ends_with_product": ends_with_product(subscription),
        "charges_extra_units": charges_extra_units(subscription.plan) and subscription.overage_allowed,
        "beyond": beyond_in_words(subscription.plan),
        "overage_form": overage_form(subscription),
        "may_set_overage": may_manage and subscription.status != SubscriptionStatus.CANCELED,
        "at_once": concurrency_in_words(subscription.plan),
        "limits": [(limit, rate_limit_in_words(limit)) for limit in limits],
        "page": page,
        "lines": [history.line(change) for change in page.object_list],
        "may_change": may_manage and subscription.status in _CHANGEABLE,
        "may_end_later": may_manage
        and subscription.status in SubscriptionStatus.begun()
        and not subscription.cancel_at_period_end,
        "may_cancel": may_manage and subscription.status != SubscriptionStatus.CANCELED,
    }
