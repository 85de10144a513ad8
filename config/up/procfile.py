"""Reader of `Procfile`: one `name: command` per line. Commands run without a shell, so signals reach them directly."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from string import Template

from config.up.errors import StartupError

LINE = re.compile(r"(?P<name>[A-Za-z0-9_-]+):\s*(?P<command>\S.*)")


def read_procfile(path: Path, environment: Mapping[str, str]) -> dict[str, list[str]]:
    """The command of each process, `$NAME` replaced from `environment`.

    Raises StartupError for a line that is no process and for a variable that is not set.
    """
    commands = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if not (match := LINE.fullmatch(line.strip())):
            raise StartupError(f"{path}, line {number}: expected `name: command`, found {line!r}.")
        try:
            # Split first: a value with blanks stays one argument.
            words = [Template(word).substitute(environment) for word in shlex.split(match["command"])]
        except (KeyError, ValueError) as error:
            raise StartupError(f"{path}, line {number}: {error}.") from error
        commands[match["name"]] = words
    return commands
