"""What an organization may publish, by its hosting plan: reads, and what publishing asks."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.access import Actor
from apps.accounts.models import Organization
from apps.accounts.permissions import Action
from apps.billing.enums import InvoiceReason, InvoiceStatus
from apps.billing.models import HostingTerms, Invoice
from apps.core.errors import NotFound
from apps.plans.models import Plan
from apps.plans.selectors import list_plans_for
from apps.products.enums import ProductStatus
from apps.products.hosting import find_hosting_product, is_hosting
from apps.products.models import Product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.usage.selectors import QuotaUsage, quota_usage


@dataclass(frozen=True, slots=True)
class HostingOffer:
    """A hosting plan on sale. `products_max`: None is any number."""

    plan: Plan
    products_max: int | None


@dataclass(frozen=True, slots=True)
class Hosting:
    """What an organization has of hosting, and what of it is used."""

    product: Product
    subscription: Subscription | None  # the one that is not canceled
    products_max: int | None  # None is any number
    products_live: int
    # Nothing more is published, whatever the plan allows: it is not paid, or the platform has paused it.
    is_stopped: bool
    quotas: list[QuotaUsage]
    offers: list[HostingOffer]

    @property
    def may_publish(self) -> bool:
        """Whether one more product may be published."""
        return not self.is_stopped and (self.products_max is None or self.products_live < self.products_max)


def get_hosting(actor: Actor) -> Hosting:
    """Of the actor's organization. Raises `NotFound` where hosting is off, and for the platform's own organization."""
    actor.require(Action.VIEW)
    product = find_hosting_product()
    if product is None or product.organization_id == actor.organization.pk:
        raise NotFound
    subscription = _find_subscription(actor.organization, product)
    has_begun = subscription is not None and subscription.status in SubscriptionStatus.begun()
    plans = list_plans_for(actor.organization, product) if product.status == ProductStatus.PUBLISHED else []
    return Hosting(
        product=product,
        subscription=subscription,
        products_max=_products_max(subscription),
        products_live=_live_products(actor.organization).count(),
        is_stopped=_is_stopped(actor.organization, product, subscription),
        quotas=quota_usage(subscription) if subscription is not None and has_begun else [],
        offers=[HostingOffer(plan, terms.products_max) for plan in plans if (terms := find_terms(plan)) is not None],
    )


def list_hosting_invoices(actor: Actor, product: Product) -> QuerySet[Invoice]:
    """The issued ones of the actor's organization, newest first."""
    actor.require(Action.BILLING_VIEW)
    return Invoice.objects.filter(organization=actor.organization, product=product).exclude(status=InvoiceStatus.DRAFT)


def find_terms(plan: Plan) -> HostingTerms | None:
    """Those of this version of the plan, else of the last one before it that has some."""
    versions = HostingTerms.objects.filter(
        plan__product=plan.product_id, plan__slug=plan.slug, plan__version__lte=plan.version
    )
    return versions.order_by("-plan__version").first()


def missing_hosting(product: Product) -> list[str]:
    """Registered with `apps.products.readiness`: a product beyond what the organization's hosting allows stays a draft.

    The caller has locked the organization, so that two products do not take the last place.
    """
    hosting = find_hosting_product()
    organization = product.organization
    if hosting is None or is_hosting(product) or hosting.organization_id == organization.pk:
        return []
    subscription = _find_subscription(organization, hosting)
    if _is_stopped(organization, hosting, subscription):
        return [_("Your hosting is stopped, as it is not paid or the platform paused it: see the page Hosting.")]
    most = _products_max(subscription)
    if most is None or _live_products(organization).exclude(pk=product.pk).count() < most:
        return []
    allowed = ngettext(
        "Your hosting allows %(most)d live product.", "Your hosting allows %(most)d live products.", most
    ) % {"most": most}
    return [f"{allowed} " + _("Choose a larger plan on the page Hosting.")]


def _find_subscription(organization: Organization, product: Product) -> Subscription | None:
    live = Subscription.objects.filter(organization=organization, product=product, status__in=SubscriptionStatus.live())
    return (
        live.select_related("product", "plan__tier", "pending_plan")
        .prefetch_related("plan__quotas__price_tiers")
        .first()
    )


def _products_max(subscription: Subscription | None) -> int | None:
    """What the plan allows, once it has begun; until then, and without terms, what everybody may."""
    if subscription is not None and subscription.status in SubscriptionStatus.begun():
        terms = find_terms(subscription.plan)
        if terms is not None:
            return terms.products_max
    return settings.HOSTING_FREE_PRODUCTS


def _is_stopped(organization: Organization, product: Product, subscription: Subscription | None) -> bool:
    if subscription is not None and subscription.status in SubscriptionStatus.begun():
        return subscription.status not in SubscriptionStatus.callable()
    # Canceling is no way out of what was not paid.
    owed = Q(status=InvoiceStatus.OPEN, reason__in=InvoiceReason.automatic()) | Q(status=InvoiceStatus.UNCOLLECTIBLE)
    return Invoice.objects.filter(owed, organization=organization, product=product).exists()


def _live_products(organization: Organization) -> QuerySet[Product]:
    """Those that consumers call: published, or not sold any more and still subscribed to."""
    subscribed = Subscription.objects.filter(product=OuterRef("pk"), status__in=SubscriptionStatus.live())
    return Product.objects.filter(organization=organization).filter(
        Q(status=ProductStatus.PUBLISHED) | Q(Exists(subscribed), status=ProductStatus.UNPUBLISHED)
    )
