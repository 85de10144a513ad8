"""Who may see and do what below studio and team: nobody from outside, members by their role."""

import re
from typing import Any

import pytest
from django.test import Client

from apps.accounts.enums import Role
from apps.accounts.permissions import Action, allows
from tests.portal.studio_world import World, routes, snapshot, world

pytestmark = pytest.mark.django_db

ROUTES = routes()
NAMES = [name for name, _ in ROUTES]
OF_AN_ORGANIZATION = [name for name, parameters in ROUTES if "organization" in parameters]
OF_A_PRODUCT = [name for name, parameters in ROUTES if "slug" in parameters]
OF_AN_OBJECT = [name for name, parameters in ROUTES if set(parameters) - {"organization", "slug"}]

# What a page asks of the role for a GET; pages that only act have none.
READS: dict[str, Action] = {
    "studio": Action.VIEW,
    "studio-product-new": Action.PRODUCTS_EDIT,
    "studio-product": Action.VIEW,
    "studio-endpoints": Action.VIEW,
    "studio-endpoint-new": Action.PRODUCTS_EDIT,
    "studio-endpoint": Action.PRODUCTS_EDIT,
    "studio-tiers": Action.VIEW,
    "studio-plans": Action.VIEW,
    "studio-plan-new": Action.PLANS_EDIT,
    "studio-plan": Action.PLANS_EDIT,
    "studio-consumers": Action.VIEW,
    "studio-consumer": Action.VIEW,
    "studio-usage": Action.VIEW,
    "studio-usage-csv": Action.VIEW,
    "studio-requests": Action.VIEW,
    "studio-request": Action.VIEW,
    "studio-settings": Action.VIEW,
    "members": Action.VIEW,
    "member": Action.VIEW,
    "audit": Action.AUDIT_VIEW,
    "settings": Action.VIEW,
}

PLAN_FORM = {
    "name": "Other",
    "tier": "",  # filled in by `posted`
    "price": "0",
    "quotas-TOTAL_FORMS": "0",
    "quotas-INITIAL_FORMS": "0",
    "rate_limits-TOTAL_FORMS": "0",
    "rate_limits-INITIAL_FORMS": "0",
}
# What a page asks of the role for a POST, and a body that it would carry out.
WRITES: dict[str, tuple[Action, dict[str, str]]] = {
    "studio-product-new": (
        Action.PRODUCTS_EDIT, {"name": "Maps", "slug": "maps-api", "upstream_url": "https://maps.example.com"}
    ),
    "studio-publish": (Action.PRODUCTS_PUBLISH, {}),
    "studio-unpublish": (Action.PRODUCTS_PUBLISH, {}),
    "studio-endpoint-new": (Action.PRODUCTS_EDIT, {"method": "GET", "path": "/new", "tier": "", "weight": "1"}),
    "studio-endpoint": (Action.PRODUCTS_EDIT, {"method": "PUT", "path": "/other", "tier": "", "weight": "2"}),
    "studio-endpoint-remove": (Action.PRODUCTS_EDIT, {}),
    "studio-tiers": (Action.PRODUCTS_EDIT, {"name": "Gold"}),
    "studio-tier-rename": (Action.PRODUCTS_EDIT, {"name": "Gold"}),
    "studio-tier-remove": (Action.PRODUCTS_EDIT, {}),
    "studio-plan-new": (Action.PLANS_EDIT, PLAN_FORM),
    "studio-plan": (Action.PLANS_EDIT, PLAN_FORM),
    "studio-plan-publish": (Action.PLANS_EDIT, {}),
    "studio-plan-withdraw": (Action.PLANS_EDIT, {}),
    "studio-consumer-pause": (Action.CONSUMERS_MANAGE, {}),
    "studio-consumer-resume": (Action.CONSUMERS_MANAGE, {}),
    "studio-consumer-reset": (Action.CONSUMERS_MANAGE, {}),
    "studio-settings": (
        Action.PRODUCTS_EDIT,
        {"name": "Other", "upstream_url": "https://b.example.com", "max_body_mib": "1", "timeout_seconds": "5"},
    ),
    "studio-secret": (Action.PRODUCTS_EDIT, {}),
    "studio-secret-rotate": (Action.PRODUCTS_EDIT, {"confirm": ""}),
    "members": (Action.MEMBERS_MANAGE, {"email": "new@example.com", "role": "viewer"}),
    "member-role": (Action.MEMBERS_MANAGE, {"role": "viewer"}),
    "member-remove": (Action.MEMBERS_MANAGE, {}),
    "invitation-withdraw": (Action.MEMBERS_MANAGE, {}),
    "settings": (Action.ORGANIZATION_MANAGE, {"name": "Other"}),
}  # fmt: skip


@pytest.fixture
def ours() -> World:
    return world()


def test_every_page_is_in_the_tables() -> None:
    """A new page is tested here, or this fails."""
    assert set(READS) | set(WRITES) == set(OF_AN_ORGANIZATION)


def posted(ours: World, name: str) -> dict[str, str]:
    """The body of a POST, with what only this world knows."""
    body = dict(WRITES[name][1]) if name in WRITES else {}
    if "tier" in body:
        body["tier"] = ours.tier.slug
    if "confirm" in body:
        body["confirm"] = ours.product.slug
    return body


def prepared(ours: World, name: str) -> dict[str, Any]:
    """Bring the world to where the action is possible; returns the ids that the address needs for it."""
    if name == "studio-publish":
        ours.product.status = "draft"
        ours.product.save()
    if name == "studio-plan-publish":
        return {"plan_id": ours.draft.public_id}
    if name == "studio-consumer-resume":
        ours.subscription.status = "paused"
        ours.subscription.save()
    if name == "member-remove":
        # By another than the member, who may always leave.
        return {"member_id": ours.organization.memberships.get(user=ours.members[Role.VIEWER]).pk}
    return {}


class TestOutside:
    @pytest.mark.parametrize("name", OF_AN_ORGANIZATION)
    def test_who_is_not_signed_in_is_asked_to(self, client: Client, ours: World, name: str) -> None:
        method = client.get if name in READS else client.post
        response = method(ours.url(name))
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/account/login/")

    @pytest.mark.parametrize("name", OF_AN_ORGANIZATION)
    def test_a_stranger_finds_nothing(self, ours: World, name: str) -> None:
        stranger, before = world().client(), snapshot()
        url = ours.url(name, **prepared(ours, name))
        before = snapshot()
        if name in READS:
            assert stranger.get(url).status_code == 404
        assert stranger.post(url, posted(ours, name)).status_code == (404 if name in WRITES else 405)
        assert snapshot() == before

    @pytest.mark.parametrize("name", OF_A_PRODUCT)
    def test_the_product_of_another_organization_is_not_found_under_ours(self, ours: World, name: str) -> None:
        theirs = world()
        url = theirs.url(name, organization=ours.organization.slug, **prepared(theirs, name))
        before = snapshot()
        if name in READS:
            assert ours.client().get(url).status_code == 404
        if name in WRITES:
            assert ours.client().post(url, posted(theirs, name)).status_code == 404
        assert snapshot() == before

    @pytest.mark.parametrize("name", OF_AN_OBJECT)
    def test_an_object_of_another_product_is_not_found_under_ours(self, ours: World, name: str) -> None:
        theirs = world()
        changed = {"organization": ours.organization.slug, "slug": ours.product.slug}
        url = theirs.url(name, **(prepared(theirs, name) | changed))
        before = snapshot()
        if name in READS:
            assert ours.client().get(url).status_code == 404
        if name in WRITES:
            assert ours.client().post(url, posted(ours, name)).status_code == 404
        assert snapshot() == before

    @pytest.mark.parametrize("name", sorted(set(WRITES) - set(READS)))
    def test_what_acts_is_not_done_by_a_link(self, ours: World, name: str) -> None:
        before = snapshot()
        assert ours.client().get(ours.url(name)).status_code == 405
        assert snapshot() == before


@pytest.mark.parametrize("role", Role.values)
class TestRoles:
    @pytest.mark.parametrize("name", READS)
    def test_a_page_opens_for_those_who_may(self, ours: World, name: str, role: str) -> None:
        response = ours.client(role).get(ours.url(name))
        assert response.status_code == (200 if allows(role, READS[name]) else 403)

    @pytest.mark.parametrize("name", WRITES)
    def test_an_action_is_carried_out_for_those_who_may(self, ours: World, name: str, role: str) -> None:
        url = ours.url(name, **prepared(ours, name))
        before = snapshot()
        response = ours.client(role).post(url, posted(ours, name))
        if allows(role, WRITES[name][0]):
            assert response.status_code == (200 if name == "studio-secret" else 302), response.content.decode()
            assert (snapshot() == before) == (name == "studio-secret")
        elif name == "member-remove" and role == Role.VIEWER:
            assert response.status_code == 302  # everybody may leave
        else:
            assert response.status_code == 403
            assert snapshot() == before

    def test_no_page_offers_what_the_role_may_not(self, ours: World, role: str) -> None:
        """Neither a link to a form nor a form or dialog that posts."""
        client = ours.client(role)
        refused = {
            ours.url(name)
            for name, action in [*READS.items(), *((name, action) for name, (action, _) in WRITES.items())]
            if not allows(role, action) and name != "member-remove"
        }
        refused -= {ours.url(name) for name, action in READS.items() if allows(role, action)}
        for name, action in READS.items():
            if allows(role, action) and name != "studio-usage-csv":
                content = client.get(ours.url(name)).content.decode()
                main = content[content.index("<main") :]
                offered = set(re.findall(r'(?:href|action)="([^"#?]*)', main))
                assert not offered & refused, f"{name} offers {offered & refused}"
