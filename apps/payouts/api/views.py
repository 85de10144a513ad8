"""What a creator has earned, and how it reaches them."""

from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.core.errors import NotFound
from apps.core.rest.operations import operation
from apps.payouts import selectors, services
from apps.payouts.api.serializers import (
    AccountInput,
    AccountSerializer,
    BalanceSerializer,
    MonthSerializer,
    PayoutInput,
    PayoutQuery,
    PayoutSerializer,
    StatementSerializer,
)
from apps.payouts.details import AccountDetails
from apps.payouts.models import Payout, PayoutAccount
from apps.payouts.selectors import Balance, Month, Statement

TAG = "Payouts"
READ, WRITE = TokenScope.PAYOUTS_READ, TokenScope.PAYOUTS_WRITE


class BalancesView(OrganizationView):
    @operation("listBalances", "Show what you have earned", tag=TAG, scope=READ, answer=BalanceSerializer, many=True)
    def get(self, request: Request) -> list[Balance]:
        return selectors.list_balances(self.actor)


class PayoutsView(OrganizationView):
    @operation(
        "listPayouts", "List your payouts", tag=TAG, scope=READ,
        query=PayoutQuery, answer=PayoutSerializer, ordering=("-created_at", "-id"),
    )  # fmt: skip
    def get(self, request: Request) -> QuerySet[Payout]:
        found = selectors.list_payouts(self.actor)
        return found.filter(status=self.query["status"]) if "status" in self.query else found

    @operation(
        "createPayout", "Ask for a payout", tag=TAG, scope=WRITE,
        description="It leaves the balance at once. A large one is `pending_approval` until two people of the platform "
        "have agreed.",
        body=PayoutInput, answer=PayoutSerializer, status=201, errors=(409,),
    )  # fmt: skip
    def post(self, request: Request) -> Payout:
        return services.request_payout(actor=self.actor, currency=self.body["currency"], amount=self.body.get("amount"))


class PayoutView(OrganizationView):
    @operation("getPayout", "Show a payout", tag=TAG, scope=READ, answer=PayoutSerializer)
    def get(self, request: Request, payout_id: str) -> Payout:
        return selectors.get_payout(self.actor, public_id=payout_id)


class CancelPayoutView(OrganizationView):
    @operation(
        "cancelPayout", "Take back a payout that nobody sends yet", tag=TAG, scope=WRITE,
        answer=PayoutSerializer, errors=(409,),
    )  # fmt: skip
    def post(self, request: Request, payout_id: str) -> Payout:
        payout = selectors.get_payout(self.actor, public_id=payout_id)
        return services.cancel_payout(actor=self.actor, payout=payout)


class PayoutAccountView(OrganizationView):
    @operation(
        "getPayoutAccount", "Show where your money goes", tag=TAG, scope=READ,
        description="404 where nothing is said yet.", answer=AccountSerializer,
    )  # fmt: skip
    def get(self, request: Request) -> PayoutAccount:
        account = selectors.find_account(self.actor)
        if account is None:
            raise NotFound
        return account

    @operation(
        "putPayoutAccount", "Say where your money goes", tag=TAG, scope=WRITE,
        description="Everybody who may see payouts is told of a change. With `provider`, the details that the payment "
        "provider wants are given on its own page, which the portal leads to.",
        body=AccountInput, answer=AccountSerializer,
    )  # fmt: skip
    def put(self, request: Request) -> PayoutAccount:
        return services.save_account(actor=self.actor, details=AccountDetails(**self.body))


class StatementsView(OrganizationView):
    @operation(
        "listStatements", "List the months that have a statement", tag=TAG, scope=READ,
        answer=MonthSerializer, many=True,
    )  # fmt: skip
    def get(self, request: Request) -> list[Month]:
        return selectors.list_months(self.actor)


class StatementView(OrganizationView):
    @operation(
        "getStatement", "Show the statement of a month", tag=TAG, scope=READ,
        description="`month` as 2027-04.", answer=StatementSerializer,
    )  # fmt: skip
    def get(self, request: Request, month: str, currency: str) -> Statement:
        return selectors.get_statement(self.actor, month=month, currency=currency.upper())
