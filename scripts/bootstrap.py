"""Make `.venv` and install the pinned packages: `python3 scripts/bootstrap.py runtime|dev`.

Needs nothing but Python. Does nothing when the lock file has not changed since the last time. The syntax stays old
on purpose, so that an old Python can say that it is too old.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed.json"
LOCKS = {"runtime": "requirements.lock", "dev": "requirements-dev.lock"}


def main():
    wanted = sys.argv[1]
    if sys.version_info < OLDEST_PYTHON:
        fail(
            "Python {}.{} or newer is needed, but this is {}. Use: make PYTHON=/path/to/python3".format(
                *OLDEST_PYTHON, sys.version.split()[0]
            )
        )
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two starts at once install once
        state = expected_state()
        if read_stamp().get(wanted) == state[wanted]:
            return
        begin = time.monotonic()
        make_environment()
        STAMP.unlink(missing_ok=True)
        install(ROOT / LOCKS[wanted])
        # The development packages include all others.
        STAMP.write_text(json.dumps(state if wanted == "dev" else {wanted: state[wanted]}))
        print(f"Packages are installed in .venv ({time.monotonic() - begin:.0f} s).", flush=True)


def expected_state():
    """What the stamp says when everything is installed: the interpreter and the hash of each lock file."""
    return {
        name: f"{sys.version} {hashlib.sha256((ROOT / file).read_bytes()).hexdigest()}" for name, file in LOCKS.items()
    }


def read_stamp():
    try:
        return json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}


def make_environment():
    python = VENV / "bin" / "python"
    probe = "import pip, sys; sys.exit(sys.version != sys.argv[1])"
    usable = (
        python.exists()
        and subprocess.run([python, "-c", probe, sys.version], capture_output=True, check=False).returncode == 0
    )
    if usable:
        return
    print("Making .venv with Python {}.{}.{} ...".format(*sys.version_info[:3]), flush=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", VENV],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        fail(
            f"The virtual environment could not be made:\n{made.stdout}\nOn Debian and Ubuntu: apt install python3-venv"
        )


def install(lock):
    """Install exactly what the lock file names, every file checked against its hash."""
    print(f"Installing the packages of {lock.name} (once) ...", flush=True)
    # Byte-compiling on import costs a fraction of compiling everything now.
    command = [
        VENV / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--require-hashes",
        "--no-deps",
        "--no-compile",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
        "-r",
        lock,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    lines = []
    collected = 0
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Collecting "):
            collected += 1
            if collected % 20 == 0:
                print(f"  {collected} packages downloaded", flush=True)
        elif line.startswith("Installing collected"):
            print(f"  {collected} packages downloaded, unpacking", flush=True)
    if process.wait() != 0:
        fail("pip could not install the packages:\n" + "".join(lines[-20:]))


def fail(message):
    print(message, file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
