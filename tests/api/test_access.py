"""Who may ask: tokens, their scopes and states, organizations, and the other kinds of credentials."""

import datetime as dt
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import get_resolver

from apps.accounts.enums import Role, TokenScope
from apps.accounts.models import AccessToken, AuditEvent, Membership
from apps.accounts.services import create_access_token, remove_member, revoke_access_token
from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.api.client import Api
from tests.api.conformance import document
from tests.api.world import World, api_of
from tests.factories.accounts import AccessTokenFactory, MembershipFactory
from tests.factories.actors import make_actor

pytestmark = pytest.mark.django_db


def filled(path: str, world: World) -> str:
    """The path of an operation with ids of the creator's and the consumer's things."""
    return path.removeprefix("/api/v1").format(**world.ids)


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
        if {"accessToken": []} in operation["security"] and {} not in operation["security"]
    ]


def test_every_private_operation_wants_to_know_who_asks(world: World, settings: Any) -> None:
    settings.REST_RATE_ADDRESS = "1000000/m"  # as a stranger, all of them from one address
    for method, path, _operation in operations():
        assert Api()._send(method, filled(path, world), {}).code == "not_authenticated"


def test_a_stranger_finds_nothing_of_others(world: World) -> None:
    named = [(method, path, operation) for method, path, operation in operations() if "{" in path]
    assert len(named) > 50
    for method, path, operation in named:
        body = None
        if "requestBody" in operation:
            examples = operation["requestBody"]["content"]["application/json"].get("examples", {})
            body = examples.get("request", {}).get("value", {})
        answer = world.stranger.api._send(method, filled(path, world), body)
        # A body that lacks what is needed is refused before anything is looked up.
        assert answer.status in (404, 422), (method, path, answer.body)
        if answer.status == 404:
            assert answer.code == "not_found"


def test_an_operation_needs_its_scope_and_no_other(world: World) -> None:
    """With every scope but the one that covers it, an operation is refused before anything else."""
    for needed in {operation["x-scope"] for _method, _path, operation in operations() if "x-scope" in operation}:
        area = needed.partition(":")[0]
        kept = [s for s in TokenScope.values if s.partition(":")[0] != area]
        if needed.endswith(":write"):
            kept.append(f"{area}:read")
        api = api_of(world.creator.actor, *kept)
        for method, path, operation in operations():
            if operation.get("x-scope") == needed:
                assert api._send(method, filled(path, world), {}).code == "scope_missing", (method, path)


def test_to_write_includes_to_read(world: World) -> None:
    assert api_of(world.creator.actor, "products:write").get("/products").status == 200
    assert api_of(world.creator.actor, "products:read").get("/products").status == 200
    assert api_of(world.creator.actor, "plans:write").get("/products").code == "scope_missing"


class TestToken:
    def test_its_secret_is_stored_nowhere(self) -> None:
        actor = make_actor()
        token, secret = create_access_token(actor=actor, name="CI", scopes=["keys:read"])
        assert secret.startswith("af_pat_")
        row = AccessToken.objects.filter(pk=token.pk).values().get()
        assert not any(secret in str(value) or secret.encode() in bytes(str(value), "utf8") for value in row.values())
        assert secret not in str(AuditEvent.objects.values_list("summary", "data"))

    @pytest.mark.parametrize("scopes", [[], ["everything"], "keys:read", None, [None], ["keys:read", "x"]])
    def test_its_scopes_are_known_ones(self, scopes: Any) -> None:
        with pytest.raises(Invalid) as refused:
            create_access_token(actor=make_actor(), name="CI", scopes=scopes)
        assert refused.value.field == "scopes"

    def test_it_expires_in_the_future(self) -> None:
        for at in (clock.now(), dt.datetime(2090, 1, 1)):  # noqa: DTZ001 - without a zone
            with pytest.raises(Invalid):
                create_access_token(actor=make_actor(), name="CI", scopes=["keys:read"], expires_at=at)

    def test_a_person_has_50_at_most(self) -> None:
        actor = make_actor()
        AccessTokenFactory.create_batch(50, user=actor.user, organization=actor.organization)
        with pytest.raises(Conflict):
            create_access_token(actor=actor, name="CI", scopes=["keys:read"])

    def test_it_makes_none_that_may_do_more_or_works_longer(self, world: World) -> None:
        actor, hour = world.creator.actor, dt.timedelta(hours=1)
        ends = clock.now() + hour
        _token, secret = create_access_token(
            actor=actor, name="CI", scopes=["tokens:write", "keys:read", "plans:write"], expires_at=ends
        )
        api = Api(secret)
        for scope in ("keys:write", "usage:read", "billing:write"):
            refused = api.post("/tokens", {"name": "more", "scopes": ["keys:read", scope]})
            assert (refused.status, refused.code) == (403, "not_allowed")
        body = {"name": "longer", "scopes": ["keys:read"], "expires_at": (ends + hour).isoformat()}
        assert api.post("/tokens", body).body["error"]["details"]["field"] == "expires_at"
        made = api.post("/tokens", {"name": "less", "scopes": ["keys:read", "plans:read", "tokens:read"]})
        assert (made.status, dt.datetime.fromisoformat(made.data["token"]["expires_at"])) == (201, ends)
        less = Api(made.data["secret"])
        assert less.get("/tokens").data[0]["id"] == made.data["token"]["id"]
        assert less.post("/tokens", body).code == "scope_missing"
        assert api.post(f"/tokens/{made.data['token']['id']}/revoke").data["revoked_at"]
        assert less.get("/tokens").code == "token_revoked"
        assert not AccessToken.objects.filter(name__in=["more", "longer"]).exists()

    def test_only_its_person_and_who_manages_members_revoke_it(self) -> None:
        owner = make_actor()
        developer = make_actor(owner.organization, Role.DEVELOPER)
        other = make_actor(owner.organization, Role.DEVELOPER)
        token, _secret = create_access_token(actor=developer, name="CI", scopes=["keys:read"])
        with pytest.raises(NotAllowed):
            revoke_access_token(actor=other, token=token)
        with pytest.raises(NotFound):
            revoke_access_token(actor=make_actor(), token=token)
        assert revoke_access_token(actor=developer, token=token).revoked_at
        assert revoke_access_token(actor=owner, token=token).revoked_at

    @pytest.mark.parametrize(
        ("ending", "code"),
        [("revoked_at", "token_revoked"), ("expires_at", "token_expired"), ("user", "token_invalid")],
    )
    def test_one_that_is_over_is_refused(self, world: World, ending: str, code: str) -> None:
        api = world.creator.api
        assert api.get("/me").status == 200
        if ending == "user":
            world.creator.actor.user.is_active = False
            world.creator.actor.user.save()
        else:
            AccessToken.objects.filter(user=world.creator.actor.user).update(**{ending: clock.now()})
        answer = api.get("/me")
        assert (answer.status, answer.code) == (401, code)
        assert answer.response["WWW-Authenticate"] == "Bearer"

    @pytest.mark.parametrize("secret", ["af_pat_", "af_pat_x", "af_pat_" + "0" * 38, "x", "a.b.c", "é", "\x00"])
    def test_what_is_none_is_refused(self, db: None, secret: str) -> None:
        assert Api(secret).get("/me").code in ("token_invalid", "not_authenticated")

    def test_it_can_do_no_more_than_its_person_now(self, world: World) -> None:
        actor = make_actor(world.creator.actor.organization, Role.ADMIN)
        api = api_of(actor)
        assert api.patch(world.product_path, {"tagline": "One"}).status == 200
        Membership.objects.filter(user=actor.user, organization=actor.organization).update(role=Role.VIEWER)
        assert api.patch(world.product_path, {"tagline": "Two"}).code == "not_allowed"
        assert api.get(world.product_path).data["tagline"] == "One"

    def test_it_ends_with_the_membership_for_good(self, world: World) -> None:
        actor = make_actor(world.creator.actor.organization, Role.DEVELOPER)
        api = api_of(actor)
        member = Membership.objects.get(user=actor.user, organization=actor.organization)
        remove_member(actor=world.creator.actor, member_id=member.pk)
        assert api.get("/products").code == "token_revoked"
        MembershipFactory(organization=actor.organization, user=actor.user, role=Role.DEVELOPER)
        assert api.get("/products").code == "token_revoked"

    def test_it_acts_for_its_organization_alone(self, world: World) -> None:
        elsewhere = MembershipFactory(user=world.creator.actor.user).organization
        api = world.creator.api
        assert api.get("/me").data["token"]["organization"] == world.creator.actor.organization.slug
        assert [one["slug"] for one in api.get("/organizations").data] == [world.creator.actor.organization.slug]
        api.headers["X-Organization"] = world.creator.actor.organization.public_id
        assert api.get("/products").status == 200
        api.headers["X-Organization"] = elsewhere.slug
        assert api.get("/products").code == "not_found"

    def test_its_use_is_noted_once_a_minute(self, world: World) -> None:
        api = world.creator.api
        api.get("/me")
        row = AccessToken.objects.filter(user=world.creator.actor.user)
        first = row.get().last_used_at
        api.get("/me")
        assert first is not None
        assert row.get().last_used_at == first
        row.update(last_used_at=first - dt.timedelta(minutes=2))
        api.get("/me")
        assert row.get().last_used_at >= first


class TestOtherCredentials:
    def test_the_portal_session_names_its_organization_and_proves_a_write(self, world: World) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(world.creator.actor.user)
        api = Api(client=client)
        assert api.get("/me").data["token"] is None
        assert api.get("/products").code == "organization_missing"
        api.headers["X-Organization"] = world.consumer.actor.organization.slug
        assert api.get("/products").code == "not_found"
        api.headers["X-Organization"] = world.creator.actor.organization.slug
        assert api.get("/products").status == 200
        api.headers["X-Organization"] = world.creator.actor.organization.public_id
        assert api.get("/products").status == 200
        assert world.creator.api.get("/products").data == api.get("/products").data
        assert api.post("/products", {}).status == 403
        api.headers["X-Organization"] = world.consumer.actor.organization.public_id
        assert api.get("/products").code == "not_found"

    def test_a_sign_in_without_the_portal_gives_a_session_token_and_a_jwt(self, world: World) -> None:
        user = world.creator.actor.user
        user.set_password("a-long-password")
        user.save()
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        client = Client()
        signed_in = client.post(
            "/_allauth/app/v1/auth/login",
            {"email": user.email, "password": "a-long-password"},
            content_type="application/json",
        )
        assert signed_in.status_code == 200, signed_in.content
        meta = signed_in.json()["meta"]
        organization = {"X-Organization": world.creator.actor.organization.slug}
        by_session = Api(headers=organization | {"X-Session-Token": meta["session_token"]})
        by_jwt = Api(meta["access_token"], headers=organization)
        for api in (by_session, by_jwt):
            assert api.get("/products").status == 200
        Client().delete("/_allauth/app/v1/auth/session", headers={"X-Session-Token": meta["session_token"]})
        for api in (by_session, by_jwt):
            assert api.get("/products").code == "token_invalid"

    @pytest.mark.parametrize("token", ["x", "", "a" * 500, "é", "0" * 32])
    def test_a_session_that_is_none_is_refused(self, db: None, token: str) -> None:
        assert Api(headers={"X-Session-Token": token}).get("/me").status == 401


class TestLimit:
    def test_each_token_has_its_own(self, world: World, settings: Any) -> None:
        settings.REST_RATE_CALLER = "3/m"
        statuses = [world.creator.api.get("/me").status for _ in range(8)]
        assert statuses.count(429) >= 2  # a window may end in between
        while (answer := world.creator.api.get("/me")).status == 200:
            continue
        assert answer.code == "rate_limited"
        assert 1 <= int(answer.response["Retry-After"]) <= 60
        assert world.consumer.api.get("/me").status == 200

    def test_strangers_share_that_of_their_address(self, world: World, settings: Any) -> None:
        settings.REST_RATE_ADDRESS = "2/m"
        assert 429 in [Api().get("/catalog/categories").status for _ in range(6)]


def test_every_address_of_the_api_is_in_the_document() -> None:
    described = {path.replace("{", "<str:").replace("}", ">").lstrip("/") for path in document()["paths"]}
    own = {"api/v1/openapi.json", "api/v1/docs", "api/v1/redoc"}
    assert described == {route for route in _routes() if route.startswith("api/v1/")} - own


def _routes(patterns: Any = None, before: str = "") -> list[str]:
    found = []
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        route = before + str(pattern.pattern)
        found += _routes(pattern.url_patterns, route) if hasattr(pattern, "url_patterns") else [route]
    return found
