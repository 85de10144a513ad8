"""Small values that are chosen once and kept in a file: passwords and ports."""

import os
import secrets
import socket
import tempfile
from pathlib import Path

PORTS = range(20_000, 32_000)


def write_private(path: Path, text: str) -> None:
    """Replace the file at `path` in one step; only its owner may read it (mode 0600)."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    Path(temporary).replace(path)


def kept_secret(path: Path) -> str:
    """The secret in the file at `path`, made at the first call. Safe when two processes make it at once."""
    if not path.exists():
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            # A link fails when the name exists: the first writer wins and nobody sees half a file.
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            Path(temporary).unlink()
    return path.read_text()


def kept_port(path: Path) -> int:
    """The port in the file at `path` while it is free, else a new free one that replaces it."""
    port = read_port(path)
    if not (port and is_free(port)):
        port = free_port()
        write_private(path, str(port))
    return port


def read_port(path: Path) -> int:
    """The port in the file at `path`; 0 when there is none."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now, and that no outgoing connection is given by itself.

    Linux gives those ports of 32768 and above: a server that has to come back on its port must stay below.
    """
    while True:
        port = PORTS.start + secrets.randbelow(len(PORTS))
        if is_free(port):
            return port


def is_free(port: int, address: str = "127.0.0.1") -> bool:
    """Whether a server could listen on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
