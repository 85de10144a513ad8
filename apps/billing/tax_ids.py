"""The forms of tax ids, by country: pure.

A form that fits says nothing about whether the id was given out: an invoice must bear what the buyer says, and who
needs more asks the tax office's own service.
"""

import re

from django.utils.translation import gettext as _

from apps.core.countries import EU_COUNTRIES
from apps.core.errors import Invalid

# Of the union, without the country's letters in front (Council Regulation 904/2010 and the Commission's own list).
_VAT = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}",
    "GR": r"\d{9}",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{11}",
    "LT": r"(\d{9}|\d{12})",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"\d{9}B\d{2}",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
}
# Greece writes EL before its numbers.
_VAT_PREFIXES = {"GR": "EL"}
# Elsewhere, whole.
_OTHERS = {
    "AU": r"\d{11}",
    "CA": r"\d{9}(RT\d{4})?",
    "CH": r"CHE\d{9}(MWST|TVA|IVA)?",
    "GB": r"(GB)?(\d{9}|\d{12}|GD\d{3}|HA\d{3})",
    "IN": r"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]",
    "JP": r"T?\d{13}",
    "NO": r"(NO)?\d{9}(MVA)?",
    "NZ": r"\d{8,9}",
    "SG": r"(\d{8,9}[A-Z]|[TSR]\d{2}[A-Z]{2}\d{4}[A-Z]|M\d{8}[A-Z0-9])",
    "US": r"\d{9}",
}
_ANYWHERE = r"[A-Z0-9]{4,20}"


def clean_tax_id(text: str, *, country: str) -> str:
    """The id in capitals, without blanks, dots and dashes; one of the union with its country's letters in front.

    Empty stays empty. Raises `Invalid` where it does not have the form of the country's ids.
    """
    compact = re.sub(r"[\s.\-/]", "", text).upper()
    if not compact:
        return ""
    if country in EU_COUNTRIES:
        prefix = _VAT_PREFIXES.get(country, country)
        number = compact.removeprefix(prefix)
        if re.fullmatch(_VAT[country], number, re.ASCII) and not (
            number == compact and _is_of_another(compact, country)
        ):
            return prefix + number
    elif re.fullmatch(_OTHERS.get(country, _ANYWHERE), compact, re.ASCII):
        return compact
    raise Invalid(_("This is not how tax ids of this country are written."), field="tax_id")


def _is_of_another(compact: str, country: str) -> bool:
    """Whether an id without the country's letters is one with those of another: a French number may begin with DE."""
    others = ((_VAT_PREFIXES.get(other, other), pattern) for other, pattern in _VAT.items() if other != country)
    return any(re.fullmatch(prefix + pattern, compact, re.ASCII) for prefix, pattern in others)
