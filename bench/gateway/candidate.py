"""A gateway under measurement, as load and checks see it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    name: str
    port: int
    prefix: str  # of the product's paths: `/gw/weather`
    keys: tuple[str, ...]  # in rotation
    pid: int  # the root of its process tree
    enforces: bool = True  # checks keys and limits
    exhausted_key: str = ""  # lets one call through, then is refused with 429
    redis_pid: int = 0
    meter_pid: int = 0

    @property
    def current(self) -> str:
        """The path of the call that is measured: 1071 bytes of JSON."""
        return f"{self.prefix}/v1/current?city=paris&units=metric"
