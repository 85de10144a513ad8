"""Who the embedded servers run as. PostgreSQL refuses root, so root's servers run as `nobody`."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

UNPRIVILEGED_USER = "nobody"


@dataclass(frozen=True)
class Account:
    """An account of this machine. `switched` says that it is not the caller's own."""

    uid: int
    gid: int
    switched: bool

    def popen_arguments(self) -> dict[str, Any]:
        """The arguments of `subprocess.Popen` that make a child run as this account."""
        if not self.switched:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Make this account the owner of `path` (not of what is in it)."""
        if self.switched:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether this account may walk every folder on the way to `path`, and enter or execute `path` itself."""
        if not self.switched:
            return True
        path = path.resolve()
        return all(self._may_pass(part.stat()) for part in (path, *path.parents))

    def _may_pass(self, status: os.stat_result) -> bool:
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def server_account() -> Account:
    """The caller's own account, or `nobody` when the caller is root. No user is ever added to the system."""
    if os.geteuid() != 0:
        return Account(uid=os.geteuid(), gid=os.getegid(), switched=False)
    entry = pwd.getpwnam(UNPRIVILEGED_USER)
    return Account(uid=entry.pw_uid, gid=entry.pw_gid, switched=True)
