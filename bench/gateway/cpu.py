"""What a process and all below it have used, as the kernel counts it."""

import os
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# Of `/proc/<pid>/stat`, counted from the field after the program's name: state is 0.
_PARENT = 1
_TIMES = slice(11, 15)  # utime, stime, and the same of children that have ended and were waited for


def cpu_seconds(root: int) -> float:
    """CPU time in user and kernel mode of the process, its threads and all its descendants, also of ended ones.

    Raises ProcessLookupError where the process is gone.
    """
    stats = _read_all()
    if root not in stats:
        raise ProcessLookupError(f"Process {root} is gone.")
    return sum(sum(int(part) for part in stats[pid][_TIMES]) for pid in _tree(root, stats)) / TICKS_PER_SECOND


def rss_mb(root: int) -> float:
    """Resident memory of the process and all its descendants, in MB; shared pages count in each."""
    return sum(_rss_bytes(pid) for pid in _tree(root, _read_all())) / 2**20


def process_tree(root: int) -> set[int]:
    """The process and all its descendants."""
    return _tree(root, _read_all())


def parse_stat(text: str) -> tuple[int, list[str]]:
    """The process id and the fields after the program's name, which may hold blanks and brackets itself."""
    head, _, rest = text.rpartition(")")
    return int(head.split(" ", 1)[0]), rest.split()


def _read_all() -> dict[int, list[str]]:
    stats = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                pid, fields = parse_stat((folder / "stat").read_text())
            except (OSError, ValueError):
                continue  # it has just ended
            stats[pid] = fields
    return stats


def _tree(root: int, stats: dict[int, list[str]]) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid, fields in stats.items():
        children.setdefault(int(fields[_PARENT]), []).append(pid)
    found, waiting = set(), [root]
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting += children.get(pid, [])
    return found


def _rss_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):
        return 0
