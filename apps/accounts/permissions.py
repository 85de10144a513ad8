"""The one table of who may do what: action → the roles that carry it."""

from enum import StrEnum

from apps.accounts.enums import Role


class Action(StrEnum):
    VIEW = "view"
    ORGANIZATION_MANAGE = "organization.manage"
    MEMBERS_MANAGE = "members.manage"
    AUDIT_VIEW = "audit.view"
    TOKENS_MANAGE = "tokens.manage"
    PRODUCTS_EDIT = "products.edit"
    PRODUCTS_PUBLISH = "products.publish"
    PLANS_EDIT = "plans.edit"
    CONSUMERS_MANAGE = "consumers.manage"
    SUBSCRIPTIONS_MANAGE = "subscriptions.manage"
    KEYS_MANAGE = "keys.manage"
    BILLING_VIEW = "billing.view"
    BILLING_MANAGE = "billing.manage"
    PAYOUTS_VIEW = "payouts.view"
    PAYOUTS_MANAGE = "payouts.manage"


_OWNER, _ADMIN, _DEVELOPER, _VIEWER = Role.OWNER, Role.ADMIN, Role.DEVELOPER, Role.VIEWER

ROLES_BY_ACTION: dict[Action, frozenset[Role]] = {
    Action.VIEW: frozenset({_OWNER, _ADMIN, _DEVELOPER, _VIEWER}),
    Action.ORGANIZATION_MANAGE: frozenset({_OWNER}),
    Action.MEMBERS_MANAGE: frozenset({_OWNER, _ADMIN}),
    Action.AUDIT_VIEW: frozenset({_OWNER, _ADMIN}),
    # One's own: a token can do no more than its person.
    Action.TOKENS_MANAGE: frozenset({_OWNER, _ADMIN, _DEVELOPER, _VIEWER}),
    Action.PRODUCTS_EDIT: frozenset({_OWNER, _ADMIN, _DEVELOPER}),
    Action.PRODUCTS_PUBLISH: frozenset({_OWNER, _ADMIN}),
    Action.PLANS_EDIT: frozenset({_OWNER, _ADMIN}),
    Action.CONSUMERS_MANAGE: frozenset({_OWNER, _ADMIN}),
    Action.SUBSCRIPTIONS_MANAGE: frozenset({_OWNER, _ADMIN}),
    Action.KEYS_MANAGE: frozenset({_OWNER, _ADMIN, _DEVELOPER}),
    Action.BILLING_VIEW: frozenset({_OWNER, _ADMIN}),
    Action.BILLING_MANAGE: frozenset({_OWNER, _ADMIN}),
    Action.PAYOUTS_VIEW: frozenset({_OWNER, _ADMIN}),
    Action.PAYOUTS_MANAGE: frozenset({_OWNER, _ADMIN}),
}


def allows(role: str, action: Action) -> bool:
    """Whether a member with this role may do this."""
    return role in ROLES_BY_ACTION[action]
