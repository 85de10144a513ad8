"""`python -m tests.fakes.stripe --port 12111 --webhook-url URL --webhook-secret whsec_…`: until it is told to stop."""

import argparse
from pathlib import Path

from tests.fakes.stripe.fake import FakeStripe


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.stripe", description="A fake Stripe server.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--webhook-url", default="", help="where all events are sent to")
    parser.add_argument("--webhook-secret", action="append", default=[], help="signs them; more than one: with each")
    parser.add_argument("--availability-days", type=int, default=0, help="days until a charge is available")
    parser.add_argument("--file", type=Path, help="keeps the state over a restart")
    given = parser.parse_args()
    FakeStripe(
        port=given.port,
        webhook_url=given.webhook_url,
        webhook_secrets=tuple(given.webhook_secret),
        availability_days=given.availability_days,
        file=given.file,
    ).run()


main()
