"""How long the client of an answer has kept it waiting: whose fault it is that the answer does not end."""

# A network that is slow may make a piece wait for seconds, and backends that give up wait longer than that.
STALL_SECONDS = 5.0
# In all; shorter ones are nobody's fault.
LONG_SECONDS = 0.5


class Waits:
    __slots__ = ("_in_all", "_longest")

    def __init__(self) -> None:
        self._in_all = 0.0
        self._longest = 0.0

    def add(self, seconds: float) -> None:
        self._in_all += seconds
        self._longest = max(self._longest, seconds)

    @property
    def has_stall(self) -> bool:
        """Whether it stopped reading: long enough for a backend to give up."""
        return self._longest >= STALL_SECONDS

    @property
    def are_long(self) -> bool:
        """Whether it read so slowly that the whole call became late."""
        return self._in_all >= LONG_SECONDS
