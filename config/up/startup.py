"""The way from nothing to a product that answers, step by step."""

from collections.abc import Callable
from typing import Any

from config import env
from config.embedded import discovery
from config.embedded.kept import is_free
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.server import EmbeddedServer
from config.embedded.valkey import EmbeddedValkey
from config.up import css, fake_stripe
from config.up.child import Child, Stage
from config.up.demo import Demo
from config.up.errors import StartupError
from config.up.health import answers_ok
from config.up.options import BASE_DIR, Options
from config.up.procfile import read_procfile
from config.up.supervisor import Step, Supervisor
from config.up.terminal import short

SERVERS: tuple[type[EmbeddedServer], ...] = (EmbeddedPostgres, EmbeddedValkey)
SERVER_TIMEOUT = 60.0
READY_TIMEOUT = 90.0
# Said while it takes long, without and with dj-stripe.
MAKING_TABLES = ("Making tables", "Making tables, those of dj-stripe too, which take a minute or more the first time")


class Startup:
    """Starts everything under the given supervisor. Each step raises StartupError with what to do."""

    def __init__(self, options: Options, supervisor: Supervisor) -> None:
        self._options = options
        self._supervisor = supervisor
        self._terminal = supervisor.terminal
        self._environment = options.environment()
        self._published = {"web": options.web_url, "gateway": options.gateway_url}

    def run(self) -> dict[str, Any] | None:
        """All steps in order; returns the content of `demo.json`, or None without the demo."""
        self._require_ports()
        self._start_servers()
        demo = self._start_backends() if self._options.demo else None
        if self._options.fake_stripe:
            self._start_stripe()
        with self._terminal.step("Database schema, stylesheet"):
            self._run(
                Step(
                    "migrate",
                    ("python", "manage.py", "migrate", "--no-input", "--skip-checks"),
                    self._long_migrations(),
                    meanwhile=MAKING_TABLES[self._options.fake_stripe],
                ),
                Step("css", css.COMMAND),
            )
            css.publish()
        content = self._load(demo) if demo else None
        self._start_processes()
        return content

    def _require_ports(self) -> None:
        options = self._options
        for variable, port in (("PORT", options.port), ("GATEWAY_PORT", options.gateway_port)):
            if not is_free(port, options.address):
                raise StartupError(
                    f"Port {port} is taken by another program. Stop that program or choose another port: "
                    f"make up {variable}={port + 1000}"
                )

    def _run(self, *steps: Step) -> None:
        self._supervisor.run_steps(steps, environment=self._environment, cwd=BASE_DIR)

    # --- Servers ----------------------------------------------------------------------------------
    def _start_servers(self) -> None:
        for kind in SERVERS:
            if not env.text(kind.url_variable, ""):
                server = kind(self._options.local_dir)
                with self._terminal.step(server.title):
                    self._start_server(server)
                self._publish(server.service, server.url)

    def _publish(self, name: str, url: str) -> None:
        """For processes that are started by others, such as `make advance`."""
        self._published[name] = url
        discovery.publish(self._options.local_dir, self._published)

    def _start_server(self, server: EmbeddedServer) -> None:
        server.prepare()
        if server.answers():
            raise StartupError(f"{server.title} of {server.home} runs already, started by another program. Stop it.")

        log = self._supervisor.log(server.name)
        self._supervisor.add(
            Child(name=server.name, stage=Stage.SERVER, start=server.spawn, log=log, stop_signal=server.stop_signal)
        )
        if not self._supervisor.wait_until(server.answers, SERVER_TIMEOUT):
            raise StartupError(f"{server.title} does not answer.\n{log.end()}\n  Or set {server.url_variable}.")

    # --- Demo -------------------------------------------------------------------------------------
    def _start_backends(self) -> Demo:
        demo = Demo(self._options.local_dir, f"{self._options.reachable_address}:{self._options.port}")
        demo.choose_ports()
        self._environment |= demo.environment()
        for backend in demo.backends:
            self._add(backend.name, list(backend.command), Stage.BACKEND)
        return demo

    # --- Stripe -----------------------------------------------------------------------------------
    def _start_stripe(self) -> None:
        server = fake_stripe.FakeStripe(self._options.local_dir, self._options.web_url)
        server.choose_port()
        self._environment |= server.environment()
        with self._terminal.step("Fake Stripe server"):
            self._add(fake_stripe.NAME, server.command, Stage.BACKEND)
            self._wait_ready(fake_stripe.NAME, fake_stripe.ADDRESS, server.port, fake_stripe.HEALTH)
        self._publish(fake_stripe.NAME, server.url)

    def _long_migrations(self) -> Callable[[str], None]:
        """Shows those of dj-stripe, each when it is done: they take a minute or more at the first start."""
        announced = False

        def show(line: str) -> None:
            nonlocal announced
            if "Applying djstripe." not in line:
                return
            if not announced:
                self._terminal.line("    The tables of dj-stripe, a minute or more at the first start:")
                announced = True
            self._terminal.line(f"    {line.strip()}")

        return show

    # --- Demo -------------------------------------------------------------------------------------
    def _load(self, demo: Demo) -> dict[str, Any]:
        with self._terminal.step("Demo backends"):
            for backend in demo.backends:
                self._wait_ready(backend.name, "127.0.0.1", backend.port, backend.health)
        if demo.must_load:
            with self._terminal.step("Demo marketplace"):
                # Its past was paid in the sandbox, whoever moves the money and reckons the tax from now on.
                sandbox = self._environment | {"PAYMENT_PROVIDER": "sandbox"}
                if sandbox.get("TAX_MODE") == "stripe":
                    sandbox["TAX_MODE"] = "none"
                step = Step("load_demo", ("python", "manage.py", "load_demo"), show=self._progress())
                self._supervisor.run_steps([step], environment=sandbox, cwd=BASE_DIR)
        return demo.refresh(self._options)

    def _progress(self) -> Callable[[str], None]:
        """Shows each line, up to a traceback: its end stands in the error."""
        failed = False

        def show(line: str) -> None:
            nonlocal failed
            failed = failed or line.startswith("Traceback")
            if not failed:
                self._terminal.line(f"    {line}")

        return show

    # --- Processes --------------------------------------------------------------------------------
    def _start_processes(self) -> None:
        options = self._options
        commands = read_procfile(options.procfile, self._environment)
        served = {"web": (options.port, "/_api/healthz"), "gateway": (options.gateway_port, "/_gateway/healthz")}
        # Those that somebody waits for get the machine first.
        first = [name for name in commands if name in served]
        with self._terminal.step(", ".join(first)):
            for name in first:
                self._add(name, commands[name], Stage.PROCESS)
            for name in first:
                self._wait_ready(name, options.reachable_address, *served[name])
        for name in commands:
            if name not in served:
                self._add(name, commands[name], Stage.PROCESS)

    def _add(self, name: str, command: list[str], stage: Stage) -> None:
        self._supervisor.add_command(name, command, environment=self._environment, cwd=BASE_DIR, stage=stage)

    def _wait_ready(self, name: str, address: str, port: int, path: str) -> None:
        if self._supervisor.wait_until(lambda: answers_ok(address, port, path), READY_TIMEOUT):
            return
        log = self._supervisor.children[name].log
        raise StartupError(f"{name} is not ready after {READY_TIMEOUT:g} s.\n{log.end()}\n  Log: {short(log.path)}")
