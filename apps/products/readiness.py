"""What a product still lacks before it can be published.

Apps above add their own checks in `AppConfig.ready()`: plans, that one is on sale.
"""

from collections.abc import Callable

from django.utils.translation import gettext as _

from apps.products.hosting import is_hosting
from apps.products.models import Product

# Given a product, the sentences that say what is missing; empty when nothing is.
Check = Callable[[Product], list[str]]
_checks: list[Check] = []


def register_check(check: Check) -> None:
    _checks.append(check)


def missing_for_publication(product: Product) -> list[str]:
    """What to do before the product can be published, in words; empty when it is ready."""
    is_ready = is_hosting(product) or product.endpoints.current().exists()
    missing = [] if is_ready else [_("Add an endpoint.")]
    for check in _checks:
        missing += check(product)
    return missing
