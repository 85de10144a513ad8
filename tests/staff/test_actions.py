"""What staff do, over every action: asked for a reason, allowed to those with the right alone, and leaving traces."""

import datetime as dt
import importlib
import inspect
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from apps.accounts.models import AccessToken, AuditEvent, Organization, User
from apps.accounts.services import reactivate_user, suspend_user
from apps.billing.coupons import CouponSpec
from apps.billing.enums import CreditReason
from apps.billing.models import CommissionRule, Coupon, CreditNote, Invoice, PlanPrice, TaxReport
from apps.billing.services import refund_invoice
from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotAllowed
from apps.core.models import Change
from apps.gateway.selectors import find_key
from apps.ledger.models import JournalEntry
from apps.payments.models import Dispute, Refund, SandboxMovement
from apps.payments.services import claim_payment, collect_payment, emit_due_events, process_events
from apps.payouts.models import Payout
from apps.subscriptions.models import Subscription
from apps.subscriptions.services import ban_consumer_by_staff
from tests.billing.world import Shop
from tests.database import unguarded
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.actors import make_actor
from tests.factories.billing import make_usage_invoice
from tests.factories.keys import ApiKeyFactory
from tests.factories.payments import PaymentMethodFactory
from tests.factories.payouts import PayoutAccountFactory
from tests.factories.plans import PlanFactory
from tests.factories.products import ProductFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.payouts import world as payouts
from tests.staff.rows import MAKERS

pytestmark = pytest.mark.django_db


def with_second_factor() -> User:
    user = UserFactory()
    Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})
    return user


def in_a_period(**values: Any) -> Model:
    now = clock.now()
    return SubscriptionFactory(current_period_start=now, current_period_end=now + dt.timedelta(days=30), **values)


def open_dispute() -> Dispute:
    """As the sandbox has told of it."""
    payment = claim_payment(
        method=PaymentMethodFactory(behaviour="disputed"),
        amount=1000,
        currency="USD",
        reference="inv_1",
        created_by=None,
    )
    collect_payment(payment=payment)
    emit_due_events(now=clock.now() + dt.timedelta(days=1))
    process_events()
    return Dispute.objects.get()


def banned() -> Subscription:
    subscription: Subscription = SubscriptionFactory()
    root = UserFactory(is_staff=True, is_superuser=True)
    return ban_consumer_by_staff(staff=root, subscription=subscription, reason="Spam")


def unrefunded() -> CreditNote:
    """Of a paid invoice, whose refund the provider could not make."""
    subscription = Shop().buy(PlanFactory(price_amount=1000))
    note = refund_invoice(
        actor=make_actor(subscription.product.organization),
        invoice=Invoice.objects.get(subscription=subscription),
        reason=CreditReason.GOODWILL,
    )
    with unguarded():
        Refund.objects.update(status="failed", failure_code="expired_or_canceled_card")
        SandboxMovement.objects.all().delete()
    return note


# Every action of the admin: a row that it can be done to, a field of it afterwards, and the audit event it leaves.
ACTIONS: dict[str, tuple[Callable[[], Any], dict[str, Any], str]] = {
    "accounts.User.suspend": (UserFactory, {"is_active": False, "session_epoch": 1}, "user.suspended"),
    "accounts.User.reactivate": (lambda: UserFactory(is_active=False), {"is_active": True}, "user.reactivated"),
    "accounts.User.remove_second_factor": (with_second_factor, {"is_active": True}, "user.second_factor_removed"),
    "products.Product.suspend": (ProductFactory, {"status": "suspended"}, "product.suspended"),
    "products.Product.lift_suspension": (
        lambda: ProductFactory(status="suspended", published_at=clock.now()),
        {"status": "unpublished"},
        "product.suspension_lifted",
    ),
    "subscriptions.Subscription.reset_quota": (SubscriptionFactory, {"quota_epoch": 1}, "subscription.quota_reset"),
    "subscriptions.Subscription.schedule_cancellation": (
        in_a_period, {"status": "active", "cancel_at_period_end": True}, "subscription.cancel_scheduled"
    ),
    "subscriptions.Subscription.undo_scheduled": (
        lambda: in_a_period(pending_plan=PlanFactory()), {"pending_plan_id": None}, "subscription.schedule_undone"
    ),
    "subscriptions.Subscription.ban": (in_a_period, {"status": "canceled"}, "consumer.banned"),
    "subscriptions.Subscription.lift_ban": (banned, {"status": "canceled"}, "consumer.ban_lifted"),
    "billing.Invoice.refund": (
        lambda: make_usage_invoice(SubscriptionFactory()), {"status": "void", "credited_amount": 1000},
        "invoice.credited",
    ),
    "billing.CreditNote.retry_refund": (unrefunded, {"is_refund": True}, "refund.retried"),
    "billing.TaxReport.retry_tax_report": (MAKERS[TaxReport], {"status": "waiting"}, "tax_report.retried"),
    "billing.Coupon.archive": (MAKERS[Coupon], {"percent": 5}, "coupon.archived"),
    "payments.Dispute.win": (open_dispute, {}, "dispute.won"),
    "payments.Dispute.lose": (open_dispute, {}, "dispute.lost"),
    "keys.ApiKey.revoke": (ApiKeyFactory, {"is_revoked": True}, "key.revoked"),
    "ledger.JournalEntry.reverse": (MAKERS[JournalEntry], {"corrects_id": None}, "entry.corrected"),
    "billing.CommissionRule.end": (MAKERS[CommissionRule], {"percent": 12}, "commission.ended"),
    "billing.PlanPrice.remove": (MAKERS[PlanPrice], {"plan_slug": "basic"}, "plan_price.removed"),
    "payouts.PayoutAccount.stop_payouts": (PayoutAccountFactory, {"status": "active"}, "payout_account.stopped"),
    "payouts.PayoutAccount.allow_payouts": (
        lambda: PayoutAccountFactory(stopped_at=clock.now()), {"stopped_at": None}, "payout_account.allowed"
    ),
    "payouts.PayoutAccount.write_off": (payouts.owing, {"status": "active"}, "balance.written_off"),
    "payouts.Payout.approve": (payouts.large, {"status": "pending_approval"}, "payout.approval_given"),
    "payouts.Payout.reject": (payouts.large, {"status": "canceled"}, "payout.canceled"),
    "payouts.Payout.mark_sent": (payouts.small, {"status": "paid"}, "payout.paid"),
    "payouts.Payout.mark_failed": (payouts.small, {"status": "failed"}, "payout.failed"),
    "payouts.Payout.retry": (payouts.failed, {"status": "failed"}, "payout.retried"),
    "payouts.Payout.take_back": (payouts.overpaid, {"status": "paid"}, "recovery.started"),
}  # fmt: skip


def actions() -> dict[str, tuple[type[Model], str]]:
    return {
        f"{model._meta.label}.{action.__name__}": (model, action.__name__)
        for model, model_admin in admin.site._registry.items()
        for action in model_admin.actions
        if getattr(action, "is_staff_action", False)  # the others are files
    }


def told_by(name: str, row: Any) -> set[Organization | None]:
    """In whose audit logs an action stands: in nobody's, where it is about a person or the platform itself."""
    if isinstance(row, (User, JournalEntry, CommissionRule, Coupon, TaxReport)):
        return {None}
    if isinstance(row, (Invoice, CreditNote)):
        invoice = row if isinstance(row, Invoice) else row.invoice
        return {invoice.organization, invoice.product.organization}
    if isinstance(row, PlanPrice):
        return {row.product.organization}
    if name.endswith(("ban", "lift_ban")):
        return {row.product.organization}
    return {getattr(row, "organization", None) or row.subscription.organization}


def signed_in(*codenames: str, **fields: Any) -> Client:
    person = UserFactory(is_staff=True, **fields)
    person.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(person)
    return client


def post(client: Client, name: str, row: Model, **data: str) -> Any:
    model, action = actions()[name]
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return client.post(url, {"action": action, "_selected_action": str(row.pk), **data})


def test_every_action_is_tested() -> None:
    assert set(actions()) == set(ACTIONS)


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_an_action_from_its_button_to_its_traces(name: str) -> None:
    make, expected, event_name = ACTIONS[name]
    model, action = actions()[name]
    options, row = model._meta, make()
    before = model._base_manager.filter(pk=row.pk).values().get()
    doer = signed_in(f"change_{options.model_name}", f"view_{options.model_name}")
    reader = signed_in(f"view_{options.model_name}")
    page = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[row.pk])
    button = f'name="action" value="{action}"'

    assert button not in reader.get(page).content.decode()
    post(reader, name, row, confirmed="yes", reason="because")
    post(Client(), name, row, confirmed="yes", reason="because")

    assert button in doer.get(page).content.decode()
    asked = post(doer, name, row)
    assert 'name="reason"' in asked.content.decode()
    assert "This field is required." in post(doer, name, row, confirmed="yes", reason=" ").content.decode()
    assert model._base_manager.filter(pk=row.pk).values().get() == before
    assert not AuditEvent.objects.filter(action=event_name).exists()

    changes = Change.objects.count()
    assert post(doer, name, row, confirmed="yes", reason="They asked <b>us</b>").headers["Location"] == page
    row = model._base_manager.get(pk=row.pk)
    assert {field: getattr(row, field) for field in expected} == expected
    told = told_by(name, row)
    events = AuditEvent.objects.filter(action=event_name)
    assert {(event.organization, event.target) for event in events} == {(one, row.public_id) for one in told}
    for event in events:
        assert event.actor_id == int(doer.session["_auth_user_id"])
        assert event.summary.endswith(": They asked <b>us</b>")
    # The gateway knows nothing of people, of money, and of who may subscribe.
    in_gateway = options.app_label in {"products", "subscriptions", "keys"} and action != "lift_ban"
    assert (Change.objects.count() > changes) is in_gateway

    again = post(doer, name, row, confirmed="yes", reason="once more")
    assert again.status_code == 302  # refused or not, with a message on the page
    assert AuditEvent.objects.filter(action=event_name).count() == len(told) * (2 if action == "reset_quota" else 1)


def test_many_at_once_are_refused() -> None:
    people = UserFactory.create_batch(101)
    client = signed_in("change_user", "view_user")
    data = {"action": "suspend", "_selected_action": [one.pk for one in people], "confirmed": "yes", "reason": "x"}
    answer = client.post(reverse("admin:accounts_user_changelist"), data, follow=True)
    assert "Choose 100 rows at most." in answer.content.decode()
    assert not User.objects.filter(is_active=False).exists()


class TestServices:
    """What holds for every service that staff call, whoever calls it."""

    @staticmethod
    def services() -> dict[str, Callable[..., Any]]:
        found = {}
        for config in apps.get_app_configs():
            try:
                services = importlib.import_module(f"{config.name}.services")
            except ModuleNotFoundError:
                continue
            for name, function in inspect.getmembers(services, inspect.isfunction):
                parameters = set(inspect.signature(function).parameters)
                if config.name.startswith("apps.") and not name.startswith("_") and {"staff", "reason"} <= parameters:
                    found[f"{config.label}.{name}"] = function
        return found

    ROWS: dict[str, tuple[str, Callable[[], Any]]] = {
        "user": ("accounts.change_user", UserFactory),
        "product": ("products.change_product", ProductFactory),
        "subscription": ("subscriptions.change_subscription", in_a_period),
        "key": ("keys.change_apikey", ApiKeyFactory),
        "entry": ("ledger.change_journalentry", MAKERS[JournalEntry]),
        "account": ("payouts.change_payoutaccount", PayoutAccountFactory),
        "payout": ("payouts.change_payout", MAKERS[Payout]),
        "dispute": ("payments.change_dispute", open_dispute),
        "rule": ("billing.change_commissionrule", MAKERS[CommissionRule]),
        "invoice": ("billing.change_invoice", MAKERS[Invoice]),
        "credit_note": ("billing.change_creditnote", MAKERS[CreditNote]),
        "plan": ("billing.change_hostingterms", PlanFactory),
        "spec": ("billing.add_coupon", lambda: CouponSpec("NEW", percent=Decimal(5))),
        "coupon": ("billing.change_coupon", MAKERS[Coupon]),
        "plan_price": ("billing.change_planprice", MAKERS[PlanPrice]),
        "report": ("billing.change_taxreport", MAKERS[TaxReport]),
    }
    # What a service is given besides.
    MORE: dict[str, dict[str, Any]] = {
        "ledger.correct_entry": {"movements": []},
        "billing.add_plan_price": {"plan_slug": "basic", "price": "price_1"},
        "billing.set_hosting_terms": {"products_max": 1},
    }

    def test_none_works_without_the_right_or_without_a_reason(self) -> None:
        services = self.services()
        assert len(services) >= len(ACTIONS)
        rows = {name: make() for name, (_right, make) in self.ROWS.items()}
        nobody, plain = UserFactory(is_superuser=True), UserFactory(is_staff=True)
        root = UserFactory(is_staff=True, is_superuser=True)
        gone = UserFactory(is_staff=True, is_superuser=True, is_active=False)
        for name, service in services.items():
            parameter = next(one for one in inspect.signature(service).parameters if one in rows)
            for person in (nobody, plain, gone):
                with pytest.raises(NotAllowed):
                    service(staff=person, reason="x", **{parameter: rows[parameter]}, **self.MORE.get(name, {}))
            for reason in ("", " \x00", "x" * 201):
                with pytest.raises(Invalid) as refused:
                    service(staff=root, reason=reason, **{parameter: rows[parameter]}, **self.MORE.get(name, {}))
                assert refused.value.field == "reason", name
        assert not AuditEvent.objects.exists()


class TestSuspendedPerson:
    def test_sessions_and_tokens_end_and_do_not_come_back(self) -> None:
        root, person = UserFactory(is_staff=True, is_superuser=True), UserFactory()
        client = Client()
        client.force_login(person)
        home = reverse("portal:settings", args=[person.organizations.get().slug])
        assert client.get(home).status_code == 200
        token = AccessToken.objects.create(
            user=person,
            organization=person.organizations.get(),
            name="x",
            scopes=[],
            prefix="x",
            last4="x",
            digest=b"x",
        )
        suspend_user(staff=root, user=person, reason="spam")
        token.refresh_from_db()
        assert token.revoked_at is not None
        assert client.get(home).status_code == 302
        reactivate_user(staff=root, user=person, reason="a mistake")
        assert client.get(home).status_code == 302
        person.refresh_from_db()
        client.force_login(person)
        assert client.get(home).status_code == 200

    def test_keys_of_their_organizations_go_on(self) -> None:
        key = ApiKeyFactory()
        person = MembershipFactory(organization=key.subscription.organization).user
        before = find_key(bytes(key.digest))
        suspend_user(staff=UserFactory(is_staff=True, is_superuser=True), user=person, reason="spam")
        assert find_key(bytes(key.digest)) == before

    def test_nobody_suspends_themselves_and_only_superusers_superusers(self) -> None:
        support, root = UserFactory(is_staff=True), UserFactory(is_staff=True, is_superuser=True)
        support.user_permissions.add(Permission.objects.get(codename="change_user"))
        for staff, user in ((root, root), (support, root), (support, support)):
            with pytest.raises(NotAllowed):
                suspend_user(staff=staff, user=user, reason="x")
        with pytest.raises(Conflict):
            suspend_user(staff=root, user=UserFactory(is_active=False), reason="x")
