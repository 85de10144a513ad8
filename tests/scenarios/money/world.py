"""A year of a small marketplace on the sandbox clock, told step by step; after each step the books are looked over."""

import copy
import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from celery import current_app

from apps.accounts.access import Actor
from apps.billing import services as billing
from apps.billing.models import Checkout, Invoice
from apps.core import clock
from apps.ledger.enums import AccountKind
from apps.ledger.selectors import balance, find_account
from apps.payments.enums import SandboxConduct
from apps.payments.models import PaymentMethod, SandboxAccount
from apps.payouts import services as payouts
from apps.payouts.details import AccountDetails
from apps.payouts.models import PayoutAccount
from apps.payouts.selectors import Balance, balance_of
from apps.plans.models import Plan
from apps.subscriptions.models import Subscription
from apps.usage.counters.types import shard_of
from apps.usage.models import StreamPosition
from config.schedule import PERIODIC_JOBS
from tests.billing.world import Shop, move_clock
from tests.factories.accounts import UserFactory
from tests.factories.actors import make_actor
from tests.scenarios.money.books import check_books

T = TypeVar("T")
DAY = dt.timedelta(days=1)
JOBS = [name for name in PERIODIC_JOBS if name.startswith(("billing.", "payments.", "payouts."))]
# It compares one day that is over; a story compares all of its time at its end.
JOBS.remove("payouts.reconcile")


def day(text: str, hour: int = 13) -> dt.datetime:
    """`2027-04-10`, an hour after the stories' purchases."""
    return dt.datetime.fromisoformat(text).replace(hour=hour, tzinfo=dt.UTC)


class Story:
    """Northwind sells Weather; others buy it. Amounts are cents."""

    def __init__(self, begins: str) -> None:
        self.begins = day(begins, 12)
        move_clock(self.begins)
        self.shop = Shop()
        self.creator = make_actor(self.shop.product.organization)
        self.staff = UserFactory(is_staff=True, is_superuser=True)

    def do(self, step: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """A step of the story."""
        done = step(*args, **kwargs)
        self.check()
        return done

    def check(self) -> None:
        check_books()

    def until(self, text: str) -> None:
        """Let the time pass to this day in one leap, and do what is due then: whoever was down for long comes back."""
        move_clock(day(text))
        self.jobs()

    def through(self, last: str, first: str | None = None) -> None:
        """Let the time pass to this day, with the jobs of each day; those of days before `first` are left out."""
        if first:
            self.until(first)
        while clock.now().date() < day(last).date():
            # A little later each day, so that what is due a day after something is due.
            move_clock(clock.now() + DAY + dt.timedelta(minutes=1))
            self.jobs()

    def jobs(self, minutes: int = 2) -> None:
        """All that runs by itself, so many times; once more finds nothing to do.

        What has just ended leaves a second time its leftovers to bill.
        """
        StreamPosition.objects.update(complete_until=clock.now())
        for name in JOBS:
            current_app.tasks[name]()
        self.check()
        for _ in range(minutes - 1):
            billing.close_due_periods()
        assert not any(billing.close_due_periods().values())
        # What fell due in these very seconds is done by the next run.
        assert any(not any(billing.run_dunning().values()) for _ in range(2))

    def consumer(self) -> Shop:
        """The same shop, for another organization that buys there."""
        other = copy.copy(self.shop)
        other.alice = make_actor()
        return other

    def buy(self, plan: Plan, *, of: Shop | None = None, **choices: Any) -> Subscription:
        return self.has_meter(self.do((of or self.shop).buy, plan, **choices))

    def has_meter(self, subscription: Subscription) -> Subscription:
        """What it calls is stored whenever the jobs run."""
        StreamPosition.objects.get_or_create(shard=shard_of(subscription.pk), defaults={"complete_until": clock.now()})
        return subscription

    def upgrade(self, subscription: Subscription, plan: Plan) -> Invoice:
        """Another plan at once, paid with the default card."""
        actor = self.actor_of(subscription)
        checkout = self.do(billing.start_plan_change, actor=actor, subscription=subscription, plan=plan)
        assert isinstance(checkout, Checkout)
        card = PaymentMethod.objects.get(organization=actor.organization, is_default=True)
        self.do(billing.pay_checkout, actor=actor, checkout=checkout, method=card)
        assert checkout.invoice is not None
        return checkout.invoice

    def actor_of(self, subscription: Subscription) -> Actor:
        return make_actor(subscription.organization)

    def take_payouts(self, conduct: SandboxConduct = SandboxConduct.TAKES) -> PayoutAccount:
        """The creator goes through the provider's onboarding."""
        details = AccountDetails(
            method="provider", legal_name="Northwind Ltd", address="1 Harbour Road", country="DE", currency="USD"
        )
        account = payouts.save_account(actor=self.creator, details=details)
        payouts.start_onboarding(actor=self.creator, return_url="https://x.test/", refresh_url="https://x.test/")
        account.refresh_from_db()
        SandboxAccount.objects.filter(reference=account.provider_account).update(
            conduct=conduct, details_submitted=True
        )
        self.do(payouts.refresh_accounts)
        return PayoutAccount.objects.get(pk=account.pk)

    def earned(self, currency: str = "USD") -> Balance:
        return balance_of(self.creator.organization, currency)

    def on(self, kind: AccountKind, currency: str = "USD") -> int:
        """What an account of the platform holds: above zero a debit."""
        found = find_account(kind=kind, currency=currency)
        return balance(found) if found else 0

    def end(self) -> None:
        """The provider's list of all that it moved, against the books: no difference. And each month's statement."""
        check_books(every_month=True)
        run = payouts.reconcile(since=self.begins - DAY, until=clock.now() + DAY)
        assert list(run.faults.all()) == []
        assert run.transactions == run.entries


def bills(subscription: Subscription) -> list[Invoice]:
    """The invoices of a subscription that were issued, in their order."""
    return list(Invoice.objects.filter(subscription=subscription).exclude(number="").order_by("number"))


def told(invoices: Iterable[Invoice]) -> list[tuple[str, int, str]]:
    """Why, how much and what became of it."""
    return [(one.reason, one.total_amount, one.status) for one in invoices]


def lines(invoice: Invoice) -> list[tuple[str, int, int]]:
    return [(line.kind, line.quantity, line.amount) for line in invoice.lines.order_by("pk")]
