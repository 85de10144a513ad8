"""The product beside a fake Stripe server."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
import stripe

from apps.payments.providers.stripe import client as client_module
from apps.payments.providers.stripe.client import client
from tests.fakes.stripe import FakeStripe
from tests.fakes.stripe.server import Exchange


@contextmanager
def beside_stripe(patch: pytest.MonkeyPatch, settings: object, **options: object) -> Iterator[FakeStripe]:
    """Our provider and dj-stripe ask this server, whose clock goes on a second with each request."""
    with FakeStripe(**options) as fake:  # type: ignore[arg-type]

        def tick(exchange: Exchange) -> None:
            fake.world.offset += 1

        fake.server.observers.append(tick)
        settings.STRIPE_API_URL = fake.url  # type: ignore[attr-defined]
        patch.setattr(stripe, "api_base", fake.url)
        # The library asks no second time by itself: one fault is one answer that is lost.
        patch.setattr(client_module, "RETRIES", 0)
        yield fake


def saved_card(name: str, *, organization: str = "org_test") -> str:
    """The token of a card of the fake server (`tests.fakes.stripe.cards`): of a customer, or else for one use."""
    method = client().v1.payment_methods.create({"type": "card", "card": {"token": f"tok_{name}"}})
    customer = client().v1.customers.create({"metadata": {"organization": organization}})
    try:
        client().v1.payment_methods.attach(method.id, {"customer": customer.id})
    except stripe.CardError:
        return f"/{method.id}"
    return f"{customer.id}/{method.id}"


def answer_page(url: str, **form: str) -> str:
    """Send the form of a page that Stripe hosts; the address that it leads to."""
    answer = requests.post(url, data=form, allow_redirects=False, timeout=10)
    assert answer.status_code == 303, re.sub("<[^>]+>", " ", answer.text)
    return str(answer.headers["Location"])
