"""Where the servers' data and programs lie: in the local folder, or under /var/lib when root's servers cannot reach it.

A checkout below root's home folder is closed to `nobody`. Its permissions are left as they are: the data
goes to a folder of its own instead, and programs that cannot be reached are copied there.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from config.embedded.account import Account

SYSTEM_DIR = Path("/var/lib/api-factory")
# Others may pass through, only root may list.
PASSABLE = 0o711


def data_home(local_dir: Path, account: Account) -> Path:
    """The folder that holds the servers' data folders for this local folder; made when absent."""
    local_dir.mkdir(parents=True, exist_ok=True)
    if account.reaches(local_dir):
        return local_dir
    digest = hashlib.sha256(str(local_dir.resolve()).encode()).hexdigest()[:16]
    return _own_folder(SYSTEM_DIR / digest)


def reachable_copy(name: str, sources: Iterable[Path]) -> Path:
    """A folder that holds a copy of each of `sources`, readable for everyone; kept under `name` for the next time."""
    target = _own_folder(SYSTEM_DIR / "programs") / name
    if target.exists():
        return target
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{name}."))
    for source in sources:
        shutil.copytree(source, temporary / source.name, symlinks=True)
    _open_to_everyone(temporary)
    try:
        temporary.rename(target)
    except OSError:
        # Another process was faster; a folder that is not empty is never replaced.
        shutil.rmtree(temporary)
    return target


def _own_folder(path: Path) -> Path:
    for folder in (path.parent, path):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            folder.chmod(PASSABLE)
    return path


def _open_to_everyone(root: Path) -> None:
    """Make our own copy readable: the original may have been installed under a strict umask."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
