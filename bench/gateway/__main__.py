"""`make bench-gateway`: the gateway beside its peers on this machine. See `bench/README.md`."""

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.gateway import options as command_line
from bench.gateway import report
from bench.gateway.comparison import compare
from bench.gateway.errors import BenchError
from bench.gateway.processes import cores
from bench.gateway.stage import stage
from bench.gateway.tools import install_missing, say
from config.embedded.lock import LockHeldError, file_lock


def main() -> int:
    options = command_line.parse()
    folder: Path = options.local / "bench" / "gateway"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with file_lock(folder / "lock", wait=False), ExitStack() as stack:
            machine = report.machine()
            # Everything is a child of this process and inherits its core; gateways are given the other one.
            os.sched_setaffinity(0, {cores()[1]})
            install_missing(allowed=not options.no_install)
            ready = stack.enter_context(stage(options, folder))
            rows = compare(ready, options)
            result: dict[str, Any] = {"machine": machine, "rows": rows, "growth": [], "skipped": ready.skipped}
            (options.local / "bench" / "gateway.json").write_text(json.dumps(result, indent=2) + "\n")
            json.dump(result, sys.stdout, indent=2)
            report.print_rows(rows, options.rate)
    except LockHeldError:
        say("The benchmark of the gateway runs already in this LOCAL_DIR.")
        return 1
    except BenchError as error:
        say(f"bench-gateway: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
