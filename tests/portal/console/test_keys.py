"""Keys: the secret is shown once and kept nowhere; a revoked key says what it means."""

import datetime as dt
import re
import time
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import connection
from django.test import Client

from apps.core import clock
from apps.core.rest.idempotency import KEPT
from apps.keys import secret as key_secret
from apps.keys.models import ApiKey
from apps.keys.services import KEYS_MAX
from apps.subscriptions.enums import SubscriptionStatus
from tests.factories.keys import ApiKeyFactory
from tests.factories.products import EndpointFactory
from tests.factories.usage import store_calls
from tests.portal.console.world import World
from tests.portal.support import HOSTILE, Pairs, count_queries, pairings, text_of

pytestmark = pytest.mark.django_db

A_KEY = re.compile(r"af_(?:live|test)_[0-9A-Za-z]{38}")


def create(client: Client, world: World, **answer: str) -> "tuple[str, str]":
    """The page that answers the form, and the secret on it."""
    response = client.post(world.url("key-create"), {"name": "ci"} | answer)
    assert response.status_code == 201
    html = response.content.decode()
    assert re.search(r'aria-current="page"\s*>Keys<', html), "its tab stays the current one"
    found = A_KEY.search(html)
    assert found is not None
    return html, found[0]


class TestSecret:
    def test_is_the_key_that_works(self, client: Client, acme: World) -> None:
        _, secret = create(client, acme)
        key = ApiKey.objects.get(name="ci")
        assert key_secret.is_well_formed(secret)
        assert bytes(key.digest) == key_secret.digest(secret)
        assert key.subscription == acme.subscription

    def test_stands_once_to_be_copied_and_once_in_a_command_that_works(self, client: Client, acme: World) -> None:
        html, secret = create(client, acme)
        assert html.count(secret) == 2
        assert "data-key-reveal" in html
        assert f"Authorization: Bearer {secret}" in html
        assert f"/{acme.subscription.product.slug}/forecast" in html

    def test_is_in_no_later_page(self, client: Client, acme: World) -> None:
        _, secret = create(client, acme)
        for name in ("subscription-keys", "subscription", "subscription-manage", "dashboard", "subscription-requests"):
            assert secret not in client.get(acme.url(name)).content.decode()

    def test_is_kept_in_no_table(self, client: Client, acme: World) -> None:
        _, secret = create(client, acme)
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                query = f'SELECT count(*) FROM "{table}" row WHERE row::text LIKE %s'  # our own names
                cursor.execute(query, [f"%{secret[12:-4]}%"])
                assert cursor.fetchone() == (0,), table

    def test_is_not_in_the_session(self, client: Client, acme: World) -> None:
        _, secret = create(client, acme)
        assert all(secret not in str(session.get_decoded()) for session in Session.objects.all())
        assert secret not in str(dict(client.session))

    def test_stays_out_of_caches_and_of_the_history(self, client: Client, acme: World) -> None:
        response = client.post(acme.url("key-create"), {"name": "ci"})
        assert "no-store" in response.headers["Cache-Control"]
        assert 'hx-history="false"' in response.content.decode()
        assert "Location" not in response.headers

    def test_the_signing_secret_comes_along_where_calls_are_signed(self, client: Client, acme: World) -> None:
        html, _ = create(client, acme)
        assert "af_sign_" not in html
        assert "How your program signs a call" not in html
        acme.subscription.product.requires_signature = True
        acme.subscription.product.save()
        html, secret = create(client, acme, name="signed")
        key = ApiKey.objects.get(name="signed")
        signing_secret = key_secret.signing_secret(key.public_id)
        assert html.count(signing_secret) == 1
        assert f"<code>{key.public_id}</code>" in html
        assert "How your program signs a call" in html
        assert html.count(secret) == 1  # a command with the key alone would be refused
        assert signing_secret not in client.get(acme.url("subscription-keys")).content.decode()
        rotated = client.post(acme.url("key-rotate", key_id=key.public_id), {"overlap": "0"}).content.decode()
        assert key_secret.signing_secret(ApiKey.objects.get(rotated_from=key).public_id) in rotated
        assert signing_secret not in rotated

    def test_a_plan_without_endpoints_shows_the_key_alone(self, client: Client, acme: World) -> None:
        acme.endpoint.removed_at = clock.now()
        acme.endpoint.save()
        html, secret = create(client, acme)
        assert html.count(secret) == 1


class TestReload:
    """The page with the secret is the answer to a form: a reload sends the form again."""

    def form_id(self, client: Client, acme: World) -> str:
        found = re.search(r'name="form_id" value="([^"]+)"', client.get(acme.url("subscription-keys")).content.decode())
        assert found is not None
        return found[1]

    def test_makes_no_second_key_and_leads_to_the_list(self, client: Client, acme: World) -> None:
        form = {"form_id": self.form_id(client, acme)}
        _, secret = create(client, acme, **form)
        for name in ("ci", "another"):
            again = client.post(acme.url("key-create"), {"name": name} | form, follow=True)
            assert again.redirect_chain == [(acme.url("subscription-keys"), 302)]
            assert "The key “ci” was made already" in text_of(again)
            assert secret not in again.content.decode()
        assert ApiKey.objects.count() == 2  # the world's own, and this one
        create(client, acme, form_id=self.form_id(client, acme))
        assert ApiKey.objects.count() == 3

    def test_what_was_refused_can_be_sent_again(self, client: Client, acme: World) -> None:
        form = {"form_id": self.form_id(client, acme), "allowed_networks": "nowhere"}
        assert client.post(acme.url("key-create"), {"name": "ci"} | form).status_code == 422
        create(client, acme, form_id=form["form_id"])

    def test_a_form_that_is_older_than_what_is_remembered_makes_nothing(
        self, client: Client, acme: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        form_id = self.form_id(client, acme)
        later = time.time() + KEPT.total_seconds() + 60
        monkeypatch.setattr(signing.time, "time", lambda: later)
        response = client.post(acme.url("key-create"), {"name": "ci", "form_id": form_id})
        assert response.status_code == 422
        assert "more than a day old" in text_of(response)
        assert ApiKey.objects.count() == 1


class TestForm:
    def test_a_key_may_end_by_itself(self, client: Client, acme: World) -> None:
        create(client, acme, expires_in="30")
        expires_at = ApiKey.objects.get(name="ci").expires_at
        assert expires_at is not None
        assert abs(expires_at - clock.now() - dt.timedelta(days=30)) < dt.timedelta(minutes=5)

    @pytest.mark.parametrize("answer", [{"name": ""}, {"name": "x" * 61}, {"expires_in": "31"}, {"name": "a\x00b"}])
    def test_what_is_wrong_stands_at_the_form(self, client: Client, acme: World, answer: dict[str, str]) -> None:
        response = client.post(acme.url("key-create"), {"name": "ci"} | answer)
        assert response.status_code == 422
        assert "field-error" in response.content.decode()
        assert ApiKey.objects.count() == 1

    def test_a_key_may_be_restricted(self, client: Client, acme: World) -> None:
        lines = "203.0.113.7\r\n\r\n  2001:DB8::/32  \r\n"
        answer = {"name": "ci", "scopes": ["read"], "allowed_networks": lines}
        assert client.post(acme.url("key-create"), answer).status_code == 201
        key = ApiKey.objects.get(name="ci")
        assert (key.scopes, key.allowed_networks) == (["read"], ["203.0.113.7/32", "2001:db8::/32"])
        text = text_of(client.get(acme.url("subscription-keys")))
        assert "scopes: read" in text
        assert "only from 203.0.113.7/32, 2001:db8::/32" in text

    def test_restrictions_are_out_of_the_way(self, client: Client, acme: World) -> None:
        response = client.get(acme.url("subscription-keys"))
        assert re.search(r'<details class="disclosure"\s*>', response.content.decode())
        assert "scopes:" not in text_of(response)
        assert "only from" not in text_of(response)
        create(client, acme)
        key = ApiKey.objects.get(name="ci")
        assert (key.scopes, key.allowed_networks) == ([], [])

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            ({"scopes": ["admin"]}, "Select a valid choice"),
            ({"allowed_networks": "nowhere"}, "“nowhere” is neither an address nor a network"),
            ({"allowed_networks": "10.0.0.0/24\n" * 51}, "50 networks at most"),
        ],
    )
    def test_a_wrong_restriction_is_in_sight(
        self, client: Client, acme: World, answer: dict[str, Any], reason: str
    ) -> None:
        response = client.post(acme.url("key-create"), {"name": "ci"} | answer)
        assert response.status_code == 422
        assert '<details class="disclosure" open>' in response.content.decode()
        assert reason in text_of(response)
        assert ApiKey.objects.count() == 1

    def test_the_command_is_one_that_the_key_may_call(self, client: Client, acme: World) -> None:
        answer = {"name": "ci", "scopes": ["write"]}
        assert "Authorization: Bearer" not in client.post(acme.url("key-create"), answer).content.decode()
        EndpointFactory(tier=acme.subscription.plan.tier, method="POST", path="/reports")
        html = client.post(acme.url("key-create"), answer).content.decode()
        assert f"/{acme.subscription.product.slug}/reports" in html

    def test_too_many_keys_are_refused_with_the_reason(self, client: Client, acme: World) -> None:
        ApiKeyFactory.create_batch(KEYS_MAX - 1, subscription=acme.subscription)
        response = client.post(acme.url("key-create"), {"name": "ci"})
        assert response.status_code == 422
        assert f"{KEYS_MAX} working keys at most" in text_of(response)

    def test_a_canceled_subscription_has_no_form(self, client: Client, acme: World) -> None:
        acme.subscription.status = SubscriptionStatus.CANCELED
        acme.subscription.canceled_at = clock.now()
        acme.subscription.save()
        assert "Create key" not in text_of(client.get(acme.url("subscription-keys")))
        response = client.post(acme.url("key-create"), {"name": "ci"})
        assert response.status_code == 422
        assert ApiKey.objects.count() == 1

    @pairings
    def test_any_input_is_answered(self, client: Client, acme: World, pairs: Pairs) -> None:
        for field, value in pairs(("name", "expires_in", "scopes", "allowed_networks"), HOSTILE):
            answer = {"name": "ci", field: value}
            assert client.post(acme.url("key-create"), answer).status_code in (201, 422), (field, value)

    def test_any_number_of_a_page_is_answered(self, client: Client, acme: World) -> None:
        for value in HOSTILE:
            assert client.get(acme.url("subscription-keys"), {"page": value}).status_code == 200, value


class TestList:
    def test_shows_what_tells_keys_apart_and_not_more(self, client: Client, acme: World) -> None:
        text = text_of(client.get(acme.url("subscription-keys")))
        for piece in ("production", f"{acme.key.prefix}…{acme.key.last4}", "Active", "never"):
            assert piece in text

    def test_without_keys_says_what_to_do(self, client: Client, acme: World) -> None:
        ApiKey.objects.all().delete()
        assert "No keys yet" in text_of(client.get(acme.url("subscription-keys")))

    def test_tells_revoked_and_expired_keys_from_working_ones(self, client: Client, acme: World) -> None:
        ApiKeyFactory(subscription=acme.subscription, revoked_at=clock.now())
        ApiKeyFactory(subscription=acme.subscription, expires_at=clock.now() - dt.timedelta(days=1))
        text = text_of(client.get(acme.url("subscription-keys")))
        assert "Revoked" in text
        assert "Expired" in text

    def test_takes_as_many_queries_for_200_keys_as_for_10(self, client: Client, acme: World) -> None:
        def add(number: int) -> None:
            ApiKeyFactory.create_batch(number, subscription=acme.subscription, created_by=acme.owner)

        add(10)
        few = count_queries(client, acme.url("subscription-keys"))
        add(190)
        assert count_queries(client, acme.url("subscription-keys")) <= few  # no key that was used is on the first page


class TestRevoke:
    def test_names_the_key_and_the_consequence_first(self, client: Client, acme: World) -> None:
        text = text_of(client.get(acme.url("subscription-keys")))
        assert "Revoke “production”?" in text
        assert "are refused with 401 within seconds. A revoked key cannot be brought back." in text

    def test_ends_the_key_and_says_so(self, client: Client, acme: World) -> None:
        response = client.post(acme.url("key-revoke"), follow=True)
        acme.key.refresh_from_db()
        assert acme.key.revoked_at is not None
        assert "The key “production” is revoked" in text_of(response)


class TestDate:
    def test_a_key_works_until_the_end_of_the_day(self, client: Client, acme: World) -> None:
        day = clock.now().date() + dt.timedelta(days=3)
        create(client, acme, expires_in="date", expires_on=day.isoformat())
        end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)
        assert ApiKey.objects.get(name="ci").expires_at == end

    @pytest.mark.parametrize("day", ["", "2020-01-01", "9999-12-31", "tomorrow"])
    def test_another_date_is_refused(self, client: Client, acme: World, day: str) -> None:
        response = client.post(acme.url("key-create"), {"name": "ci", "expires_in": "date", "expires_on": day})
        assert response.status_code == 422
        html = response.content.decode()
        assert html.index('name="expires_on"') < html.index('<details class="disclosure"')  # not folded away


class TestMode:
    def test_is_asked_for(self, client: Client, acme: World) -> None:
        assert 'name="mode"' in client.get(acme.url("subscription-keys")).content.decode()
        _, secret = create(client, acme, name="tests", mode="test")
        assert secret.startswith("af_test_")
        assert "tests Test" in text_of(client.get(acme.url("subscription-keys")))


class TestPage:
    def test_says_what_the_key_is_and_how_it_is_used(self, client: Client, acme: World) -> None:
        text = text_of(client.get(acme.url("key")))
        for piece in (
            "production",
            str(acme.key),
            "1 call in the last 24 hours, 0 of them failed",
            "/forecast",
            "never",
        ):
            assert piece in text

    def test_shows_this_key_alone(self, client: Client, acme: World) -> None:
        other = EndpointFactory(tier=acme.subscription.plan.tier, path="/of-another-key")
        store_calls(ApiKeyFactory(subscription=acme.subscription), other, 5)
        assert "/of-another-key" not in text_of(client.get(acme.url("key")))

    def test_changes_name_and_networks(self, client: Client, acme: World) -> None:
        sent = {"name": "laptop", "allowed_networks": "192.0.2.1\n2001:db8::/32\n"}
        page = text_of(client.post(acme.url("key-change"), sent, follow=True))
        assert "The key “laptop” is saved." in page
        assert "192.0.2.1/32, 2001:db8::/32" in page
        for field, wrong in (("name", ""), ("allowed_networks", "192.0.2.1/24")):
            refused = client.post(acme.url("key-change"), sent | {field: wrong})
            assert refused.status_code == 422
            assert 'aria-invalid="true"' in refused.content.decode()
        acme.key.refresh_from_db()
        assert (acme.key.name, acme.key.allowed_networks) == ("laptop", ["192.0.2.1/32", "2001:db8::/32"])
        client.post(acme.url("key-change"), {"name": "laptop", "allowed_networks": ""})
        acme.key.refresh_from_db()
        assert acme.key.allowed_networks == []

    def test_rotates_and_shows_the_secret_once(self, client: Client, acme: World) -> None:
        assert "Rotate “production”?" in text_of(client.get(acme.url("key")))
        response = client.post(acme.url("key-rotate"), {"overlap": "24"})
        assert response.status_code == 201
        assert "no-store" in response.headers["Cache-Control"]
        found = A_KEY.search(response.content.decode())
        assert found is not None
        new = ApiKey.objects.get(rotated_from=acme.key)
        assert bytes(new.digest) == key_secret.digest(found[0])
        assert f"The old key {acme.key} ends in" in text_of(response)
        page = text_of(client.get(acme.url("key")))
        assert f"Its place is taken by {new}." in page
        assert "Rotate “production”?" not in page
        assert f"In the place of {acme.key}" in text_of(client.get(acme.url("key", key_id=new.public_id)))

    def test_says_why_it_cannot_be_rotated(self, client: Client, acme: World) -> None:
        for overlap in ("", "5", "x"):
            assert client.post(acme.url("key-rotate"), {"overlap": overlap}).status_code == 422
        acme.key.revoked_at = clock.now()
        acme.key.save()
        response = client.post(acme.url("key-rotate"), {"overlap": "0"})
        assert response.status_code == 422
        assert "This key is revoked, so it cannot be rotated." in text_of(response)

    @pairings
    def test_any_input_is_answered(self, client: Client, acme: World, pairs: Pairs) -> None:
        done = {"change": 302, "rotate": 201, "create": 201}
        fields = [
            ("change", "name"),
            ("change", "allowed_networks"),
            ("rotate", "overlap"),
            ("create", "expires_on"),
            ("create", "mode"),
        ]
        for (form, field), value in pairs(fields, HOSTILE):
            answer = {"name": "ci"} | ({"expires_in": "date"} if field == "expires_on" else {}) | {field: value}
            response = client.post(acme.url(f"key-{form}"), answer)
            assert response.status_code in (done[form], 422), (form, field, value)
