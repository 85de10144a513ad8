"""nginx, nginx with Lua and Fastify, from the configurations in the folder of peers, and the backend that all share."""

import filecmp
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from bench.gateway.candidate import Candidate
from bench.gateway.errors import BenchError, Missing
from bench.gateway.processes import answers, cores, free_port, listens, running
from bench.gateway.tools import nginx_module, nginx_modules, npm_install
from config.embedded.account import server_account
from config.embedded.binaries import find_valkey

PREFIX = "/gw/weather"


@dataclass(frozen=True)
class Surroundings:
    """What the peers stand on."""

    peers: Path  # their configurations
    folder: Path  # for what they write
    upstream_port: int
    redis_port: int
    redis_pid: int

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PEERS_DIR": str(self.peers),
            "RUN_DIR": str(self.folder),
            "UPSTREAM_PORT": str(self.upstream_port),
            "REDIS_PORT": str(self.redis_port),
        }

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(re.findall(r'"(\w+)"', (self.folder / "data" / "keys.lua").read_text()))

    @property
    def exhausted_key(self) -> str:
        return (self.folder / "data" / "key999").read_text().strip()


@contextmanager
def surroundings(peers: Path, folder: Path, upstream_port: int) -> Iterator[Surroundings]:
    """The test data, and a Valkey of the peers' own: without password and append-only file, as their README has it."""
    environment = os.environ | {"RUN_DIR": str(folder)}
    made = subprocess.run(
        [sys.executable, str(peers / "make_data.py")], env=environment, capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise BenchError(f"The peers' data could not be made:\n{made.stderr[-1000:]}")
    port = free_port()
    command: list[str | Path] = [
        *(find_valkey(server_account()), "--bind", "127.0.0.1", "--port", str(port)),
        *("--save", "", "--appendonly", "no", "--dir", folder),
    ]
    with running("peers-valkey", command, core=cores()[1], folder=folder, ready=listens(port)) as process:
        with redis.Redis(port=port) as client:
            client.script_load((peers / "redis" / "enforce.lua").read_text())
        yield Surroundings(peers, folder, upstream_port, port, process.pid)


@contextmanager
def nginx_upstream(peers: Path, folder: Path, port: int) -> Iterator[int]:
    """The peers' backend on nginx; gives its process id."""
    if nginx_module("ngx_http_echo_module.so") is None:
        raise Missing("nginx or its echo module is missing")
    home = _render(peers / "nginx-upstream.conf", folder, {"UPSTREAM_PORT": str(port)})
    with running(
        "nginx-upstream", _nginx(home), core=cores()[1], folder=folder, ready=answers(port, "/v1/current")
    ) as process:
        yield process.pid


@contextmanager
def nginx(base: Surroundings) -> Iterator[Candidate]:
    if nginx_modules() is None:
        raise Missing("nginx is missing")
    with _gateway(base, "nginx") as (port, pid):
        yield Candidate("nginx", port, PREFIX, base.keys, pid, enforces=False)


@contextmanager
def nginx_lua(base: Surroundings) -> Iterator[Candidate]:
    if nginx_module("ngx_http_lua_module.so") is None:
        raise Missing("nginx or its Lua module is missing")
    with _gateway(base, "nginx-lua") as (port, pid):
        yield _enforcing(base, "nginx-lua", port, pid)


@contextmanager
def fastify(base: Surroundings) -> Iterator[Candidate]:
    node = shutil.which("node")
    if node is None:
        raise Missing("node is missing")
    home = base.folder / "fastify"
    home.mkdir(exist_ok=True)
    source = base.peers / "fastify"
    unchanged = (home / "package.json").exists() and filecmp.cmp(source / "package.json", home / "package.json")
    for name in ("package.json", "server.js"):
        shutil.copyfile(source / name, home / name)
    if not (unchanged and (home / "node_modules").exists()) and (problem := npm_install(home)):
        shutil.rmtree(home / "node_modules", ignore_errors=True)
        raise Missing(problem)
    port = free_port()
    environment = base.environment | {"GATEWAY_PORT": str(port), "SAME": "1", "NODE_ENV": "production"}
    with running(
        "fastify",
        [node, home / "server.js"],
        core=cores()[0],
        folder=base.folder,
        ready=answers(port, "/health"),
        environment=environment,
        cwd=home,
    ) as process:
        yield _enforcing(base, "fastify", port, process.pid)


PEERS = {"nginx-lua": nginx_lua, "fastify": fastify, "nginx": nginx}


def _enforcing(base: Surroundings, name: str, port: int, pid: int) -> Candidate:
    return Candidate(name, port, PREFIX, base.keys, pid, exhausted_key=base.exhausted_key, redis_pid=base.redis_pid)


@contextmanager
def _gateway(base: Surroundings, name: str) -> Iterator[tuple[int, int]]:
    port = free_port()
    values = base.environment | {"GATEWAY_PORT": str(port)}
    home = _render(base.peers / f"{name}.conf", base.folder, values)
    with running(
        name,
        _nginx(home),
        core=cores()[0],
        folder=base.folder,
        ready=answers(port, "/health"),
        environment=values,
    ) as process:
        yield port, process.pid


def _render(template: Path, folder: Path, values: dict[str, str]) -> Path:
    """Write the configuration with its variables replaced; gives its folder."""
    home = folder / template.stem
    home.mkdir(exist_ok=True)
    text = template.read_text()
    for name, value in {**values, "NGINX_MODULES": str(nginx_modules())}.items():
        text = text.replace(f"${{{name}}}", value)
    (home / "nginx.conf").write_text(text)
    return home


def _nginx(home: Path) -> list[str | Path]:
    # Root's workers would otherwise be of an account that may not reach this folder.
    account = ["-g", "user root;"] if os.geteuid() == 0 else []
    return [shutil.which("nginx") or "nginx", "-e", "error.log", "-p", f"{home}/", "-c", "nginx.conf", *account]
