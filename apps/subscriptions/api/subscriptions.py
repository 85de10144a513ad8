"""What one's organization is subscribed to. The list, beginning one and changing its plan are billing's."""

from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.core.rest.fields import Empty
from apps.core.rest.operations import operation
from apps.subscriptions import selectors, services
from apps.subscriptions.api.serializers import CancelInput, OverageInput
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import OverageChoice
from apps.subscriptions.rest import SubscriptionSerializer

TAG = "Subscriptions"
READ, WRITE = TokenScope.SUBSCRIPTIONS_READ, TokenScope.SUBSCRIPTIONS_WRITE


class SubscriptionView(OrganizationView):
    @property
    def subscription(self) -> Subscription:
        return selectors.get_subscription(self.actor, public_id=self.kwargs["subscription_id"])


class SubscriptionDetailView(SubscriptionView):
    @operation("getSubscription", "Show a subscription", tag=TAG, scope=READ, answer=SubscriptionSerializer)
    def get(self, request: Request, subscription_id: str) -> Subscription:
        return self.subscription

    @operation(
        "updateSubscription", "Allow or refuse extra units", tag=TAG, scope=WRITE,
        description="What is left out stays as it is. Live in the gateway within 5 seconds; what was used before is "
        "charged all the same.",
        body=OverageInput, answer=SubscriptionSerializer, errors=(409,),
    )  # fmt: skip
    def patch(self, request: Request, subscription_id: str) -> Subscription:
        subscription = self.subscription
        allowed = self.body.get("overage_allowed", subscription.overage_allowed)
        kept = subscription.spend_cap_amount if allowed else None
        choice = OverageChoice(allowed, self.body.get("spend_cap_amount", kept))
        return services.set_overage(actor=self.actor, subscription=subscription, choice=choice)


class CancelView(SubscriptionView):
    @operation(
        "cancelSubscription", "Cancel a subscription", tag=TAG, scope=WRITE,
        description="Where a paid period runs, with that period, which can be undone, unless `at_period_end` is false. "
        "Else at once: its keys stop working, and nothing is paid back.",
        body=CancelInput, answer=SubscriptionSerializer,
    )  # fmt: skip
    def post(self, request: Request, subscription_id: str) -> Subscription:
        subscription = self.subscription
        later = self.body.get("at_period_end", _has_paid_period(subscription))
        end = services.cancel_at_period_end if later else services.cancel_subscription
        return end(actor=self.actor, subscription=subscription)


class UndoView(SubscriptionView):
    @operation(
        "undoScheduledChange", "Keep a subscription as it is", tag=TAG, scope=WRITE,
        description="Takes back what was to happen at the end of the period: the end, or another plan.",
        body=Empty, answer=SubscriptionSerializer,
    )  # fmt: skip
    def post(self, request: Request, subscription_id: str) -> Subscription:
        return services.undo_scheduled(actor=self.actor, subscription=self.subscription)


def _has_paid_period(subscription: Subscription) -> bool:
    return subscription.status in SubscriptionStatus.begun() and not subscription.plan.is_free
