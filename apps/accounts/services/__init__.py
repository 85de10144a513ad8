"""Every write of accounts, by noun. What a member does to an organization leaves an audit event."""

from apps.accounts.services.invitations import accept_invitations, claim_address, invite_member, withdraw_invitation
from apps.accounts.services.members import change_role, remove_member
from apps.accounts.services.organizations import (
    create_organization,
    create_personal_organization,
    rename_organization,
)
from apps.accounts.services.tokens import create_access_token, record_use, revoke_access_token

__all__ = [
    "accept_invitations",
    "change_role",
    "claim_address",
    "create_access_token",
    "create_organization",
    "create_personal_organization",
    "invite_member",
    "record_use",
    "remove_member",
    "rename_organization",
    "revoke_access_token",
    "withdraw_invitation",
]
