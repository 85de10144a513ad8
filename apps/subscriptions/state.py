"""The one table of which status of a subscription may follow which."""

from django.utils.translation import gettext as _

from apps.core.errors import Conflict
from apps.subscriptions.enums import SubscriptionStatus as S

TRANSITIONS: dict[S, frozenset[S]] = {
    S.PENDING_APPROVAL: frozenset({S.INCOMPLETE, S.TRIALING, S.ACTIVE, S.CANCELED}),
    S.INCOMPLETE: frozenset({S.TRIALING, S.ACTIVE, S.CANCELED}),
    S.TRIALING: frozenset({S.ACTIVE, S.PAST_DUE, S.PAUSED, S.CANCELED}),
    S.ACTIVE: frozenset({S.PAST_DUE, S.PAUSED, S.CANCELED}),
    S.PAST_DUE: frozenset({S.ACTIVE, S.UNPAID, S.PAUSED, S.CANCELED}),
    S.UNPAID: frozenset({S.ACTIVE, S.CANCELED}),
    # Resumed: to its trial, or where its payments stand.
    S.PAUSED: frozenset({S.TRIALING, S.ACTIVE, S.PAST_DUE, S.UNPAID, S.CANCELED}),
    S.CANCELED: frozenset(),
}


def check_transition(current: str, to: S) -> None:
    """Raises `Conflict` where the one may not follow the other."""
    if to not in TRANSITIONS[S(current)]:
        raise Conflict(
            _("This subscription is “%(current)s” and cannot become “%(to)s”.")
            % {"current": S(current).label, "to": to.label}
        )
