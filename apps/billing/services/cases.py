"""Calls on an invoice that a consumer disputes: opened by them, answered by the creator."""

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.permissions import Action
from apps.billing.enums import CaseStatus, CreditReason, InvoiceStatus, LineKind
from apps.billing.errors import CaseClosed, CaseOpen, CaseTooLate, CreditTooLarge, NothingToCredit
from apps.billing.models import InvoiceLine, UsageCase
from apps.billing.notices import tell_case_answered, tell_case_opened
from apps.billing.services.crediting import lines_left
from apps.billing.services.refunding import claim_back
from apps.core import clock
from apps.core.errors import Invalid, NotFound
from apps.core.transactions import committed
from apps.core.values import check_text
from apps.payments.services import make_refund
from apps.products.models import Endpoint

# For how long after its issue the calls of an invoice can be disputed.
CASE_LIFETIME = dt.timedelta(days=30)
TEXT_MAX = 2000


@transaction.atomic
def open_case(
    *,
    actor: Actor,
    line: InvoiceLine,
    text: str,
    asked_amount: int,
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
    endpoint: Endpoint | None = None,
) -> UsageCase:
    """Dispute calls of a line of usage: some days of it (both given, UTC), an endpoint, or all; the creator is told.

    `asked_amount` is with tax. Raises `CaseTooLate`, `CaseOpen`, `CreditTooLarge`, and `Invalid` with the field.
    """
    actor.require(Action.BILLING_MANAGE)
    invoice = line.invoice
    if invoice.organization_id != actor.organization.pk:
        raise NotFound
    if line.kind != LineKind.OVERAGE or invoice.status in (InvoiceStatus.DRAFT, InvoiceStatus.VOID):
        raise NothingToCredit
    now = clock.now()
    if invoice.issued_at is None or now >= invoice.issued_at + CASE_LIFETIME:
        raise CaseTooLate
    left = creditable(line)
    if not 0 < asked_amount <= left:
        raise CreditTooLarge(creditable_amount=left, field="asked_amount")
    _check_days(line, first_day, last_day)
    if endpoint is not None and endpoint.product_id != invoice.product_id:
        raise NotFound
    try:
        with transaction.atomic():
            case = UsageCase.objects.create(
                line=line,
                first_day=first_day,
                last_day=last_day,
                endpoint=endpoint,
                text=_required(text, "text"),
                asked_amount=asked_amount,
                opened_by=actor.user,
                opened_at=now,
            )
    except IntegrityError:
        raise CaseOpen from None
    _record(case, actor, "case.opened", f"Disputed calls of {invoice}")
    tell_case_opened(case)
    return case


@transaction.atomic
def withdraw_case(*, actor: Actor, case: UsageCase) -> UsageCase:
    """The consumer gives it up. Raises `CaseClosed`."""
    actor.require(Action.BILLING_MANAGE)
    case = _locked(case)
    if case.line.invoice.organization_id != actor.organization.pk:
        raise NotFound
    _close(case, actor, CaseStatus.WITHDRAWN)
    return case


@transaction.atomic
def refuse_case(*, actor: Actor, case: UsageCase, answer: str) -> UsageCase:
    """The creator gives nothing back, and says why. Raises `CaseClosed`."""
    case = _locked_of_creator(actor, case)
    case.answer = _required(answer, "answer")
    _close(case, actor, CaseStatus.REFUSED)
    tell_case_answered(case)
    return case


def accept_case(*, actor: Actor, case: UsageCase, amount: int | None = None, answer: str = "") -> UsageCase:
    """The creator gives back what was asked for, or another amount (with tax) of the line.

    Cannot be called inside a transaction. Raises `CaseClosed`, and what `refund_invoice` raises.
    """
    actor.require(Action.CONSUMERS_MANAGE)
    answer = check_text(answer, field="answer", longest=TEXT_MAX)
    with committed():
        # Before the case: payments, subscriptions and invoices are locked first, everywhere. What was claimed for a
        # case that turns out to be closed is rolled back.
        found = _owned(actor, case)
        note, refund = claim_back(
            invoice=found.line.invoice,
            reason=CreditReason.USAGE,
            note=_("Case %(id)s") % {"id": found.public_id},
            amount=amount or found.asked_amount,
            of_line=found.line,
            by=actor.user,
        )
        case = _locked_of_creator(actor, case)
        case.answer, case.credit_note = answer, note
        _close(case, actor, CaseStatus.ACCEPTED)
        tell_case_answered(case)
    if refund is not None:
        make_refund(refund=refund)
    return case


def creditable(line: InvoiceLine) -> int:
    """What is left of a line to credit, with tax."""
    return next(rest.amount + rest.tax_amount for one, rest in lines_left(line.invoice) if one.pk == line.pk)


def _owned(actor: Actor, case: UsageCase) -> UsageCase:
    found = UsageCase.objects.select_related("line__invoice__product", "line__invoice__subscription").get(pk=case.pk)
    if found.line.invoice.product.organization_id != actor.organization.pk:
        raise NotFound
    return found


def _locked_of_creator(actor: Actor, case: UsageCase) -> UsageCase:
    actor.require(Action.CONSUMERS_MANAGE)
    _owned(actor, case)
    return _locked(case)


def _locked(case: UsageCase) -> UsageCase:
    """As it is now. Raises `CaseClosed`."""
    related = ("line__invoice__product__organization", "line__invoice__organization", "line__invoice__subscription")
    found = UsageCase.objects.select_for_update(of=("self",), no_key=True).select_related(*related).get(pk=case.pk)
    if found.status != CaseStatus.OPEN:
        raise CaseClosed
    return found


def _close(case: UsageCase, actor: Actor, status: CaseStatus) -> None:
    case.status, case.closed_by, case.closed_at = status, actor.user, clock.now()
    case.save(update_fields=["status", "closed_by", "closed_at", "answer", "credit_note"])
    _record(case, actor, f"case.{status.value}", f"The case about calls of {case.line.invoice} was {status.value}")


def _record(case: UsageCase, actor: Actor, action: str, summary: str) -> None:
    """In the logs of both sides."""
    invoice = case.line.invoice
    for organization in {invoice.organization, invoice.product.organization}:
        record_event(organization=organization, actor=actor.user, action=action, target=case.public_id, summary=summary)


def _required(text: str, field: str) -> str:
    said = check_text(text, field=field, longest=TEXT_MAX)
    if not said:
        raise Invalid(_("Say what is wrong, or why not."), field=field)
    return said


def _check_days(line: InvoiceLine, first_day: dt.date | None, last_day: dt.date | None) -> None:
    """Both or neither, in order, within the line. Raises `Invalid`."""
    if first_day is None and last_day is None:
        return
    if first_day is None or last_day is None or first_day > last_day:
        raise Invalid(_("Give the first and the last day, or neither."), field="first_day")
    start, end = line.period_start.astimezone(dt.UTC).date(), line.period_end.astimezone(dt.UTC).date()
    if first_day < start or last_day > end:
        raise Invalid(_("These days are not within the line."), field="first_day")
