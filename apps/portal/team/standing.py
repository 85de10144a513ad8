"""What the actor could do to a member, so that a page offers nothing that the service would refuse."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.enums import Role
from apps.accounts.models import Membership
from apps.accounts.permissions import Action
from apps.accounts.selectors import list_members


@dataclass(frozen=True)
class Standing:
    is_self: bool
    may_change: bool
    may_remove: bool
    why_not: str  # why the role cannot be changed; empty where it can


def standing(actor: Actor, member: Membership) -> Standing:
    is_self = member.user_id == actor.user.pk
    manages = actor.may(Action.MEMBERS_MANAGE)
    guarded = _guarded(actor, member)
    return Standing(
        is_self=is_self,
        may_change=manages and not guarded,
        may_remove=(manages or is_self) and not guarded,
        why_not=guarded if manages else _("Your role does not manage members."),
    )


def _guarded(actor: Actor, member: Membership) -> str:
    """Why the member is out of this actor's reach; empty where they are not."""
    if member.role != Role.OWNER:
        return ""
    if actor.role != Role.OWNER:
        return _("Only an owner can change another owner.")
    members = list_members(actor)
    if actor.organization.is_personal and member == members.order_by("pk").first():
        return _("This is the personal organization of %(person)s, who stays its owner.") % {
            "person": member.user.display_name
        }
    if members.filter(role=Role.OWNER).count() == 1:
        return _("An organization needs an owner. Make somebody else owner first.")
    return ""
