"""The tax of an invoice, and the rates and profiles that it is reckoned from."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action, record_event
from apps.accounts.models import User
from apps.accounts.permissions import Action
from apps.accounts.staff import require_staff
from apps.billing.models import BillingProfile, Invoice, InvoiceLine, TaxRate
from apps.billing.models.tax import ADDRESS_MAX, LEGAL_NAME_MAX, POSTAL_CODE_MAX, STATE_MAX
from apps.billing.rates import terms_of
from apps.billing.services.stripe_tax import tax_as_calculated
from apps.billing.tax import tax_line
from apps.billing.tax_ids import clean_tax_id
from apps.core import clock
from apps.core.countries import COUNTRIES
from apps.core.errors import Invalid
from apps.core.values import check_line, check_text

# What staff must be permitted to keep the rates.
RATES = "billing.change_taxrate"


def tax_draft(
    *, invoice: Invoice, lines: Sequence[InvoiceLine], profile: BillingProfile | None, at: dt.datetime
) -> None:
    """Write the tax of a draft, as of an instant, on its lines, and what is said of it on the invoice (not saved).

    The lines come with their prices as `amount`; where these contain the tax, it is taken out of them.

    Raises `TaxNeeded` where Stripe reckons it and has not been asked (`stripe_tax`).
    """
    if settings.TAX_MODE == "none":
        return
    if settings.TAX_MODE == "stripe":
        if clock.is_replaying():
            return  # a past that is made up: it asks nobody
        tax_as_calculated(invoice=invoice, lines=lines, profile=profile)
    else:
        _tax_by_rate(invoice, lines, profile, at)
    InvoiceLine.objects.bulk_update(lines, ["amount", "tax_amount", "tax_percent"])


def _tax_by_rate(
    invoice: Invoice, lines: Sequence[InvoiceLine], profile: BillingProfile | None, at: dt.datetime
) -> None:
    terms = terms_of(profile, at)
    invoice.tax_inclusive, invoice.tax_name = settings.TAX_INCLUSIVE, terms.name
    if terms.is_reverse_charged:
        invoice.tax_note = _("Reverse charge: the recipient of the service owes the tax.")
    for line in lines:
        taxed = tax_line(line.amount, terms.percent, inclusive=settings.TAX_INCLUSIVE)
        line.amount, line.tax_amount, line.tax_percent = taxed.amount, taxed.tax_amount, terms.percent


@transaction.atomic
def save_profile(
    *,
    actor: Actor,
    legal_name: str,
    address: str,
    country: str,
    tax_id: str,
    email: str,
    postal_code: str = "",
    state: str = "",
) -> BillingProfile:
    """Who the actor's organization is on the invoices that are issued from now on. Raises `Invalid` with the field."""
    actor.require(Action.BILLING_MANAGE)
    values: dict[str, Any] = {
        "legal_name": check_line(legal_name, field="legal_name", longest=LEGAL_NAME_MAX, shortest=0),
        "address": check_text(address, field="address", longest=ADDRESS_MAX),
        "country": check_country(country),
        "postal_code": check_line(postal_code, field="postal_code", longest=POSTAL_CODE_MAX, shortest=0),
        "state": check_line(state, field="state", longest=STATE_MAX, shortest=0),
        "email": _check_email(email),
    }
    if tax_id.strip() and not country:
        raise Invalid(_("Choose the country that gave the tax id."), field="country")
    values["tax_id"] = clean_tax_id(tax_id, country=country)
    profile, _added = BillingProfile.objects.update_or_create(organization=actor.organization, defaults=values)
    record_action(actor, "billing_profile.changed", "Changed who is billed", target=actor.organization.public_id)
    return profile


@transaction.atomic
def save_rate(
    *, staff: User, country: str, name: str, percent: Decimal, valid_from: dt.date, rate: TaxRate | None = None
) -> TaxRate:
    """Add a rate, or change the given one; invoices that are issued keep theirs. Raises `Invalid` with the field."""
    require_staff(staff, RATES)
    verb = "changed" if rate else "added"
    rate = rate or TaxRate()
    if not 0 <= percent <= 100:
        raise Invalid(_("Give a percentage from 0 to 100."), field="percent")
    rate.country = check_country(country)
    rate.name = check_line(name, field="name", longest=40)
    rate.percent, rate.valid_from = percent, valid_from
    try:
        with transaction.atomic():
            rate.save()
    except IntegrityError:
        raise Invalid(_("This country has another rate from that day on."), field="valid_from") from None
    _record(staff, f"tax_rate.{verb}", f"{verb.capitalize()} the rate {rate} from {rate.valid_from} on", rate)
    return rate


@transaction.atomic
def remove_rate(*, staff: User, rate: TaxRate) -> None:
    """From now on the rate before it holds."""
    require_staff(staff, RATES)
    _record(staff, "tax_rate.removed", f"Removed the rate {rate} from {rate.valid_from} on", rate)
    rate.delete()


def check_country(code: str) -> str:
    """Two letters of ISO 3166, or nothing. Raises `Invalid`."""
    if code and code not in COUNTRIES:
        raise Invalid(_("There is no such country."), field="country")
    return code


def _check_email(text: str) -> str:
    address = text.strip()
    try:
        if address:
            validate_email(address)
    except ValidationError:
        raise Invalid(_("This is no e-mail address."), field="email") from None
    return address


def _record(staff: User, action: str, summary: str, rate: TaxRate) -> None:
    record_event(organization=None, actor=staff, action=action, target=rate.country, summary=summary)
