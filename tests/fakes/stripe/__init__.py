"""A Stripe to test against: its API over HTTP, with state, signed webhooks, hosted pages, and faults to switch on.

In a test: `with FakeStripe() as stripe:`; as a process: `python -m tests.fakes.stripe --port 12111`.
"""

from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.world import API_VERSION, PLATFORM

__all__ = ["API_VERSION", "PLATFORM", "FakeStripe"]
