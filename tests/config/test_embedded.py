"""Embedded servers: data survives restarts and kills, and nothing opens what was closed."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from config.embedded import binaries
from config.embedded.account import server_account
from config.embedded.errors import EmbeddedServerError
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.process import birth, command_line, wait_until
from config.embedded.server import EmbeddedServer
from config.embedded.valkey import EmbeddedValkey

ROOT = Path(__file__).resolve().parent.parent.parent
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="Only root's servers run as another user.")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Only Linux ends a child with its parent.")


@pytest.fixture
def postgres(local_dir: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(local_dir)
    yield server
    server.stop()


@pytest.fixture
def valkey(local_dir: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(local_dir)
    yield server
    server.stop()


def query(server: EmbeddedPostgres, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.url) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def fill(server: EmbeddedPostgres) -> None:
    query(server, "CREATE TABLE kept AS SELECT generate_series(1, 1500) AS number")


def kill(server: EmbeddedServer) -> None:
    """SIGKILL to the server's main process; it stays a zombie, as in a container without an init."""
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGKILL)
    assert wait_until(lambda: not birth(server.process.pid), 10)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_first_start_gives_a_closed_postgres_with_unicode(postgres: EmbeddedPostgres) -> None:
    postgres.start()

    assert query(postgres, "SELECT 'Ärger' ILIKE 'ä%', current_setting('TimeZone')") == [(True, "UTC")]
    assert query(postgres, "SHOW listen_addresses") == [("127.0.0.1",)]
    assert query(postgres, "SHOW unix_socket_directories") == [("",)]
    assert mode(postgres.home / "postgres.password") == 0o600
    assert mode(postgres.data) == 0o700
    assert postgres.data.name == f"pg{query(postgres, 'SHOW server_version_num')[0][0][:2]}"
    assert list(postgres.home.glob("*initdb*")) == []
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url.replace(postgres.password, "wrong"))


def test_restart_keeps_data_address_and_password(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    fill(postgres)
    url = postgres.url
    postgres.stop()
    assert not postgres.answers()

    postgres.start()

    assert postgres.url == url
    assert query(postgres, "SELECT count(*) FROM kept") == [(1500,)]


def test_killed_postgres_starts_again_with_its_data(postgres: EmbeddedPostgres, local_dir: Path) -> None:
    postgres.start()
    fill(postgres)
    kill(postgres)
    assert (postgres.data / "postmaster.pid").exists()

    again = EmbeddedPostgres(local_dir)
    again.start()

    assert query(again, "SELECT count(*) FROM kept") == [(1500,)]
    again.stop()


def test_postgres_starts_once_what_is_left_of_a_killed_one_has_ended(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    fill(postgres)
    log = postgres.home / "postgres.log"
    with psycopg.connect(postgres.url) as connection:
        # It cannot notice that its server is gone, as one that is busy does not.
        os.kill(connection.info.backend_pid, signal.SIGSTOP)
        kill(postgres)

        def refused() -> bool:
            return "pre-existing shared memory block" in log.read_text()

        def end() -> None:
            wait_until(refused, 20)
            os.kill(connection.info.backend_pid, signal.SIGKILL)

        assert not refused()
        with ThreadPoolExecutor(1) as pool:
            ended = pool.submit(end)
            postgres.start()
            ended.result()
    assert refused()
    assert query(postgres, "SELECT count(*) FROM kept") == [(1500,)]


@pytest.mark.long
def test_pid_file_that_names_a_stranger_does_not_block_the_start(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    fill(postgres)
    kill(postgres)
    # Under the server's account: PostgreSQL ignores a process that belongs to somebody else.
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, cwd="/", **postgres.account.popen_arguments()) as stranger:
        pid_file = postgres.data / "postmaster.pid"
        _, *rest = pid_file.read_text().splitlines(keepends=True)
        pid_file.write_text("".join([f"{stranger.pid}\n", *rest]))

        postgres.start()

        assert query(postgres, "SELECT count(*) FROM kept") == [(1500,)]
        assert stranger.poll() is None


@pytest.mark.long
def test_initialization_that_was_killed_is_done_again(postgres: EmbeddedPostgres) -> None:
    postgres.prepare()
    unfinished = postgres.data.rename(postgres.data.with_name(f"{postgres.data.name}.new"))
    (unfinished / "PG_VERSION").unlink()

    postgres.start()

    assert not unfinished.exists()
    assert query(postgres, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("kind", [EmbeddedPostgres, EmbeddedValkey])
def test_second_start_shares_the_running_server(kind: type[EmbeddedServer], local_dir: Path) -> None:
    first, second = kind(local_dir), kind(local_dir)
    first.start()
    second.start()

    assert second.url == first.url
    assert second.process is None
    second.stop()
    assert first.answers()
    first.stop()
    assert not second.answers()


@pytest.mark.parametrize("name", [pytest.param("postgres", marks=pytest.mark.long), "valkey"])
def test_two_starts_at_once_give_one_server(name: str, local_dir: Path) -> None:
    command = [sys.executable, "-m", "tests.config.programs.server", name, str(local_dir)]
    starters = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    answers = [json.loads(starter.stdout.readline()) for starter in starters]
    for starter in starters:
        starter.communicate()

    assert sorted(answer["owned"] for answer in answers) == [False, True]
    assert answers[0]["url"] == answers[1]["url"]


@on_linux
@pytest.mark.parametrize("name", [pytest.param("postgres", marks=pytest.mark.long), "valkey"])
def test_server_ends_with_a_killed_starter(name: str, local_dir: Path) -> None:
    command = [sys.executable, "-m", "tests.config.programs.server", name, str(local_dir)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
        server = json.loads(starter.stdout.readline())
        assert birth(server["pid"])
        starter.kill()

        assert wait_until(lambda: not birth(server["pid"]), 20)


def test_valkey_asks_for_a_password_that_no_argument_shows(valkey: EmbeddedValkey) -> None:
    valkey.start()

    with redis.Redis(port=valkey.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    assert valkey.password not in command_line(valkey.process.pid)
    assert mode(valkey.configuration) == 0o600
    with redis.Redis.from_url(valkey.url) as client:
        assert client.config_get("bind", "maxmemory-policy", "appendfsync") == {
            "bind": "127.0.0.1",
            "maxmemory-policy": "noeviction",
            "appendfsync": "everysec",
        }


def test_killed_valkey_starts_again_with_its_data(valkey: EmbeddedValkey) -> None:
    valkey.start()
    with redis.Redis.from_url(valkey.url) as client:
        for number in range(200):
            client.xadd("events", {"number": number})
    kill(valkey)

    valkey.start()

    with redis.Redis.from_url(valkey.url) as client:
        assert client.xlen("events") == 200


@as_root
def test_root_serves_as_nobody_and_opens_no_folder(local_dir: Path, system_dir: Path) -> None:
    closed = local_dir / "closed"
    closed.mkdir(mode=0o700)
    servers = [EmbeddedPostgres(closed / ".local"), EmbeddedValkey(closed / ".local")]
    for server in servers:
        server.start()

    for server in servers:
        assert server.home.is_relative_to(system_dir)
        assert Path(f"/proc/{server.process.pid}").stat().st_uid == server_account().uid != 0
        server.stop()
    assert mode(closed) == 0o700


@as_root
@pytest.mark.long
def test_programs_out_of_reach_are_copied(
    local_dir: Path, system_dir: Path, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(postgres.account), "reaches", lambda self, path: path == local_dir)

    postgres.start()

    assert postgres.programs.postgres.is_relative_to(system_dir)
    assert query(postgres, "SELECT 1") == [(1,)]


def test_system_postgres_serves_without_the_wheel(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    if binaries._system_postgres() is None:
        pytest.skip("This machine has no PostgreSQL of its own.")
    monkeypatch.setattr(binaries, "_wheel_postgres", lambda account: None)

    postgres.start()

    assert query(postgres, "SELECT 'Ärger' ILIKE 'ä%'") == [(True,)]


@pytest.mark.parametrize(("kind", "variable"), [(EmbeddedPostgres, "DATABASE_URL"), (EmbeddedValkey, "REDIS_URL")])
def test_missing_programs_name_the_variable_that_helps(
    kind: type[EmbeddedServer], variable: str, local_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for lookup in ("_wheel_postgres", "_wheel_valkey"):
        monkeypatch.setattr(binaries, lookup, lambda account: None)
    monkeypatch.setattr(binaries, "_system_postgres", lambda: None)
    monkeypatch.setenv("PATH", "")

    with pytest.raises(EmbeddedServerError, match=variable):
        kind(local_dir).start()
