"""What the address for Stripe's events takes in, and what it refuses."""

import json
import time
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client

from apps.payments.models import ProviderEvent, StripeAccount
from apps.payments.providers.stripe.signatures import TOLERANCE_SECONDS, SignatureRefused, verify
from apps.payments.views import BODY_MAX
from tests.fakes.stripe.delivery import signature

URL = "/api/stripe/webhook"
OLD, NEW = configured.STRIPE_WEBHOOK_SECRETS


@pytest.fixture(autouse=True)
def _nothing_is_processed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What becomes of events is tested with a server to ask."""
    monkeypatch.setattr("apps.payments.services.inbox.enqueue", lambda name: None)


def event(**changed: Any) -> dict[str, Any]:
    known = {"id": "evt_1", "object": "event", "type": "charge.succeeded", "livemode": False, "created": 1}
    return {**known, "data": {"object": {"id": "ch_1", "object": "charge"}}, **changed}


def post(body: bytes, header: str | None) -> Any:
    headers = {} if header is None else {"Stripe-Signature": header}
    # CSRF is enforced, and no cookie comes along.
    return Client(enforce_csrf_checks=True).post(URL, body, content_type="application/json", headers=headers)


def signed(body: bytes, *secrets: str, at: float | None = None) -> str:
    return signature(body, list(secrets) or [NEW], int(time.time() if at is None else at))


BODY = json.dumps(event()).encode()


@pytest.mark.django_db
@pytest.mark.parametrize("secrets", [(NEW,), (OLD,), ("whsec_wrong", NEW), (OLD, NEW)])
def test_an_event_that_any_of_our_secrets_signs_is_stored(secrets: tuple[str, ...]) -> None:
    assert post(BODY, signed(BODY, *secrets)).status_code == 200
    stored = ProviderEvent.objects.get()
    assert (stored.provider, stored.event_id, stored.kind, stored.payload) == (
        "stripe",
        "evt_1",
        "charge.succeeded",
        event(),
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("v1=abc", id="no time"),
        pytest.param(f"t={int(time.time())}", id="no v1"),
        pytest.param(signed(BODY, "whsec_wrong"), id="wrong secret"),
        pytest.param(signed(BODY).replace("v1=", "v0="), id="v0 only"),
        pytest.param(signed(BODY, at=time.time() - TOLERANCE_SECONDS - 60), id="old"),
        pytest.param(signed(BODY, at=time.time() + 10 * TOLERANCE_SECONDS), id="future"),
        pytest.param(signed(BODY).replace("t=", "t=0x"), id="no number"),
        pytest.param(signed(BODY) + ",t=1", id="two times"),
        pytest.param(signed(json.dumps(event(), indent=2).encode()), id="serialised again"),
    ],
)
def test_what_is_not_signed_by_stripe_now_is_refused(header: str | None) -> None:
    assert post(BODY, header).status_code == 400
    assert not ProviderEvent.objects.exists()


@pytest.mark.django_db
def test_a_body_that_was_changed_is_refused() -> None:
    changed = BODY.replace(b"ch_1", b"ch_2")
    assert post(changed, signed(BODY)).status_code == 400
    assert post(changed, signed(changed)).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"nothing", b'{"object": "event"}', json.dumps(event(object="charge")).encode()]
)
def test_what_is_not_an_event_is_refused(body: bytes) -> None:
    assert post(body, signed(body)).status_code == 400
    assert not ProviderEvent.objects.exists()


@pytest.mark.django_db
def test_a_body_beyond_the_limit_is_not_read_to_its_end() -> None:
    body = json.dumps(event(padding="x" * BODY_MAX)).encode()
    assert post(body, signed(body)).status_code == 413
    assert not ProviderEvent.objects.exists()


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "patch"])
def test_only_post(method: str) -> None:
    assert getattr(Client(), method)(URL).status_code == 405


def test_without_stripe_there_is_no_such_address(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert post(BODY, signed(BODY)).status_code == 404


@pytest.mark.django_db
def test_a_duplicate_is_accepted_and_stored_once() -> None:
    for _ in range(3):
        assert post(BODY, signed(BODY)).status_code == 200
    assert ProviderEvent.objects.count() == 1


@pytest.mark.django_db
def test_what_is_not_ours_is_ignored_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    StripeAccount.objects.create(organization="org_1", reference="acct_ours")
    for number, changed in enumerate([{"livemode": True}, {"account": "acct_of_others"}]):
        body = json.dumps(event(id=f"evt_{number}", **changed)).encode()
        answer = post(body, signed(body))
        assert (answer.status_code, answer.json()["ignored"]) == (200, True)
        assert f"evt_{number} is ignored" in caplog.text
    assert not ProviderEvent.objects.exists()
    body = json.dumps(event(account="acct_ours")).encode()
    assert post(body, signed(body)).json()["ignored"] is False
    assert ProviderEvent.objects.get().account == "acct_ours"


def test_a_signature_is_good_for_five_minutes_in_both_directions() -> None:
    header = signed(BODY, at=1_000_000)
    for apart in (-300, 0, 300):
        verify(BODY, header, [NEW], now=1_000_000 + apart)
    for apart in (-301, 301):
        with pytest.raises(SignatureRefused, match="not of now"):
            verify(BODY, header, [NEW], now=1_000_000 + apart)
