"""What a creator says about where their money goes: checked here, before anything is stored."""

import re
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from apps.core.countries import COUNTRIES
from apps.core.errors import Invalid
from apps.core.money import AMOUNT_MAX, CURRENCIES
from apps.core.values import check_integer, check_line, check_text
from apps.payouts.enums import PayoutMethod, Schedule
from apps.payouts.models.accounts import ADDRESS_MAX, LEGAL_NAME_MAX, TAX_ID_MAX

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_BANK_ACCOUNT = re.compile(r"[A-Z0-9]{4,34}")
_BANK_CODE = re.compile(r"[A-Z0-9]{3,12}")


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """Of a `PayoutAccount`; what does not belong to the method is left empty by `checked`."""

    method: str
    legal_name: str
    address: str
    country: str
    currency: str
    schedule: str = Schedule.MONTHLY
    tax_id: str = ""
    bank_account: str = ""
    bank_code: str = ""
    paypal_email: str = ""
    minimum_amount: int | None = None


def checked(details: AccountDetails) -> AccountDetails:
    """The same in the form that is stored. Raises `Invalid` with the field that is wrong."""
    if details.method not in PayoutMethod.values:
        raise Invalid(_("Choose how you are paid."), field="method")
    if details.schedule not in Schedule.values:
        raise Invalid(_("Choose when you are paid."), field="schedule")
    currency, country = details.currency.upper(), details.country.upper()
    if currency not in CURRENCIES:
        raise Invalid(_("Give the code of a currency, such as EUR."), field="currency")
    if country not in COUNTRIES:
        raise Invalid(_("Give the two letters of a country, such as DE."), field="country")
    address = check_text(details.address, field="address", longest=ADDRESS_MAX)
    if not address:
        raise Invalid(_("This cannot be empty."), field="address")
    if details.minimum_amount is not None:
        check_integer(details.minimum_amount, field="minimum_amount", lowest=1, highest=AMOUNT_MAX)
    is_bank, is_paypal = details.method == PayoutMethod.BANK, details.method == PayoutMethod.PAYPAL
    return replace(
        details,
        legal_name=check_line(details.legal_name, field="legal_name", longest=LEGAL_NAME_MAX),
        tax_id=check_line(details.tax_id, field="tax_id", longest=TAX_ID_MAX, shortest=0),
        address=address,
        country=country,
        currency=currency,
        bank_account=_bank_account(details.bank_account) if is_bank else "",
        bank_code=_bank_code(details.bank_code) if is_bank else "",
        paypal_email=_email(details.paypal_email) if is_paypal else "",
    )


def _bank_account(text: str) -> str:
    account = _compact(text)
    if not _BANK_ACCOUNT.fullmatch(account):
        raise Invalid(_("Give an IBAN, or the number of the account."), field="bank_account")
    if account[:2].isalpha() and not (_IBAN.fullmatch(account) and _has_iban_checksum(account)):
        raise Invalid(_("This IBAN is not right. Check its digits."), field="bank_account")
    return account


def _has_iban_checksum(account: str) -> bool:
    """ISO 7064, modulo 97: letters count from 10 on."""
    return int("".join(str(int(character, 36)) for character in account[4:] + account[:4])) % 97 == 1


def _bank_code(text: str) -> str:
    code = _compact(text)
    if code and not _BANK_CODE.fullmatch(code):
        raise Invalid(_("Give the BIC or the routing number of the bank."), field="bank_code")
    return code


def _email(text: str) -> str:
    address = text.strip()
    try:
        validate_email(address)
    except ValidationError:
        raise Invalid(_("Give the e-mail address of the PayPal account."), field="paypal_email") from None
    return address


def _compact(text: str) -> str:
    return re.sub(r"[\s.-]", "", text).upper()
