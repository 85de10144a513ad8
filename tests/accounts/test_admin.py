"""The admin: staff find and read everything, write through services only, and never see a secret."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from apps.accounts.audit import record_event
from apps.accounts.models import AuditEvent, Membership, Organization, User
from apps.keys.models import ApiKey
from apps.plans.models import Plan
from apps.products.models import Endpoint, Product
from apps.subscriptions.models import Subscription
from apps.subscriptions.services import cancel_subscription
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.actors import make_actor
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.factories.products import EndpointFactory, ProductFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.queries import FEW, MANY, count_queries

pytestmark = pytest.mark.django_db
MODELS = [User, Organization, Membership, AuditEvent, Product, Endpoint, Plan, Subscription, ApiKey, Authenticator]
READ_ONLY = [model for model in MODELS if model is not User]
OTP_SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def staff() -> User:
    return UserFactory(email="root@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def client(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def rows() -> dict[type[Model], Model]:
    """One of everything, with what belongs to it."""
    key = ApiKeyFactory(created_by=UserFactory())
    subscription = key.subscription
    EndpointFactory(tier=subscription.plan.tier, operation={"summary": "x"})
    QuotaFactory(plan=subscription.plan)
    RateLimitFactory(plan=subscription.plan, endpoint=Endpoint.objects.get())
    membership = MembershipFactory(organization=subscription.organization)
    cancel_subscription(actor=make_actor(subscription.organization), subscription=subscription)
    user = membership.user
    user.set_password("correct horse")
    user.save()
    return {
        User: user,
        Organization: subscription.organization,
        Membership: membership,
        AuditEvent: record_event(
            organization=subscription.organization, actor=user, action="x.done", summary="x", data={"a": 1}
        ),
        Product: subscription.product,
        Endpoint: Endpoint.objects.get(),
        Plan: subscription.plan,
        Subscription: subscription,
        ApiKey: key,
        Authenticator: Authenticator.objects.create(user=user, type="totp", data={"secret": OTP_SECRET}),
    }


def page(client: Client, model: type[Model], view: str, *args: Any, **query: str) -> HttpResponse:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}"
    return client.get(reverse(name, args=args), query)


@pytest.mark.parametrize("model", MODELS)
class TestPages:
    def test_lists_and_rows_can_be_read(
        self, client: Client, rows: dict[type[Model], Model], model: type[Model]
    ) -> None:
        assert page(client, model, "changelist").status_code == 200
        response = page(client, model, "change", rows[model].pk)
        assert response.status_code == 200
        assert ("_save" in response.content.decode()) is (model is User)

    def test_any_search_gets_an_answer(self, client: Client, model: type[Model]) -> None:
        assert admin.site.get_model_admin(model).search_fields
        for text in ("x", "\x00", "'\"%_\\", "sub_ prod_", "é" * 500):
            assert page(client, model, "changelist", q=text).status_code == 200

    def test_a_row_that_is_not_there(self, client: Client, model: type[Model]) -> None:
        for number in ("0", "99999999999999999999999", "x"):
            assert page(client, model, "change", number).status_code == 302  # back to the start, with a message

    def test_no_secret_is_shown(self, client: Client, rows: dict[type[Model], Model], model: type[Model]) -> None:
        key, product = rows[ApiKey], rows[Product]
        assert isinstance(key, ApiKey)
        assert isinstance(product, Product)
        for response in (page(client, model, "changelist"), page(client, model, "change", rows[model].pk)):
            text = response.content.decode()
            assert key.digest.hex() not in text
            assert str(key.digest) not in text
            assert product.proxy_secret not in text
            assert OTP_SECRET not in text
            assert "md5$" not in text


@pytest.mark.parametrize("model", READ_ONLY)
def test_nothing_is_written_here(client: Client, rows: dict[type[Model], Model], model: type[Model]) -> None:
    before = list(model._base_manager.values())
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert client.post(reverse(f"{name}_add"), {}).status_code == 403
    assert client.post(reverse(f"{name}_change", args=[rows[model].pk]), {"name": "x"}).status_code == 403
    deleted = client.post(reverse(f"{name}_delete", args=[rows[model].pk]), {"post": "yes"})
    assert deleted.status_code == (302 if model is Authenticator else 403)
    bulk = {"action": "delete_selected", "_selected_action": rows[model].pk, "post": "yes"}
    client.post(reverse(f"{name}_changelist"), bulk)
    if model is not Authenticator:
        assert list(model._base_manager.values()) == before


def record_one() -> None:
    user = UserFactory()
    record_event(organization=MembershipFactory().organization, actor=user, action="x.done", summary="x")


def protect_one() -> None:
    Authenticator.objects.create(user=UserFactory(), type="totp", data={"secret": OTP_SECRET})


# What makes one row of each list, with rows of its own in the columns that name others.
MAKERS: dict[type[Model], Callable[[], object]] = {
    User: UserFactory,
    Organization: OrganizationFactory,
    Membership: MembershipFactory,
    AuditEvent: record_one,
    Product: ProductFactory,
    Endpoint: EndpointFactory,
    Plan: PlanFactory,
    Subscription: SubscriptionFactory,
    ApiKey: ApiKeyFactory,
    Authenticator: protect_one,
}


@pytest.mark.parametrize("model", MODELS)
def test_a_long_list_costs_no_more_queries(client: Client, model: type[Model]) -> None:
    def grow(number: int) -> None:
        for _ in range(number):
            MAKERS[model]()

    grow(FEW)
    page(client, model, "changelist")
    few = count_queries(lambda: page(client, model, "changelist"))
    grow(MANY - FEW)
    assert count_queries(lambda: page(client, model, "changelist")) == few


class TestSuspension:
    def act(self, client: Client, action: str, products: list[Product], reason: str) -> str:
        data = {"action": action, "reason": reason, "_selected_action": [product.pk for product in products]}
        response = client.post(reverse("admin:products_product_changelist"), data, follow=True)
        return response.content.decode()

    def test_staff_suspend_and_lift_with_a_reason(self, client: Client, staff: User) -> None:
        products = ProductFactory.create_batch(2)
        self.act(client, "suspend", products, "spam")
        assert set(Product.objects.values_list("status", flat=True)) == {"suspended"}
        events = AuditEvent.objects.filter(action="product.suspended", actor=staff)
        assert all("spam" in event.summary for event in events)
        assert events.count() == 2
        self.act(client, "lift_suspension", products[:1], "sorry")
        assert sorted(Product.objects.values_list("status", flat=True)) == ["draft", "suspended"]

    def test_without_a_reason_nothing_happens_and_it_is_said(self, client: Client) -> None:
        product = ProductFactory()
        assert "This cannot be empty." in self.act(client, "suspend", [product], "  ")
        product.refresh_from_db()
        assert product.status == "published"

    def test_staff_without_the_permission_may_not(self) -> None:
        reader = UserFactory(is_staff=True)
        reader.user_permissions.add(Permission.objects.get(codename="view_product"))
        client = Client()
        client.force_login(reader)
        product = ProductFactory()
        self.act(client, "suspend", [product], "spam")
        product.refresh_from_db()
        assert product.status == "published"


class TestUsers:
    def save(self, client: Client, user: User, **data: Any) -> None:
        inline = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
        client.post(reverse("admin:accounts_user_change", args=[user.pk]), {"name": user.name} | inline | data)
        user.refresh_from_db()

    def support(self) -> Client:
        """Staff who may change people, and are no superuser."""
        person = UserFactory(email="support@example.com", is_staff=True)
        person.user_permissions.add(*Permission.objects.filter(codename__in=["view_user", "change_user"]))
        client = Client()
        client.force_login(person)
        return client

    def test_people_are_deactivated(self, client: Client) -> None:
        user = UserFactory()
        self.save(client, user, name="Renamed")  # is_active is not ticked
        assert (user.name, user.is_active) == ("Renamed", False)

    def test_nobody_is_added_or_deleted(self, client: Client) -> None:
        user = UserFactory()
        assert client.get(reverse("admin:accounts_user_add")).status_code == 403
        assert client.post(reverse("admin:accounts_user_delete", args=[user.pk]), {"post": "yes"}).status_code == 403
        assert User.objects.filter(pk=user.pk).exists()

    def test_an_address_is_not_changed_here(self, client: Client) -> None:
        user = UserFactory(email="old@example.com")
        self.save(client, user, email="new@example.com", is_active="on")
        assert user.email == "old@example.com"

    def test_support_makes_nobody_staff_and_deactivates_no_superuser(self, staff: User) -> None:
        client, user = self.support(), UserFactory()
        self.save(client, user, is_active="on", is_staff="on", is_superuser="on", user_permissions=[1])
        assert (user.is_staff, user.is_superuser, user.user_permissions.count()) == (False, False, 0)
        me = User.objects.get(email="support@example.com")
        self.save(client, me, is_active="on", is_superuser="on")
        assert not me.is_superuser
        self.save(client, staff, name="x")
        assert staff.is_active
        self.save(client, user)
        assert not user.is_active

    def test_a_superuser_makes_staff(self, client: Client) -> None:
        user = UserFactory()
        self.save(client, user, is_active="on", is_staff="on")
        assert user.is_staff


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
