"""Invoices with what hangs on them, without a purchase."""

import datetime as dt
from decimal import Decimal

from django.db import transaction

from apps.billing.enums import CreditReason, InvoiceReason, LineKind
from apps.billing.models import CreditNote, Invoice, InvoiceLine, UsageCase
from apps.billing.services.crediting import issue_credit_note
from apps.billing.services.invoicing import LineSpec, draft_invoice, issue_invoice, lock_invoice
from apps.core import clock
from apps.payments.models import Payment
from apps.subscriptions.models import Subscription
from tests.factories.payments import PaymentMethodFactory


def make_usage_invoice(subscription: Subscription, amount: int = 1000) -> Invoice:
    """An open invoice over one line of usage of the last 30 days."""
    now = clock.now()
    start = now - dt.timedelta(days=30)
    line = LineSpec(LineKind.OVERAGE, "Units", subscription.plan, start, now, amount, Decimal(1), amount)
    draft = draft_invoice(
        subscription=subscription, reason=InvoiceReason.USAGE, currency="USD", start=start, end=now, lines=[line]
    )
    with transaction.atomic():
        return issue_invoice(invoice=draft)


def make_credit_note(invoice: Invoice, amount: int = 1) -> CreditNote:
    """Of an invoice that is not paid: so much less is due."""
    with transaction.atomic():
        return issue_credit_note(invoice=lock_invoice(invoice), reason=CreditReason.GOODWILL, amount=amount)


def make_case(line: InvoiceLine) -> UsageCase:
    return UsageCase.objects.create(line=line, text="Not mine", asked_amount=1, opened_at=clock.now())


def make_payment(invoice: Invoice) -> Payment:
    """That has succeeded, whatever the invoice says."""
    method = PaymentMethodFactory(organization=invoice.organization)
    return Payment.objects.create(
        organization=invoice.organization, provider=method.provider, method=method,
        amount=invoice.total_amount, currency=invoice.currency, reference=invoice.public_id,
        idempotency_key=f"{invoice.public_id}-1", provider_reference="ch_1", status="succeeded", settled_at=clock.now(),
    )  # fmt: skip
