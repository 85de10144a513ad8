"""What the database refuses whoever asks, and the few changes that the product itself makes to the same tables."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import AuditEvent
from apps.billing import services
from apps.billing.models import UsageStretch
from apps.core import clock
from apps.ledger.models import JournalEntry
from apps.subscriptions.models import SubscriptionChange
from tests.billing.world import Shop
from tests.database import empty_written_tables
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.stripe_tables import stripe_tables

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def shop(django_db_setup: None, django_db_blocker: Any) -> Iterator[Shop]:
    """A paid, an open and a void invoice, committed: a transaction is allowed more about what it has made itself."""
    with django_db_blocker.unblock():
        shop = Shop()
        RateLimitFactory(plan=shop.pro)
        quota = QuotaFactory(plan=shop.pro)
        subscription = shop.buy(shop.pro)
        now = clock.now()
        UsageStretch.objects.create(
            subscription=subscription, quota=quota, start=subscription.started_at, end=now, rated_at=now
        )
        QuotaFactory(plan=PlanFactory(tier=shop.tier, slug="draft", published_at=None))
        bob = make_actor()
        services.start_checkout(actor=bob, plan=shop.basic)
        services.start_checkout(actor=bob, plan=shop.pro)
        yield shop
        empty_written_tables()
        assert not AuditEvent.objects.exists()


def run(statement: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.rowcount


KEPT = "never changed or deleted"
PAID, OPEN, VOID = ("WHERE status = 'paid'", "WHERE status = 'open'", "WHERE status = 'void'")
TABLES = [
    "accounts_auditevent", "billing_invoice", "billing_invoiceline", "billing_numberseries", "billing_usagestretch",
    "ledger_journalentry", "ledger_ledgeraccount", "ledger_posting", "payments_payment", "payments_sandboxcharge",
    "plans_plan", "plans_quota", "plans_ratelimit", "subscriptions_subscriptionchange",
]  # fmt: skip
NEVER_CHANGED = [
    ("accounts_auditevent", "summary = 'x'"),
    ("accounts_auditevent", "actor_id = (SELECT max(id) FROM accounts_user WHERE id <> actor_id)"),
    ("accounts_auditevent", "occurred_at = now(), actor_id = NULL"),
    ("subscriptions_subscriptionchange", "kind = 'x'"),
    ("subscriptions_subscriptionchange", "occurred_at = now()"),
    ("payments_sandboxcharge", "amount = 1"),
]
FORBIDDEN = [
    ("UPDATE billing_usagestretch SET rated_at = NULL", "is rated"),
    ("DELETE FROM billing_usagestretch", "is rated"),
    *((f"TRUNCATE {table} CASCADE", KEPT) for table in TABLES),
    *((f"UPDATE {table} SET {change}", KEPT) for table, change in NEVER_CHANGED),
    *((f"DELETE FROM {table}", KEPT) for table in (
        "accounts_auditevent", "subscriptions_subscriptionchange", "payments_payment", "payments_sandboxcharge",
        "billing_numberseries", "plans_plan",
    )),
    *((f"UPDATE billing_invoice SET {change} {PAID}", "is issued") for change in (
        "paid_at = now()", "collected_at = now()", "voided_at = now()", "total_amount = 1, subtotal_amount = 1",
    )),
    (f"UPDATE billing_invoice SET voided_at = now() {VOID}", "is issued"),
    (f"UPDATE billing_invoice SET voided_at = now() {OPEN}", "is issued"),
    *((f"UPDATE payments_payment SET {change}", "cannot be changed so") for change in (
        "amount = 1", "currency = 'EUR'", "reference = 'x'", "status = 'failed'", "settled_at = now()",
        "status = 'processing', settled_at = NULL", "idempotency_key = 'x'",
    )),
    *((f"UPDATE billing_numberseries SET {change}", "only counts on") for change in (
        "last_number = last_number - 1", "last_number = last_number + 2", "year = 1999, last_number = last_number + 1",
    )),
    (
        ("INSERT INTO ledger_posting (entry_id, account_id, amount) "
        "SELECT entry_id, account_id, sign * amount FROM ledger_posting, (VALUES (1), (-1)) AS signs (sign)"),
        "is closed",
    ),
    *((f"UPDATE plans_plan SET {change} WHERE slug = 'pro'", "was on sale") for change in (
        "price_amount = 1", "currency = 'EUR'", "interval = 'year'", "tier_id = tier_id + 1", "published_at = NULL",
        "published_at = NULL, published_in = NULL", "published_in = pg_current_xact_id(), name = 'x'",
    )),
    ("UPDATE plans_quota SET included_units = 1", "terms"),
    ("UPDATE plans_quota SET plan_id = (SELECT id FROM plans_plan WHERE slug = 'draft')", "terms"),
    ("DELETE FROM plans_quota", "terms"),
    (
        ("INSERT INTO plans_quota (name, included_units, period, anchor, overage, plan_id) "
        "SELECT 'daily', 1, 'day', 'calendar', 'block', id FROM plans_plan"),
        "terms",
    ),
    ("UPDATE plans_ratelimit SET max_calls = 1", "terms"),
    ("DELETE FROM plans_ratelimit", "terms"),
]  # fmt: skip

ALLOWED = [
    "UPDATE accounts_auditevent SET actor_id = NULL, organization_id = NULL",
    "UPDATE subscriptions_subscriptionchange SET actor_id = NULL",
    "UPDATE payments_payment SET created_by_id = NULL",
    "UPDATE billing_numberseries SET last_number = last_number + 1",
    f"UPDATE billing_invoice SET refund_due_at = now() {PAID}",
    f"UPDATE billing_invoice SET collected_at = now() {OPEN}",
    f"UPDATE billing_invoice SET status = 'uncollectible' {OPEN}",
    f"UPDATE billing_invoice SET status = 'void', voided_at = now() {OPEN}",
    "UPDATE plans_plan SET withdrawn_at = now()",
    "UPDATE plans_plan SET price_amount = 1, published_at = now() WHERE slug = 'draft'",
    "DELETE FROM plans_quota WHERE plan_id = (SELECT id FROM plans_plan WHERE slug = 'draft')",
]


@pytest.mark.parametrize(("statement", "words"), FORBIDDEN)
def test_it_is_refused(shop: Shop, statement: str, words: str) -> None:
    with pytest.raises(IntegrityError, match=words):
        run(statement)


@pytest.mark.parametrize("statement", ALLOWED)
def test_what_the_product_does_itself_passes(shop: Shop, statement: str) -> None:
    assert run(statement) > 0


def test_what_is_settled_once_is_not_settled_again(shop: Shop) -> None:
    for column, which in (("refund_due_at", PAID), ("collected_at", OPEN)):
        run(f"UPDATE billing_invoice SET {column} = '2027-01-01' {which}")
        with pytest.raises(IntegrityError, match="is issued"):
            run(f"UPDATE billing_invoice SET {column} = '2027-01-02' {which}")
    run("UPDATE plans_plan SET withdrawn_at = now()")
    with pytest.raises(IntegrityError, match="was on sale"):
        run("UPDATE plans_plan SET withdrawn_at = NULL WHERE slug = 'pro'")


def test_who_is_deleted_is_forgotten_by_what_they_did(shop: Shop) -> None:
    user = shop.alice.user
    changes, events = SubscriptionChange.objects.count(), AuditEvent.objects.count()
    assert SubscriptionChange.objects.filter(actor=user).exists()
    with stripe_tables():  # as where Stripe is set up: it knows users, too
        user.delete()
    assert (SubscriptionChange.objects.count(), AuditEvent.objects.count()) == (changes, events)
    assert JournalEntry.objects.exists()
