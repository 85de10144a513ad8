"""Purchases under way."""

from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.billing import selectors, services
from apps.billing.api.serializers import CheckoutQuery, CheckoutSerializer, PayInput, PaymentSerializer
from apps.billing.models import Checkout
from apps.core.rest.operations import operation
from apps.payments.models import Payment
from apps.payments.selectors import get_method

TAG = "Billing"
READ, WRITE = TokenScope.BILLING_READ, TokenScope.BILLING_WRITE


class CheckoutsView(OrganizationView):
    @operation(
        "listCheckouts", "List your checkouts", tag=TAG, scope=READ,
        query=CheckoutQuery, answer=CheckoutSerializer, ordering=("-created_at", "-id"),
    )  # fmt: skip
    def get(self, request: Request) -> QuerySet[Checkout]:
        found = selectors.list_checkouts(self.actor)
        return found.filter(status=self.query["status"]) if "status" in self.query else found


class CheckoutView(OrganizationView):
    @property
    def checkout(self) -> Checkout:
        return selectors.get_checkout(self.actor, public_id=self.kwargs["checkout_id"])


class CheckoutDetailView(CheckoutView):
    @operation("getCheckout", "Show a checkout", tag=TAG, scope=READ, answer=CheckoutSerializer)
    def get(self, request: Request, checkout_id: str) -> Checkout:
        return self.checkout


class PayCheckoutView(CheckoutView):
    @operation(
        "payCheckout", "Pay a checkout", tag=TAG, scope=WRITE,
        description="402 where the card is declined: the payment is recorded and the invoice stays open. One that "
        "waited for the creator's approval can be paid once that is given; before, it is 409 `approval_pending`. A "
        "trial that needs a card begins with it, is charged nothing, and `data` is null. Without a `method`, where "
        "cards are typed on the provider's page: that page is `action_url`, the same until the payment is over.",
        body=PayInput, answer=PaymentSerializer, errors=(402,), commits_within=True,
    )  # fmt: skip
    def post(self, request: Request, checkout_id: str) -> Payment | None:
        method = get_method(self.actor, public_id=self.body["method"]) if "method" in self.body else None
        return services.pay_checkout(actor=self.actor, checkout=self.checkout, method=method)
