"""Embedded servers of a test's own, to be killed and started again on what they left."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from config.embedded.process import kill_group
from config.embedded.server import EmbeddedServer
from config.embedded.valkey import EmbeddedValkey

S = TypeVar("S", bound=EmbeddedServer)


def own_valkey() -> contextlib.AbstractContextManager[EmbeddedValkey]:
    """A Valkey with an append-only file; gone with its data at the end."""
    return own_server(EmbeddedValkey)


@contextlib.contextmanager
def own_server(kind: type[S]) -> Iterator[S]:
    """A durable server of this kind; gone with its data at the end."""
    folder = Path(tempfile.mkdtemp(prefix="api-factory-own-"))
    folder.chmod(0o711)
    server = kind(folder, durable=True)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        for part in {folder, server.home}:
            shutil.rmtree(part)


def kill(server: EmbeddedServer) -> None:
    """`kill -9`, with all processes of the server."""
    assert server.process is not None
    kill_group(server.process.pid)
    server.process.wait()
    server.process = None
