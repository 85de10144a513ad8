"""Who acts on what a provider tells us, by kind: providers and apps above register here when Django starts."""

from collections.abc import Callable

from apps.payments.models import ProviderEvent

# Runs in a transaction of its own and may run again after it failed; the order of events is not promised.
Handler = Callable[[ProviderEvent], None]
_handlers: dict[str, list[Handler]] = {}


def register(kind: str, handler: Handler) -> None:
    """Act on events of this kind, such as `charge.dispute.created`."""
    handlers = _handlers.setdefault(kind, [])
    if handler not in handlers:
        handlers.append(handler)


_mirrors: dict[str, Handler] = {}


def register_mirror(provider: str, handler: Handler) -> None:
    """Keep a copy of what the provider has, by every event of its: after those who act on it, and apart from them."""
    _mirrors[provider] = handler


def mirror(event: ProviderEvent) -> None:
    handler = _mirrors.get(event.provider)
    if handler is not None:
        handler(event)


def handle(event: ProviderEvent) -> None:
    """An event that nobody has registered for is nobody's matter, and done with."""
    for handler in _handlers.get(event.kind, ()):
        handler(event)
