"""Whether this process can serve calls, and what of its surroundings is away: for probes and for metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from apps.gateway.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Standing:
    """`parts` says of each thing that is needed whether it is there."""

    can_serve: bool
    parts: dict[str, bool]

    @property
    def away(self) -> list[str]:
        return [name for name, is_there in self.parts.items() if not is_there]

    @property
    def status(self) -> str:
        """`ok`; `degraded`: some calls are refused, or changes come late; `unavailable`: nothing can be served."""
        if not self.can_serve:
            return "unavailable"
        return "degraded" if self.away else "ok"


def standing_of(runtime: Runtime, checks: Mapping[str, bool]) -> Standing:
    """`checks`: what answered when it was asked last, with `postgres` among it.

    Postgres must have been there once, or nothing would be known. Calls are counted in Redis or, those without a
    quota, by this process, which then needs its spool. Before the start and after the stop neither is so.
    """
    metering = runtime.metering
    parts = {**checks, "counters": metering.is_available}
    if metering.spool_is_ready is not None:
        parts["spool"] = metering.spool_is_ready
    knows = checks["postgres"] or runtime.directory.has_read
    return Standing(knows and (metering.is_available or metering.can_count_alone), parts)
