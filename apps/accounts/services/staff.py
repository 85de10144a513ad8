"""What staff do about a person."""

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.audit import record_event
from apps.accounts.models import AccessToken, User
from apps.accounts.staff import checked_reason, require_staff
from apps.core import clock
from apps.core.errors import Conflict, NotAllowed
from apps.core.rows import first_or_not_found

_CHANGE = "accounts.change_user"


@transaction.atomic
def suspend_user(*, staff: User, user: User, reason: str) -> User:
    """Shut a person out: sessions and access tokens end for good, and they cannot sign in.

    What belongs to their organizations goes on, its API keys too: other members may depend on them, and products and
    keys have a stop of their own. Raises `NotAllowed` for oneself, and for a superuser unless one asks.
    """
    user = _locked(staff, user)
    reason = checked_reason(reason)
    if user == staff:
        raise NotAllowed(_("Nobody suspends themselves."))
    if not user.is_active:
        raise Conflict(_("This person is suspended already."))
    user.is_active = False
    user.session_epoch += 1
    user.save(update_fields=["is_active", "session_epoch"])
    AccessToken.objects.filter(user=user, revoked_at=None).update(revoked_at=clock.now())
    _record(staff, user, "user.suspended", f"Suspended {user.email}: {reason}")
    return user


@transaction.atomic
def reactivate_user(*, staff: User, user: User, reason: str) -> User:
    """Let a suspended person sign in again; no session of before comes back."""
    user = _locked(staff, user)
    reason = checked_reason(reason)
    if user.is_active:
        raise Conflict(_("This person is not suspended."))
    user.is_active = True
    user.save(update_fields=["is_active"])
    _record(staff, user, "user.reactivated", f"Reactivated {user.email}: {reason}")
    return user


@transaction.atomic
def remove_second_factor(*, staff: User, user: User, reason: str) -> User:
    """Let a person who has lost their second factor sign in with the password alone."""
    user = _locked(staff, user)
    reason = checked_reason(reason)
    removed, _by_model = Authenticator.objects.filter(user=user).delete()
    if not removed:
        raise Conflict(_("This person has no second factor."))
    _record(staff, user, "user.second_factor_removed", f"Removed the second factor of {user.email}: {reason}")
    return user


def record_rights(*, staff: User, user: User) -> None:
    """Leave an audit event of the rights that a superuser has just given a person."""
    data = {
        "is_staff": user.is_staff,
        "is_superuser": user.is_superuser,
        "groups": sorted(user.groups.values_list("name", flat=True)),
        "permissions": sorted(user.user_permissions.values_list("codename", flat=True)),
    }
    record_event(
        organization=None,
        actor=staff,
        action="user.rights_changed",
        target=user.public_id,
        summary=f"Changed the staff rights of {user.email}",
        data=data,
    )


def _locked(staff: User, user: User) -> User:
    """The person as they are now, where `staff` may act on them."""
    require_staff(staff, _CHANGE)
    user = first_or_not_found(User.objects.select_for_update(no_key=True).filter(pk=user.pk))
    if user.is_superuser and not staff.is_superuser:
        raise NotAllowed(_("Only a superuser can do this to a superuser."))
    return user


def _record(staff: User, user: User, action: str, summary: str) -> None:
    # About the person, not about any of their organizations.
    record_event(organization=None, actor=staff, action=action, target=user.public_id, summary=summary)
