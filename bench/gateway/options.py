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
    add("--no-install", action="store_true", help="install nothing: what is missing is skipped")
    options = parser.parse_args(arguments)
    if options.quick:
        options.seconds, options.runs, options.skip_growth = 5, 1, True
    options.local = Path(os.environ.get("LOCAL_DIR") or ROOT / ".local").resolve()
    options.peers = Path(os.environ.get("PEERS_DIR") or ROOT.parent / "shared" / "bench-peers").resolve()
    return options


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - set(CANDIDATES):
        raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(unknown))}")
    return names
