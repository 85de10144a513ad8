from collections.abc import Awaitable, Callable

from django.http.response import HttpResponseBase


class RelayedResponse(HttpResponseBase):
    """An answer that is sent while it is made: the handler awaits `relay` instead of sending anything itself.

    Status and headers are those that the engine sends; the ones of this object are not used. They cannot be
    known before, because the end of a call decides whether its answer may end.
    """

    streaming = True

    def __init__(self, relay: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.relay = relay
