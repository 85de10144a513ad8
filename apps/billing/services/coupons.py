"""Coupons are made and archived by creators and staff, and entered by consumers."""

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action, record_event
from apps.accounts.models import User
from apps.accounts.permissions import Action
from apps.accounts.staff import checked_reason, require_staff
from apps.billing.coupons import CouponSpec, normal_code
from apps.billing.enums import CheckoutKind
from apps.billing.models import Coupon, CouponRedemption
from apps.billing.services.checkouts import find_open, reprice
from apps.billing.services.redeeming import record_redemption
from apps.core import clock
from apps.core.errors import Conflict, Invalid
from apps.core.rows import first_or_not_found
from apps.core.transactions import answering
from apps.plans.models import Plan
from apps.products.models import Product
from apps.products.services.writing import lock_product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.locks import lock_subscription
from apps.subscriptions.models import Subscription

COUPONS_MAX = 200


@transaction.atomic
def create_coupon(*, actor: Actor, product: Product, spec: CouponSpec) -> Coupon:
    """A coupon for a product of the actor's organization. Raises `Invalid` with the field that is wrong."""
    actor.require(Action.PLANS_EDIT)
    spec.check()
    product = lock_product(actor, product)
    if Coupon.objects.filter(product=product, archived_at__isnull=True).count() >= COUPONS_MAX:
        raise Conflict(_("A product has %(most)d coupons at most. Archive one first.") % {"most": COUPONS_MAX})
    known = set(Plan.objects.filter(product=product).values_list("slug", flat=True))
    if not set(spec.plan_slugs) <= known:
        raise Invalid(_("Choose plans of the product."), field="plan_slugs")
    coupon = _write(spec, product, actor.user)
    record_action(actor, "coupon.created", f"Made the coupon {coupon.code}", target=coupon.public_id)
    return coupon


@transaction.atomic
def archive_coupon(*, actor: Actor, coupon: Coupon) -> Coupon:
    """Accept a coupon no more; who has entered it keeps it. Raises `Conflict` where that was done before."""
    actor.require(Action.PLANS_EDIT)
    owned = Coupon.objects.filter(product__organization=actor.organization, pk=coupon.pk)
    coupon = _archive(first_or_not_found(owned.select_for_update(of=("self",), no_key=True)))
    record_action(actor, "coupon.archived", f"Archived the coupon {coupon.code}", target=coupon.public_id)
    return coupon


@transaction.atomic
def create_coupon_by_staff(*, staff: User, spec: CouponSpec, reason: str) -> Coupon:
    """A coupon for every product of the platform."""
    require_staff(staff, "billing.add_coupon")
    reason = checked_reason(reason)
    spec.check()
    if spec.plan_slugs:
        raise Invalid(_("A coupon for every product names no plans."), field="plan_slugs")
    coupon = _write(spec, None, staff)
    _record(staff, coupon, "coupon.created", f"Made the coupon {coupon.code} for every product: {reason}")
    return coupon


@transaction.atomic
def archive_coupon_by_staff(*, staff: User, coupon: Coupon, reason: str) -> Coupon:
    """Accept a coupon, of the platform or of a product, no more."""
    require_staff(staff, "billing.change_coupon")
    reason = checked_reason(reason)
    coupon = _archive(first_or_not_found(Coupon.objects.select_for_update(no_key=True).filter(pk=coupon.pk)))
    _record(staff, coupon, "coupon.archived", f"Staff archived the coupon {coupon.code}: {reason}")
    return coupon


@answering
@transaction.atomic
def redeem_coupon(*, actor: Actor, subscription: Subscription, code: str) -> CouponRedemption:
    """Enter a coupon for a subscription of the actor's organization.

    Its checkout, where one waits to be paid, has the new price at once; a subscription that runs, from its next
    renewal on. Raises `CouponRefused`, and `PaymentPending` while the checkout is being paid.
    """
    actor.require(Action.SUBSCRIPTIONS_MANAGE)
    subscription = lock_subscription(subscription, Q(organization=actor.organization))
    if subscription.status == SubscriptionStatus.CANCELED:
        raise Conflict(_("This subscription is canceled."))
    redemption = record_redemption(actor=actor, subscription=subscription, code=code)
    checkout = find_open(subscription)
    if checkout is not None and checkout.kind == CheckoutKind.SUBSCRIBE and checkout.invoice is not None:
        reprice(actor=actor, subscription=subscription, checkout=checkout)
    return redemption


def _write(spec: CouponSpec, product: Product | None, user: User) -> Coupon:
    if spec.redeem_by is not None and spec.redeem_by <= clock.now():
        raise Invalid(_("Choose a time that is yet to come."), field="redeem_by")
    try:
        with transaction.atomic():
            return Coupon.objects.create(
                product=product,
                code=normal_code(spec.code),
                percent=spec.percent,
                amount=spec.amount,
                currency=spec.currency,
                duration=spec.duration,
                cycles=spec.cycles,
                max_redemptions=spec.max_redemptions,
                redeem_by=spec.redeem_by,
                plan_slugs=list(spec.plan_slugs),
                created_by=user,
            )
    except IntegrityError:
        raise Invalid(_("There is a coupon of this code."), field="code") from None


def _archive(coupon: Coupon) -> Coupon:
    if coupon.archived_at is not None:
        raise Conflict(_("This coupon is archived already."))
    coupon.archived_at = clock.now()
    coupon.save(update_fields=["archived_at"])
    return coupon


def _record(staff: User, coupon: Coupon, action: str, summary: str) -> None:
    record_event(
        organization=coupon.product.organization if coupon.product else None,
        actor=staff,
        action=action,
        target=coupon.public_id,
        summary=summary,
    )
