"""A fake Stripe server beside the product (`make up STRIPE=fake`): the whole way of a payment, without an account."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from config.embedded.discovery import FAKE_KEY
from config.embedded.kept import kept_port, kept_secret

ADDRESS = "127.0.0.1"
NAME = "stripe"
HEALTH = "/_fake/state"


@dataclass
class FakeStripe:
    """The server of one local folder: port, secrets and state are kept."""

    local_dir: Path
    web_url: str
    port: int = 0

    def choose_port(self) -> None:
        self.port = kept_port(self.local_dir / "stripe.port")

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}"

    @property
    def command(self) -> list[str]:
        hook = f"{self.web_url}/api/stripe/webhook"
        state = str(self.local_dir / "stripe.json")
        options = ["--port", str(self.port), "--webhook-url", hook, "--webhook-secret", self._secret, "--file", state]
        return ["python", "-m", "tests.fakes.stripe", *options, "--clock-of", str(self.local_dir)]

    def environment(self) -> dict[str, str]:
        """What the processes must know; a file that is named for one of these would be preferred, so there is none."""
        values = {
            "PAYMENT_PROVIDER": "stripe",
            "STRIPE_SECRET_KEY": FAKE_KEY,
            "STRIPE_WEBHOOK_SECRETS": self._secret,
            "STRIPE_API_URL": self.url,
        }
        return values | {f"{name}_FILE": "" for name in values}

    @property
    def _secret(self) -> str:
        kept = kept_secret(self.local_dir / "stripe.secret")
        return f"whsec_{hashlib.sha256(kept.encode()).hexdigest()}"
