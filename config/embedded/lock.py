"""A lock between processes: held by an open file, so the kernel frees it however its holder ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LockHeldError(RuntimeError):
    """Another process holds the lock."""


@contextmanager
def file_lock(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock at `path` (made when absent). With `wait=False`, raises LockHeldError when it is taken."""
    # Not inherited by children (PEP 446): a child that outlives its parent must not hold the lock.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockHeldError(str(path)) from error
        yield
    finally:
        os.close(descriptor)
