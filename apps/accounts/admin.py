from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts import services
from apps.accounts.models import AccessToken, AuditEvent, Invitation, Membership, Organization, User
from apps.core.staff import CappedPaginator, ReadOnlyAdmin, ReadOnlyInline, StaffAdmin, staff_action

# Staff sign in where everybody does: with the limits on attempts and the second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
# The library's pages change what our services own, and show the secret of the second factor.
for model in (Authenticator, EmailAddress, Group):
    admin.site.unregister(model)

_WHO = _("The e-mail address of a person, or the address or public id of an organization")


class MembershipInline(ReadOnlyInline[Membership]):
    model = Membership
    fields = ["user", "organization", "role", "created_at"]
    select_related = ("user", "organization")


class InvitationInline(ReadOnlyInline[Invitation]):
    model = Invitation
    fields = ["email", "role", "invited_by", "created_at"]
    select_related = ("invited_by",)


@admin.register(User)
class UserAdmin(StaffAdmin[User]):
    """People are suspended, not deleted. Who is staff, and with which rights, is for superusers to say."""

    list_display = ["email", "name", "is_active", "is_staff", "created_at", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    search_fields = ["email__startswith", "public_id", "name__words"]
    search_help_text = _("The beginning of an e-mail address or of a name, or a public id")
    related_lists = ["accounts.AuditEvent"]
    inlines = [MembershipInline]
    fieldsets = [
        (None, {"fields": ["email", "name", "public_id", "is_active"]}),
        (_("Staff"), {"fields": ["is_staff", "is_superuser", "groups", "user_permissions"]}),
        (_("Times"), {"fields": ["created_at", "last_login"]}),
    ]
    filter_horizontal = ["groups", "user_permissions"]
    # The address follows its verification, on the person's own page.
    readonly_fields = ["email", "name", "public_id", "is_active", "created_at", "last_login"]
    actions = [
        staff_action(
            "suspend",
            _("Suspend"),
            consequence=_(
                "These people are signed out everywhere and cannot sign in. What belongs to their organizations goes "
                "on, API keys too: suspend a product or revoke a key to stop them."
            ),
            row="user",
            service=services.suspend_user,
        ),
        staff_action(
            "reactivate",
            _("Reactivate"),
            consequence=_("These people can sign in again."),
            row="user",
            service=services.reactivate_user,
        ),
        staff_action(
            "remove_second_factor",
            _("Remove the second factor"),
            consequence=_(
                "The password alone will do for these people. Be sure that it is they who ask, and not somebody who "
                "has found the password."
            ),
            row="user",
            service=services.remove_second_factor,
        ),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return bool(request.user.has_perm("accounts.view_user") or self.has_act_permission(request))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if form.has_changed():
            services.record_rights(staff=request.user, user=form.instance)  # type: ignore[arg-type]


@admin.register(Group)
class StaffGroupAdmin(GroupAdmin):
    """Sets of rights for staff, which only a superuser gives out."""

    paginator = CappedPaginator
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)


@admin.register(Organization)
class OrganizationAdmin(ReadOnlyAdmin[Organization]):
    list_display = ["name", "slug", "is_personal", "created_at"]
    list_filter = ["is_personal"]
    search_fields = ["slug__startswith", "public_id", "name__words"]
    search_help_text = _("The beginning of an organization's address or of words of its name, or a public id")
    fields = ["name", "slug", "public_id", "is_personal", "created_at"]
    related_lists = ["products.Product", "subscriptions.Subscription", "keys.ApiKey", "accounts.AuditEvent"]
    inlines = [MembershipInline, InvitationInline]


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin[Membership]):
    list_display = ["user", "organization", "role", "created_at"]
    list_filter = ["role"]
    list_select_related = ["user", "organization"]
    search_fields = [
        "user__email", "user__name__words", "user__public_id", "organization__slug", "organization__name__words",
        "organization__public_id",
    ]  # fmt: skip
    search_help_text = _WHO
    fields = ["user", "organization", "role", "created_at"]


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin[Invitation]):
    list_display = ["email", "organization", "role", "invited_by", "created_at"]
    list_filter = ["role"]
    list_select_related = ["organization", "invited_by"]
    search_fields = ["organization__slug", "organization__public_id"]
    search_help_text = _("The address or public id of an organization")
    fields = ["email", "organization", "role", "invited_by", "created_at"]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin[AuditEvent]):
    list_display = ["occurred_at", "action", "organization", "actor", "summary"]
    list_filter = ["occurred_at"]
    list_select_related = ["organization", "actor"]
    search_fields = ["target", "organization__slug", "organization__public_id", "actor__email", "actor__public_id"]
    search_help_text = _("A public id, the address of an organization, or the e-mail address of who did it")
    fields = ["occurred_at", "action", "organization", "actor", "target", "summary", "data"]


@admin.register(AccessToken)
class AccessTokenAdmin(ReadOnlyAdmin[AccessToken]):
    """Tokens of the REST API by what is safe to show; the digest is not."""

    list_display = ["__str__", "name", "user", "organization", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter), ("expires_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user", "organization"]
    search_fields = ["public_id", "user__email", "user__public_id", "organization__slug", "organization__public_id"]
    search_help_text = _WHO
    fields = [
        "public_id", "name", "prefix", "last4", "user", "organization", "scopes", "created_at", "expires_at",
        "revoked_at", "last_used_at",
    ]  # fmt: skip


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin[Authenticator]):
    """Second factors. Their secrets are never shown; on a person's page staff remove one that was lost."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__public_id"]
    search_help_text = _("The e-mail address or public id of a person")
    fields = ["user", "type", "created_at", "last_used_at"]


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin[EmailAddress]):
    """Addresses that people have given, and whether they are verified."""

    list_display = ["email", "user", "primary", "verified"]
    list_filter = ["primary", "verified"]
    list_select_related = ["user"]
    search_fields = ["email", "user__public_id"]
    search_help_text = _("An e-mail address, or the public id of a person")
    fields = ["email", "user", "primary", "verified"]
