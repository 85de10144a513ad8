import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action
from apps.accounts.enums import TokenScope
from apps.accounts.models import AccessToken, User
from apps.accounts.permissions import Action
from apps.accounts.scopes import covers
from apps.accounts.selectors import TOKEN_PREFIX
from apps.core import clock, secrets
from apps.core.errors import Conflict, Invalid, NotAllowed
from apps.core.rows import first_or_not_found
from apps.core.values import check_line

TOKENS_MAX = 50
_USE_NOTED_EVERY = dt.timedelta(minutes=1)


@transaction.atomic
def create_access_token(
    *,
    actor: Actor,
    name: str,
    scopes: Sequence[str],
    expires_at: dt.datetime | None = None,
    within: AccessToken | None = None,
) -> tuple[AccessToken, str]:
    """A token of the actor for their organization, and its secret, which cannot be had a second time.

    `scopes` are values of `TokenScope`, at least one. `within` is the token by which a program asks for it: the new
    one may do nothing that this one may not, and ends with it at the latest. Raises `Invalid` with the field,
    `NotAllowed` for scopes beyond those of `within`, or `Conflict`.
    """
    actor.require(Action.TOKENS_MANAGE)
    name = check_line(name, field="name", longest=60)
    scopes = _checked_scopes(scopes)
    now = clock.now()
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now):
        raise Invalid(_("A token expires at a time in the future."), field="expires_at")
    if within is not None:
        if not all(covers(within.scopes, scope) for scope in scopes):
            raise NotAllowed(_("A token makes none that may do more than it may itself."), field="scopes")
        expires_at = expires_at or within.expires_at
        if within.expires_at is not None and expires_at is not None and expires_at > within.expires_at:
            raise Invalid(_("A token makes none that works longer than it does itself."), field="expires_at")
    # Locked, so that two at once are counted one after the other.
    user = User.objects.select_for_update(no_key=True).get(pk=actor.user.pk)
    working = AccessToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), user=user, revoked_at=None)
    if working.count() >= TOKENS_MAX:
        raise Conflict(_("A person has %(most)d working tokens at most. Revoke one first.") % {"most": TOKENS_MAX})
    made = secrets.generate(TOKEN_PREFIX)
    token = AccessToken.objects.create(
        user=user,
        organization=actor.organization,
        name=name,
        scopes=scopes,
        prefix=made.prefix,
        last4=made.last4,
        digest=made.digest,
        expires_at=expires_at,
    )
    record_action(
        actor, "token.created", f"Created the access token {name} ({token})", target=token.public_id,
        data={"scopes": scopes},
    )  # fmt: skip
    return token, made.secret


@transaction.atomic
def revoke_access_token(*, actor: Actor, token: AccessToken) -> AccessToken:
    """End a token for good: one's own, or anybody's for who manages members. Revoking twice is no error."""
    token = first_or_not_found(
        AccessToken.objects.select_for_update().filter(organization=actor.organization, pk=token.pk)
    )
    actor.require(Action.TOKENS_MANAGE if token.user_id == actor.user.pk else Action.MEMBERS_MANAGE)
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        token.save(update_fields=["revoked_at"])
        record_action(
            actor, "token.revoked", f"Revoked the access token {token.name} ({token})", target=token.public_id
        )
    return token


def record_use(*, token: AccessToken) -> None:
    """Note that the token was used; at most once a minute, since every request of a program comes by here."""
    now = clock.now()
    if token.last_used_at is None or token.last_used_at <= now - _USE_NOTED_EVERY:
        AccessToken.objects.filter(pk=token.pk).update(last_used_at=now)


def _checked_scopes(value: Any) -> list[str]:
    """The scopes, each once, in the order of `TokenScope`."""
    if not isinstance(value, list | tuple) or not value or any(scope not in TokenScope.values for scope in value):
        raise Invalid(_("Choose at least one scope."), field="scopes")
    return [scope for scope in TokenScope.values if scope in value]
