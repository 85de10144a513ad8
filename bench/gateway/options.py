"""The options of `make bench-gateway`."""

import argparse
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CANDIDATES = ("api-factory", "nginx-lua", "fastify", "nginx")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.gateway", description="See `bench/README.md`.")
    add = parser.add_argument
    add("--seconds", type=int, default=10, help="how long each run is")
    add("--runs", type=int, default=5, help="how often each candidate is measured; medians count")
    add("--rate", type=int, default=2000, help="requests per second of the runs at a fixed rate")
    add("--only", type=_names, default=CANDIDATES, help=f"candidates: {','.join(CANDIDATES)}")
    add("--quick", action="store_true", help="one run of 5 seconds, without growth")
    add("--skip-growth", action="store_true", help="do not measure how cost grows")
    add("--growth-only", action="store_true", help="measure only how cost grows")
    add("--keys", type=int, default=100_000, help="how many keys are in use at the end of growth")
    add(
        "--soak", type=float, nargs="?", const=10.0, default=0.0, metavar="MINUTES", help="only: memory under long load"
    )
    add("--uploads", action="store_true", help="only: memory while 20 clients upload 1 GB")
    add("--sse", action="store_true", help="only: time to the first event of a stream")
    add("--slow-clients", action="store_true", help="only: what 500 slow clients cost the others")
    add("--profile", action="store_true", help="only: where our gateway spends its time at the fixed rate")
    add("--no-install", action="store_true", help="install nothing: what is missing is skipped")
    options = parser.parse_args(arguments)
    if options.quick:
        options.seconds, options.runs, options.skip_growth = 5, 1, True
    options.checks = bool(options.soak or options.uploads or options.sse or options.slow_clients or options.profile)
    options.compares = not (options.checks or options.growth_only)
    options.grows = options.growth_only or not (options.checks or options.skip_growth)
    if not options.compares:
        options.only = ("api-factory",)
    options.local = Path(os.environ.get("LOCAL_DIR") or ROOT / ".local").resolve()
    options.peers = Path(os.environ.get("PEERS_DIR") or ROOT.parent / "shared" / "bench-peers").resolve()
    return options


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - set(CANDIDATES):
        raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(unknown))}")
    return names
