"""Folders for embedded servers of a test's own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import placement


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
