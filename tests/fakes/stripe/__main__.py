"""`python -m tests.fakes.stripe --port 12111 --webhook-url URL --webhook-secret whsec_…`: until it is told to stop."""

import argparse
from pathlib import Path

from config import env
from config.embedded.discovery import service_url
from tests.fakes.stripe.clock import SandboxClock
from tests.fakes.stripe.fake import FakeStripe


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.stripe", description="A fake Stripe server.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--webhook-url", default="", help="where all events are sent to")
    parser.add_argument("--webhook-secret", action="append", default=[], help="signs them; more than one: with each")
    parser.add_argument("--availability-days", type=int, default=0, help="days until a charge is available")
    parser.add_argument("--file", type=Path, help="keeps the state over a restart")
    parser.add_argument("--clock-of", type=Path, help="the local folder of a product whose sandbox clock is followed")
    given = parser.parse_args()
    fake = FakeStripe(
        port=given.port,
        webhook_url=given.webhook_url,
        webhook_secrets=tuple(given.webhook_secret),
        availability_days=given.availability_days,
        file=given.file,
    )
    if given.clock_of is not None:
        fake.world.ahead = SandboxClock(env.text("DATABASE_URL", "") or service_url(given.clock_of, "postgres"))
    fake.run()


main()
