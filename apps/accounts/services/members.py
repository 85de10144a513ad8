from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action
from apps.accounts.enums import Role
from apps.accounts.models import AccessToken, Membership
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound


@transaction.atomic
def change_role(*, actor: Actor, member_id: int, role: str) -> Membership:
    """Give a member another role. The last owner stays owner, and a person that of their personal organization."""
    actor.require(Action.MEMBERS_MANAGE)
    actor, members, membership = _locked_members(actor, member_id)
    actor.require(Action.MEMBERS_MANAGE)
    role = checked_role(actor, role)
    if role == membership.role:
        return membership
    _guard_owner(actor, members, membership)
    previous, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    record_action(
        actor,
        "member.role_changed",
        f"Changed {membership.user.email} from {previous} to {role}",
        target=membership.user.public_id,
        data={"from": previous, "to": role},
    )
    return membership


@transaction.atomic
def remove_member(*, actor: Actor, member_id: int) -> None:
    """Remove a member; everybody may leave by themselves. The last owner stays."""
    actor, members, membership = _locked_members(actor, member_id)
    leaves = membership.user_id == actor.user.pk
    if not leaves:
        actor.require(Action.MEMBERS_MANAGE)
    _guard_owner(actor, members, membership)
    membership.delete()
    # They work for members only; one that comes back is not to find old ones working.
    AccessToken.objects.filter(organization=actor.organization, user=membership.user, revoked_at=None).update(
        revoked_at=clock.now()
    )
    record_action(
        actor,
        "member.left" if leaves else "member.removed",
        f"{membership.user.email} left" if leaves else f"Removed {membership.user.email}",
        target=membership.user.public_id,
    )


def _locked_members(actor: Actor, member_id: int) -> tuple[Actor, list[Membership], Membership]:
    """The actor as they are now, all members in the order they came, and the one that is meant.

    All are locked, in one order, so that two owners cannot remove each other at once; and the actor's role is
    read again, because who was removed a moment ago decides nothing any more. Raises `NotFound`.
    """
    members = list(
        Membership.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(organization=actor.organization)
        .order_by("pk")
    )
    own = next((member for member in members if member.user_id == actor.user.pk), None)
    meant = next((member for member in members if member.pk == member_id), None)
    if own is None or meant is None:
        raise NotFound
    return replace(actor, role=own.role), members, meant


def _guard_owner(actor: Actor, members: list[Membership], membership: Membership) -> None:
    """Whether the member may lose their role: only owners touch owners, and one must remain."""
    if membership.role != Role.OWNER:
        return
    if actor.role != Role.OWNER:
        raise NotAllowed(_("Only an owner can change another owner."))
    if actor.organization.is_personal and membership == members[0]:
        raise Conflict(
            _("This is the personal organization of %(person)s, who stays its owner.")
            % {"person": membership.user.display_name}
        )
    if sum(member.role == Role.OWNER for member in members) == 1:
        raise Conflict(_("An organization needs an owner. Make somebody else owner first."))


def checked_role(actor: Actor, role: Any) -> str:
    """One of the roles, which the actor may give. Raises `Invalid` or `NotAllowed`."""
    if role not in Role.values:
        raise Invalid(_("Choose one of the roles."), field="role")
    if role == Role.OWNER and actor.role != Role.OWNER:
        raise NotAllowed(_("Only an owner can make somebody an owner."))
    return str(role)
