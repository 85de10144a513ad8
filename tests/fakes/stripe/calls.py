"""One request to the API, and the table of what answers it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.stripe.params import LIST_PARAMETERS, Params
from tests.fakes.stripe.world import PLATFORM, Object, World


@dataclass
class Call:
    """What a handler gets. `account` is whose books it works on: the platform's, or of `Stripe-Account`."""

    world: World
    params: Params
    account: str = PLATFORM
    path: dict[str, str] = field(default_factory=dict)
    request_id: str | None = None
    idempotency_key: str | None = None

    @property
    def id(self) -> str:
        return self.path["id"]

    def now(self) -> int:
        return self.world.now()

    def get(self, kind: str) -> Object:
        """The object that the address names as `{id}`."""
        return self.world.get(self.account, self.id, kind)

    def named(self, param: str, kind: str) -> Object | None:
        """The object that a parameter names, None where it is not given."""
        id_ = self.params.text(param)
        return None if id_ is None else self.world.named(self.account, id_, kind, param=param)

    def add(self, item: Object) -> Object:
        return self.world.add(self.account, item)

    def emit(self, kind: str, item: Object, previous: dict[str, Any] | None = None) -> Object:
        from tests.fakes.stripe.resources.events import emit

        return emit(
            self.world,
            self.account,
            kind,
            item,
            previous,
            request={"id": self.request_id, "idempotency_key": self.idempotency_key},
        )


Handler = Callable[[Call], Object]


@dataclass(frozen=True)
class Route:
    method: str
    template: str
    pattern: re.Pattern[str]
    handler: Handler
    # The parameters that it takes at the top level; any other is refused.
    accepts: frozenset[str]
    required: tuple[str, ...]


ROUTES: list[Route] = []


def route(method: str, template: str, accepts: str = "", *, required: str = "") -> Callable[[Handler], Handler]:
    """`accepts` and `required` are names with blanks in between; what is required is accepted."""

    def register(handler: Handler) -> Handler:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
        names = frozenset([*accepts.split(), *(name.partition(".")[0] for name in required.split())])
        ROUTES.append(Route(method, template, pattern, handler, names, tuple(required.split())))
        return handler

    return register


def listing(template: str, filters: str = "") -> Callable[[Handler], Handler]:
    """A GET of pages: the handler gives every object, the newest first, and `lists.page` the part that is asked for."""
    return route("GET", template, " ".join([filters, *LIST_PARAMETERS]))


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route and what its names in braces stand for; a literal word goes before a name."""
    found = [(each, match.groupdict()) for each in ROUTES if (match := each.pattern.fullmatch(path))]
    return min((each for each in found if each[0].method == method), key=lambda each: len(each[1]), default=None)
