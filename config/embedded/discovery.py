"""Where the embedded servers of this checkout are: what the supervisor wrote, read by every process.

The supervisor (`config.embedded`) writes `<local dir>/services.json`, mode 0600:
`{"postgres": "postgresql://…", "redis": "redis://…"}`.
"""

import json
import os
import secrets
from pathlib import Path

# Named in error messages when nothing runs yet, so that the connection error explains itself.
NOT_STARTED = {
    "postgres": "postgresql://not-started:run-make-up-or-set-DATABASE_URL@127.0.0.1:1/api_factory",
    "redis": "redis://127.0.0.1:1/0",
}


def service_url(local_dir: Path, name: str) -> str:
    """The URL of the embedded `postgres` or `redis`; one that cannot connect when none was started."""
    try:
        services = json.loads((local_dir / "services.json").read_text())
    except (OSError, ValueError):
        return NOT_STARTED[name]
    return str(services.get(name, NOT_STARTED[name]))


def local_secret(local_dir: Path) -> str:
    """The secret key of this checkout, made at the first call and kept in a file of mode 0600."""
    path = local_dir / "secret_key"
    local_dir.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        secret = secrets.token_urlsafe(50)
        file.write(secret)
    return secret
