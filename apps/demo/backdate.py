"""Moves what the load made into the past: services write the present, and the demo has a history."""

import datetime as dt

from apps.accounts.models import AuditEvent, Organization, User
from apps.core import clock
from apps.keys.models import ApiKey
from apps.plans.models import Plan
from apps.plans.periods import period_at
from apps.products.models import Endpoint, Product
from apps.subscriptions.models import Subscription, SubscriptionChange


def user(user: User, at: dt.datetime) -> None:
    User.objects.filter(pk=user.pk).update(created_at=at)
    Organization.objects.filter(memberships__user=user, is_personal=True).update(created_at=at)


def organization(organization: Organization, at: dt.datetime) -> None:
    Organization.objects.filter(pk=organization.pk).update(created_at=at)
    AuditEvent.objects.filter(organization=organization).update(occurred_at=at)


def product(product: Product, at: dt.datetime) -> None:
    """The product, its endpoints, its plans and what the audit log says of them."""
    Product.objects.filter(pk=product.pk).update(created_at=at, published_at=at)
    Endpoint.objects.filter(product=product).update(created_at=at)
    Plan.objects.filter(product=product).update(created_at=at, published_at=at)
    targets = [product.public_id]
    for model in (Endpoint, Plan):
        targets += model.objects.filter(product=product).values_list("public_id", flat=True)
    AuditEvent.objects.filter(target__in=targets).update(occurred_at=at)


def subscription(subscription: Subscription, at: dt.datetime) -> None:
    """The subscription (and with it the periods of its quotas), its history and its keys."""
    start, end = period_at(subscription.plan.interval, "subscription", at, clock.now())
    Subscription.objects.filter(pk=subscription.pk).update(
        started_at=at, anchored_at=at, created_at=at, current_period_start=start, current_period_end=end
    )
    SubscriptionChange.objects.filter(subscription=subscription).update(occurred_at=at)
    ApiKey.objects.filter(subscription=subscription).update(created_at=at)
    keys = ApiKey.objects.filter(subscription=subscription).values_list("public_id", flat=True)
    AuditEvent.objects.filter(target__in=[subscription.public_id, *keys]).update(occurred_at=at)
    subscription.refresh_from_db()
