"""A consumer's way from Free to Pro and back, on a product made of the document that httpbin has of itself.

What people see differs between portal and REST API; what programs and the books see is here.
"""

import datetime as dt
import json
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

from apps.accounts.models import Organization
from apps.ledger.enums import AccountKind
from apps.ledger.selectors import balance, find_account, list_unbalanced_entries
from apps.payments.models import Payment
from apps.subscriptions.models import Subscription
from apps.usage.models import UsageEvent
from tests.client import Answer, call
from tests.processes import wait_until
from tests.scenarios.main_job import Caller

NAME, SLUG = "Httpbin", "httpbin"
DOCUMENT_PATH = "/spec.json"
# Methods of OpenAPI that the gateway does not route.
UNROUTED = {"trace"}
PRO_ENDPOINTS = {("GET", "/headers"), ("GET", "/uuid")}
FREE_UNITS, PRO_UNITS = 1_000, 100_000
CALLS_PER_SECOND = 100
PRO_AMOUNT = 2_900
CURRENCY = "USD"
COMMISSION_PERCENT = 10
DECLINED_CARD, GOOD_CARD = "4000000000000002", "4242424242424242"
CARD = {"exp_month": 12, "exp_year": 2090, "cvc": "123"}

# The gateway follows a change within this time, by its promise.
LIVE_SECONDS = 5.0


def operations(document_url: str) -> set[tuple[str, str]]:
    """What the document describes and the gateway can route: (method, path)."""
    paths = json.loads(call("GET", document_url).body)["paths"]
    found = {(method.upper(), path) for path, item in paths.items() for method in item if method not in UNROUTED}
    assert found > PRO_ENDPOINTS
    return found


@dataclass
class Program:
    """A consumer's program; `passed` counts the calls that the backend answered, by path."""

    base_url: str
    key: str
    passed: Counter[str] = field(default_factory=Counter)

    def with_key(self, key: str) -> "Program":
        """The same program after it got another key."""
        return Program(self.base_url, key, self.passed)

    def passes(self, path: str) -> Answer:
        answer = self._caller.pass_("GET", path)
        self.passed[path] += 1
        return answer

    def is_refused(self, path: str, *, status: int, code: str) -> Answer:
        return self._caller.refused("GET", path, status=status, code=code)

    def comes_to_pass(self, path: str) -> None:
        """The gateway follows a change that has been made: the call passes from now on."""
        wait_until(lambda: self._call(path) == 200, seconds=LIVE_SECONDS, what=f"{path} passing")

    def comes_to_be_refused(self, path: str, *, status: int, code: str) -> Answer:
        """The same, the other way round."""
        wait_until(lambda: self._call(path) == status, seconds=LIVE_SECONDS, what=f"{path} answered {status}")
        return self.is_refused(path, status=status, code=code)

    def comes_to_be_counted_since(self, start: dt.datetime | None) -> None:
        """A call is stored that was made in the period that began then."""
        in_period = UsageEvent.objects.filter(occurred_at__gte=start)
        wait_until(
            lambda: self._call("/get") == 200 and in_period.exists(), seconds=LIVE_SECONDS, what="a call in the period"
        )

    def _call(self, path: str) -> int:
        answer = self._caller.call("GET", path)
        self.passed[path] += answer.status == 200
        return answer.status

    @property
    def _caller(self) -> Caller:
        return Caller(self.base_url, self.key)


def call_under_free(program: Program) -> None:
    """Free endpoints answer, with what is left; those above say which plan opens them."""
    first = program.passes("/get")
    assert program.key not in first.text
    assert f'"per-second";q={CALLS_PER_SECOND};w=1' in first.headers["RateLimit-Policy"]
    assert f'"monthly";q={FREE_UNITS}' in first.headers["RateLimit-Policy"]
    assert f'"monthly";r={FREE_UNITS - 1};' in first.headers["RateLimit"]
    assert f'"monthly";r={FREE_UNITS - 2};' in program.passes("/get").headers["RateLimit"]
    for _method, path in sorted(PRO_ENDPOINTS):
        above = program.is_refused(path, status=403, code="plan_upgrade_required").json()
        assert above["required_plan"] == "pro"
        assert "Pro" in above["detail"]


def call_under_pro(program: Program) -> None:
    """Once the gateway knows, everything answers, and the quota is the new plan's, unused."""
    program.comes_to_pass("/headers")
    assert f'"monthly";r={PRO_UNITS - 2};' in program.passes("/uuid").headers["RateLimit"]
    program.passes("/get")


def call_after_rotation(old: Program, new: Program) -> None:
    """While the overlap lasts, both keys work."""
    new.comes_to_pass("/get")
    old.passes("/get")


def call_after_overlap(old: Program, new: Program) -> None:
    """After it, the new one alone."""
    old.comes_to_be_refused("/get", status=401, code="key_expired")
    new.passes("/uuid")


def call_back_under_free(program: Program) -> None:
    """After the downgrade, endpoints above are closed again and the others answer."""
    above = program.comes_to_be_refused("/headers", status=403, code="plan_upgrade_required")
    assert above.json()["required_plan"] == "pro"
    assert f'"monthly";q={FREE_UNITS}' in program.passes("/get").headers["RateLimit-Policy"]
    # Calls are dated by the clock that the gateway last read, less than a second ago.
    program.comes_to_be_counted_since(Subscription.objects.get().current_period_start)


def wait_for_usage(program: Program) -> int:
    """Until the meter has stored every call that was answered, and not one more; how many."""
    calls = program.passed.total()
    wait_until(lambda: UsageEvent.objects.count() >= calls, what=f"{calls} usage events")
    assert UsageEvent.objects.count() == calls
    return calls


def used_since(start: dt.datetime | str) -> int:
    """How many calls were stored since a period began."""
    return UsageEvent.objects.filter(occurred_at__gte=start).count()


def share_left(start: dt.datetime, end: dt.datetime, at: dt.datetime) -> Fraction:
    """The part of a period that is left at a time."""
    second = dt.timedelta(microseconds=1)
    return Fraction((end - at) // second, (end - start) // second)


def part_of(amount: int, share: Fraction) -> int:
    """A part of an amount, rounded half up."""
    return floor(amount * share + Fraction(1, 2))


def assert_books_balance(creator: Organization, *, paid: list[int]) -> None:
    """Each payment is booked once: cash against the creator's share and the commission, and nothing else is."""
    shares = [part_of(amount, Fraction(COMMISSION_PERCENT, 100)) for amount in paid]
    assert _balance(AccountKind.PROVIDER_CASH) == sum(paid)
    assert _balance(AccountKind.PLATFORM_COMMISSION) == -sum(shares)
    assert _balance(AccountKind.CREATOR_PAYABLE, creator) == sum(shares) - sum(paid)
    assert not list_unbalanced_entries().exists()
    succeeded = Payment.objects.filter(status="succeeded").order_by("pk")
    assert list(succeeded.values_list("amount", flat=True)) == paid


def _balance(kind: AccountKind, organization: Organization | None = None) -> int:
    account = find_account(kind=kind, currency=CURRENCY, organization=organization)
    assert account is not None, kind
    return balance(account)
