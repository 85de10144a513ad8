"""A code becomes a coupon of a subscription."""

from django.db.models import F, Q
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action
from apps.billing.coupons import normal_code
from apps.billing.errors import CouponRefused
from apps.billing.models import Coupon, CouponRedemption
from apps.core import clock
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.services.writing import check_managed_here


def record_redemption(*, actor: Actor, subscription: Subscription, code: str) -> CouponRedemption:
    """Give the subscription, which the caller has locked, the coupon of this code.

    Raises `CouponRefused` where there is none, or it does not hold for this plan, organization or time.
    """
    check_managed_here(subscription)
    coupon = _locked_coupon(subscription, normal_code(code))
    now = clock.now()
    if coupon is None or coupon.archived_at is not None or (coupon.redeem_by is not None and coupon.redeem_by <= now):
        raise CouponRefused(_("There is no such coupon, or its time is over."), field="coupon")
    is_own = subscription.organization_id == subscription.product.organization_id
    if is_own or not coupon.holds_for(subscription.plan):
        raise CouponRefused(
            _("This coupon does not hold for the plan %(plan)s.") % {"plan": subscription.plan.name}, field="coupon"
        )
    mine = coupon.redemptions.filter(organization=actor.organization).select_related("subscription").first()
    if mine is not None and mine.subscription_id == subscription.pk and mine.is_running:
        return mine
    _check_no_other(subscription)
    if mine is not None:
        if not _was_given_up(mine):
            raise CouponRefused(_("Your organization has used this coupon already."), field="coupon")
        mine.subscription, mine.redeemed_at, mine.redeemed_by = subscription, now, actor.user
        mine.save(update_fields=["subscription", "redeemed_at", "redeemed_by"])
    else:
        if coupon.max_redemptions is not None and _count(coupon) >= coupon.max_redemptions:
            raise CouponRefused(_("This coupon has been used as often as it may be."), field="coupon")
        mine = CouponRedemption.objects.create(
            coupon=coupon,
            organization=actor.organization,
            subscription=subscription,
            redeemed_by=actor.user,
            redeemed_at=now,
        )
    summary = f"Entered the coupon {coupon.code} for {subscription.product.name}"
    record_action(actor, "coupon.redeemed", summary, target=subscription.public_id)
    return mine


def _locked_coupon(subscription: Subscription, code: str) -> Coupon | None:
    """That of the product, else that of the platform; locked, as its redemptions are counted."""
    found = Coupon.objects.filter(product=subscription.product_id, code=code) | Coupon.objects.filter(
        product__isnull=True, code=code
    )
    return found.select_for_update(no_key=True).order_by(F("product").asc(nulls_last=True)).first()


def _count(coupon: Coupon) -> int:
    """How often it was redeemed, without purchases that came to nothing."""
    given_up = Q(subscription__status=SubscriptionStatus.CANCELED, subscription__current_period_start__isnull=True)
    return coupon.redemptions.exclude(given_up).count()


def _check_no_other(subscription: Subscription) -> None:
    redemptions = CouponRedemption.objects.select_related("coupon").filter(subscription=subscription)
    for other in redemptions:
        if other.is_running:
            raise CouponRefused(
                _("The coupon %(code)s holds for this subscription already.") % {"code": other.coupon.code},
                field="coupon",
            )


def _was_given_up(redemption: CouponRedemption) -> bool:
    """Whether it was entered for a purchase that was never paid, so that nothing came of it."""
    subscription = redemption.subscription
    return subscription.status == SubscriptionStatus.CANCELED and subscription.current_period_start is None
