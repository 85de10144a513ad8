"""Subscribing and changing plans, with what is to be paid for it."""

from dataclasses import dataclass

from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.billing import services
from apps.billing.api.serializers import (
    PlanChoice,
    PurchaseSerializer,
    QuoteSerializer,
    SubscribeInput,
    SubscriptionQuery,
)
from apps.billing.models import Checkout
from apps.billing.services import Quote
from apps.core.rest.operations import operation
from apps.plans.models import Plan
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import OverageChoice
from apps.subscriptions.rest import SubscriptionSerializer
from apps.subscriptions.selectors import (
    get_plan_to_change_to,
    get_plan_to_subscribe,
    get_subscription,
    list_subscriptions,
)

TAG = "Subscriptions"
READ, WRITE = TokenScope.SUBSCRIPTIONS_READ, TokenScope.SUBSCRIPTIONS_WRITE


@dataclass(frozen=True)
class Purchase:
    subscription: Subscription
    checkout: Checkout | None


class SubscriptionsView(OrganizationView):
    @operation(
        "listSubscriptions", "List your subscriptions", tag=TAG, scope=READ,
        query=SubscriptionQuery, answer=SubscriptionSerializer, ordering=("-created_at", "-id"),
    )  # fmt: skip
    def get(self, request: Request) -> QuerySet[Subscription]:
        found = list_subscriptions(self.actor).select_related("pending_plan")
        return found.filter(status=self.query["status"]) if "status" in self.query else found

    @operation(
        "createSubscription", "Subscribe to a plan", tag=TAG, scope=WRITE,
        description="Active at once under a free plan. `incomplete` under one with a price, until the invoice of the "
        "checkout is paid; `pending_approval` where the creator approves each one.",
        body=SubscribeInput, answer=PurchaseSerializer, status=201,
    )  # fmt: skip
    def post(self, request: Request) -> Purchase:
        plan = get_plan_to_subscribe(self.actor, public_id=self.body["plan"])
        overage = OverageChoice(self.body.get("overage_allowed", False), self.body.get("spend_cap_amount"))
        coupon = self.body.get("coupon", "")
        checkout = services.start_checkout(actor=self.actor, plan=plan, overage=overage, coupon=coupon)
        subscription = get_subscription(self.actor, public_id=checkout.subscription.public_id)
        return Purchase(subscription, checkout)


class PlanChangeView(OrganizationView):
    @property
    def subscription(self) -> Subscription:
        return get_subscription(self.actor, public_id=self.kwargs["subscription_id"])

    def target(self, public_id: str) -> Plan:
        return get_plan_to_change_to(self.actor, self.subscription, public_id=public_id)


class QuoteView(PlanChangeView):
    @operation(
        "quotePlanChange", "Show what another plan would cost now", tag=TAG, scope=READ,
        query=PlanChoice, answer=QuoteSerializer, errors=(409,),
    )  # fmt: skip
    def get(self, request: Request, subscription_id: str) -> Quote:
        return services.quote_change(self.actor, self.subscription, self.target(self.query["plan"]))


class ChangeView(PlanChangeView):
    @operation(
        "changePlan", "Change the plan of a subscription", tag=TAG, scope=WRITE,
        description="At once where it costs nothing now; against payment of the checkout where it does; at the end of "
        "the period where the plan costs less.",
        body=PlanChoice, answer=PurchaseSerializer,
    )  # fmt: skip
    def post(self, request: Request, subscription_id: str) -> Purchase:
        subscription, plan = self.subscription, self.target(self.body["plan"])
        done = services.start_plan_change(actor=self.actor, subscription=subscription, plan=plan)
        return Purchase(self.subscription, done if isinstance(done, Checkout) else None)
