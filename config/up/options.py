"""What the caller decides: ports, folder, what is shown."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DEFAULT_LOCAL_DIR = (BASE_DIR / ".local").resolve()


@dataclass(frozen=True)
class Options:
    local_dir: Path
    address: str
    port: int
    gateway_port: int
    procfile: Path
    demo: bool
    verbose: bool
    fake_stripe: bool = False

    @property
    def web_url(self) -> str:
        return env.text("WEB_URL", "") or f"http://{self.reachable_address}:{self.port}"

    @property
    def gateway_url(self) -> str:
        return env.text("GATEWAY_URL", "") or f"http://{self.reachable_address}:{self.gateway_port}"

    @property
    def reachable_address(self) -> str:
        """Where this machine reaches the servers, also when they listen on every address."""
        return "127.0.0.1" if self.address == "0.0.0.0" else self.address  # noqa: S104 - compared, not bound

    @classmethod
    def from_environment(cls) -> "Options":
        """Raises ConfigurationError for a value that cannot be read."""
        return cls(
            local_dir=Path(env.text("LOCAL_DIR", "") or DEFAULT_LOCAL_DIR).resolve(),
            address=env.text("BIND_ADDRESS", "") or "127.0.0.1",
            port=env.integer("PORT", 8000),
            gateway_port=env.integer("GATEWAY_PORT", 8001),
            procfile=Path(env.text("PROCFILE", "") or BASE_DIR / "Procfile"),
            demo=env.boolean("DEMO", default=True),
            fake_stripe=_fake_stripe(),
            verbose=env.boolean("VERBOSE", default=False),
        )

    def environment(self) -> dict[str, str]:
        """The environment of every process that is started."""
        programs = Path(sys.executable).parent
        return {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONUNBUFFERED": "1",
            "LOCAL_DIR": str(self.local_dir),
            "BIND_ADDRESS": self.address,
            "PORT": str(self.port),
            "GATEWAY_PORT": str(self.gateway_port),
            "WEB_URL": self.web_url,
            "GATEWAY_URL": self.gateway_url,
        }


def _fake_stripe() -> bool:
    value = env.text("STRIPE", "")
    if value not in ("", "fake"):
        raise env.ConfigurationError(
            f"STRIPE must be fake or empty, not {value!r}. For the real one: STRIPE_SECRET_KEY."
        )
    return value == "fake"
