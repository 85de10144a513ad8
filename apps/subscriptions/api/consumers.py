"""Who is subscribed to one's products."""

from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.core.rest.fields import Empty
from apps.core.rest.operations import operation
from apps.products.models import Product
from apps.products.selectors import get_own_product
from apps.subscriptions import selectors, services
from apps.subscriptions.api.serializers import BanInput, ConsumerQuery, ConsumerSerializer
from apps.subscriptions.models import Subscription

TAG = "Consumers"
READ, WRITE = TokenScope.SUBSCRIPTIONS_READ, TokenScope.SUBSCRIPTIONS_WRITE


class ProductConsumersView(OrganizationView):
    @property
    def product(self) -> Product:
        return get_own_product(self.actor, public_id=self.kwargs["product_id"])

    @property
    def consumer(self) -> Subscription:
        return selectors.get_consumer(self.actor, self.product, public_id=self.kwargs["subscription_id"])


class ConsumersView(ProductConsumersView):
    @operation(
        "listConsumers", "List the consumers of a product", tag=TAG, scope=READ,
        query=ConsumerQuery, answer=ConsumerSerializer, ordering=("-created_at", "-id"),
    )  # fmt: skip
    def get(self, request: Request, product_id: str) -> QuerySet[Subscription]:
        return selectors.search_consumers(
            self.actor,
            self.product,
            search=self.query.get("search", ""),
            status=self.query.get("status", ""),
            plan_slug=self.query.get("plan", ""),
        ).select_related("pending_plan")


class ConsumerDetailView(ProductConsumersView):
    @operation("getConsumer", "Show a consumer", tag=TAG, scope=READ, answer=ConsumerSerializer)
    def get(self, request: Request, product_id: str, subscription_id: str) -> Subscription:
        return self.consumer


class ApproveView(ProductConsumersView):
    @operation(
        "approveConsumer", "Let a consumer subscribe who asked for it", tag=TAG, scope=WRITE,
        body=Empty, answer=ConsumerSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str, subscription_id: str) -> Subscription:
        return services.approve_consumer(actor=self.actor, subscription=self.consumer)


class DeclineView(ProductConsumersView):
    @operation(
        "declineConsumer", "Refuse a consumer who asked to subscribe", tag=TAG, scope=WRITE,
        body=Empty, answer=ConsumerSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str, subscription_id: str) -> Subscription:
        return services.decline_consumer(actor=self.actor, subscription=self.consumer)


class PauseView(ProductConsumersView):
    @operation(
        "pauseConsumer", "Stop a consumer", tag=TAG, scope=WRITE, description="The gateway answers 403 until resumed.",
        body=Empty, answer=ConsumerSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str, subscription_id: str) -> Subscription:
        return services.pause_consumer(actor=self.actor, subscription=self.consumer)


class ResumeView(ProductConsumersView):
    @operation(
        "resumeConsumer", "Let a paused consumer call again", tag=TAG, scope=WRITE,
        body=Empty, answer=ConsumerSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str, subscription_id: str) -> Subscription:
        return services.resume_consumer(actor=self.actor, subscription=self.consumer)


class BanView(ProductConsumersView):
    @operation(
        "banConsumer", "Ban a consumer", tag=TAG, scope=WRITE,
        description="Cancels the subscription at once; the organization cannot subscribe to the product again.",
        body=BanInput, answer=ConsumerSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str, subscription_id: str) -> Subscription:
        reason = self.body.get("reason", "")
        return services.ban_consumer(actor=self.actor, subscription=self.consumer, reason=reason)


class LiftBanView(ProductConsumersView):
    @operation(
        "liftConsumerBan", "Let a banned consumer subscribe again", tag=TAG, scope=WRITE,
        description="The subscription stays canceled.", body=Empty, answer=ConsumerSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str, subscription_id: str) -> Subscription:
        return services.lift_ban(actor=self.actor, subscription=self.consumer)


class ResetQuotaView(ProductConsumersView):
    @operation(
        "resetConsumerQuota", "Give a consumer the quota of the running period anew", tag=TAG, scope=WRITE,
        body=Empty, answer=ConsumerSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str, subscription_id: str) -> Subscription:
        return services.reset_quota(actor=self.actor, subscription=self.consumer)
