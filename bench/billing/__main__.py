"""`make bench-billing`: a night in which every subscription is due. See `bench/README.md`."""

import argparse
import json
import os
import sys
from pathlib import Path

from bench.servers import MEMORY, data_servers


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.billing", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1_000, 10_000], help="how many are due")
    parser.add_argument("--workers", type=int, default=2, help="processes that close periods at the same time")
    parser.add_argument("--kills", type=int, default=0, help="how often all of them are killed on the way")
    options = parser.parse_args()
    local = Path(os.environ.get("LOCAL_DIR") or ".local").resolve()
    report = local / "bench" / "billing.json"
    with data_servers(local / "bench" / "billing", MEMORY):
        import django

        django.setup()
        from bench.billing.build import build
        from bench.billing.night import run_night
        from bench.billing.proof import prove

        rows = []
        for size in options.sizes:
            build(size)
            row = run_night(size, workers=options.workers, kills=options.kills)
            prove(size)
            rows.append(row)
            sys.stderr.write(f"{row}\n")
    report.write_text(json.dumps({"rows": rows}, indent=2) + "\n")
    json.dump({"rows": rows}, sys.stdout, indent=2)
    out = sys.stdout.write
    out(f"\n\n{'subscriptions':>14} {'seconds':>9} {'invoices/s':>11} {'MB':>6}\n")
    for row in rows:
        out(
            f"{row['subscriptions']:>14,} {row['seconds']:>9.1f} {row['invoices_per_second']:>11.1f} "
            f"{row['rss_mb']:>6.0f}\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
