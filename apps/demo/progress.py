"""What a load tells, and how much it changed."""

from collections.abc import Callable


class Progress:
    """Every change is told as it is made, and counted: none means that all was there already."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.changes = 0

    def changed(self, text: str) -> None:
        self.changes += 1
        self._say(text)
