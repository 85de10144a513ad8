"""Tax: which rate holds, how each line bears it, and what an invoice keeps of it for ever."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from apps.billing import services
from apps.billing.evidence import list_upcoming
from apps.billing.models import BillingProfile, Invoice, TaxRate
from apps.billing.rates import find_rate
from apps.billing.services.taxing import remove_rate, save_profile, save_rate
from apps.billing.tax import Buyer, is_reverse_charged, place_of_supply, tax_line
from apps.billing.tax_ids import clean_tax_id
from apps.core.countries import EU_COUNTRIES
from apps.core.errors import Invalid, NotAllowed
from tests.billing.world import NOW, Shop, fresh, move_clock
from tests.factories.accounts import UserFactory
from tests.portal.support import text_of

DAY = NOW.date()
PRICES = st.integers(min_value=-100_000_000, max_value=100_000_000)
PERCENTS = st.integers(min_value=0, max_value=100_000).map(lambda thousandths: Decimal(thousandths).scaleb(-3))


class TestArithmetic:
    @pytest.mark.parametrize(
        ("price", "percent", "inclusive", "net", "tax"),
        [
            (20_000, "25", False, 20_000, 5_000),
            (999, "19", False, 999, 190),  # 189.81
            (50, "19", False, 50, 10),  # 9.5: a half goes up
            (-50, "19", False, -50, -10),  # and away from zero for a credit
            (11_900, "19", True, 10_000, 1_900),
            (999, "19", True, 839, 160),  # 159.504…
            (1, "100", True, 0, 1),  # 0.5
            (999, "0", False, 999, 0),
            (999, "0", True, 999, 0),
            (10_000, "8.875", False, 10_000, 888),  # 887.5
        ],
    )
    def test_a_line(self, price: int, percent: str, inclusive: bool, net: int, tax: int) -> None:
        taxed = tax_line(price, Decimal(percent), inclusive=inclusive)
        assert (taxed.amount, taxed.tax_amount) == (net, tax)

    def test_lines_are_rounded_each_and_not_their_sum(self) -> None:
        """Three lines of 0.99 at 19 %: 0.1881 each is 0.19, together 0.57; on their sum it would be 0.56."""
        assert sum(tax_line(99, Decimal(19), inclusive=False).tax_amount for _ in range(3)) == 57
        assert tax_line(297, Decimal(19), inclusive=False).tax_amount == 56

    @given(PRICES, PERCENTS)
    def test_what_contains_tax_is_its_two_parts_and_a_credit_mirrors_its_charge(
        self, price: int, rate: Decimal
    ) -> None:
        taxed, mirrored = tax_line(price, rate, inclusive=True), tax_line(-price, rate, inclusive=True)
        assert taxed.amount + taxed.tax_amount == price
        assert (mirrored.amount, mirrored.tax_amount) == (-taxed.amount, -taxed.tax_amount)
        assert abs(taxed.tax_amount * (100 + rate) - price * rate) * 2 <= 100 + rate
        on_top = tax_line(price, rate, inclusive=False).tax_amount
        assert abs(on_top * 100 - price * rate) * 2 <= 100
        assert tax_line(-price, rate, inclusive=False).tax_amount == -on_top

    @pytest.mark.parametrize(
        ("country", "tax_id", "expected"),
        [
            ("FR", "FRAB123456789", True),
            ("FR", "", False),  # no business
            ("DE", "DE123456789", False),  # the seller's own country
            ("CH", "CHE123456789", False),  # outside the union
            ("", "", False),
        ],
    )
    def test_the_reverse_charge(self, country: str, tax_id: str, expected: bool) -> None:
        assert is_reverse_charged(Buyer(country, tax_id), seller_country="DE", union=EU_COUNTRIES) is expected
        assert not is_reverse_charged(Buyer(country, tax_id), seller_country="US", union=EU_COUNTRIES)

    def test_who_has_not_said_where_they_are_is_taxed_like_the_seller(self) -> None:
        assert place_of_supply(Buyer(), seller_country="DE") == "DE"
        assert place_of_supply(Buyer("US"), seller_country="DE") == "US"


class TestTaxIds:
    @pytest.mark.parametrize(
        ("country", "typed", "kept"),
        [
            ("DE", "de 123 456 789", "DE123456789"),
            ("DE", "123456789", "DE123456789"),
            ("GR", "EL123456789", "EL123456789"),
            ("AT", "ATU12345678", "ATU12345678"),
            ("NL", "NL123456789B01", "NL123456789B01"),
            ("CH", "CHE-123.456.789 MWST", "CHE123456789MWST"),
            ("GB", "GB 123 4567 89", "GB123456789"),
            ("US", "12-3456789", "123456789"),
            ("BR", "12.345.678/0001-95", "12345678000195"),
            ("", "", ""),
        ],
    )
    def test_the_form_of_the_country_is_kept_compactly(self, country: str, typed: str, kept: str) -> None:
        assert clean_tax_id(typed, country=country) == kept
        assert clean_tax_id(kept, country=country) == kept

    @pytest.mark.parametrize(
        ("country", "typed"),
        [
            ("DE", "DE12345678"),
            ("DE", "FR12345678901"),
            ("AT", "12345678"),
            ("US", "1234"),
            ("BR", "<b>"),
            ("DE", "١٢٣٤٥٦٧٨٩"),
        ],
    )
    def test_another_form_is_refused(self, country: str, typed: str) -> None:
        with pytest.raises(Invalid) as refused:
            clean_tax_id(typed, country=country)
        assert refused.value.field == "tax_id"


@pytest.mark.django_db
class TestInvoices:
    @pytest.fixture(autouse=True)
    def in_germany(self, settings: Any) -> None:
        settings.TAX_MODE = "rates"
        settings.TAX_ISSUER_COUNTRY, settings.TAX_ISSUER_ID = "DE", "DE999999999"
        rates = (("DE", "19", DAY), ("FR", "20", DAY), ("DE", "16", DAY + dt.timedelta(days=5)), ("NL", "0", DAY))
        for country, percent, since in rates:
            TaxRate.objects.create(country=country, name="VAT", percent=Decimal(percent), valid_from=since)

    def bill(self, shop: Shop, **profile: str) -> Invoice:
        given = {"legal_name": "", "address": "", "country": "", "tax_id": "", "email": ""}
        save_profile(actor=shop.alice, **(given | profile))
        shop.buy(shop.plan("Odd", 999))
        return Invoice.objects.get()

    @pytest.mark.parametrize(
        ("profile", "percent", "tax"),
        [
            ({}, "19", 190),
            ({"country": "DE", "tax_id": "123456789"}, "19", 190),
            ({"country": "FR"}, "20", 200),
            ({"country": "NL"}, "0", 0),
            ({"country": "US"}, "0", 0),  # no rate is kept for it
        ],
    )
    def test_the_rate_of_the_buyers_country_is_added_and_booked(
        self, shop: Shop, profile: dict[str, str], percent: str, tax: int
    ) -> None:
        invoice = self.bill(shop, **profile)
        [line] = invoice.lines.all()
        assert (invoice.subtotal_amount, invoice.tax_amount, invoice.total_amount) == (999, tax, 999 + tax)
        assert (line.amount, line.tax_amount, line.tax_percent) == (999, tax, Decimal(percent))
        assert invoice.tax_note == ""
        assert shop.balances() == {
            "cash": 999 + tax,
            "creator": -899,
            "platform": -100,
            **({"tax": -tax} if tax else {}),
        }

    def test_a_business_elsewhere_in_the_union_owes_the_tax_itself(self, shop: Shop) -> None:
        address = "1 rue X\n75001 Paris"
        invoice = self.bill(shop, country="FR", tax_id="AB123456789", legal_name="Soleil SARL", address=address)
        assert (invoice.tax_amount, invoice.total_amount) == (0, 999)
        assert invoice.tax_note.startswith("Reverse charge")
        assert invoice.billed_to == {
            "name": "Soleil SARL",
            "id": shop.alice.organization.public_id,
            "address": ["1 rue X", "75001 Paris"],
            "country": "FR",
            "tax_id": "FRAB123456789",
        }
        assert (invoice.issued_by["country"], invoice.issued_by["tax_id"]) == ("DE", "DE999999999")

    def test_prices_that_contain_the_tax_stay_what_is_paid(self, shop: Shop, settings: Any) -> None:
        settings.TAX_INCLUSIVE = True
        invoice = self.bill(shop)
        [line] = invoice.lines.all()
        assert (line.amount, line.tax_amount, invoice.total_amount) == (839, 160, 999)
        assert shop.balances() == {"cash": 999, "creator": -755, "platform": -84, "tax": -160}

    def test_a_rate_holds_from_its_day_until_the_next_and_issued_invoices_keep_theirs(self, shop: Shop) -> None:
        issued = self.bill(shop)
        assert find_rate("DE", NOW - dt.timedelta(days=1)) is None
        move_clock(NOW + dt.timedelta(days=6))
        staff = UserFactory(is_staff=True, is_superuser=True)
        shop.alice = type(shop)().alice
        shop.buy(shop.basic)
        first, second = Invoice.objects.order_by("pk")
        assert [one.tax_amount for one in (first, second)] == [190, 160]
        rate = TaxRate.objects.get(percent=19)
        save_rate(staff=staff, rate=rate, country="DE", name="MwSt", percent=Decimal(21), valid_from=rate.valid_from)
        remove_rate(staff=staff, rate=TaxRate.objects.get(percent=16))
        now = find_rate("DE", NOW + dt.timedelta(days=30))
        assert now is not None
        assert now.percent == 21
        assert (fresh(issued).tax_amount, fresh(issued).lines.get().tax_percent) == (190, 19)
        with pytest.raises(Invalid):
            save_rate(staff=staff, country="DE", name="VAT", percent=Decimal(1), valid_from=DAY)
        with pytest.raises(NotAllowed):
            save_rate(staff=shop.alice.user, country="DE", name="VAT", percent=Decimal(1), valid_from=DAY)

    def test_an_upgrade_taxes_the_charge_and_the_credit_and_the_quote_says_so(self, shop: Shop, settings: Any) -> None:
        subscription = shop.buy(shop.basic)
        move_clock(NOW + dt.timedelta(days=3))
        offer = services.quote_change(shop.alice, subscription, shop.pro)
        checkout = services.start_plan_change(actor=shop.alice, subscription=subscription, plan=shop.pro)
        invoice = checkout.invoice
        assert (offer.due_total_amount, offer.due_tax_amount) == (invoice.total_amount, invoice.tax_amount)
        assert (offer.renewal_total_amount, offer.renewal_tax_amount) == (3570, 570)
        [renewal] = list_upcoming(shop.alice)
        assert (renewal.amount, renewal.tax_amount) == (1190, 190)  # of the plan that it still has
        client = Client()
        client.force_login(shop.alice.user)
        address = reverse("portal:plan-change", args=[shop.alice.organization.slug, subscription.public_id])
        page = text_of(client.get(address, {"to": "pro"}))
        assert "21.42 USD is due today" in page
        assert "for 35.70 USD with 5.70 USD of tax" in page
        assert "11.90 USD with 1.90 USD of tax" in text_of(
            client.get(reverse("portal:billing-month", args=[shop.alice.organization.slug]))
        )
        settings.TAX_MODE = "stripe"
        page = text_of(client.get(address, {"to": "pro"}))
        assert "18.00 USD is due today. Tax comes on top" in page
        lines = [(line.amount, line.tax_amount) for line in invoice.lines.all()]
        assert lines == [(2700, 513), (-900, -171)]
        assert (invoice.subtotal_amount, invoice.tax_amount, invoice.total_amount) == (1800, 342, 2142)

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"country": "XX"}, "country"),
            ({"tax_id": "DE123456789"}, "country"),
            ({"country": "FR", "tax_id": "DE123456789"}, "tax_id"),
            ({"email": "nobody"}, "email"),
            ({"legal_name": "x" * 201}, "legal_name"),
            ({"address": "\x00"}, "address"),
        ],
    )
    def test_a_profile_that_cannot_be_is_refused(self, shop: Shop, values: dict[str, str], field: str) -> None:
        with pytest.raises(Invalid) as refused:
            self.bill(shop, **values)
        assert refused.value.field == field
        assert not BillingProfile.objects.exists()
