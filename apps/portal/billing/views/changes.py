"""Another plan, or the end of the subscription."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.permissions import Action
from apps.billing import services
from apps.billing.models import Checkout
from apps.core.errors import Conflict
from apps.plans.models import Plan
from apps.plans.selectors import list_plans_for
from apps.portal.access import PortalRequest
from apps.portal.console.access import subscription_page
from apps.portal.endings import works_until
from apps.portal.marketplace.offers import Offer, offer
from apps.portal.wording import charges_extra_units
from apps.products.enums import ProductStatus
from apps.products.selectors import count_endpoints_by_rank
from apps.subscriptions import services as subscriptions
from apps.subscriptions.changes import kind_of_change
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription


@require_safe
@subscription_page
def plan_change(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    """The plans that one can move to; with `?to=`, what that one costs and when it holds."""
    others = _others(request, subscription)
    target = next((plan for plan in others if plan.slug == request.GET.get("to")), None)
    context = _context(subscription, others)
    if target is not None and context["may_change"]:
        ranks = count_endpoints_by_rank(subscription.product)
        try:
            quote = services.quote_change(request.actor, subscription, target)
        except Conflict as refusal:
            messages.error(request, refusal.message)
        else:
            context |= {"quote": quote, "offers": _offers(subscription, target, ranks)}
    return render(request, "billing/plan_change.html", context)


@require_POST
@subscription_page
def start(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    request.actor.require(Action.SUBSCRIPTIONS_MANAGE)
    chosen = request.POST.get("plan", "")
    plan = next((plan for plan in _others(request, subscription) if plan.public_id == chosen), None)
    address = (request.actor.organization.slug, subscription.public_id)
    if plan is None:
        messages.error(request, _("This plan is not on sale any more. Choose one of those below."))
        return redirect("portal:plan-change", *address)
    changed = services.start_plan_change(actor=request.actor, subscription=subscription, plan=plan)
    if isinstance(changed, Checkout):
        return redirect("portal:checkout", request.actor.organization.slug, changed.public_id)
    if changed.pending_plan_id == plan.pk and changed.current_period_end:
        when = date_format(changed.current_period_end, "j F Y")
        text = _("From %(when)s on, the plan is %(plan)s. Until then everything stays as it is.")
        messages.success(request, text % {"when": when, "plan": plan.name})
    else:
        messages.success(request, _("The plan is %(plan)s now.") % {"plan": plan.name})
    return redirect("portal:subscription-manage", *address)


@require_POST
@subscription_page
def undo(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    subscriptions.undo_scheduled(actor=request.actor, subscription=subscription)
    messages.success(request, _("The subscription goes on as it is."))
    return redirect("portal:subscription-manage", request.actor.organization.slug, subscription.public_id)


@require_POST
@subscription_page
def cancel_later(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    ending = subscriptions.cancel_at_period_end(actor=request.actor, subscription=subscription)
    end = works_until(ending)
    assert end is not None  # the service saw to it
    when = date_format(end, "j F Y")
    messages.success(request, _("The subscription ends on %(when)s. Until then its keys work.") % {"when": when})
    return redirect("portal:subscription-manage", request.actor.organization.slug, subscription.public_id)


def _others(request: PortalRequest, subscription: Subscription) -> list[Plan]:
    """What can be moved to: nothing while the product is not on sale."""
    if subscription.product.status != ProductStatus.PUBLISHED:
        return []
    plans = list_plans_for(request.actor.organization, subscription.product)
    return [plan for plan in plans if plan.pk != subscription.plan_id]


def _offers(subscription: Subscription, target: Plan, ranks: dict[int, int]) -> list[Offer]:
    """The plan that one has beside the one that one would get."""
    return [offer(subscription.plan, ranks), offer(target, ranks)]


def _context(subscription: Subscription, others: list[Plan]) -> dict[str, Any]:
    begun = SubscriptionStatus.begun() - {SubscriptionStatus.UNPAID}
    return {
        "subscription": subscription,
        "tab": "manage",
        "plans": [(plan, kind_of_change(subscription.plan, plan) == "now") for plan in others],
        "may_change": subscription.status in begun,
        "is_sold": subscription.product.status == ProductStatus.PUBLISHED,
        "charges_extra_units": charges_extra_units(subscription.plan),
    }
