"""`make bench-pages`: how long the pages take with millions of rows. See `bench/README.md`."""

import argparse
import json
import os
import sys
from pathlib import Path

from bench.pages.servers import web_server
from bench.servers import MEMORY, VOLATILE, data_servers


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--anew", action="store_true", help="build the data again")
    parser.add_argument("--build-only", action="store_true", help="build the data and measure nothing")
    parser.add_argument("--requests", type=int, default=30, help="how many of each page are measured")
    parser.add_argument("--only", default="", help="pages whose name holds this")
    options = parser.parse_args()
    folder = Path(os.environ.get("LOCAL_DIR") or ".local").resolve() / "bench"
    with data_servers(folder, MEMORY | VOLATILE):
        import django

        django.setup()
        from bench.pages.build import build
        from bench.pages.measure import GOAL_MS, measure, print_table
        from bench.pages.pages import list_pages

        build(folder, anew=options.anew)
        if options.build_only:
            return 0
        with web_server() as port:
            results = [measure(port, page, options.requests) for page in list_pages() if options.only in page.name]
        report = {"goal_ms": GOAL_MS, "pages": [vars(result) for result in results]}
        (folder / "pages.json").write_text(json.dumps(report, indent=2) + "\n")
        json.dump(report, sys.stdout, indent=2)
        print_table(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
