"""Every write of accounts, by noun. What a member does to an organization leaves an audit event."""

from apps.accounts.services.invitations import accept_invitations, claim_address, invite_member, withdraw_invitation
from apps.accounts.services.members import change_role, remove_member
from apps.accounts.services.organizations import (
    create_organization,
    create_personal_organization,
    rename_organization,
)
from apps.accounts.services.staff import reactivate_user, record_rights, remove_second_factor, suspend_user
from apps.accounts.services.tokens import create_access_token, record_use, revoke_access_token

__all__ = [
    "accept_invitations",
    "change_role",
    "claim_address",
    "create_access_token",
    "create_organization",
    "create_personal_organization",
    "invite_member",
    "reactivate_user",
    "record_rights",
    "record_use",
    "remove_member",
    "remove_second_factor",
    "rename_organization",
    "revoke_access_token",
    "suspend_user",
    "withdraw_invitation",
]
