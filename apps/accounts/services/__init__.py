"""Every write of accounts, by noun. What a member does to an organization leaves an audit event."""

from apps.accounts.services.invitations import accept_invitations, claim_address, invite_member, withdraw_invitation
from apps.accounts.services.members import change_role, remove_member
from apps.accounts.services.organizations import (
    create_organization,
    create_personal_organization,
    rename_organization,
)

__all__ = [
    "accept_invitations",
    "change_role",
    "claim_address",
    "create_organization",
    "create_personal_organization",
    "invite_member",
    "remove_member",
    "rename_organization",
    "withdraw_invitation",
]
