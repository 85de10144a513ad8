"""Coupons: made by creators, entered by consumers."""

from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.billing import selectors, services
from apps.billing.api.coupon_serializers import CouponInput, CouponSerializer, RedeemInput, RedemptionSerializer
from apps.billing.coupons import CouponSpec
from apps.billing.models import Coupon, CouponRedemption
from apps.core.rest.fields import Empty
from apps.core.rest.operations import operation
from apps.products.models import Product
from apps.products.selectors import get_own_product
from apps.subscriptions.selectors import get_subscription

TAG = "Coupons"
READ, WRITE = TokenScope.PLANS_READ, TokenScope.PLANS_WRITE
EXAMPLE = {"code": "SPRING", "percent": "20", "duration": "repeating", "cycles": 3, "plan_slugs": ["pro"]}


class ProductCouponsView(OrganizationView):
    @property
    def product(self) -> Product:
        return get_own_product(self.actor, public_id=self.kwargs["product_id"])


class CouponsView(ProductCouponsView):
    @operation(
        "listCoupons", "List the coupons of a product", tag=TAG, scope=READ,
        description="The archived ones, too.", answer=CouponSerializer, ordering=("-id",),
    )  # fmt: skip
    def get(self, request: Request, product_id: str) -> QuerySet[Coupon]:
        return selectors.list_coupons(self.actor, self.product)

    @operation(
        "createCoupon", "Make a coupon", tag=TAG, scope=WRITE,
        description="Its terms do not change any more. Usage beyond a plan is not discounted.",
        body=CouponInput, answer=CouponSerializer, status=201, examples={"request": EXAMPLE}, errors=(409,),
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> Coupon:
        values = dict(self.body)
        spec = CouponSpec(**(values | {"plan_slugs": tuple(values.get("plan_slugs", ()))}))
        made = services.create_coupon(actor=self.actor, product=self.product, spec=spec)
        return selectors.get_coupon(self.actor, self.product, public_id=made.public_id)


class ArchiveView(ProductCouponsView):
    @operation(
        "archiveCoupon", "Archive a coupon", tag=TAG, scope=WRITE,
        description="It is not accepted any more. Who has entered it keeps it.",
        body=Empty, answer=CouponSerializer, errors=(409,),
    )  # fmt: skip
    def post(self, request: Request, product_id: str, coupon_id: str) -> Coupon:
        coupon = selectors.get_coupon(self.actor, self.product, public_id=coupon_id)
        services.archive_coupon(actor=self.actor, coupon=coupon)
        return selectors.get_coupon(self.actor, self.product, public_id=coupon_id)


class RedeemView(OrganizationView):
    @operation(
        "redeemCoupon", "Enter a coupon for a subscription", tag="Subscriptions",
        scope=TokenScope.SUBSCRIPTIONS_WRITE,
        description="A checkout that waits to be paid gets an invoice with the new price; a subscription that runs is "
        "cheaper from its next renewal on. 409 `coupon_refused` says why one cannot be used.",
        body=RedeemInput, answer=RedemptionSerializer, errors=(409,),
    )  # fmt: skip
    def post(self, request: Request, subscription_id: str) -> CouponRedemption:
        subscription = get_subscription(self.actor, public_id=subscription_id)
        return services.redeem_coupon(actor=self.actor, subscription=subscription, code=self.body["code"])
