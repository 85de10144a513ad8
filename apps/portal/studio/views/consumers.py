"""The consumers of a product: who is subscribed, what they use, and what their creator may do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.billing.models import Invoice
from apps.billing.selectors import list_consumer_disputes, list_product_invoices
from apps.core import clock
from apps.plans.selectors import list_plans
from apps.portal.access import PortalRequest
from apps.portal.history import line
from apps.portal.query import chosen, searched
from apps.portal.rendering import render_page
from apps.portal.studio.access import product_page
from apps.portal.usage.context import usage_context
from apps.portal.usage.pace import QuotaPace, pace_of
from apps.portal.usage.ranges import read_range
from apps.products.models import Product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import (
    count_live_subscriptions,
    count_waiting,
    find_ban,
    get_consumer,
    list_changes,
    search_consumers,
)
from apps.subscriptions.services import (
    approve_consumer,
    ban_consumer,
    decline_consumer,
    lift_ban,
    pause_consumer,
    reset_quota,
    resume_consumer,
)
from apps.subscriptions.state import TRANSITIONS
from apps.usage import selectors as usage
from apps.usage.selectors import Scope, UsageStats

PAGE_SIZE = 50
HISTORY_SIZE = 25
ENDPOINTS_SHOWN = 20
INVOICES_SHOWN = 5


@dataclass(frozen=True)
class ConsumerRow:
    """A subscription with the quota of which it has used most, and its calls of the last 30 days."""

    subscription: Subscription
    quota: QuotaPace | None
    stats: UsageStats


@require_safe
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    plans = {plan.slug: plan.name for plan in list_plans(product)}
    search = searched(request)
    status, plan = chosen(request, "status", SubscriptionStatus.values), chosen(request, "plan", plans)
    found = search_consumers(request.actor, product, search=search, status=status, plan_slug=plan)
    page = Paginator(found.prefetch_related("plan__quotas__price_tiers"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "product": product,
        "page": page,
        "rows": _rows(list(page.object_list)),
        "search": search,
        "status": status,
        "statuses": SubscriptionStatus.choices,
        "plan": plan,
        "plans": plans.items(),
        "is_filtered": bool(search or status or plan),
        "live": count_live_subscriptions([product]).get(product.pk, 0),
        "waiting": count_waiting(request.actor, product),
    }
    return render_page(request, "studio/consumers.html", context, fragment="consumers")


@require_safe
@product_page
def detail(request: PortalRequest, product: Product, subscription_id: str) -> HttpResponse:
    actor, now = request.actor, clock.now()
    subscription = get_consumer(actor, product, public_id=subscription_id)
    may_manage = actor.may(Action.CONSUMERS_MANAGE)
    scope, span = Scope.of_subscription(subscription), read_range({}, now)
    changes = Paginator(list_changes(subscription), HISTORY_SIZE).get_page(request.GET.get("page"))
    ban = find_ban(subscription)
    context = usage_context(scope, span, now, endpoints_shown=ENDPOINTS_SHOWN) | {
        "product": product,
        "ban": ban,
        "may_ban": may_manage and ban is None,
        "may_lift_ban": may_manage and ban is not None,
        "subscription": subscription,
        "quotas": [pace_of(quota, now) for quota in usage.quota_usage(subscription)],
        "page": changes,
        "lines": [line(change) for change in changes.object_list],
        "may_pause": may_manage and SubscriptionStatus.PAUSED in _following(subscription),
        "may_resume": may_manage and subscription.status == SubscriptionStatus.PAUSED,
        "may_reset": may_manage and subscription.status in SubscriptionStatus.begun(),
        "invoices": list(_invoices(actor, subscription)[:INVOICES_SHOWN]) if may_manage else [],
        "disputes": list(list_consumer_disputes(actor, subscription)) if may_manage else [],
        "may_decide": may_manage and subscription.status == SubscriptionStatus.PENDING_APPROVAL,
    }
    return render(request, "studio/consumer.html", context)


@require_POST
@product_page
def approve(request: PortalRequest, product: Product, subscription_id: str) -> HttpResponse:
    return _change(request, product, subscription_id, approve_consumer, _("%(name)s is approved."))


@require_POST
@product_page
def decline(request: PortalRequest, product: Product, subscription_id: str) -> HttpResponse:
    return _change(request, product, subscription_id, decline_consumer, _("%(name)s is declined."))


@require_POST
@product_page
def pause(request: PortalRequest, product: Product, subscription_id: str) -> HttpResponse:
    return _change(request, product, subscription_id, pause_consumer, _("%(name)s is paused."))


@require_POST
@product_page
def resume(request: PortalRequest, product: Product, subscription_id: str) -> HttpResponse:
    return _change(request, product, subscription_id, resume_consumer, _("%(name)s may call again."))


@require_POST
@product_page
def reset(request: PortalRequest, product: Product, subscription_id: str) -> HttpResponse:
    return _change(request, product, subscription_id, reset_quota, _("%(name)s has its whole quota again."))


@require_POST
@product_page
def ban(request: PortalRequest, product: Product, subscription_id: str) -> HttpResponse:
    reason = request.POST.get("reason", "")

    def service(*, actor: Actor, subscription: Subscription) -> object:
        return ban_consumer(actor=actor, subscription=subscription, reason=reason)

    return _change(request, product, subscription_id, service, _("%(name)s is banned."))


@require_POST
@product_page
def unban(request: PortalRequest, product: Product, subscription_id: str) -> HttpResponse:
    return _change(request, product, subscription_id, lift_ban, _("%(name)s may subscribe again."))


class _Service(Protocol):
    """What a creator may do about one subscription."""

    def __call__(self, *, actor: Actor, subscription: Subscription) -> object: ...


def _change(
    request: PortalRequest, product: Product, subscription_id: str, service: _Service, done: str
) -> HttpResponse:
    """Carry it out, say that it is `done`, and go back to the consumer."""
    subscription = get_consumer(request.actor, product, public_id=subscription_id)
    service(actor=request.actor, subscription=subscription)
    messages.success(request, done % {"name": subscription.organization.name})
    return redirect("portal:studio-consumer", request.actor.organization.slug, product.slug, subscription_id)


def _rows(subscriptions: Sequence[Subscription]) -> list[ConsumerRow]:
    now = clock.now()
    quotas = usage.quota_usages(subscriptions)
    span = read_range({}, now)
    stats = usage.usage_by_subscription(Scope.of_subscriptions(subscriptions), span.start, span.end)
    return [
        ConsumerRow(
            subscription,
            max((pace_of(quota, now) for quota in quotas[subscription.pk]), key=_share, default=None),
            stats.get(subscription.pk, UsageStats()),
        )
        for subscription in subscriptions
    ]


def _invoices(actor: Actor, subscription: Subscription) -> QuerySet[Invoice]:
    return list_product_invoices(actor, subscription.product).filter(subscription=subscription)


def _share(pace: QuotaPace) -> float:
    return pace.usage.percent


def _following(subscription: Subscription) -> frozenset[SubscriptionStatus]:
    return TRANSITIONS[SubscriptionStatus(subscription.status)]
