"""`python -m config.up`: exit code 0 after Ctrl-C or SIGTERM, 1 when something keeps the product from starting."""

import sys

from config import env
from config.embedded import discovery
from config.embedded.errors import EmbeddedServerError
from config.embedded.lock import LockHeldError, file_lock
from config.up.errors import StartupError, StopRequestedError
from config.up.options import Options
from config.up.parent import watch_parent
from config.up.record import RunRecord
from config.up.startup import Startup
from config.up.summary import summary
from config.up.supervisor import Supervisor
from config.up.terminal import Terminal


def main() -> int:
    terminal = Terminal()
    try:
        options = Options.from_environment()
        options.local_dir.mkdir(parents=True, exist_ok=True)
        record = RunRecord(options.local_dir, web_url=options.web_url, gateway_url=options.gateway_url)
        try:
            with file_lock(options.local_dir / "up.lock", wait=False):
                return run(options, record, terminal)
        except LockHeldError:
            raise StartupError(already_running(options, record)) from None
    except (StartupError, EmbeddedServerError, env.ConfigurationError, OSError) as error:
        terminal.line(f"\nmake up: {error}")
        return 1


def run(options: Options, record: RunRecord, terminal: Terminal) -> int:
    """Everything between the lock and its release."""
    terminal.line("API Factory")
    if ended := record.end_leftovers():
        terminal.line(f"  Ended {ended} processes of a start that was killed.")
    supervisor = Supervisor(
        log_dir=options.local_dir / "log",
        terminal=terminal,
        record=record,
        interrupted=watch_parent(),
        verbose=options.verbose,
    )
    try:
        demo = Startup(options, supervisor).run()
        for line in summary(options, demo):
            terminal.line(line)
        supervisor.run()
        code = 0
    except StopRequestedError:
        code = 0
    except (StartupError, EmbeddedServerError) as error:
        terminal.line(f"\nmake up: {error}")
        code = 1
    finally:
        terminal.line("\nStopping.")
        supervisor.stop()
        discovery.withdraw(options.local_dir)
    terminal.line("Stopped; the data stays.")
    return code


def already_running(options: Options, record: RunRecord) -> str:
    running = record.read()
    return (
        f"API Factory runs already with {options.local_dir}: {running.get('web_url')} (process "
        f"{running.get('supervisor')}). For a second one beside it: make up PORT=… GATEWAY_PORT=… LOCAL_DIR=…"
    )


if __name__ == "__main__":
    sys.exit(main())
