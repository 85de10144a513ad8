"""`make up`: what dies comes back, what is stopped is gone, and what is in the way is named."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from django.conf import settings

from config.embedded.discovery import service_url
from config.embedded.process import birth, wait_until
from config.up.child import HEALTHY_SECONDS, LONGEST_DELAY, Child, Stage
from config.up.errors import StartupError
from config.up.logs import SHOWN_PER_WINDOW, ChildLog, ProblemFilter
from config.up.procfile import read_procfile
from config.up.supervisor import SAME_REQUEST_SECONDS
from tests.config.product import COMMAND, READY, Product
from tests.processes import database_url

CHILDREN = ("postgres", "valkey", "web", "gateway")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Only Linux ends a child with its parent.")


@pytest.fixture
def product(product_dir: Path) -> Iterator[Product]:
    with Product(product_dir) as product:
        yield product


def postgres_answers(product: Product) -> bool:
    try:
        with psycopg.connect(service_url(product.local_dir, "postgres"), connect_timeout=2) as connection:
            return connection.execute("SELECT count(*) FROM kept").fetchone() == (100,)
    except psycopg.OperationalError:
        return False


def redis_answers(product: Product) -> bool:
    try:
        with redis.Redis.from_url(service_url(product.local_dir, "redis")) as client:
            return client.get("kept") == b"100"
    except redis.RedisError:
        return False


@pytest.mark.long
def test_every_killed_child_comes_back_with_its_data(product: Product) -> None:
    product.started()
    with psycopg.connect(service_url(product.local_dir, "postgres")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 100)")
    with redis.Redis.from_url(service_url(product.local_dir, "redis")) as client:
        client.set("kept", 100)
    before = product.pids()
    assert set(before) == set(CHILDREN)

    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    def all_are_new() -> bool:
        now = product.pids()
        return set(now) == set(CHILDREN) and not set(now.values()) & set(before.values())

    assert wait_until(all_are_new, 20)
    assert wait_until(lambda: product.serves() and postgres_answers(product) and redis_answers(product), 20)
    assert "web ended (killed by SIGKILL); starts again in 0.5 s" in product.output()


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_a_stop_signal_stops_everything_and_the_next_start_works(product: Product, number: signal.Signals) -> None:
    product.started()
    pids = product.pids()

    product.process.send_signal(number)

    assert product.wait() == 0
    assert not any(map(birth, pids.values()))
    assert product.record() == {}
    assert "not-started" in service_url(product.local_dir, "postgres")
    product.started()


@pytest.mark.long
def test_a_signal_that_arrives_twice_at_once_is_one_request(product: Product) -> None:
    product.started()

    for number in (signal.SIGTERM, signal.SIGINT):
        product.process.send_signal(number)

    assert product.wait() == 0
    assert "was killed" not in product.output()


@pytest.mark.long
def test_a_second_stop_signal_kills_what_does_not_listen(product_dir: Path) -> None:
    with Product(product_dir, procfile="Procfile.stubborn") as product:
        product.started()
        log = product.local_dir / "log" / "stubborn.log"
        assert wait_until(lambda: "deaf" in log.read_text(), 20)
        pids = product.pids()

        product.process.send_signal(signal.SIGINT)
        assert wait_until(lambda: not birth(pids["web"]), 20)
        assert birth(pids["stubborn"])
        time.sleep(SAME_REQUEST_SECONDS)  # from here on it is a second request
        product.process.send_signal(signal.SIGINT)

        assert product.wait() == 0
        assert not any(map(birth, pids.values()))


@on_linux
@pytest.mark.long
def test_nothing_outlives_a_killed_supervisor_and_the_next_start_works(product: Product) -> None:
    product.started()
    pids = product.pids()

    product.process.kill()

    product.process.wait()
    assert wait_until(lambda: not any(map(birth, pids.values())), 20)
    product.started()


@on_linux
@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGKILL])
def test_everything_ends_with_make(product_dir: Path, number: signal.Signals) -> None:
    makefile = product_dir.with_name("Makefile")
    makefile.write_text(f"up:\n\t@{' '.join(COMMAND)}\n")
    # As in a terminal: who runs the tests in the background of a shell has them ignore the interrupt.
    make = ["env", "--default-signal=INT", "make", "-f", str(makefile)]
    with Product(product_dir, command=make) as product:
        product.started()
        pids = {**product.pids(), "supervisor": product.record()["supervisor"]}
        assert pids["supervisor"] != product.process.pid

        product.process.send_signal(number)

        product.process.wait(40)
        assert wait_until(lambda: not any(map(birth, pids.values())), 40)
        assert product.output().endswith("Stopped; the data stays.\n")


def test_a_second_start_of_the_same_folder_is_refused(product: Product) -> None:
    product.started()

    with Product(product.local_dir.with_name("same")) as second:
        second.local_dir = product.local_dir
        second.start()

        assert second.wait() == 1
        assert f"runs already with {product.local_dir}" in second.output()
        assert str(product.process.pid) in second.output()
    assert product.serves()


@pytest.mark.long
def test_two_run_side_by_side(product: Product) -> None:
    elsewhere = product.local_dir.with_name("other")
    subprocess.run(["cp", "-a", product.local_dir, elsewhere], check=True)
    with Product(elsewhere) as other:
        product.started()
        other.started()
        assert not set(product.pids().values()) & set(other.pids().values())
        for name in ("postgres", "redis"):
            assert service_url(product.local_dir, name) != service_url(other.local_dir, name)

        other.process.send_signal(signal.SIGINT)

        assert other.wait() == 0
        assert product.serves()


@pytest.mark.django_db(transaction=True)
def test_servers_that_are_given_are_used_and_none_is_started(local_dir: Path) -> None:
    given = {"DATABASE_URL": database_url(), "REDIS_URL": settings.REDIS_URL}
    with Product(local_dir / ".local", environment=given) as product:
        product.started()
        assert set(product.pids()) == {"web", "gateway"}
        assert product.serves()
        assert "not-started" in service_url(product.local_dir, "postgres")


@pytest.mark.parametrize("variable", ["PORT", "GATEWAY_PORT"])
def test_a_taken_port_is_named_before_anything_starts(product: Product, variable: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", product.port if variable == "PORT" else product.gateway_port))
        other.listen()
        product.start()

        assert product.wait() == 1
    taken = product.port if variable == "PORT" else product.gateway_port
    assert f"Port {taken} is taken" in product.output()
    assert f"make up {variable}=" in product.output()
    assert READY not in product.output()
    assert not (product.local_dir / "postgres.port").exists()


@pytest.mark.long
def test_a_process_that_dies_at_once_is_named_with_its_last_words(product_dir: Path) -> None:
    with Product(product_dir, procfile="Procfile.broken") as product:
        product.start()

        assert wait_until(lambda: "starts again in 2 s" in product.output(), 30), product.output()
        product.process.send_signal(signal.SIGINT)

        assert product.wait() == 0
    output = product.output()
    for delay in ("0.5", "1", "2"):
        assert f"web ended (exit code 2); starts again in {delay} s" in output
    assert "No such file or directory" in output


def test_delays_grow_while_a_child_dies_at_once_and_start_anew_after_a_good_life(local_dir: Path) -> None:
    log = ChildLog(local_dir, "child")
    child = Child(name="child", stage=Stage.PROCESS, start=lambda output: None, log=log, started_at=float("inf"))

    assert [child.ended() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, LONGEST_DELAY, LONGEST_DELAY]
    child.started_at = -HEALTHY_SECONDS
    assert child.ended() == 0.5
    log.close()


def test_log_keeps_whole_lines_across_chunks(local_dir: Path) -> None:
    log = ChildLog(local_dir, "child")

    assert log.feed(b"one\ntw") == ["one"]
    assert log.feed(b"o\nthree") == ["two"]
    log.close()

    assert [line.split(" ", 1)[1] for line in log.path.read_text().splitlines()] == ["one", "two", "three"]


def test_only_some_problems_of_a_child_reach_the_terminal() -> None:
    problems = ProblemFilter()

    assert not problems.admits("INFO all is well, no errors")
    assert [problems.admits("2026 ERROR it broke") for _ in range(SHOWN_PER_WINDOW + 1)] == [
        *[True] * SHOWN_PER_WINDOW,
        False,
    ]


def test_procfile_replaces_variables_without_a_shell(local_dir: Path) -> None:
    path = local_dir / "Procfile"
    path.write_text("# comment\n\nweb: serve --name '$NAME' $PORT\n")

    assert read_procfile(path, {"NAME": "a b; c", "PORT": "1"}) == {"web": ["serve", "--name", "a b; c", "1"]}


@pytest.mark.parametrize("line", ["web serve", "web: serve $UNKNOWN", "web: serve 'open"])
def test_procfile_names_the_line_that_is_wrong(local_dir: Path, line: str) -> None:
    path = local_dir / "Procfile"
    path.write_text(f"ok: true\n{line}\n")

    with pytest.raises(StartupError, match="line 2"):
        read_procfile(path, {})
