"""The cards that one's organization pays with, and what waits for their holders."""

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.core.errors import Conflict
from apps.core.rest.fields import Empty
from apps.core.rest.operations import operation
from apps.payments import selectors, services
from apps.payments.api.serializers import (
    CanceledPaymentSerializer,
    CardInput,
    HostedCardSerializer,
    PaymentMethodSerializer,
)
from apps.payments.errors import ProviderUnavailable
from apps.payments.models import Payment, PaymentMethod

TAG = "Billing"
READ, WRITE = TokenScope.BILLING_READ, TokenScope.BILLING_WRITE


class MethodsView(OrganizationView):
    @operation(
        "listPaymentMethods", "List your payment methods", tag=TAG, scope=READ,
        description="The default first.", answer=PaymentMethodSerializer, many=True,
    )  # fmt: skip
    def get(self, request: Request) -> QuerySet[PaymentMethod]:
        return selectors.list_methods(self.actor)

    @operation(
        "addCard", "Add a card", tag=TAG, scope=WRITE,
        description="The first one becomes the default. Where that is declined, the card that pays instead takes its "
        "place.",
        body=CardInput, answer=PaymentMethodSerializer, status=201, commits_within=True,
        examples={"request": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}},
    )  # fmt: skip
    def post(self, request: Request) -> PaymentMethod:
        return services.add_card(actor=self.actor, **self.body)


class HostedCardView(OrganizationView):
    @operation(
        "startHostedCard", "Add a card on the page of the payment provider", tag=TAG, scope=WRITE,
        description="Where cards are typed there alone. The page leads back to the portal; the card is listed once it "
        "is saved, also where nobody comes back. 409 where cards are typed here (`addCard`), and while the provider "
        "does not answer.",
        body=Empty, answer=HostedCardSerializer, status=201, errors=(409,), commits_within=True,
    )  # fmt: skip
    def post(self, request: Request) -> dict[str, str]:
        cards = f"{settings.WEB_URL}/o/{self.actor.organization.slug}/billing/cards/"
        try:
            page = services.start_hosted_card(actor=self.actor, return_url=f"{cards}saved/", cancel_url=cards)
        except ProviderUnavailable as error:
            raise Conflict(_("The payment provider does not answer. Try again in a minute.")) from error
        return {"action_url": page}


class MethodView(OrganizationView):
    @property
    def method(self) -> PaymentMethod:
        return selectors.get_method(self.actor, public_id=self.kwargs["method_id"])


class MethodDetailView(MethodView):
    @operation("getPaymentMethod", "Show a payment method", tag=TAG, scope=READ, answer=PaymentMethodSerializer)
    def get(self, request: Request, method_id: str) -> PaymentMethod:
        return self.method

    @operation(
        "deletePaymentMethod", "Forget a card", tag=TAG, scope=WRITE,
        description="409 `card_in_use` for the last one, while a paid subscription is renewed.",
        status=204, errors=(409,),
    )  # fmt: skip
    def delete(self, request: Request, method_id: str) -> None:
        services.remove_method(actor=self.actor, method=self.method)


class DefaultView(MethodView):
    @operation(
        "makePaymentMethodDefault", "Charge renewals to this card", tag=TAG, scope=WRITE,
        body=Empty, answer=PaymentMethodSerializer,
    )  # fmt: skip
    def post(self, request: Request, method_id: str) -> PaymentMethod:
        return services.make_default(actor=self.actor, method=self.method)


class CancelView(OrganizationView):
    @operation(
        "cancelPayment", "Give up a payment that waits for its cardholder", tag=TAG, scope=WRITE,
        description="So that it can be paid in another way. It may have been confirmed meanwhile: see its `status`.",
        body=Empty, answer=CanceledPaymentSerializer, errors=(409,), commits_within=True,
    )  # fmt: skip
    def post(self, request: Request, payment_id: str) -> Payment:
        payment = selectors.get_payment(self.actor, public_id=payment_id)
        return services.give_up_payment(actor=self.actor, payment=payment)
