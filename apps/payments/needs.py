"""Who is asked whether an organization needs a card: apps above register here when Django starts."""

from collections.abc import Callable

from apps.accounts.models import Organization

Check = Callable[[Organization], bool]
_checks: list[Check] = []


def register(check: Check) -> None:
    if check not in _checks:
        _checks.append(check)


def needs_card(organization: Organization) -> bool:
    """Whether something is to be charged to the organization without its people being asked."""
    return any(check(organization) for check in _checks)
