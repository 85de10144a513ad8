"""Where the embedded servers of this checkout are: what the supervisor wrote, read by every process.

The supervisor (`config.up`) writes `<local dir>/services.json`, mode 0600:
`{"postgres": "postgresql://…", "redis": "redis://…"}`.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from config.embedded.kept import kept_secret, write_private

SERVICES_FILE = "services.json"

# Named in error messages when nothing runs yet, so that the connection error explains itself.
NOT_STARTED = {
    "postgres": "postgresql://not-started:run-make-up-or-set-DATABASE_URL@127.0.0.1:1/api_factory",
    "redis": "redis://127.0.0.1:1/0",
}


def service_url(local_dir: Path, name: str) -> str:
    """The URL of the embedded `postgres` or `redis`; one that cannot connect when none was started."""
    try:
        services = json.loads((local_dir / SERVICES_FILE).read_text())
    except (OSError, ValueError):
        return NOT_STARTED[name]
    return str(services.get(name, NOT_STARTED[name]))


def publish(local_dir: Path, services: Mapping[str, str]) -> None:
    """Write down where the embedded servers listen."""
    write_private(local_dir / SERVICES_FILE, json.dumps(services))


def withdraw(local_dir: Path) -> None:
    """Forget the embedded servers: they are stopped."""
    (local_dir / SERVICES_FILE).unlink(missing_ok=True)


def local_secret(local_dir: Path) -> str:
    """The secret key of this checkout, made at the first call and kept in a file of mode 0600."""
    local_dir.mkdir(parents=True, exist_ok=True)
    return kept_secret(local_dir / "secret_key")
