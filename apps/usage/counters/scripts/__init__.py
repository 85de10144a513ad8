"""The Lua scripts of a shard, each in a file of its own that says what it takes and answers."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Script:
    """A script as the server gets it; `sha` is what EVALSHA calls it by."""

    name: str
    source: str
    sha: str


def _load(name: str, *parts: str) -> Script:
    source = "\n".join((_FOLDER / f"{part}.lua").read_text() for part in ("lib", *parts, name))
    return Script(name, source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())


RESERVE = _load("reserve", "window")
SETTLE = _load("settle")
APPEND = _load("append")
HEARTBEAT = _load("heartbeat")
RESTORE = _load("restore")
REJECT = _load("reject")
SWEEP = _load("sweep")
READ = _load("read")
MARK = _load("mark")
BEGIN = _load("begin")
REBUILD = _load("rebuild", "tally")
RECOUNT = _load("recount", "tally")
AUDIT = _load("audit", "tally")
UNLOCK = _load("unlock")

ALL = (
    RESERVE,
    SETTLE,
    APPEND,
    HEARTBEAT,
    RESTORE,
    REJECT,
    SWEEP,
    READ,
    MARK,
    BEGIN,
    REBUILD,
    RECOUNT,
    AUDIT,
    UNLOCK,
)
