"""`load_demo`: everything through the services, a second load changes nothing, the file holds what works."""

import json
import stat
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django.utils import timezone

from apps.accounts.models import AuditEvent, Membership, User
from apps.accounts.selectors import get_actor
from apps.demo.fixtures import Marketplace
from apps.keys import secret
from apps.keys.models import ApiKey
from apps.keys.services import revoke_key
from apps.plans.enums import PlanVisibility
from apps.products.models import Endpoint, Product
from apps.products.services import update_product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.services import cancel_subscription
from tests.demo.loading import MOVED, Demo, all_rows, loaded_demo
from tests.processes import Server

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def module_demo(
    tmp_path_factory: pytest.TempPathFactory, httpbin_server: Server, django_db_setup: None, django_db_blocker
) -> Iterator[Demo]:
    with django_db_blocker.unblock(), loaded_demo(tmp_path_factory.mktemp("demo"), httpbin_server) as demo:
        yield demo


@pytest.fixture
def demo(module_demo: Demo) -> Iterator[Demo]:
    """The loaded demo; what the test changes, in the database and in the file, is undone."""
    file = module_demo.file.read_text()
    yield module_demo
    module_demo.file.write_text(file)


def test_a_second_load_changes_nothing_and_says_so(demo: Demo) -> None:
    rows, content = all_rows(), demo.content()
    assert demo.load() == 0
    assert demo.said == []
    assert all_rows() == rows
    assert demo.content() == content

    told = StringIO()
    call_command("load_demo", stdout=told)
    assert "nothing changed" in told.getvalue()


def test_the_file_has_its_shape_and_is_private(demo: Demo, marketplace: Marketplace) -> None:
    content = demo.content()
    assert set(content) == {"web_url", "gateway_url", "users", "api_keys"}
    assert (content["web_url"], content["gateway_url"]) == (settings.WEB_URL, settings.GATEWAY_URL)
    assert [user["email"] for user in content["users"]] == [person.email for person in marketplace.people]
    assert {user["role"] for user in content["users"]} == {"creator", "consumer", "creator and consumer", "staff"}
    assert all(set(user) == {"email", "password", "role"} for user in content["users"])
    assert all(set(key) == {"product", "plan", "key", "path"} for key in content["api_keys"])
    assert stat.S_IMODE(demo.file.stat().st_mode) == 0o600
    assert [path.name for path in demo.folder.iterdir()] == ["demo.json"]


def test_everybody_can_sign_in(demo: Demo, client: Client) -> None:
    for user in demo.content()["users"]:
        stored = User.objects.get(email=user["email"])
        assert check_password(user["password"], stored.password)
        assert EmailAddress.objects.get(user=stored).verified
        assert stored.email.endswith("@example.com")
        assert (stored.is_staff, stored.is_superuser) == ((user["role"] == "staff",) * 2)
    assert client.login(username=user["email"], password=user["password"])


def test_the_password_differs_from_one_installation_to_the_next(demo: Demo, tmp_path: Path) -> None:
    password = demo.content()["users"][0]["password"]
    User.objects.update(password="!")
    with override_settings(LOCAL_DIR=tmp_path):
        demo.load()
    assert json.loads((tmp_path / "demo.json").read_text())["users"][0]["password"] != password
    assert len(password) >= 12


def test_every_key_works_for_its_path(demo: Demo) -> None:
    keys = demo.content()["api_keys"]
    assert (keys[0]["product"], keys[0]["plan"]) == ("weather", "free")
    assert {(key["product"], key["plan"]) for key in keys} >= {
        ("weather", "pro"),
        ("weather", "enterprise"),
        ("httpbin", "free"),
    }
    for key in keys:
        assert secret.is_well_formed(key["key"])
        stored = ApiKey.objects.get(digest=secret.digest(key["key"]))
        subscription = stored.subscription
        assert not stored.is_revoked
        assert stored.expires_at is None
        assert subscription.status == SubscriptionStatus.ACTIVE
        assert (subscription.product.slug, subscription.plan.slug) == (key["product"], key["plan"])
        path = key["path"].removeprefix(f"/{key['product']}").split("?")[0]
        endpoint = Endpoint.objects.get(product=subscription.product, method="GET", path=path)
        assert endpoint.tier.rank <= subscription.plan.tier.rank


def test_weather_opens_one_more_endpoint_with_each_tier(demo: Demo) -> None:
    weather = Product.objects.get(slug="weather")
    tiers = {endpoint.path: endpoint.tier.slug for endpoint in weather.endpoints.all()}
    assert tiers == {"/current-weather": "free", "/forecast": "pro", "/historical-data": "enterprise"}
    public = weather.plans.on_sale().filter(visibility=PlanVisibility.PUBLIC)
    assert [(plan.tier.slug, plan.price_amount) for plan in public] == [
        ("free", 0), ("pro", 2900), ("enterprise", 19900),
    ]  # fmt: skip
    assert weather.endpoints.get(path="/historical-data").weight == 5


def test_products_are_published_and_everything_is_audited(demo: Demo, marketplace: Marketplace) -> None:
    for fixture in marketplace.products:
        product = Product.objects.listed().get(slug=fixture.slug)
        assert product.upstream_url == demo.backends[fixture.backend]
        assert product.category is not None
        assert product.logo.size > 500
        assert {str(endpoint) for endpoint in product.endpoints.current()} >= {each.name for each in fixture.endpoints}
        assert product.plans.on_sale().count() >= max(1, len(fixture.plans))
        assert product.changelog.filter(announced_at__isnull=False).count() == len(fixture.changelog) > 0
        actions = set(AuditEvent.objects.filter(organization=product.organization).values_list("action", flat=True))
        assert {"product.created", "plan.published", "product.published", "support.added", "faq.added"} <= actions
    for subscription in Subscription.objects.all():
        assert subscription.changes.get(kind="started").occurred_at == subscription.created_at
    assert not AuditEvent.objects.filter(occurred_at__gt=timezone.now()).exists()


def test_httpbin_is_what_its_document_says(demo: Demo) -> None:
    httpbin = Product.objects.get(slug="httpbin")
    imported = httpbin.imports.get()
    assert (imported.source, imported.origin) == ("url", f"{demo.backends['httpbin']}/spec.json")
    assert imported.applied_at is not None
    tiers = Counter(httpbin.endpoints.current().values_list("tier__slug", flat=True))
    assert (tiers["free"], tiers["pro"]) == (12, sum(tiers.values()) - 12)
    assert tiers["pro"] > 50


def test_somebody_is_both_creator_and_consumer(demo: Demo) -> None:
    grace = User.objects.get(email="grace@example.com")
    assert Product.objects.filter(organization__members=grace).exists()
    assert Subscription.objects.filter(organization__members=grace).exists()


def test_backends_on_other_ports_are_followed(demo: Demo) -> None:
    weather = Product.objects.get(slug="weather")
    actor = get_actor(user=User.objects.get(email="alice@example.com"), organization_slug="skyline-weather")
    update_product(actor=actor, product=weather, name="Weather 2", upstream_url=weather.upstream_url, tagline="New")
    with override_settings(DEMO_BACKENDS=demo.backends | {"weather": f"http://{MOVED}/"}):
        assert demo.load() == 1
        weather.refresh_from_db()
        assert weather.upstream_url == weather.test_upstream_url == f"http://{MOVED}"
        assert (weather.name, weather.tagline) == ("Weather 2", "New")
        assert demo.load() == 0
    assert Product.objects.get(slug="httpbin").upstream_url == demo.backends["httpbin"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"weather": ""}, "WEATHER_URL"), ({"weather": "http://127.0.0.1:9999"}, "UPSTREAM_ALLOW")],
)
def test_a_backend_that_may_not_be_is_said_and_nothing_is_changed(
    demo: Demo, changed: dict[str, str], says: str
) -> None:
    rows = all_rows()
    with override_settings(DEMO_BACKENDS=demo.backends | changed), pytest.raises(CommandError, match=says):
        call_command("load_demo", stdout=StringIO())
    assert all_rows() == rows


def test_a_product_that_is_somebody_elses_by_now_is_left_alone(demo: Demo) -> None:
    stranger = User.objects.create_user("stranger@example.net")
    organization = Membership.objects.get(user=stranger).organization_id
    Product.objects.filter(slug="hello").update(organization=organization, upstream_url="https://hello.example")
    assert demo.load() == 0
    assert Product.objects.get(slug="hello").upstream_url == "https://hello.example"


def test_a_lost_file_is_written_anew_with_new_secrets(demo: Demo) -> None:
    before = demo.content()
    demo.file.unlink()
    demo.load()
    after = demo.content()
    assert {key["key"] for key in after["api_keys"]}.isdisjoint(key["key"] for key in before["api_keys"])
    for key in after["api_keys"]:
        assert not ApiKey.objects.get(digest=secret.digest(key["key"])).is_revoked
    for user in after["users"]:
        assert check_password(user["password"], User.objects.get(email=user["email"]).password)
    assert demo.load() == 0
    assert demo.content() == after


@pytest.mark.parametrize("text", ["", "{", "[]", '{"users": [{}], "api_keys": []}', "\x00"])
def test_a_file_that_cannot_be_read_counts_as_lost(demo: Demo, text: str) -> None:
    demo.file.write_text(text)
    demo.load()
    assert len(demo.content()["users"]) == User.objects.count()
    assert demo.load() == 0


def test_a_revoked_key_is_replaced_and_the_others_stay(demo: Demo) -> None:
    before = [key["key"] for key in demo.content()["api_keys"]]
    key = ApiKey.objects.get(digest=secret.digest(before[0]))
    revoke_key(actor=_owner(key.subscription), key=key)
    assert demo.load() == 1
    after = [key["key"] for key in demo.content()["api_keys"]]
    assert after[0] not in before
    assert after[1:] == before[1:]


def test_a_canceled_subscription_stays_canceled(demo: Demo) -> None:
    subscription = Subscription.objects.get(organization__slug="meridian-logistics", product__slug="weather")
    cancel_subscription(actor=_owner(subscription), subscription=subscription)
    count = Subscription.objects.count()
    assert demo.load() == 0
    assert Subscription.objects.count() == count
    assert all(key["plan"] != "enterprise" for key in demo.content()["api_keys"])


def _owner(subscription: Subscription):
    owner = subscription.organization.memberships.get(role="owner").user
    return get_actor(user=owner, organization_slug=subscription.organization.slug)
