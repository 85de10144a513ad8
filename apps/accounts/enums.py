from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a member may do is decided by `apps.accounts.permissions`, never by comparing roles."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    DEVELOPER = "developer", _("Developer")
    VIEWER = "viewer", _("Viewer")


class TokenScope(models.TextChoices):
    """What an access token may be used for, within what its person may do. Write includes read."""

    ORGANIZATION_READ = "organization:read", _("Organization and members: read")
    PRODUCTS_READ = "products:read", _("Products: read")
    PRODUCTS_WRITE = "products:write", _("Products: read and change")
    PLANS_READ = "plans:read", _("Plans: read")
    PLANS_WRITE = "plans:write", _("Plans: read and change")
    SUBSCRIPTIONS_READ = "subscriptions:read", _("Subscriptions and consumers: read")
    SUBSCRIPTIONS_WRITE = "subscriptions:write", _("Subscriptions and consumers: read and change")
    KEYS_READ = "keys:read", _("API keys: read")
    KEYS_WRITE = "keys:write", _("API keys: read, make and revoke")
    USAGE_READ = "usage:read", _("Usage and requests: read")
    BILLING_READ = "billing:read", _("Invoices and payment methods: read")
    BILLING_WRITE = "billing:write", _("Invoices and payment methods: read, pay and change")
    PAYOUTS_READ = "payouts:read", _("Balances, payouts and statements: read")
    PAYOUTS_WRITE = "payouts:write", _("Balances, payouts and statements: read, ask for payouts and change the account")
    NOTICES_READ = "notices:read", _("Notices: read")
    NOTICES_WRITE = "notices:write", _("Notices: read and mark as read")
    TOKENS_READ = "tokens:read", _("Access tokens: read")
    TOKENS_WRITE = "tokens:write", _("Access tokens: read, make and revoke")
