"""What makes one row of each list of the admin, with rows of its own in the columns that name others."""

import datetime as dt
import itertools
from collections.abc import Callable
from decimal import Decimal

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db.models import Model

from apps.accounts.audit import record_event
from apps.accounts.enums import Role
from apps.accounts.models import AccessToken, AuditEvent, Invitation, Membership, Organization, User
from apps.billing.models import (
    BillingProfile,
    Checkout,
    CommissionRule,
    Coupon,
    CreditNote,
    DunningRun,
    HostingTerms,
    Invoice,
    InvoiceItem,
    InvoiceLine,
    NumberSeries,
    PlanPrice,
    StripeInvoice,
    TaxCalculation,
    TaxRate,
    TaxReport,
    UsageCase,
    UsageStretch,
)
from apps.core import clock
from apps.core.ids import random_base62
from apps.core.models import Change, IdempotentRequest, SandboxClock
from apps.keys.models import ApiKey
from apps.ledger.enums import AccountKind
from apps.ledger.models import EntrySeal, JournalEntry, LedgerAccount, Posting
from apps.notifications.models import Notice
from apps.payments.models import (
    Dispute,
    Payment,
    PaymentMethod,
    ProviderEvent,
    Refund,
    SandboxAccount,
    SandboxCharge,
    SandboxConfirmation,
    SandboxDispute,
    SandboxMovement,
    StripeAccount,
    StripeCustomer,
)
from apps.payouts.models import (
    Payout,
    PayoutAccount,
    ReconciliationFault,
    ReconciliationRun,
    Recovery,
    WriteOff,
)
from apps.plans.models import Plan, PlanGrant
from apps.products.enums import ImportSource, SupportKind
from apps.products.models import (
    Category,
    ChangelogEntry,
    Endpoint,
    FaqEntry,
    OpenApiImport,
    Product,
    SearchEntry,
    SupportChannel,
)
from apps.subscriptions.models import ConsumerBan, StripeSubscription, Subscription, SubscriptionChange
from apps.usage.models import (
    EndpointDay,
    QuarantinedEntry,
    QuotaPeriod,
    Rejection,
    StaleCounter,
    StreamPosition,
    SubscriptionDay,
    SubscriptionEndpointDay,
    UsageEvent,
    UsageRollup,
)
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.billing import make_case, make_credit_note, make_usage_invoice
from tests.factories.keys import ApiKeyFactory
from tests.factories.payouts import PayoutAccountFactory
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.factories.products import EndpointFactory, ProductFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import store_calls, store_rejections

CARD_TOKEN = "tok_of_the_sandbox_provider"
OTP_SECRET = "JBSWY3DPEHPK3PXP"
_numbers = itertools.count(1)


def _user() -> User:
    user = UserFactory()
    user.set_password("correct horse")
    user.save()
    MembershipFactory(user=user)
    return user


def _organization() -> Organization:
    organization = MembershipFactory().organization
    Invitation.objects.create(
        organization=organization, email="invited@example.com", role=Role.VIEWER, invited_by=UserFactory()
    )
    return organization


def _product() -> Product:
    product = ProductFactory(category=_category())
    tier = TierFactory(product=product)
    SupportChannel.objects.create(product=product, tier=tier, kind=next(iter(SupportKind)), value="x@example.com")
    return product


def _category() -> Category:
    number = next(_numbers)
    return Category.objects.create(name=f"Category {number}", slug=f"category-{number}")


def _plan() -> Plan:
    plan = PlanFactory()
    QuotaFactory(plan=plan)
    RateLimitFactory(plan=plan, endpoint=EndpointFactory(tier=plan.tier))
    return plan


def _subscription() -> Subscription:
    subscription = SubscriptionFactory(created_by=UserFactory())
    SubscriptionChange.objects.create(
        subscription=subscription, kind="started", to_status="active", to_plan=subscription.plan,
        actor=UserFactory(), occurred_at=clock.now(),
    )  # fmt: skip
    return subscription


def _called() -> tuple[ApiKey, Endpoint]:
    key = ApiKeyFactory()
    return key, EndpointFactory(tier=key.subscription.plan.tier)


def _event() -> UsageEvent:
    return UsageEvent.objects.get(pk=store_calls(*_called())[0].id)


def _rejection() -> Rejection:
    return Rejection.objects.get(pk=store_rejections(*_called())[0].id)


def _subscription_day() -> SubscriptionDay:
    return SubscriptionDay.objects.get(subscription=_event().subscription_id)


def _subscription_endpoint_day() -> SubscriptionEndpointDay:
    return SubscriptionEndpointDay.objects.get(subscription=_event().subscription_id)


def _endpoint_day() -> EndpointDay:
    return EndpointDay.objects.get(endpoint=_event().endpoint_id)


def _rollup() -> UsageRollup:
    return UsageRollup.objects.get(subscription=_event().subscription_id)


def _quota_period() -> QuotaPeriod:
    quota = QuotaFactory()
    now = clock.now()
    return QuotaPeriod.objects.create(
        subscription=SubscriptionFactory(plan=quota.plan), quota=quota, quota_epoch=0, starts_at=now, ends_at=now,
        included_units=1, used_units=1,
    )  # fmt: skip


def _import() -> OpenApiImport:
    return OpenApiImport.objects.create(
        product=ProductFactory(), source=next(iter(ImportSource)), dialect="3.1", document={"openapi": "3.1.0"},
        created_by=UserFactory(),
    )  # fmt: skip


def _grant() -> PlanGrant:
    plan = PlanFactory()
    return PlanGrant.objects.create(
        product=plan.product, plan_slug=plan.slug, organization=OrganizationFactory(), created_by=UserFactory()
    )


def _invoice() -> Invoice:
    subscription = SubscriptionFactory()
    now = clock.now()
    period = {"period_start": now, "period_end": now + dt.timedelta(days=30)}
    invoice = Invoice.objects.create(
        issuer="x", reason="renewal", organization=subscription.organization, subscription=subscription,
        product=subscription.product, currency="USD", subtotal_amount=1, total_amount=1, **period,
    )  # fmt: skip
    InvoiceLine.objects.create(
        invoice=invoice, kind="plan", description="x", unit_amount=1, amount=1, plan=subscription.plan, **period
    )
    return invoice


def _credit_note() -> CreditNote:
    return make_credit_note(make_usage_invoice(SubscriptionFactory()))


def _case() -> UsageCase:
    return make_case(make_usage_invoice(SubscriptionFactory()).lines.get())


def _rate() -> TaxRate:
    day = dt.date(2026, 1, 1) + dt.timedelta(days=next(_numbers))
    return TaxRate.objects.create(country="DE", name="VAT", percent=Decimal(19), valid_from=day)


def _calculation() -> TaxCalculation:
    invoice = _invoice()
    return TaxCalculation.objects.create(
        organization=invoice.organization, digest="0" * 64, question={}, reference="taxcalc_1", invoice=invoice
    )


def _tax_report() -> TaxReport:
    note = _credit_note()
    return TaxReport.objects.create(
        invoice=note.invoice, credit_note=note, status="refused", idempotency_key=f"key-{next(_numbers)}"
    )


def _checkout() -> Checkout:
    invoice = _invoice()
    return Checkout.objects.create(
        kind="subscribe", organization=invoice.organization, subscription=invoice.subscription,
        plan=invoice.subscription.plan, invoice=invoice, expires_at=clock.now(), created_by=UserFactory(),
    )  # fmt: skip


def _stretch() -> UsageStretch:
    invoice = _invoice()
    return UsageStretch.objects.create(
        subscription=invoice.subscription, quota=QuotaFactory(plan=invoice.subscription.plan), invoice=invoice,
        start=invoice.period_start, end=invoice.period_end,
    )  # fmt: skip


def _item() -> InvoiceItem:
    subscription, now = SubscriptionFactory(), clock.now()
    return InvoiceItem.objects.create(
        subscription=subscription, currency="USD", kind="overage", description="x", unit_amount=1, amount=1,
        plan=subscription.plan, period_start=now, period_end=now, source=f"x:{next(_numbers)}", created_at=now,
    )  # fmt: skip


def _method() -> PaymentMethod:
    return PaymentMethod.objects.create(
        organization=OrganizationFactory(), provider="sandbox", token=CARD_TOKEN, brand="visa", last4="4242",
        exp_month=1, exp_year=2099,
    )  # fmt: skip


def _payment() -> Payment:
    method, number = _method(), next(_numbers)
    return Payment.objects.create(
        organization=method.organization, provider=method.provider, method=method, amount=1, currency="USD",
        reference=f"inv_{number}", idempotency_key=f"key-{number}",
    )  # fmt: skip


def _charge() -> SandboxCharge:
    number = next(_numbers)
    return SandboxCharge.objects.create(
        idempotency_key=f"key-{number}", token=CARD_TOKEN, amount=1, currency="USD", reference=f"ch_{number}"
    )


def _refund() -> Refund:
    number = next(_numbers)
    return Refund.objects.create(
        payment=_payment(), amount=1, currency="USD", reason="x", reference=f"cn_{number}",
        idempotency_key=f"key-{number}", created_by=UserFactory(),
    )  # fmt: skip


def _dispute() -> Dispute:
    return Dispute.objects.create(
        payment=_payment(), provider="sandbox", provider_reference=f"dp_{next(_numbers)}", amount=1, currency="USD",
        reason="fraudulent", opened_at=clock.now(),
    )  # fmt: skip


def _provider_event() -> ProviderEvent:
    return ProviderEvent.objects.create(
        provider="sandbox", event_id=f"evt_{next(_numbers)}", kind="x.done", payload={"a": 1}
    )


def _movement() -> SandboxMovement:
    number = next(_numbers)
    return SandboxMovement.objects.create(
        idempotency_key=f"key-{number}", kind="refund", subject="ch_1", amount=1, currency="USD",
        reference=f"re_{number}",
    )  # fmt: skip


def _sandbox_dispute() -> SandboxDispute:
    return SandboxDispute.objects.create(
        charge=_charge(), reference=f"dp_{next(_numbers)}", amount=1, fee_amount=1, opened_at=clock.now()
    )


def _sandbox_account() -> SandboxAccount:
    number = next(_numbers)
    return SandboxAccount.objects.create(
        idempotency_key=f"key-{number}", reference=f"acct_{number}", holder="org_1", email="x@example.com", country="DE"
    )


def _account() -> LedgerAccount:
    return LedgerAccount.objects.create(
        kind=AccountKind.CREATOR_PAYABLE, organization=OrganizationFactory(), currency="USD"
    )


def _entry() -> JournalEntry:
    number = next(_numbers)
    entry = JournalEntry.objects.create(source=f"x.done:{number}", description="x", occurred_at=clock.now())
    for amount in (1, -1):
        Posting.objects.create(entry=entry, account=_account(), amount=amount)
    return entry


def _rule() -> CommissionRule:
    return CommissionRule.objects.create(
        scope="platform", percent=12, valid_from=clock.now() + dt.timedelta(days=next(_numbers)), note="x",
        valid_until=clock.now() + dt.timedelta(days=next(_numbers)), created_by=UserFactory(),
    )  # fmt: skip


def _payout() -> Payout:
    account, number = PayoutAccountFactory(), next(_numbers)
    return Payout.objects.create(
        organization=account.organization, account=account, method="bank", destination=account.destination, amount=1,
        currency="USD", status="approved", idempotency_key=f"key-{number}", requested_by=UserFactory(),
    )  # fmt: skip


def _recovery() -> Recovery:
    return Recovery.objects.create(payout=_payout(), amount=1, idempotency_key=f"key-{next(_numbers)}", reason="x")


def _run() -> ReconciliationRun:
    return ReconciliationRun.objects.create(provider="sandbox", since=clock.now(), until=clock.now())


def _fault() -> ReconciliationFault:
    return ReconciliationFault.objects.create(
        run=_run(), kind="missing", source="x.done:1", currency="USD", booked_amount=1, occurred_at=clock.now()
    )


MAKERS: dict[type[Model], Callable[[], Model]] = {
    User: _user,
    Group: lambda: Group.objects.create(name=f"Group {next(_numbers)}"),
    Organization: _organization,
    Membership: MembershipFactory,
    Invitation: lambda: Invitation.objects.create(
        organization=OrganizationFactory(), email="invited@example.com", role=Role.VIEWER, invited_by=UserFactory()
    ),
    AuditEvent: lambda: record_event(
        organization=OrganizationFactory(), actor=UserFactory(), action="x.done", summary="x", data={"a": 1}
    ),
    AccessToken: lambda: AccessToken.objects.create(
        user=UserFactory(),
        organization=OrganizationFactory(),
        name="x",
        scopes=[],
        prefix="af_pat_xxxx",
        last4="xxxx",
        digest=f"secret digest {next(_numbers)}".encode(),
    ),
    Authenticator: lambda: Authenticator.objects.create(user=UserFactory(), type="totp", data={"secret": OTP_SECRET}),
    EmailAddress: lambda: EmailAddress.objects.create(user=UserFactory(), email=f"e{next(_numbers)}@example.com"),
    Category: _category,
    Product: _product,
    Endpoint: lambda: EndpointFactory(operation={"summary": "x"}),
    ChangelogEntry: lambda: ChangelogEntry.objects.create(
        product=ProductFactory(), title="New", created_by=UserFactory()
    ),
    FaqEntry: lambda: FaqEntry.objects.create(product=ProductFactory(), question="Why?", answer="So."),
    OpenApiImport: _import,
    BillingProfile: lambda: BillingProfile.objects.create(organization=OrganizationFactory()),
    CreditNote: _credit_note,
    TaxCalculation: _calculation,
    TaxRate: _rate,
    TaxReport: _tax_report,
    UsageCase: _case,
    Plan: _plan,
    PlanGrant: _grant,
    Coupon: lambda: Coupon.objects.create(code=f"C-{next(_numbers)}", percent=5, duration="once"),
    Subscription: _subscription,
    ApiKey: lambda: ApiKeyFactory(created_by=UserFactory()),
    UsageEvent: _event,
    Rejection: _rejection,
    UsageRollup: _rollup,
    SubscriptionDay: _subscription_day,
    SubscriptionEndpointDay: _subscription_endpoint_day,
    EndpointDay: _endpoint_day,
    QuotaPeriod: _quota_period,
    StreamPosition: lambda: StreamPosition.objects.create(shard=next(_numbers)),
    StaleCounter: lambda: StaleCounter.objects.create(shard=1, subscription=SubscriptionFactory()),
    QuarantinedEntry: lambda: QuarantinedEntry.objects.create(
        shard=1, generation="x", stream_id="1-1", fields={"a": "b"}, error="x"
    ),
    Invoice: _invoice,
    Checkout: _checkout,
    InvoiceItem: _item,
    ConsumerBan: lambda: ConsumerBan.objects.create(
        product=ProductFactory(), organization=OrganizationFactory(), banned_at=clock.now(), banned_by=UserFactory()
    ),
    DunningRun: lambda: DunningRun.objects.create(invoice=_invoice(), started_at=clock.now()),
    UsageStretch: _stretch,
    NumberSeries: lambda: NumberSeries.objects.create(issuer="x", year=2000 + next(_numbers)),
    Payment: _payment,
    PaymentMethod: _method,
    SandboxCharge: _charge,
    Refund: _refund,
    Dispute: _dispute,
    ProviderEvent: _provider_event,
    StripeAccount: lambda: StripeAccount.objects.create(organization="org_1", reference=f"acct_{random_base62(8)}"),
    StripeCustomer: lambda: StripeCustomer.objects.create(
        organization=random_base62(8), reference=f"cus_{random_base62(8)}"
    ),
    SandboxConfirmation: lambda: SandboxConfirmation.objects.create(charge=_charge(), answer="confirmed"),
    SandboxMovement: _movement,
    SandboxDispute: _sandbox_dispute,
    SandboxAccount: _sandbox_account,
    CommissionRule: _rule,
    PlanPrice: lambda: PlanPrice.objects.create(
        product=ProductFactory(),
        plan_slug="basic",
        price=f"price_{random_base62(8)}",
        note="x",
        created_by=UserFactory(),
    ),
    StripeInvoice: lambda: StripeInvoice.objects.create(
        reference=f"in_{random_base62(8)}",
        subscription=SubscriptionFactory(),
        payment_reference="pi_1",
        amount=1,
        currency="USD",
        paid_at=clock.now(),
    ),
    StripeSubscription: lambda: StripeSubscription.objects.create(
        subscription=SubscriptionFactory(), reference=f"sub_{random_base62(8)}", synced_at=clock.now()
    ),
    HostingTerms: lambda: HostingTerms.objects.create(plan=PlanFactory(), products_max=3, created_by=UserFactory()),
    PayoutAccount: PayoutAccountFactory,
    Payout: _payout,
    Recovery: _recovery,
    WriteOff: lambda: WriteOff.objects.create(
        organization=OrganizationFactory(), amount=1, currency="USD", reason="x", created_by=UserFactory()
    ),
    ReconciliationRun: _run,
    ReconciliationFault: _fault,
    EntrySeal: lambda: EntrySeal.objects.create(entry=_entry(), digest="x"),
    LedgerAccount: _account,
    JournalEntry: _entry,
    Notice: lambda: Notice.objects.create(
        user=UserFactory(), organization=OrganizationFactory(), kind="x.done", title="Done", created_at=clock.now()
    ),
    SearchEntry: lambda: ProductFactory().search_entry,
    IdempotentRequest: lambda: IdempotentRequest.objects.create(
        caller="user:1", key=f"key {next(_numbers)}", fingerprint=b"x", status=201, content={"token": "af_pat_secret"}
    ),
    Change: lambda: Change.objects.create(topic="product:1"),
    SandboxClock: lambda: SandboxClock.objects.get_or_create(pk=1)[0],
}
