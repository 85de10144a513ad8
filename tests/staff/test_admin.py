"""The admin: staff find and read everything, write through services only, and never see a secret."""

import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import AuditEvent, Organization, User
from apps.billing.models import CommissionRule, Coupon, HostingTerms, Invoice, PlanPrice, TaxRate
from apps.billing.services.booking import journal_source
from apps.core import clock
from apps.core.models import IdempotentRequest
from apps.core.staff import CappedPaginator
from apps.keys.models import ApiKey
from apps.ledger.models import JournalEntry, LedgerAccount, Posting
from apps.payments.models import Payment
from apps.products.models import Category, Product
from apps.subscriptions.models import Subscription
from tests.database import unguarded
from tests.factories.accounts import OrganizationFactory, UserFactory
from tests.factories.keys import ApiKeyFactory
from tests.factories.products import ProductFactory
from tests.queries import count_queries
from tests.staff.rows import CARD_TOKEN, MAKERS, OTP_SECRET

pytestmark = pytest.mark.django_db

# Models without pages of their own, and why.
ON_ANOTHER_PAGE = {
    "usage.RequestRecording": "what consumers send is between them and the creator: staff do not read it",
    "products.Tier": "stands on the page of its product",
    "products.SupportChannel": "stands on the page of its product",
    "billing.CouponRedemption": "stands on the page of its coupon",
    "billing.CouponUse": "says which invoices a coupon lowered; they have a line for it",
    "billing.InvoiceLine": "stands on the page of its invoice",
    "payouts.PayoutApproval": "stands on the page of its payout",
    "billing.CreditNoteLine": "stands on the page of its credit note",
    "ledger.Posting": "stands on the page of its journal entry",
    "plans.Quota": "stands on the page of its plan",
    "plans.PriceTier": "stands on the page of its plan",
    "plans.RateLimit": "stands on the page of its plan",
    "subscriptions.SubscriptionChange": "stands on the page of its subscription",
}
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
# What staff may edit by hand: the shelves of the marketplace, the rates of taxes; and superusers, who is staff.
ADDED = {CommissionRule, Coupon, PlanPrice}
EDITABLE = {Category, HostingTerms, TaxRate, User, Group}
SEARCHED = [model for model in MODELS if model is not Group and admin.site.get_model_admin(model).search_fields]


@pytest.fixture
def staff() -> User:
    return UserFactory(email="root@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def client(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def page(client: Client, model: type[Model], view: str, *args: Any, **query: str) -> HttpResponse:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}"
    return client.get(reverse(name, args=args), query)


def make(model: type[Model]) -> Model:
    made = MAKERS[model]()
    assert isinstance(made, model)
    return made


def test_every_model_of_ours_has_its_pages() -> None:
    ours = {model._meta.label for model in apps.get_models() if model.__module__.startswith("apps.")}
    registered = {model._meta.label for model in MODELS}
    assert ours - registered == set(ON_ANOTHER_PAGE)


def test_every_list_has_a_row_to_be_tested_with() -> None:
    assert set(MAKERS) == set(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_the_pages_of_a_model(client: Client, model: type[Model]) -> None:
    """They open, show no secret, want nothing that the Content-Security-Policy forbids, and write nothing."""
    row = make(model)
    responses = [page(client, model, "changelist"), page(client, model, "change", row.pk)]
    if not isinstance(row, Group):
        responses.append(page(client, model, "history", row.pk))
    for response in responses:
        assert response.status_code == 200
        text = response.content.decode()
        for secret in secrets():
            assert secret not in text
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]* src=)", text)
    assert ('name="_save"' in responses[1].content.decode()) is (model in EDITABLE)
    for number in ("0", "99999999999999999999999", "x"):
        assert page(client, model, "change", number).status_code == 302  # back to the start, with a message
    if model not in EDITABLE:
        assert_nothing_is_written(client, model, row)


def secrets() -> list[str]:
    found = [OTP_SECRET, CARD_TOKEN, "secret digest", "md5$", *Product.objects.values_list("proxy_secret", flat=True)]
    found += [request.content["token"] for request in IdempotentRequest.objects.all()]
    for key in ApiKey.objects.all():
        found += [bytes(key.digest).hex(), str(key.digest)]
    return found


def assert_nothing_is_written(client: Client, model: type[Model], row: Model) -> None:
    before = list(model._base_manager.values())
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert client.post(reverse(f"{name}_add"), {}).status_code == (200 if model in ADDED else 403)
    assert client.post(reverse(f"{name}_change", args=[row.pk]), {"name": "x"}).status_code == 403
    assert client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    bulk = {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}
    client.post(reverse(f"{name}_changelist"), bulk)
    assert list(model._base_manager.values()) == before


@pytest.mark.parametrize("model", SEARCHED)
def test_any_search_gets_an_answer(client: Client, model: type[Model]) -> None:
    for text in ("x", "\x00", "'\"%_\\", "sub_ prod_", "é" * 500, "req_" + "0" * 32):
        assert page(client, model, "changelist", q=text).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_a_long_list_costs_no_more_queries(client: Client, model: type[Model]) -> None:
    def grow(number: int) -> None:
        for _ in range(number):
            make(model)

    grow(2)
    page(client, model, "changelist")
    few = count_queries(lambda: page(client, model, "changelist"))
    grow(20)  # a page has room for 50
    assert count_queries(lambda: page(client, model, "changelist")) == few


class TestLargeTables:
    def test_no_list_counts_a_whole_table_or_offers_all_rows(self, client: Client) -> None:
        for model in MODELS:
            with CaptureQueriesContext(connection) as captured:
                page(client, model, "changelist")
            counts = [query["sql"] for query in captured if "COUNT(" in query["sql"]]
            assert counts
            assert all("LIMIT 10000" in sql for sql in counts), model

    def test_a_list_ends_where_its_count_does(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(CappedPaginator, "rows_max", 60)
        ProductFactory.create_batch(61)
        first = page(client, Product, "changelist")
        assert "The first 60; there may be more." in " ".join(first.content.decode().split())
        assert len(page(client, Product, "changelist", p="2").context["cl"].result_list) == 10
        assert page(client, Product, "changelist", p="3").status_code == 302

    @pytest.mark.parametrize("model", SEARCHED)
    def test_a_search_never_reads_a_table_line_by_line(self, client: Client, model: type[Model]) -> None:
        """With sequential scans made dear, the plan of a search has none left."""
        for _ in range(3):
            make(model)
        with CaptureQueriesContext(connection) as captured:
            page(client, model, "changelist", q="prod0000000000000000000000")
        searches = [query["sql"] for query in captured if "prod000" in query["sql"]]
        assert searches
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            for sql in searches:
                cursor.execute(f"EXPLAIN {sql}")
                plan = "\n".join(row[0] for row in cursor.fetchall())
                assert "Seq Scan" not in plan, plan


class TestSearch:
    def found(self, client: Client, model: type[Model], text: str) -> list[Any]:
        return list(page(client, model, "changelist", q=text).context["cl"].result_list)

    def test_people_by_the_beginning_of_their_address_in_any_case(self, client: Client) -> None:
        alice = UserFactory(email="alice@example.com")
        assert self.found(client, User, "ALICE@") == [alice]
        assert self.found(client, User, alice.public_id) == [alice]
        assert self.found(client, User, "lice") == []

    def test_people_and_what_is_theirs_by_names(self, client: Client) -> None:
        ada = UserFactory(name="Ada Byron-King")
        for text in ("ada", "byron king", "KIN", "Byron-K"):
            assert self.found(client, User, text) == [ada], text
        for text in ("yron", "ada lovelace", "'", "&|!:*()"):
            assert self.found(client, User, text) == [], text
        organization = OrganizationFactory(name="Harbor Bikes", slug="hb")
        assert self.found(client, Organization, "harbor bik") == [organization]
        for model in (Invoice, Payment, LedgerAccount):
            row, _other = make(model), make(model)
            Organization.objects.filter(pk=row.organization_id).update(name="Harbor Bikes")
            assert self.found(client, model, "bikes HARBOR") == [row]

    def test_payments_and_the_journal_by_the_number_of_the_invoice(self, client: Client) -> None:
        invoice, _other = make(Invoice), make(Invoice)
        issued = {"status": "open", "number": "INV-2026-000042", "issued_at": clock.now()}
        Invoice.objects.filter(pk=invoice.pk).update(**issued)
        payment, _entry = make(Payment), make(JournalEntry)
        entry = JournalEntry.objects.create(source=journal_source(invoice), occurred_at=clock.now())
        for amount in (1, -1):
            Posting.objects.create(entry=entry, account=make(LedgerAccount), amount=amount)
        with unguarded():
            Payment.objects.filter(pk=payment.pk).update(reference=invoice.public_id)
        for text in ("INV-2026-000042", "inv-2026-000042"):
            assert self.found(client, Payment, text) == [payment]
            assert self.found(client, JournalEntry, text) == [entry]
        assert self.found(client, Payment, "INV-1999-000001") == []

    def test_keys_by_what_a_person_can_name(self, client: Client) -> None:
        key, _other = ApiKeyFactory(), ApiKeyFactory()
        organization = key.subscription.organization
        for text in (key.public_id, key.subscription.public_id, organization.slug, organization.public_id):
            assert self.found(client, ApiKey, text) == [key]

    def test_every_word_counts(self, client: Client) -> None:
        key, other = ApiKeyFactory(), ApiKeyFactory()
        assert self.found(client, ApiKey, f"{key.public_id} {other.public_id}") == []

    def test_calls_by_request_subscription_key_and_product(self, client: Client) -> None:
        for model in MODELS:
            if model._meta.label not in ("usage.UsageEvent", "usage.Rejection"):
                continue
            call, _other = make(model), make(model)
            names = [call.request_id, call.subscription.public_id, call.api_key.public_id, call.product.slug]
            for text in [*names, call.product.public_id]:
                assert self.found(client, model, text) == [call]
            assert self.found(client, model, "prod_unknown") == []

    def test_the_lists_that_a_page_leads_to_hold_what_belongs_to_it(self, client: Client) -> None:
        key = ApiKeyFactory()
        ApiKeyFactory()
        content = page(client, Organization, "change", key.subscription.organization.pk).content.decode()
        wanted = {"/admin/products/product/", "/admin/subscriptions/subscription/", "/admin/keys/apikey/"}
        links = set(re.findall(r'href="(/admin/[^"?]*\?q=org_\w+)"', content))
        assert wanted <= {link.split("?")[0] for link in links}
        for link in links:
            rows = list(client.get(link).context["cl"].result_list)
            assert all(belongs_to(row, key.subscription) for row in rows)
        assert list(client.get(next(link for link in links if "apikey" in link)).context["cl"].result_list) == [key]


def belongs_to(row: Model, subscription: Subscription) -> bool:
    owner = row.subscription if isinstance(row, ApiKey) else row
    return owner.organization == subscription.organization


class TestRights:
    """Who is staff, and with which rights: for superusers to say."""

    def save(self, client: Client, user: User, **data: Any) -> int:
        inline = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
        response = client.post(reverse("admin:accounts_user_change", args=[user.pk]), inline | data)
        user.refresh_from_db()
        return response.status_code

    def support(self) -> Client:
        person = UserFactory(email="support@example.com", is_staff=True)
        rights = ["view_user", "change_user", "view_group", "change_group"]
        person.user_permissions.add(*Permission.objects.filter(codename__in=rights))
        client = Client()
        client.force_login(person)
        return client

    def test_nobody_is_added_deleted_or_changed_by_hand(self, client: Client) -> None:
        user = UserFactory(email="old@example.com", name="Old")
        assert client.get(reverse("admin:accounts_user_add")).status_code == 403
        assert client.post(reverse("admin:accounts_user_delete", args=[user.pk]), {"post": "yes"}).status_code == 403
        self.save(client, user, email="new@example.com", name="New")  # is_active is not ticked
        assert (user.email, user.name, user.is_active) == ("old@example.com", "Old", True)

    def test_a_superuser_makes_staff_and_that_leaves_an_audit_event(self, client: Client, staff: User) -> None:
        user, group = UserFactory(), Group.objects.create(name="Support")
        self.save(client, user, is_staff="on", groups=[group.pk])
        assert user.is_staff
        event = AuditEvent.objects.get(action="user.rights_changed")
        assert (event.actor, event.target) == (staff, user.public_id)
        assert (event.data["is_staff"], event.data["groups"]) == (True, ["Support"])

    def test_who_is_no_superuser_gives_no_rights(self) -> None:
        client, user, group = self.support(), UserFactory(), Group.objects.create(name="Support")
        me = User.objects.get(email="support@example.com")
        for person in (user, me):
            assert self.save(client, person, is_staff="on", is_superuser="on", user_permissions=[1]) == 403
            assert not person.is_superuser
        for url in (reverse("admin:auth_group_changelist"), reverse("admin:auth_group_change", args=[group.pk])):
            assert client.get(url).status_code == 403
        assert client.get(reverse("admin:accounts_user_change", args=[user.pk])).status_code == 200


class TestIndex:
    def test_what_is_there_is_grouped_and_named(self, client: Client) -> None:
        content = client.get(reverse("admin:index")).content.decode()
        names = ["People and organizations", "Catalogue", "Plans", "Subscriptions", "API keys", "Calls and usage"]
        places = [content.index(f">{name}<") if f">{name}<" in content else content.index(name) for name in names]
        assert places == sorted(places)

    def test_staff_see_only_what_they_have_rights_for(self) -> None:
        reader = UserFactory(is_staff=True)
        reader.user_permissions.add(Permission.objects.get(codename="view_product", content_type__app_label="products"))
        client = Client()
        client.force_login(reader)
        assert "API keys" not in client.get(reverse("admin:index")).content.decode()
        assert client.get(reverse("admin:products_product_changelist")).status_code == 200
        assert client.get(reverse("admin:keys_apikey_changelist")).status_code == 403


class TestCategories:
    def test_staff_keep_the_shelves(self, client: Client) -> None:
        form = {"name": "Test shelf", "slug": "test-shelf", "position": "1"}
        assert client.post(reverse("admin:products_category_add"), form).status_code == 302
        category = Category.objects.get(slug="test-shelf")
        product = ProductFactory(category=category)
        url = reverse("admin:products_category_change", args=[category.pk])
        assert client.post(url, form | {"name": "Other"}).status_code == 302
        category.refresh_from_db()
        assert category.name == "Other"
        client.post(reverse("admin:products_category_delete", args=[category.pk]), {"post": "yes"})
        product.refresh_from_db()
        assert product.category is None
        done = AuditEvent.objects.filter(target="test-shelf").order_by("id").values_list("action", flat=True)
        assert list(done) == ["category.added", "category.changed", "category.removed"]


class TestSignIn:
    def test_staff_sign_in_where_everybody_does(self) -> None:
        response = Client().get(reverse("admin:login"), {"next": "/admin/"})
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("account_login"))
        posted = Client().post(reverse("admin:login"), {"username": "root@example.com", "password": "x"})
        assert posted["Location"].startswith(reverse("account_login"))

    def test_who_is_no_staff_is_refused(self) -> None:
        client = Client()
        client.force_login(UserFactory())
        assert client.get(reverse("admin:login")).status_code == 403
        assert client.get(reverse("admin:accounts_user_changelist")).status_code == 302
