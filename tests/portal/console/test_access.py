"""Which member may open and do what below `/o/<organization>/`. Who is none gets nowhere: see `tests/access`."""

import pytest
from django.test import Client

from apps.accounts.enums import Role
from apps.keys.models import ApiKey
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from tests.factories.accounts import UserFactory
from tests.portal.console.world import World, make_world, routes
from tests.portal.support import HOSTILE_SEGMENTS

pytestmark = pytest.mark.django_db

# Those that change something; all others are pages to read.
DEEDS = {
    "key-create",
    "key-change",
    "key-revoke",
    "key-rotate",
    "key-signing-secret",
    "subscription-cancel",
    "subscription-overage",
}
PAGES = [name for name, _parameters in routes() if name not in DEEDS]
OBJECTS = [(name, parameter) for name, parameters in routes() for parameter in sorted({*parameters} - {"organization"})]


@pytest.fixture
def other() -> World:
    return make_world("Other")


def test_every_page_is_known_to_these_tests() -> None:
    assert len(PAGES) >= 10
    assert {name for name, _parameters in routes()} >= DEEDS


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("role", Role)
def test_every_member_may_read(client: Client, acme: World, name: str, role: str) -> None:
    client.force_login(acme.members[role])
    assert client.get(acme.url(name)).status_code == 200


@pytest.mark.parametrize(("name", "parameter"), [*OBJECTS, ("dashboard", "organization")])
def test_any_address_is_answered_with_not_found(client: Client, acme: World, name: str, parameter: str) -> None:
    client.force_login(acme.owner)
    placeholder = "placeholder"
    template = acme.url(name, **{parameter: placeholder})
    for value in HOSTILE_SEGMENTS:
        url = template.replace(placeholder, value)
        response = client.post(url, deed(acme)) if name in DEEDS else client.get(url)
        assert response.status_code == 404, value


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("key-create", {Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
        ("key-change", {Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
        ("key-revoke", {Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
        ("key-signing-secret", {Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
        ("key-rotate", {Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
        ("subscription-cancel", {Role.OWNER, Role.ADMIN}),
        ("subscription-overage", {Role.OWNER, Role.ADMIN}),
    ],
)
@pytest.mark.parametrize("role", Role)
def test_a_deed_is_done_only_for_roles_that_may(
    client: Client, acme: World, name: str, allowed: set[str], role: str
) -> None:
    client.force_login(acme.members[role])
    response = client.post(acme.url(name), deed(acme))
    if role in allowed:
        assert response.status_code in ({200} if name == "key-signing-secret" else {201, 302})
    else:
        assert response.status_code in (403, 422)
        assert_unchanged(acme)


@pytest.mark.parametrize(
    ("page", "words", "allowed"),
    [
        ("subscription-keys", "Create key", {Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
        ("key", "Rotate key", {Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
        ("key", "Save key", {Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
        ("subscription-keys", "Revoke", {Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
        ("subscription-manage", "Cancel subscription", {Role.OWNER, Role.ADMIN}),
    ],
)
@pytest.mark.parametrize("role", Role)
def test_buttons_are_shown_only_to_roles_that_may(
    client: Client, acme: World, page: str, words: str, allowed: set[str], role: str
) -> None:
    client.force_login(acme.members[role])
    assert (words in client.get(acme.url(page)).content.decode()) == (role in allowed)


@pytest.mark.parametrize("name", sorted(DEEDS))
def test_deeds_want_a_form_of_ours(acme: World, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(acme.owner)
    assert client.post(acme.url(name), deed(acme)).status_code == 403
    assert client.get(acme.url(name)).status_code == 405
    assert_unchanged(acme)


def test_a_person_without_the_organization_cannot_tell_that_it_exists(client: Client, acme: World) -> None:
    client.force_login(UserFactory())
    existing = client.get(acme.url("dashboard"))
    missing = client.get(acme.url("dashboard", organization="no-such-organization"))
    assert (existing.status_code, missing.status_code) == (404, 404)


def deed(world: World) -> dict[str, str]:
    """What every form of the console wants."""
    return {"name": "new key", "overlap": "0", "confirm": world.subscription.product.name}


def assert_unchanged(world: World) -> None:
    key = ApiKey.objects.get(subscription=world.subscription)
    assert (key.revoked_at, key.expires_at, key.name) == (None, None, "production")
    assert Subscription.objects.get(pk=world.subscription.pk).status == SubscriptionStatus.ACTIVE
