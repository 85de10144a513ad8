"""`<local dir>/demo.json`: the passwords and keys of the demo, which exist nowhere else in readable form."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from apps.core.ids import random_base62


@dataclass(frozen=True)
class Login:
    email: str
    password: str
    role: str


@dataclass(frozen=True)
class Key:
    product: str  # slugs
    plan: str
    key: str
    path: str  # below the gateway's address: a GET that the key may call


@dataclass
class Credentials:
    """What one installation of the demo hands to its visitors."""

    users: list[Login] = field(default_factory=list)
    api_keys: list[Key] = field(default_factory=list)

    def find_password(self, email: str) -> str | None:
        return next((user.password for user in self.users if user.email == email), None)


def new_password() -> str:
    """71 random bits: the demo has a superuser, so its password is not in the source code."""
    return random_base62(12)


def path() -> Path:
    return Path(settings.LOCAL_DIR) / "demo.json"


def read() -> Credentials:
    """What an earlier load wrote; empty where there is no file or it cannot be read as one."""
    try:
        content = json.loads(path().read_text(encoding="utf-8"))
        return Credentials(
            users=[Login(row["email"], row["password"], row["role"]) for row in content["users"]],
            api_keys=[Key(row["product"], row["plan"], row["key"], row["path"]) for row in content["api_keys"]],
        )
    except (OSError, ValueError, TypeError, KeyError):
        return Credentials()


def write(credentials: Credentials) -> None:
    """Replace the file in one step; only its owner may read it."""
    content: dict[str, Any] = {
        "web_url": settings.WEB_URL,
        "gateway_url": settings.GATEWAY_URL,
        "users": [asdict(user) for user in credentials.users],
        "api_keys": [asdict(key) for key in credentials.api_keys],
    }
    path().parent.mkdir(parents=True, exist_ok=True)
    temporary = path().with_name(f"demo.json.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path())
