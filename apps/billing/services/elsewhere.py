"""Subscriptions that were bought at Stripe, by a price that stands for a plan: brought to how they stand there.

Stripe is asked each time, as its events come twice, late and in any order: they only say when to ask. Nobody else's
answer may be written over a newer one, so each write raises a revision, and an answer that was asked for before the
last write is thrown away.
"""

import logging

from django.db.models import Q

from apps.accounts.models import Organization
from apps.billing.models import Invoice, InvoiceItem, PlanPrice
from apps.billing.services.checkouts import close_unpaid, find_open
from apps.billing.services.plan_prices import find_sold_plan
from apps.core import clock
from apps.core.transactions import committed
from apps.payments.elsewhere import find_subscription
from apps.payments.models import StripeCustomer
from apps.payments.providers.told import ToldSubscription
from apps.plans.models import Plan
from apps.subscriptions import services as subscriptions
from apps.subscriptions.enums import CollectedBy, SubscriptionStatus
from apps.subscriptions.errors import ConsumerBanned
from apps.subscriptions.locks import lock_product_of_sale, lock_subscription
from apps.subscriptions.models import StripeSubscription, Subscription
from apps.subscriptions.services import Standing
from apps.subscriptions.services.bans import check_not_banned

# How often an answer may have been overtaken by another one's write.
TRIES = 20
# What Stripe says; one that was never paid (`incomplete`) has not begun.
_STATUSES = {
    "trialing": SubscriptionStatus.TRIALING,
    "active": SubscriptionStatus.ACTIVE,
    "past_due": SubscriptionStatus.PAST_DUE,
    "unpaid": SubscriptionStatus.UNPAID,
    "paused": SubscriptionStatus.PAUSED,
    "canceled": SubscriptionStatus.CANCELED,
}

logger = logging.getLogger(__name__)


class Overtaken(RuntimeError):
    """Others wrote all the time: to be tried again."""


def sync_stripe_subscription(*, reference: str, organization_id: str = "") -> Subscription | None:
    """Bring the subscription that one of Stripe's drives to how that stands now; it begins where it is new.

    `organization_id` is the public id of the organization that it was bought for, where that is known; else it is that
    of Stripe's customer, or of the metadata. None where it is none of ours. Raises `ProviderUnavailable`, `Overtaken`;
    cannot be called inside a transaction.
    """
    for _attempt in range(TRIES):
        before = _revision(reference)
        told = find_subscription(reference)
        if told is None or told.status not in _STATUSES:
            return None
        plan_price = PlanPrice.objects.select_related("product").filter(price=told.price, removed_at=None).first()
        with committed():
            product_id = _product_of(reference) or (plan_price.product_id if plan_price else None)
            if product_id is None:
                logger.warning("Stripe's subscription %s is ignored: its price is no plan's", reference)
                return None
            lock_product_of_sale(product_id)
            found = _locked(reference)
            if _revision(reference) != before:
                continue
            if found is None:
                assert plan_price is not None  # it said which product it is
                found = _begin(told, plan_price, organization_id)
            if found is None:
                return None
            plan = _plan_of(found, plan_price, told)
            found = subscriptions.follow_elsewhere(subscription=found, plan=plan, standing=_standing(told))
            StripeSubscription.objects.filter(reference=reference).update(
                revision=(before or 0) + 1, synced_at=clock.now()
            )
            return found
    raise Overtaken(reference)


def _begin(told: ToldSubscription, plan_price: PlanPrice, organization_id: str) -> Subscription | None:
    """The subscription, in whose product's lock this runs; None where nobody may have it, which is logged."""
    organization = _organization_of(told, organization_id)
    plan = find_sold_plan(plan_price.product, plan_price.plan_slug)
    if organization is None or plan is None:
        logger.warning("Stripe's subscription %s is ignored: nobody here has bought it", told.reference)
        return None
    standing = _standing(told)
    if standing.status != SubscriptionStatus.CANCELED:
        try:
            check_not_banned(organization, plan.product)
        except ConsumerBanned:
            logger.error("Stripe's subscription %s is of a banned consumer: cancel and refund it", told.reference)
            return None
        live = Subscription.objects.filter(
            organization=organization, product=plan.product, status__in=SubscriptionStatus.live()
        ).first()
        if live is not None:
            live = lock_subscription(live, Q())
            if _may_be_handed_over(live):
                return subscriptions.hand_to_stripe(subscription=live, reference=told.reference)
            if live.status != SubscriptionStatus.INCOMPLETE or live.collected_by == CollectedBy.STRIPE:
                logger.error(
                    "Stripe's subscription %s is ignored: %s has %s already. Cancel and refund one of them",
                    told.reference,
                    organization.slug,
                    live.public_id,
                )
                return None
            checkout = find_open(live)
            if checkout is not None:
                close_unpaid(checkout=checkout)  # it was bought at Stripe instead
            subscriptions.abandon(subscription=live)
    return subscriptions.begin_elsewhere(
        organization=organization, plan=plan, reference=told.reference, standing=standing
    )


def _may_be_handed_over(subscription: Subscription) -> bool:
    """Whether it is one to a free plan, of which nothing is left to be charged here."""
    return (
        subscription.collected_by == CollectedBy.PLATFORM
        and subscription.status == SubscriptionStatus.ACTIVE
        and subscription.plan.is_free
        and not subscription.plan.is_pay_as_you_go
        and find_open(subscription) is None
        and not InvoiceItem.objects.waiting().filter(subscription=subscription).exists()
        and not Invoice.objects.filter(subscription=subscription, status__in=["draft", "open"]).exists()
    )


def _plan_of(subscription: Subscription, plan_price: PlanPrice | None, told: ToldSubscription) -> Plan:
    """That of the price; who has a version of it keeps that one, as its price is the same."""
    current = subscription.plan
    if plan_price is None or plan_price.product_id != subscription.product_id:
        logger.warning("the price of Stripe's subscription %s is no plan's of its product", told.reference)
        return current
    if plan_price.plan_slug == current.slug:
        return current
    return find_sold_plan(plan_price.product, plan_price.plan_slug) or current


def _organization_of(told: ToldSubscription, organization_id: str) -> Organization | None:
    customer = StripeCustomer.objects.filter(reference=told.customer).first()
    for public_id in (organization_id, customer.organization if customer else "", told.organization):
        found = Organization.objects.filter(public_id=public_id).first() if public_id else None
        if found is not None:
            return found
    return None


def _standing(told: ToldSubscription) -> Standing:
    return Standing(
        status=_STATUSES[told.status],
        period_start=told.period_start,
        period_end=told.period_end,
        ends_with_period=told.ends_with_period,
        began_at=told.created_at,
        ended_at=told.ended_at,
    )


def _revision(reference: str) -> int | None:
    return StripeSubscription.objects.filter(reference=reference).values_list("revision", flat=True).first()


def _product_of(reference: str) -> int | None:
    rows = StripeSubscription.objects.filter(reference=reference)
    return rows.values_list("subscription__product_id", flat=True).first()


def _locked(reference: str) -> Subscription | None:
    known = StripeSubscription.objects.select_related("subscription").filter(reference=reference).first()
    return lock_subscription(known.subscription, Q()) if known else None
