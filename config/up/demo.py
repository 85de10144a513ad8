"""The demo marketplace: two backends on kept ports, loaded at the first start and when a port has changed.

`manage.py load_demo` writes `<local dir>/demo.json`:
`{"web_url", "gateway_url", "users": [{"email", "password", "role"}],
"api_keys": [{"product", "plan", "key", "path"}]}`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config import env
from config.embedded.kept import kept_port, read_port, write_private
from config.up.options import Options

ADDRESS = "127.0.0.1"
# The call that is shown when everything runs: a product, a plan with room for more calls, and a path below it.
EXAMPLE_PRODUCT, EXAMPLE_PLAN, EXAMPLE_PATH = "weather", "pro", "/current-weather?city=Berlin"


@dataclass(frozen=True)
class Backend:
    name: str
    command: tuple[str, ...]
    health: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}"


@dataclass
class Demo:
    """The backends of one local folder. Products hold their addresses, so a port that changed means loading again."""

    local_dir: Path
    web: str  # `address:port` of the portal, which is a backend as well: that of the built-in product
    backends: list[Backend] = field(default_factory=list)
    moved: bool = False

    def choose_ports(self) -> None:
        weather = self._port("weather")
        httpbin = self._port("httpbin")
        gunicorn = ("python", "-m", "gunicorn", "--no-control-socket", "--bind")
        self.backends = [
            Backend(
                "weather", ("python", "-m", "apps.demo.backends.weather", "--port", str(weather)), "/healthz", weather
            ),
            Backend(
                "httpbin", (*gunicorn, f"{ADDRESS}:{httpbin}", "apps.demo.backends.httpbin:app"), "/status/200", httpbin
            ),
        ]
        kept = self.local_dir / "hello.address"
        self.moved = self.moved or (kept.exists() and kept.read_text() != self.web)
        write_private(kept, self.web)

    def _port(self, name: str) -> int:
        path = self.local_dir / f"{name}.port"
        before = read_port(path)
        port = kept_port(path)
        self.moved = self.moved or before not in (0, port)
        return port

    def environment(self) -> dict[str, str]:
        """What the processes must know: where the backends are, and that exactly these may be private addresses."""
        # Of the portal nothing but the backend of the built-in product: its pages and figures are no backend.
        hello = f"{self.web}/api/v1/hello"
        allowed = [*env.words("UPSTREAM_ALLOW"), *(f"{ADDRESS}:{each.port}" for each in self.backends), hello]
        values = {
            "UPSTREAM_ALLOW": ",".join(allowed),
            "HELLO_URL": f"http://{hello}",
            **{f"{each.name.upper()}_URL": each.url for each in self.backends},
        }
        # A file that is named for one of them has been read, and would be preferred to what stands here.
        return values | {f"{name}_FILE": "" for name in values}

    @property
    def file(self) -> Path:
        return self.local_dir / "demo.json"

    @property
    def must_load(self) -> bool:
        return self.moved or not self.file.exists()

    def refresh(self, options: Options) -> dict[str, Any]:
        """The content of `demo.json`, brought up to date with the addresses of this start."""
        content: dict[str, Any] = json.loads(self.file.read_text())
        current = {**content, "web_url": options.web_url, "gateway_url": options.gateway_url}
        if current != content:
            write_private(self.file, json.dumps(current, indent=2))
        return current


def example_call(content: Mapping[str, Any], gateway_url: str) -> str:
    """A command line that calls an API of the demo through the gateway."""
    wanted = (EXAMPLE_PRODUCT, EXAMPLE_PLAN)
    key = next(row["key"] for row in content["api_keys"] if (row["product"], row["plan"]) == wanted)
    return f"curl -H 'X-Api-Key: {key}' '{gateway_url}/{EXAMPLE_PRODUCT}{EXAMPLE_PATH}'"
