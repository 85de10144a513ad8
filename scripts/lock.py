"""Pin every package, with hashes and without naming where it came from: `make lock` (needs uv, a developer's tool).

Versions that are pinned already stay; `--upgrade` takes the newest that fit.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = ["uv", "pip", "compile", "pyproject.toml", "--universal", "--generate-hashes", "--no-header", "--no-annotate"]


def main() -> int:
    if shutil.which("uv") is None:
        print("uv is not installed: pip install uv", file=sys.stderr)
        return 1
    shipped = ["--group", "embedded", "--group", "demo"]
    everything = [*shipped, "--group", "dev", "--output-file", "requirements-dev.lock", *sys.argv[1:]]
    subprocess.run([*COMPILE, "--quiet", *everything], cwd=ROOT, check=True)
    # The same versions, whatever their own resolution would prefer; the image has neither servers nor demo.
    same = ["--constraints", "requirements-dev.lock"]
    subprocess.run([*COMPILE, "--quiet", *shipped, *same, "--output-file", "requirements.lock"], cwd=ROOT, check=True)
    subprocess.run([*COMPILE, "--quiet", *same, "--output-file", "requirements-image.lock"], cwd=ROOT, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
