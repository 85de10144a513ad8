"""A PostgreSQL and a Valkey of the benchmark's own, in a folder of its own."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.embedded.postgres import EmbeddedPostgres
from config.embedded.server import EmbeddedServer
from config.embedded.valkey import EmbeddedValkey

# As a small installation would set them; PostgreSQL's own default for memory is that of a test.
MEMORY = {
    "shared_buffers": "512MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "1GB",
    "min_wal_size": "80MB",
}
# For data that is only read: no write waits for the disk.
VOLATILE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class BenchPostgres(EmbeddedPostgres):
    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        super().__init__(folder, durable=True)
        self.settings = settings

    def command(self) -> list[str | Path]:
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        return [*super().command(), *options]


@dataclass(frozen=True)
class DataServers:
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey

    @property
    def postgres_pid(self) -> int:
        return _pid(self.postgres)

    @property
    def valkey_pid(self) -> int:
        return _pid(self.valkey)


def _pid(server: EmbeddedServer) -> int:
    if server.process is None:
        raise RuntimeError(f"{server.title} runs already: it is not this benchmark's own.")
    return server.process.pid


@contextmanager
def data_servers(folder: Path, settings: Mapping[str, str], *, durable_counters: bool = False) -> Iterator[DataServers]:
    """Start both, and leave their addresses in the environment, before Django reads its settings.

    `durable_counters`: Valkey with its append-only file, as `make up` runs it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["LOCAL_DIR"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    postgres, valkey = BenchPostgres(folder, settings), EmbeddedValkey(folder, durable=durable_counters)
    servers: list[EmbeddedServer] = [postgres, valkey]
    try:
        for server in servers:
            server.start()
            os.environ[server.url_variable] = server.url
        yield DataServers(postgres, valkey)
    finally:
        for server in reversed(servers):
            server.stop()
