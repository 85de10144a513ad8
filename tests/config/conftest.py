"""Folders for embedded servers of a test's own."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import placement
from tests.config.product import Product


@pytest.fixture
def local_dir() -> Iterator[Path]:
    """A folder that the servers' account can reach (pytest's own are closed to others)."""
    folder = Path(tempfile.mkdtemp(prefix="api-factory-local-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def system_dir(local_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Takes the place of /var/lib/api-factory."""
    monkeypatch.setattr(placement, "SYSTEM_DIR", local_dir / "system")
    (local_dir / "system").mkdir()
    (local_dir / "system").chmod(0o711)
    return local_dir / "system"


@pytest.fixture(scope="session")
def started_once() -> Iterator[Path]:
    """The folder of a product that was started and stopped: its servers are made, its tables are there."""
    folder = Path(tempfile.mkdtemp(prefix="api-factory-started-"))
    folder.chmod(0o711)
    with Product(folder / ".local") as product:
        product.started().process.send_signal(signal.SIGINT)
        assert product.wait() == 0
    for port in (folder / ".local").glob("*.port"):
        port.unlink()  # every copy chooses its own
    yield folder / ".local"
    shutil.rmtree(folder)


@pytest.fixture
def product_dir(started_once: Path, local_dir: Path) -> Path:
    """A copy of that folder, for a test that starts the product. (Making servers and tables takes most of a start.)"""
    subprocess.run(["cp", "-a", started_once, local_dir / ".local"], check=True)
    return local_dir / ".local"
