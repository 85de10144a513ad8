"""`make bench-gateway`: the gateway beside its peers on this machine. See `bench/README.md`."""

import json
import sys
from argparse import Namespace
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from bench.gateway import options as command_line
from bench.gateway import report
from bench.gateway.bodies import first_event, upload
from bench.gateway.comparison import Count, compare
from bench.gateway.errors import BenchError
from bench.gateway.growth import Growth, print_growth
from bench.gateway.processes import take_the_machine
from bench.gateway.profile import profile
from bench.gateway.slow import slow_clients
from bench.gateway.soak import soak
from bench.gateway.stage import Stage, stage
from bench.gateway.tools import install_missing, say
from config.embedded.lock import LockHeldError, file_lock


def main() -> int:
    options = command_line.parse()
    folder: Path = options.local / "bench" / "gateway"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with file_lock(folder / "lock", wait=False), ExitStack() as stack:
            machine = report.machine()
            take_the_machine()
            install_missing(allowed=not options.no_install)
            ready = stack.enter_context(stage(options, folder))
            found = {"machine": machine, "skipped": ready.skipped} | _measure(ready, options)
    except LockHeldError:
        say("The benchmark of the gateway runs already in this LOCAL_DIR.")
        return 1
    except BenchError as error:
        say(f"bench-gateway: {error}")
        return 1
    _write(options.local / "bench" / "gateway.json", found)
    json.dump(found, sys.stdout, indent=2)
    sys.stdout.write("\n")
    report.print_rows(found.get("rows", []), options.rate)
    print_growth(found.get("growth", []))
    return 0


def _measure(ready: Stage, options: Namespace) -> dict[str, Any]:
    """What was asked for: the comparison and growth, or single long checks of our own gateway."""
    count = Count(ready.ours)
    found: dict[str, Any] = {}
    if options.compares:
        found["rows"] = compare(ready, options, count)
    if ready.ours is None or not (options.grows or options.checks):
        return found
    from bench.gateway.growth_data import build_growth

    build_growth(options.keys if options.grows else 0, ready.upstream_url, ready.bodies_url)
    if options.grows:
        found["growth"] = Growth(ready, count, seconds=options.seconds, keys=options.keys).run()
    if options.profile:
        profile(ready, count, seconds=options.seconds, rate=options.rate)
    if options.soak:
        found["soak"] = soak(ready, count, minutes=options.soak, rate=options.rate)
    if options.uploads:
        found["uploads"] = upload(ready, count)
    if options.sse:
        found["sse"] = first_event(ready, count)
    if options.slow_clients:
        found["slow_clients"] = slow_clients(ready, count, seconds=options.seconds)
    return found


def _write(path: Path, found: dict[str, Any]) -> None:
    """What was not measured this time stays as it was."""
    earlier: dict[str, Any] = {"rows": [], "growth": []}
    with suppress(OSError, ValueError):
        earlier |= json.loads(path.read_text())
    path.write_text(json.dumps(earlier | found, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
