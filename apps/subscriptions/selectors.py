"""Reads of subscriptions, scoped to the consumer who has them or the creator whose product it is."""

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.enums import Role
from apps.accounts.models import Organization, User
from apps.accounts.permissions import Action
from apps.accounts.selectors import list_memberships_of
from apps.core.errors import Conflict
from apps.core.rows import first_or_not_found
from apps.core.values import words_of
from apps.plans.models import Plan
from apps.plans.selectors import get_plan_once_sold, list_plans_for
from apps.products.enums import ProductStatus
from apps.products.hosting import is_hosting_slug
from apps.products.models import Product
from apps.subscriptions.enums import CollectedBy, SubscriptionStatus
from apps.subscriptions.models import ConsumerBan, Subscription, SubscriptionChange

_LIVE_FIRST = (F("canceled_at").desc(nulls_first=True), "-created_at", "-id")


def list_subscriptions(actor: Actor) -> QuerySet[Subscription]:
    """The subscriptions of the actor's organization: live ones first, the newest of them at the top."""
    actor.require(Action.VIEW)
    return (
        Subscription.objects.filter(organization=actor.organization)
        .select_related("product__organization", "plan__tier", "pending_plan")
        .order_by(*_LIVE_FIRST)
    )


def get_subscription(actor: Actor, *, public_id: str) -> Subscription:
    """A subscription of the actor's organization, with its plan's quotas. Raises `NotFound`."""
    return first_or_not_found(
        list_subscriptions(actor)
        .select_related("organization")
        .prefetch_related("plan__quotas__price_tiers", "plan__rate_limits__endpoint")
        .filter(public_id=public_id)
    )


def get_home_organization(user: User) -> Organization:
    """Where a person begins: of the organizations that sell or buy something the personal one, else their own.

    The personal one, too, where none does. Raises `NotFound` for a person without any.
    """
    uses = Subscription.objects.filter(organization=OuterRef("organization"))
    sells = Product.objects.filter(organization=OuterRef("organization"))
    memberships = list_memberships_of(user).annotate(
        is_used=Exists(uses) | Exists(sells), is_owner=ExpressionWrapper(Q(role=Role.OWNER), BooleanField())
    )
    return first_or_not_found(
        memberships.order_by("-is_used", "-organization__is_personal", "-is_owner", "pk")
    ).organization


def find_live_subscription(actor: Actor, product: Product) -> Subscription | None:
    """The subscription that the actor's organization has to the product, if it is not canceled."""
    return list_subscriptions(actor).filter(product=product, status__in=SubscriptionStatus.live()).first()


def get_plan_to_subscribe(actor: Actor, *, public_id: str) -> Plan:
    """A plan of a published product that is on sale for the actor's organization. Raises `NotFound`."""
    plan = first_or_not_found(
        Plan.objects.on_sale()
        .select_related("product")
        .filter(public_id=public_id, product__status=ProductStatus.PUBLISHED)
    )
    return first_or_not_found(list_plans_for(actor.organization, plan.product).filter(pk=plan.pk))


def get_plan_to_change_to(actor: Actor, subscription: Subscription, *, public_id: str) -> Plan:
    """A plan that a subscription of the actor's organization can move to.

    Raises `Conflict` where that plan of the product, or the whole product, is not on sale any more; `NotFound` for any
    other plan.
    """
    product = subscription.product
    plan = get_plan_once_sold(actor.organization, product, public_id=public_id)
    if product.status != ProductStatus.PUBLISHED:
        text = _("%(product)s is not on sale, so the plan of a subscription to it cannot be changed.")
        raise Conflict(text % {"product": product.name})
    if not plan.is_on_sale:
        raise Conflict(_("This plan is not on sale any more. Choose one of those that the product has now."))
    return plan


def list_consumers(actor: Actor, product: Product) -> QuerySet[Subscription]:
    """The subscriptions to a product of the actor's organization, for its creator; live ones first."""
    actor.require(Action.VIEW)
    return (
        Subscription.objects.filter(product=product, product__organization=actor.organization)
        .select_related("organization", "plan__tier", "pending_plan", "product")
        .order_by(*_LIVE_FIRST)
    )


def get_consumer(actor: Actor, product: Product, *, public_id: str) -> Subscription:
    """A subscription to a product of the actor's organization, with its plan's quotas. Raises `NotFound`."""
    return first_or_not_found(
        list_consumers(actor, product)
        .prefetch_related("plan__quotas__price_tiers", "plan__rate_limits__endpoint")
        .filter(public_id=public_id)
    )


def list_changes(subscription: Subscription) -> QuerySet[SubscriptionChange]:
    """The history of a subscription that the caller fetched for its actor, newest first."""
    return subscription.changes.select_related("actor", "from_plan", "to_plan")


def get_visible_product(*, user: User | AnonymousUser, slug: str) -> Product:
    """A product that the person may look at, with its creator. Raises `NotFound`.

    Everybody may look at one that is published, and at one that was and ends or has ended: its page says so. At any
    other, its creators and those who are subscribed to it. At the one that sells hosting, its creators alone.
    """
    ending = Q(status=ProductStatus.UNPUBLISHED, retires_at__isnull=False) | Q(status=ProductStatus.RETIRED)
    public = Q(status=ProductStatus.PUBLISHED) | (ending & Q(published_at__isnull=False))
    products = Product.objects.select_related("organization", "category").filter(slug=slug)
    if user.is_authenticated:
        subscribed = Subscription.objects.filter(
            product=OuterRef("pk"), status__in=SubscriptionStatus.live(), organization__memberships__user=user
        )
        own = Product.objects.filter(pk=OuterRef("pk"), organization__memberships__user=user)
        products = products.filter(public | Exists(own) | Exists(subscribed))
    else:
        products = products.filter(public)
    if is_hosting_slug(slug):
        products = products.filter(organization__memberships__user=user) if user.is_authenticated else products.none()
    return first_or_not_found(products)


def list_live_subscriptions_of(user: User, product: Product) -> QuerySet[Subscription]:
    """The subscriptions to the product that the person's organizations have and that are not canceled."""
    return (
        Subscription.objects.filter(
            product=product, organization__memberships__user=user, status__in=SubscriptionStatus.live()
        )
        .select_related("organization", "product", "plan__tier")
        .order_by("organization__name", "id")
    )


def count_live_subscriptions(products: Iterable[Product]) -> dict[int, int]:
    """How many subscriptions to each of these products are not canceled, by the product's primary key."""
    live = Subscription.objects.filter(product__in=products, status__in=SubscriptionStatus.live())
    rows = live.order_by().values("product").annotate(count=Count("pk"))
    return {row["product"]: row["count"] for row in rows}


def search_consumers(
    actor: Actor, product: Product, *, search: str = "", status: str = "", plan_slug: str = ""
) -> QuerySet[Subscription]:
    """The subscriptions to a product that have these words in their organization's name, this status, this plan.

    What is empty does not filter; every version of the plan counts.
    """
    consumers = list_consumers(actor, product)
    for word in words_of(search):
        consumers = consumers.filter(organization__name__icontains=word)
    if status:
        consumers = consumers.filter(status=status) if status in SubscriptionStatus.values else consumers.none()
    if plan_slug:
        consumers = consumers.filter(plan__slug=plan_slug)
    return consumers


def list_api_subscriptions(actor: Actor) -> QuerySet[Subscription]:
    """Those to products that are called: hosting has a page of its own. With their plans' quotas."""
    found = list_subscriptions(actor).exclude(product__slug=settings.HOSTING_PRODUCT)
    return found.prefetch_related("plan__quotas__price_tiers")


def list_live_subscriptions(actor: Actor) -> QuerySet[Subscription]:
    """The same, without those that are canceled."""
    return list_api_subscriptions(actor).filter(status__in=SubscriptionStatus.live())


def count_subscribers(plan: Plan) -> int:
    """How many subscriptions to this version of the plan are not canceled."""
    return Subscription.objects.filter(plan=plan, status__in=SubscriptionStatus.live()).count()


def count_waiting(actor: Actor, product: Product) -> int:
    """How many wait until the creator of the product approves them."""
    return list_consumers(actor, product).filter(status=SubscriptionStatus.PENDING_APPROVAL).count()


def find_consumer(actor: Actor, product: Product, *, public_id: str) -> Subscription | None:
    """A subscription to the product of the actor's organization."""
    return list_consumers(actor, product).filter(public_id=public_id).first()


def has_trial(organization: Organization, plan: Plan) -> bool:
    """Whether a subscription to the plan would begin with its trial: the organization's first of the product.

    Nobody needs one for a free plan or a product of their own.
    """
    if not plan.trial_days or plan.is_free or organization.pk == plan.product.organization_id:
        return False
    had = SubscriptionChange.objects.filter(
        subscription__organization=organization,
        subscription__product=plan.product_id,
        to_status=SubscriptionStatus.TRIALING,
    )
    return not had.exists()


def list_trials_ending(before: dt.datetime) -> QuerySet[Subscription]:
    """The trials of all organizations that end before then, and whose people were not reminded."""
    return Subscription.objects.filter(
        status=SubscriptionStatus.TRIALING,
        collected_by=CollectedBy.PLATFORM,
        trial_ends_at__lte=before,
        trial_reminded_at__isnull=True,
    ).order_by("pk")


def find_ban(subscription: Subscription) -> ConsumerBan | None:
    """The ban that runs of the organization from the product of a subscription that the caller fetched."""
    running = ConsumerBan.objects.running().select_related("banned_by")
    return running.filter(organization=subscription.organization_id, product=subscription.product_id).first()


def list_due(now: dt.datetime) -> QuerySet[Subscription]:
    """Those whose billing period is over and not yet closed, the longest overdue first; of all organizations.

    The periods of those that Stripe collects are Stripe's.
    """
    return Subscription.objects.filter(
        status__in=SubscriptionStatus.begun(), current_period_end__lte=now, collected_by=CollectedBy.PLATFORM
    ).order_by("current_period_end", "id")
