"""Where the embedded servers of this checkout are, and its own: what the supervisor wrote, read by every process.

The supervisor (`config.up`) writes `<local dir>/services.json`, mode 0600:
`{"web": "http://…", "gateway": "http://…", "postgres": "postgresql://…", "redis": "redis://…", "stripe": "http://…"}`,
of the embedded ones those that were started.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from config.embedded.kept import kept_secret, write_private

SERVICES_FILE = "services.json"
# What a fake Stripe server takes for a key, as it would any that moves no money.
FAKE_KEY = "sk_test_" + "0" * 24

# Named in error messages when nothing runs yet, so that the connection error explains itself.
NOT_STARTED = {
    "postgres": "postgresql://not-started:run-make-up-or-set-DATABASE_URL@127.0.0.1:1/api_factory",
    "redis": "redis://127.0.0.1:1/0",
}


def service_url(local_dir: Path, name: str) -> str:
    """The URL of the embedded `postgres` or `redis`; one that cannot connect when none was started."""
    return _published(local_dir).get(name, NOT_STARTED[name])


def fake_stripe_url(local_dir: Path) -> str:
    """The URL of the fake Stripe server; empty when none was started."""
    return _published(local_dir).get("stripe", "")


def own_url(local_dir: Path, name: str) -> str:
    """The URL of the installation's `web` or `gateway`; empty when nothing runs."""
    return _published(local_dir).get(name, "")


def publish(local_dir: Path, services: Mapping[str, str]) -> None:
    """Write down where the embedded servers listen."""
    write_private(local_dir / SERVICES_FILE, json.dumps(services))


def _published(local_dir: Path) -> dict[str, str]:
    try:
        services = json.loads((local_dir / SERVICES_FILE).read_text())
        return {name: str(url) for name, url in services.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def withdraw(local_dir: Path) -> None:
    """Forget the embedded servers: they are stopped."""
    (local_dir / SERVICES_FILE).unlink(missing_ok=True)


def local_secret(local_dir: Path) -> str:
    """The secret key of this checkout, made at the first call and kept in a file of mode 0600."""
    local_dir.mkdir(parents=True, exist_ok=True)
    return kept_secret(local_dir / "secret_key")
