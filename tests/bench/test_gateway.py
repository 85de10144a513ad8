"""What the benchmark of the gateway reads: the load generators' words, and the kernel's counters."""

import os
import subprocess
import sys

import pytest

from bench.gateway.cpu import cpu_seconds, parse_stat, process_tree, rss_mb
from bench.gateway.errors import BenchError
from bench.gateway.load import parse_h2load, parse_wrk
from bench.gateway.report import rows
from bench.gateway.rounds import Sample

# The lines of wrk itself, and what the script adds.
WRK = """Running 5s test @ http://127.0.0.1:8001/
  1 threads and 32 connections
  9984 requests in 5.00s, 12.81MB read
Requests/sec:   1996.80
RESULT {"answers": 9984, "refused": 4, "broken": 2, "seconds": 4.992, "p50_us": 812, "p95_us": 2100, "p99_us": 5310}
"""
H2LOAD = """starting benchmark...
spawning thread #0: 4 total client(s). 5000 total requests

finished in 2.50s, 1999.20 req/s, 2.62MB/s
requests: 5000 total, 5000 started, 5000 done, 4990 succeeded, 10 failed, 3 errored, 1 timeout
status codes: 4990 2xx, 0 3xx, 5 4xx, 2 5xx
traffic: 6.54MB (6860000) total, 1.08MB (1135000) headers (space savings 0.00%), 5.11MB (5355000) data
                     min         max         mean         sd        +/- sd
time for request:      421us     12.31ms      1.94ms       803us    71.20%
time for connect:       84us       181us       132us        40us    50.00%
time to 1st byte:      640us      1.21ms       955us       250us    50.00%
req/s           :     499.80      499.91      499.85        0.05    50.00%
"""
# Ends a child that has worked, keeps one that waits, and says its number.
WORK = """
import subprocess, sys, time
subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.3: pass"], check=True)
waiting = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
print(waiting.pid, flush=True)
sys.stdin.read()
waiting.communicate()
"""


def test_wrk_tells_answers_from_refused_and_broken_calls() -> None:
    load = parse_wrk(WRK)
    assert (load.answers, load.errors) == (9980, 6)
    assert (load.p50_ms, load.p95_ms, load.p99_ms) == (0.812, 2.1, 5.31)
    assert load.rate == pytest.approx(9980 / 4.992)


def test_h2load_counts_failed_calls_once_and_reads_each_unit_of_time() -> None:
    load = parse_h2load(H2LOAD)
    assert (load.answers, load.errors, load.seconds) == (4990, 10, 2.5)
    assert (load.p50_ms, load.p99_ms) == (1.94, 12.31)
    assert parse_h2load(H2LOAD.replace("1.94ms", "940us")).p50_ms == pytest.approx(0.94)


@pytest.mark.parametrize("parse", [parse_wrk, parse_h2load])
def test_output_without_a_result_is_no_result(parse: object) -> None:
    assert callable(parse)
    with pytest.raises(BenchError, match="unable to connect"):
        parse("unable to connect to 127.0.0.1:1 Connection refused")


def test_a_process_named_with_brackets_and_blanks_is_read() -> None:
    pid, fields = parse_stat("4711 (a ) S 1 (b) S 1 4711 4711 0 -1 4194560 900 0 0 0 12 34 5 6 20 0 1 0\n")
    assert pid == 4711
    assert fields[:2] == ["S", "1"]
    assert fields[11:15] == ["12", "34", "5", "6"]


def test_cpu_and_memory_are_those_of_the_whole_tree_and_of_children_that_ended() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert process_tree(parent.pid) == {parent.pid, child}
        assert cpu_seconds(parent.pid) >= 0.3
        assert rss_mb(parent.pid) > rss_mb(child) > 1
        assert process_tree(os.getpid()) >= {os.getpid(), parent.pid, child}
        parent.communicate("")
    with pytest.raises(ProcessLookupError):
        cpu_seconds(parent.pid)


def test_a_row_has_medians_and_what_is_added_to_a_call_without_a_gateway() -> None:
    def sample(cpu_us: float, p50_us: int, refused: int = 0) -> Sample:
        result = (
            f'"answers": 100, "refused": {refused}, "broken": 0, "seconds": 0.5, "p95_us": 0, "p99_us": {p50_us * 2}'
        )
        load = parse_wrk(f'RESULT {{{result}, "p50_us": {p50_us}}}')
        return Sample(load, cpu_us, redis_us=10.0, meter_us=0.0, rss_mb=50.0)

    fixed = {"direct": [sample(0, 200)], "nginx": [sample(30, 900), sample(90, 500, refused=2), sample(40, 700)]}
    saturated = {"direct": [sample(0, 200)], "nginx": [sample(20, 900)]}
    (row,) = rows(fixed, saturated)
    assert (row["name"], row["cpu_us_at_2000"], row["cpu_us_saturated"]) == ("nginx", 40, 20)
    assert (row["p50_added_ms"], row["p99_added_ms"]) == (0.5, 1.0)
    assert (row["errors"], row["rps_one_core"], row["rss_mb"]) == (2, 200, 50.0)
