"""An own Valkey: loopback only, with a password, every write in an append-only file."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import redis

from config.embedded.binaries import find_valkey
from config.embedded.kept import write_private
from config.embedded.server import EmbeddedServer

# Tests give each worker a database of its own.
DATABASES = 256


class EmbeddedValkey(EmbeddedServer):
    name: ClassVar[str] = "valkey"
    title: ClassVar[str] = "Valkey"
    service: ClassVar[str] = "redis"
    url_variable: ClassVar[str] = "REDIS_URL"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    program: Path
    data: Path

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def configuration(self) -> Path:
        return self.data / "valkey.conf"

    def find_programs(self) -> None:
        self.program = find_valkey(self.account)
        self.data = self.home / "valkey"

    def make_ready(self) -> None:
        if not self.data.exists():
            self.data.mkdir(mode=0o700)
            self.account.own(self.data)
        # The password stands in a file and not in the arguments, which every user of the machine can read.
        write_private(self.configuration, self._settings())
        self.account.own(self.configuration)

    def command(self) -> Sequence[str | Path]:
        return [self.program, self.configuration]

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _settings(self) -> str:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self.password,
            "dir": f'"{self.data}"',
            "databases": str(DATABASES),
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())
