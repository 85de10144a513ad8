"""What a newcomer does, done by a program: clone, `make up`, paste the call, stop. `make smoke`.

Needs git, make and Python, like the product itself, and curl. Every wait ends; the whole run takes at most TIME_LIMIT
seconds.
Exit code 0 when everything was as promised, else 1 with what was seen.
"""

import contextlib
import json
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIME_LIMIT = int(os.environ.get("SMOKE_SECONDS", "300"))
STOP_LIMIT = 60
# What a newcomer has not set.
UNWANTED = ("DATABASE_URL", "REDIS_URL", "LOCAL_DIR", "DJANGO_SETTINGS_MODULE", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
READY = "Ctrl-C stops everything"


class SmokeError(Exception):
    """Something is not as promised."""


class Clone:
    """A fresh clone in an empty folder, with ports of its own."""

    def __init__(self, folder):
        self.folder = folder / "clone"
        self.local_dir = self.folder / ".local"
        self.output = folder / "output.txt"
        self.port, self.gateway_port = free_ports(2)
        self.process = None
        self.environment = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        self.environment |= {"PORT": str(self.port), "GATEWAY_PORT": str(self.gateway_port)}
        run("git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(self.folder))

    def up(self):
        """`make up`; returns what it showed once everything runs."""
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                ["make", "up"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while READY not in self.shown():
            if self.process.poll() is not None:
                raise SmokeError(f"make up ended with exit code {self.process.returncode}:\n{self.shown()}")
            time.sleep(0.2)
        return self.shown()

    def shown(self):
        return self.output.read_text(errors="replace")

    def record(self):
        return json.loads((self.local_dir / "run.json").read_text())

    def stop(self):
        """SIGINT to the supervisor, as Ctrl-C sends it; returns the exit code of `make up`."""
        os.kill(self.record()["supervisor"], signal.SIGINT)
        try:
            return self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            raise SmokeError(f"make up did not stop within {STOP_LIMIT} s:\n{self.shown()}") from None

    def abandon(self):
        """Whatever happened: nothing of the clone stays."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_LIMIT)
        subprocess.run(
            ["make", "reset"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )


def main():
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(TIME_LIMIT)
    folder = Path(tempfile.mkdtemp(prefix="api-factory-smoke-"))
    clone = None
    try:
        clone = Clone(folder)
        say(f"cloned into {clone.folder}")
        check(clone)
        return 0
    except SmokeError as error:
        say(f"FAILED: {error}")
        show_logs(clone)
        return 1
    finally:
        signal.alarm(0)
        if clone is not None:
            clone.abandon()
        shutil.rmtree(folder, ignore_errors=True)


def check(clone):
    """The promises, one by one."""
    shown = timed("make up, first start", clone.up)
    for line in shown.splitlines():
        say(f"  | {line}")
    call(shown)
    check_with_curl(clone, shown)
    check_second_start_is_refused(clone)
    processes = family(clone.process.pid)
    expect(len(processes) > 5, f"{len(processes)} processes run")
    expect(timed("Ctrl-C", clone.stop) == 0, "make up ended with exit code 0")
    expect(not still_running(processes), "no process is left")

    shown = timed("make up, second start", clone.up)
    expect("Demo marketplace" not in shown, "the second start found the data of the first")
    call(shown)
    processes = family(clone.process.pid)
    expect(timed("Ctrl-C", clone.stop) == 0, "make up ended with exit code 0")
    expect(not still_running(processes), "no process is left")


def call(shown):
    """Run the call that was shown, as if it were pasted."""
    line = next((line.strip() for line in shown.splitlines() if line.strip().startswith("curl ")), None)
    if line is None:
        raise SmokeError(f"no call was shown:\n{shown}")
    status = run("sh", "-c", f"{line} --silent --output /dev/null --write-out '%{{http_code}}'")
    expect(status == "200", f"the call that was shown answers {status}")


def check_with_curl(clone, shown):
    """What an operator runs against any installation, run against this one."""
    script = clone.folder / "scripts" / "smoke.sh"
    addresses = [f"http://127.0.0.1:{port}" for port in (clone.port, clone.gateway_port)]
    key = re.search(r"X-Api-Key: (\w+)", shown)
    expect(key is not None, "a key was shown")
    for line in run("sh", str(script), *addresses, key[1]).splitlines():
        say(f"  | {line}")


def check_second_start_is_refused(clone):
    second = subprocess.run(
        ["make", "up"], cwd=clone.folder, env=clone.environment, capture_output=True, text=True, check=False
    )
    expect(second.returncode != 0 and "runs already" in second.stdout, "a second start of the same folder is refused")


# --- Helpers ---------------------------------------------------------------------------------------
def say(text):
    print(text, flush=True)


def expect(condition, text):
    if not condition:
        raise SmokeError(f"not so: {text}")
    say(f"ok: {text}")


def timed(title, action):
    begin = time.monotonic()
    result = action()
    say(f"{title}: {time.monotonic() - begin:.1f} s")
    return result


def run(*command):
    """The output of a command that must succeed."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        raise SmokeError(f"{shlex.join(command)}: exit code {result.returncode}\n{result.stdout}")
    return result.stdout.strip()


def free_ports(count):
    """Free ports below those that outgoing connections are given by themselves."""
    ports = set()
    while len(ports) < count:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            ports.add(port)
    return sorted(ports)


def process_table():
    """{pid: (parent, birth)} of every process of this machine that is not a zombie."""
    table = {}
    if Path("/proc/self/stat").exists():
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                state, parent, *fields = stat.read_text().rpartition(")")[2].split()
                if state not in "ZX":
                    table[int(stat.parent.name)] = (int(parent), fields[17])
        return table
    for line in run("ps", "-A", "-o", "pid=,ppid=,stat=,lstart=").splitlines():
        pid, parent, state, *birth = line.split()
        if state[0] != "Z":
            table[int(pid)] = (int(parent), " ".join(birth))
    return table


def family(ancestor):
    """(pid, birth) of a process and of everything below it."""
    table = process_table()
    members = {ancestor}
    while more := {pid for pid, (parent, _) in table.items() if parent in members} - members:
        members |= more
    return {(pid, table[pid][1]) for pid in members if pid in table}


def still_running(processes):
    return processes & {(pid, birth) for pid, (_, birth) in process_table().items()}


def show_logs(clone):
    for log in sorted(clone.local_dir.glob("log/*.log")) if clone else []:
        say(f"--- {log.name}")
        for line in log.read_text(errors="replace").splitlines()[-15:]:
            say(f"  {line}")


def out_of_time(number, frame):
    raise SmokeError(f"not done within {TIME_LIMIT} s")


if __name__ == "__main__":
    sys.exit(main())
