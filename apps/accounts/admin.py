from allauth.account.decorators import secure_admin_login
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.http import HttpRequest

from apps.accounts.models import AuditEvent, Invitation, Membership, Organization, User
from apps.core.staff import ReadOnlyAdmin, ReadOnlyInline

# Staff sign in where everybody does: with the limits on attempts and the second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
# The library's page shows the secret of the second factor.
admin.site.unregister(Authenticator)


class MembershipInline(ReadOnlyInline[Membership]):
    model = Membership
    fields = ["user", "organization", "role", "created_at"]
    select_related = ("user", "organization")


class InvitationInline(ReadOnlyInline[Invitation]):
    model = Invitation
    fields = ["email", "role", "invited_by", "created_at"]
    select_related = ("invited_by",)


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    """People are deactivated, not deleted. Who is staff, and with which rights, is for superusers to say."""

    list_display = ["email", "name", "is_active", "is_staff", "created_at", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    search_fields = ["email", "name", "public_id"]
    ordering = ["-created_at"]
    show_full_result_count = False
    inlines = [MembershipInline]
    fieldsets = [
        (None, {"fields": ["email", "name", "public_id", "is_active"]}),
        ("Staff", {"fields": ["is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Times", {"fields": ["created_at", "last_login"]}),
    ]
    filter_horizontal = ["groups", "user_permissions"]
    # The address follows its verification, on the person's own page.
    readonly_fields = ["email", "public_id", "created_at", "last_login"]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        if not request.user.is_superuser:
            fields += ["is_staff", "is_superuser", "groups", "user_permissions"]
            if obj is not None and obj.is_superuser:
                fields.append("is_active")
        return fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(Organization)
class OrganizationAdmin(ReadOnlyAdmin[Organization]):
    list_display = ["name", "slug", "is_personal", "created_at"]
    list_filter = ["is_personal"]
    search_fields = ["name", "slug", "public_id"]
    ordering = ["-created_at"]
    fields = ["name", "slug", "public_id", "is_personal", "created_at"]
    inlines = [MembershipInline, InvitationInline]


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin[Membership]):
    list_display = ["user", "organization", "role", "created_at"]
    list_filter = ["role"]
    list_select_related = ["user", "organization"]
    search_fields = ["user__email", "organization__name", "organization__slug"]
    ordering = ["-created_at"]
    fields = ["user", "organization", "role", "created_at"]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin[AuditEvent]):
    list_display = ["occurred_at", "action", "organization", "actor", "summary"]
    list_select_related = ["organization", "actor"]
    search_fields = ["=target", "=organization__slug", "=actor__email", "=action"]
    search_help_text = "A public id, the slug of an organization, the address of a person, or an action"
    date_hierarchy = "occurred_at"
    ordering = ["-occurred_at", "-id"]
    fields = ["occurred_at", "action", "organization", "actor", "target", "summary", "data"]


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin[Authenticator]):
    """Second factors: staff may delete one for a person who has lost it, and never see its secret."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    fields = ["user", "type", "created_at", "last_used_at"]

    def has_delete_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)
