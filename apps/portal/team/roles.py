"""The roles as people read them: what each is for. What each may do is `apps.accounts.permissions`."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.access import Actor
from apps.accounts.enums import Role

NOTES: dict[Role, Promise | str] = {
    Role.OWNER: _("Everything, including the organization itself and its owners."),
    Role.ADMIN: _("Products, plans, consumers, subscriptions, keys, members and the audit log."),
    Role.DEVELOPER: _("Edits products and endpoints, and makes and revokes keys. Publishes nothing, sells nothing."),
    Role.VIEWER: _("Reads everything but the audit log. Changes nothing."),
}


@dataclass(frozen=True)
class RoleChoice:
    value: str
    label: str | Promise
    note: str | Promise
    may_give: bool


def may_give(actor: Actor, role: Role) -> bool:
    """Only an owner makes owners."""
    return role != Role.OWNER or actor.role == Role.OWNER


def role_choices(actor: Actor) -> list[RoleChoice]:
    return [RoleChoice(role.value, role.label, NOTES[role], may_give(actor, role)) for role in Role]
