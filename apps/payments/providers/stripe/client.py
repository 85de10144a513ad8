"""The connection to Stripe: one pinned version of its API, and its errors in the words of the port."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import stripe
from django.conf import settings

from apps.payments.errors import ProviderUnavailable

# Answers to a key are asked for again by `settle_payments` and its like, so that nobody waits here for long.
RETRIES = 1
TIMEOUT_SECONDS = 20

logger = logging.getLogger(__name__)


def client() -> stripe.StripeClient:
    """The client of this installation's key."""
    return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL)


@cache
def _client(key: str, url: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=settings.STRIPE_API_VERSION,
        base_addresses={"api": url} if url else {},
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
    )


@contextmanager
def asking(idempotency_key: str = "") -> Iterator[None]:
    """Stripe's errors as those of the port; a declined card and a refused request are the caller's to read.

    Keys and rights that Stripe does not accept are a fault of this installation, not of what is asked: the answer is
    not known until they are put right.
    """
    try:
        yield
    except stripe.IdempotencyError as error:
        raise ValueError(f"the key {idempotency_key} was used for another request") from error
    except (stripe.CardError, stripe.InvalidRequestError):
        raise
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        logger.error("Stripe refuses this installation: %s", error)
        raise ProviderUnavailable from error
    except stripe.StripeError as error:
        raise ProviderUnavailable from error


def was_replayed(error: stripe.StripeError) -> bool:
    """Whether this is the answer that Stripe keeps for a key, so that asking again brings no other."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return headers.get("idempotent-replayed") == "true"
