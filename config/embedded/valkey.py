"""An own Valkey: loopback only, with a password, every write in an append-only file."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import redis

from config.embedded.binaries import find_valkey
from config.embedded.kept import kept_port, kept_secret, read_port, write_private
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
    configuration: Path
    password: str
    port: int = 0

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        self.program = find_valkey(self.account)
        self.password = kept_secret(self.home / "valkey.password")
        self.port = read_port(self.home / "valkey.port")
        if self.port and self.answers():
            return
        self.port = kept_port(self.home / "valkey.port")
        data = self.home / "valkey"
        if not data.exists():
            data.mkdir(mode=0o700)
            self.account.own(data)
        self.configuration = data / "valkey.conf"
        # The password stands in a file and not in the arguments, which every user of the machine can read.
        write_private(self.configuration, self._settings(data))
        self.account.own(self.configuration)

    def command(self) -> Sequence[str | Path]:
        return [self.program, self.configuration]

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _settings(self, data: Path) -> str:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self.password,
            "dir": f'"{data}"',
            "databases": str(DATABASES),
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())
