"""Which tax holds for a buyer by the rates that staff keep, and what it will add to prices."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from apps.billing.models import BillingProfile, TaxRate
from apps.billing.tax import Buyer, is_reverse_charged, place_of_supply, tax_line


@dataclass(frozen=True, slots=True)
class TaxTerms:
    percent: Decimal
    name: str = ""
    is_reverse_charged: bool = False


def terms_of(profile: BillingProfile | None, at: dt.datetime) -> TaxTerms:
    """The terms of a buyer as of an instant, where `TAX_MODE` is `rates`."""
    buyer = Buyer(profile.country, profile.tax_id) if profile else Buyer()
    seller = settings.TAX_ISSUER_COUNTRY
    if is_reverse_charged(buyer, seller_country=seller, union=settings.TAX_UNION_COUNTRIES):
        return TaxTerms(Decimal(0), is_reverse_charged=True)
    rate = find_rate(place_of_supply(buyer, seller_country=seller), at)
    return TaxTerms(rate.percent, rate.name) if rate else TaxTerms(Decimal(0))


def find_rate(country: str, at: dt.datetime) -> TaxRate | None:
    """The rate of a country as of an instant; None where none has begun."""
    begun = TaxRate.objects.filter(country=country, valid_from__lte=at.astimezone(dt.UTC).date())
    return begun.order_by("-valid_from").first()


@dataclass(frozen=True, slots=True)
class TaxForecast:
    """What tax will add to prices of a buyer. `percent` is None where that is known once an invoice is issued."""

    percent: Decimal | None

    @property
    def adds_something(self) -> bool:
        """Also where it is not known yet."""
        return self.percent is None or self.percent > 0

    def added(self, *prices: int) -> int | None:
        """To the lines of an invoice, each rounded as it will be."""
        if self.percent is None:
            return None if any(prices) else 0
        return sum(tax_line(price, self.percent, inclusive=False).tax_amount for price in prices)


def forecast_tax(organization_id: int, at: dt.datetime) -> TaxForecast:
    """By the rate of an instant; nothing is added where there is no tax, or prices contain it."""
    if settings.TAX_MODE == "none" or settings.TAX_INCLUSIVE:
        return TaxForecast(Decimal(0))
    if settings.TAX_MODE == "stripe":
        return TaxForecast(None)
    return TaxForecast(terms_of(BillingProfile.objects.filter(organization=organization_id).first(), at).percent)
