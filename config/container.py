"""The entry point of the image: `python -m config.container web|gateway|meter|worker|beat|migrate|health`.

One image runs every process of the `Procfile`; `migrate` brings the database's tables up to date and ends; anything
else is an argument of `manage.py`. `health` is the container's own health check: it asks whatever process runs here.
"""

import http.client
import os
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import NoReturn

from config import env
from config.up.errors import StartupError
from config.up.options import BASE_DIR
from config.up.procfile import read_procfile

# Which process this container runs, for `health`.
ROLE_FILE = Path(tempfile.gettempdir()) / "api-factory-process"
# The processes that answer HTTP: the variable of their port, the path that says whether they can work.
SERVED = {"web": ("PORT", "/_api/healthz"), "gateway": ("GATEWAY_PORT", "/_gateway/healthz")}
TIMEOUT_SECONDS = 4


def become(command: list[str]) -> NoReturn:
    """Run the command in the place of this process, so that signals reach it."""
    os.chdir(BASE_DIR)
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


def main(arguments: list[str]) -> int:
    """Become the process that is asked for; returns only when that cannot be, or for `health`."""
    if arguments == ["health"]:
        return 0 if is_healthy() else 1
    try:
        command = command_of(arguments)
    except StartupError as error:
        print(error, file=sys.stderr)
        return 2
    ROLE_FILE.write_text(arguments[0])
    become(command)


def command_of(arguments: list[str]) -> list[str]:
    """What the container runs. Raises StartupError for arguments that mean nothing and variables that are not set."""
    commands = read_procfile(BASE_DIR / "Procfile", os.environ)
    match arguments:
        case []:
            raise StartupError(f"Name what to run: {', '.join(commands)}, migrate or a command of manage.py.")
        case [role] if role in commands:
            return commands[role]
        case [role, *_] if role in commands:
            raise StartupError(f"{role} takes no arguments: its command stands in the Procfile.")
        case ["migrate"]:
            return ["python", "manage.py", "migrate", "--no-input"]
    return ["python", "manage.py", *arguments]


def is_healthy() -> bool:
    """Whether the process answers 200; one that does not serve HTTP is healthy as long as it lives."""
    try:
        variable, path = SERVED[ROLE_FILE.read_text()]
    except (OSError, KeyError):
        return True
    # By a name that the web process answers to.
    host = next((name.lstrip(".") for name in env.words("ALLOWED_HOSTS")), "localhost")
    with closing(http.client.HTTPConnection("127.0.0.1", int(os.environ[variable]), timeout=TIMEOUT_SECONDS)) as link:
        try:
            link.request("GET", path, headers={"Host": host})
            return link.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
