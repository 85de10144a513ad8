"""Our own candidate: PostgreSQL and Valkey of its own, the data, the gateway and the meter as the Procfile has them."""

import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from bench.gateway.candidate import Candidate
from bench.gateway.errors import BenchError
from bench.gateway.options import ROOT
from bench.gateway.processes import answers, cores, free_port, give_way, go_first, running
from bench.servers import MEMORY, VOLATILE, data_servers
from config.up.procfile import read_procfile

STORED_SECONDS = 60.0
POLL_SECONDS = 0.2
# So long without a new row, and nothing more comes.
QUIET_SECONDS = 1.0


@dataclass(frozen=True)
class Installation:
    """Started, with the data of `build`."""

    candidate: Candidate

    def stored(self) -> int:
        """How many usage events of answered calls lie in PostgreSQL."""
        from apps.usage.models import UsageEvent

        return UsageEvent.objects.count()

    def wait_until_stored(self, at_least: int) -> int:
        """Wait for the meter: so many rows, and no new one for a while. Raises BenchError when they do not come."""
        deadline = time.monotonic() + STORED_SECONDS
        found, since = -1, time.monotonic()
        while time.monotonic() < deadline:
            now = self.stored()
            if now != found:
                found, since = now, time.monotonic()
            elif found >= at_least and time.monotonic() - since > QUIET_SECONDS:
                return found
            time.sleep(POLL_SECONDS)
        raise BenchError(f"{found} usage events were stored within {STORED_SECONDS:.0f} s, and not {at_least}.")


@contextmanager
def installation(folder: Path, upstreams: list[int], *, profile: Path | None) -> Iterator[Installation]:
    """`upstreams` are the ports of backends; the first is that of the product that is measured.

    `profile`: the gateway runs under `bench.gateway.profiled`, which writes there.
    """
    port = free_port()
    os.environ.update(_environment(folder, port, upstreams))
    with data_servers(folder, MEMORY | VOLATILE, durable_counters=True) as servers:
        go_first(servers.valkey_pid)
        give_way(servers.postgres_pid)
        # Counters of another run would be counted on.
        with redis.Redis.from_url(servers.valkey.url) as client:
            client.flushall()
        import django

        django.setup()
        from bench.gateway.build import KEYS, build, keys

        build(f"http://127.0.0.1:{upstreams[0]}")
        commands = _commands(port, folder)
        if profile is not None:
            profile.unlink(missing_ok=True)
            python, _, *module = commands["gateway"]
            commands["gateway"] = [python, "-m", "bench.gateway.profiled", str(profile), *module]
        gateway_core, other_core = cores()
        with (
            running(
                "gateway", commands["gateway"], core=gateway_core, folder=folder, cwd=ROOT,
                ready=answers(port, "/_gateway/healthz"),
            ) as gateway,
            running("meter", commands["meter"], core=other_core, folder=folder, cwd=ROOT, ready=lambda: True) as meter,
        ):  # fmt: skip
            give_way(meter.pid)
            yield Installation(
                Candidate(
                    name="api-factory",
                    port=port,
                    prefix="/weather",
                    keys=keys("weather", "measured", KEYS),
                    pid=gateway.pid,
                    exhausted_key=keys("weather", "exhausted", 1)[0],
                    redis_pid=servers.valkey_pid,
                    meter_pid=meter.pid,
                )
            )


def _environment(folder: Path, port: int, upstreams: list[int]) -> dict[str, str]:
    """A production installation inside a company: http, no mail, no money."""
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "WEB_URL": "http://127.0.0.1",
        "GATEWAY_URL": f"http://127.0.0.1:{port}",
        "ALLOWED_HOSTS": "127.0.0.1",
        "EMAIL_URL": "smtp://127.0.0.1",
        "DEFAULT_FROM_EMAIL": "bench@api-factory.invalid",
        "MEDIA_ROOT": str(folder / "media"),
        "UPSTREAM_ALLOW": ",".join(f"127.0.0.1:{upstream}" for upstream in upstreams),
        "GATEWAY_DOMAIN": "",
        "TRUSTED_PROXY_HOPS": "0",
        "STRIPE_SECRET_KEY": "",
    }


def _commands(port: int, folder: Path) -> dict[str, list[str]]:
    """The Procfile's own command lines, run by this interpreter."""
    known = {"BIND_ADDRESS": "127.0.0.1", "PORT": "0", "GATEWAY_PORT": str(port), "LOCAL_DIR": str(folder)}
    return {name: [sys.executable, *command[1:]] for name, command in read_procfile(ROOT / "Procfile", known).items()}
