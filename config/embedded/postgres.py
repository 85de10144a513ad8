"""An own PostgreSQL: loopback only, password by SCRAM, data folder named by its major version."""

import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import psycopg

from config.embedded.binaries import PostgresPrograms, find_postgres
from config.embedded.errors import EmbeddedServerError
from config.embedded.kept import write_private
from config.embedded.process import command_line
from config.embedded.server import EmbeddedServer, server_environment

NAME = "api_factory"  # of the role and of the database
# From this version on, a locale is built in that is the same on every system and knows Unicode.
FIRST_WITH_BUILTIN_LOCALE = 17
TEST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


class EmbeddedPostgres(EmbeddedServer):
    name: ClassVar[str] = "postgres"
    title: ClassVar[str] = "PostgreSQL"
    service: ClassVar[str] = "postgres"
    url_variable: ClassVar[str] = "DATABASE_URL"
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # "fast": ends sessions, writes a checkpoint

    programs: PostgresPrograms
    major_version: int
    data: Path

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}:{self.password}@127.0.0.1:{self.port}/{NAME}"

    def find_programs(self) -> None:
        self.programs = find_postgres(self.account)
        self.major_version = self._major_version()
        self.data = self.home / f"pg{self.major_version}"

    def make_ready(self) -> None:
        if not self.data.exists():
            self._initialize()

    def command(self) -> Sequence[str | Path]:
        self._remove_stale_pid_file()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "300",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **({} if self.durable else TEST_SETTINGS),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self.programs.postgres, "-D", self.data, *options]

    def answers(self) -> bool:
        try:
            # The maintenance database exists from the first moment on; ours is made when it is missing.
            with psycopg.connect(self.url, dbname="postgres", autocommit=True, connect_timeout=2) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
                    connection.execute(f"CREATE DATABASE {NAME}")
        except psycopg.Error:
            return False
        return True

    def may_pass(self, failure: str) -> bool:
        """The processes of one that was killed end when they notice it, and until then nobody may use the data."""
        return "pre-existing shared memory block" in failure

    def _major_version(self) -> int:
        output = self._run(self.programs.postgres, "--version")
        if not (match := re.search(r"(\d+)(\.|devel|beta|rc)", output)):
            raise EmbeddedServerError(f"{self.programs.postgres} has an unknown version: {output}")
        return int(match[1])

    def _initialize(self) -> None:
        """Make the data folder under another name and rename it when it is complete."""
        unfinished = self.data.with_name(f"{self.data.name}.new")
        password_file = self.home / "postgres.password.initdb"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self.account.own(unfinished)
        write_private(password_file, self.password)
        self.account.own(password_file)
        locale = ["--locale=C.UTF-8"]
        if self.major_version >= FIRST_WITH_BUILTIN_LOCALE:
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            self._run(
                self.programs.initdb,
                *("-D", unfinished, "-U", NAME, f"--pwfile={password_file}", "--auth=scram-sha-256"),
                *("--encoding=UTF8", *locale, *([] if self.durable else ["--no-sync"])),
            )
        finally:
            password_file.unlink()
        unfinished.rename(self.data)

    def _run(self, *command: str | Path) -> str:
        """The output of a program that runs as the servers' account."""
        try:
            result = subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                cwd="/",
                env=server_environment(),
                **self.account.popen_arguments(),
            )
        except OSError as error:
            raise EmbeddedServerError(f"{command[0]} cannot be run: {error}. Set DATABASE_URL instead.") from error
        if result.returncode != 0:
            raise EmbeddedServerError(f"{command[0]} failed ({result.returncode}):\n{result.stdout[-2000:]}")
        return str(result.stdout)

    def _remove_stale_pid_file(self) -> None:
        """Remove what a killed server left behind.

        PostgreSQL asks only whether a process of that number exists: a zombie, or a stranger that got the number
        after a restart of the machine, would keep it from starting for ever.
        """
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split(maxsplit=1)[0])
        except FileNotFoundError:
            return
        except (ValueError, IndexError):
            pid = 0
        if not (pid and str(self.data) in command_line(pid)):
            pid_file.unlink(missing_ok=True)
