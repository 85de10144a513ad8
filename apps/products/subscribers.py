"""Who is subscribed to a product, and what becomes of them when it is retired.

Subscriptions are above products: their app says who there is, and ends them, by what it registers in
`AppConfig.ready()`.
"""

from collections.abc import Callable, Iterable

from django.db.models import QuerySet

from apps.accounts.models import Organization
from apps.products.models import Product

# The organizations with a subscription to the product that is not canceled.
Finder = Callable[[Product], QuerySet[Organization]]
# How many such subscriptions each of these products has, by the product's primary key; none is left out.
Counter = Callable[[Iterable[Product]], dict[int, int]]
# Called in the transaction that retires the product.
Handler = Callable[[Product], None]

_finders: list[Finder] = []
_counters: list[Counter] = []
_handlers: list[Handler] = []


def register_subscribers(*, find: Finder, count: Counter, on_retired: Handler) -> None:
    _finders.append(find)
    _counters.append(count)
    _handlers.append(on_retired)


def list_subscribers(product: Product) -> list[Organization]:
    """The organizations that would be told, and that keep a product from being retired at once."""
    return [organization for find in _finders for organization in find(product)]


def has_subscribers(product: Product) -> bool:
    return any(find(product).exists() for find in _finders)


def count_subscribers(products: Iterable[Product]) -> dict[int, int]:
    """How many live subscriptions each product has; those without any are left out."""
    products = list(products)
    counts: dict[int, int] = {}
    for count in _counters:
        for product, number in count(products).items():
            counts[product] = counts.get(product, 0) + number
    return counts


def end_subscriptions(product: Product) -> None:
    """Let everybody end what the product's retirement ends."""
    for handle in _handlers:
        handle(product)
