"""Everything that runs during a comparison: backend, databases, candidates."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.gateway import peers
from bench.gateway.candidate import Candidate
from bench.gateway.errors import BenchError, Missing
from bench.gateway.options import ROOT
from bench.gateway.ours import Installation, installation
from bench.gateway.processes import answers, cores, free_port, running
from bench.gateway.profiled import profile_path
from bench.gateway.tools import say


@dataclass
class Stage:
    folder: Path
    upstream_port: int
    bodies_port: int  # our own backend, with bodies and streams of any size
    ours: Installation | None = None
    candidates: list[Candidate] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def upstream_url(self) -> str:
        return f"http://127.0.0.1:{self.upstream_port}"

    @property
    def bodies_url(self) -> str:
        return f"http://127.0.0.1:{self.bodies_port}"


@contextmanager
def stage(options: Namespace, folder: Path) -> Iterator[Stage]:
    """Start the candidates that were asked for and can run here; `skipped` says why the others do not."""
    with ExitStack() as stack:
        bodies_port = free_port()
        stack.enter_context(
            running(
                "backend",
                [sys.executable, "-m", "bench.gateway.backend", str(bodies_port)],
                core=cores()[1],
                folder=folder,
                cwd=ROOT,
                ready=answers(bodies_port, "/v1/current"),
            )
        )
        upstream_port = _upstream(stack, options.peers, folder, bodies_port)
        ready = Stage(folder, upstream_port, bodies_port)
        if "api-factory" in options.only:
            ready.ours = stack.enter_context(
                installation(
                    folder,
                    [upstream_port, bodies_port],
                    profile=profile_path(folder) if options.profile else None,
                )
            )
            ready.candidates.append(ready.ours.candidate)
        _peers(stack, ready, options)
        if not ready.candidates:
            raise BenchError("Nothing can be measured.")
        yield ready


def _upstream(stack: ExitStack, configurations: Path, folder: Path, own_port: int) -> int:
    port = free_port()
    try:
        _require(configurations)
        stack.enter_context(peers.nginx_upstream(configurations, folder, port))
    except Missing as reason:
        say(f"The backend is our own instead of nginx: {reason}.")
        return own_port
    return port


def _peers(stack: ExitStack, ready: Stage, options: Namespace) -> None:
    wanted = [name for name in options.only if name in peers.PEERS]
    if not wanted:
        return
    try:
        _require(options.peers)
        base = stack.enter_context(peers.surroundings(options.peers, ready.folder, ready.upstream_port))
    except Missing as reason:
        for name in wanted:
            _skip(ready, name, reason)
        return
    for name in wanted:
        try:
            ready.candidates.append(stack.enter_context(peers.PEERS[name](base)))
        except Missing as reason:
            _skip(ready, name, reason)


def _skip(ready: Stage, name: str, reason: Missing) -> None:
    ready.skipped[name] = str(reason)
    say(f"{name} is skipped: {reason}.")


def _require(configurations: Path) -> None:
    if not (configurations / "make_data.py").exists():
        raise Missing(f"the peers' configurations are not in {configurations} (set PEERS_DIR)")
