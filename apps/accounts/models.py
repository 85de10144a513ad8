from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from apps.accounts.enums import Role, TokenScope
from apps.core.ids import PublicIdField, SlugField
from apps.core.name_search import words_index
from apps.core.timestamps import TimestampField

EMAIL_MAX = 254
NAME_MAX = 100


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A person who may sign in; without a password, only after a reset. Raises ValueError without an address."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    @transaction.atomic
    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Staff with every permission. Who may run this command is believed about the address, too: without that,
        nobody could sign in before mail works.
        """
        from allauth.account.models import EmailAddress

        user = self.create_user(email, password, **fields | {"is_staff": True, "is_superuser": True})
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by their e-mail address, which is kept in lower case."""

    public_id = PublicIdField("user")
    email = models.EmailField(_("e-mail address"), max_length=EMAIL_MAX, unique=True)
    name = models.CharField(_("name"), max_length=NAME_MAX, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    # Raised to end every session at once: a session is of the epoch in which it began.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    created_at = TimestampField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique_any_case")]
        indexes = [words_index("name", name="user_by_words_of_name")]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower()

    def save(self, *args: Any, **kwargs: Any) -> None:
        # With what receivers add (the personal organization), or not at all.
        with transaction.atomic():
            super().save(*args, **kwargs)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must hold to be believed. Extends Django's, which only a new password changes."""
        value = f"{self.password}:{self.session_epoch}"
        return salted_hmac("apps.accounts.session", value, secret=secret, algorithm="sha256").hexdigest()

    @property
    def display_name(self) -> str:
        return self.name or self.email.split("@")[0][:NAME_MAX]


class Organization(models.Model):
    """Who owns products and subscriptions: creator and consumer are two roles of an organization."""

    public_id = PublicIdField("org")
    name = models.CharField(_("name"), max_length=NAME_MAX)
    slug = SlugField(_("address"), max_length=50, unique=True)
    # Made with its person, who is its first member and stays its owner.
    is_personal = models.BooleanField(default=False)
    members = models.ManyToManyField(User, through="Membership", related_name="organizations")
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        indexes = [words_index("name", name="org_by_words_of_name")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_once_per_person"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.organization} · {self.role}"


class Invitation(models.Model):
    """A membership that waits for its person: accepted when somebody with this verified address signs in."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"), max_length=EMAIL_MAX)
    role = models.CharField(_("role"), max_length=20, choices=Role)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("organization", Lower("email"), name="invitation_once_per_address"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invitation_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.email} → {self.organization}"


class AccessToken(models.Model):
    """Lets a program use the REST API as a person acting for one organization, within the token's scopes.

    The secret itself is never stored: only its SHA-256 and what is safe to show.
    """

    public_id = PublicIdField("pat")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="access_tokens")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="access_tokens")
    name = models.CharField(_("name"), max_length=60)
    scopes = ArrayField(models.CharField(max_length=30))
    prefix = models.CharField(max_length=20)  # the recognisable start, such as af_pat_4fGh
    last4 = models.CharField(max_length=4)
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = TimestampField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=TokenScope.values), name="access_token_scopes_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…{self.last4}"


class AuditEvent(models.Model):
    """Who did what to which object, and when. Only added to."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, null=True, on_delete=models.SET_NULL, related_name="audit_events")
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="audit_events")
    action = models.CharField(max_length=60)  # <noun>.<past participle>, such as key.revoked
    target = models.CharField(max_length=40, blank=True)  # the public id of the object
    summary = models.CharField(max_length=300)
    data = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-occurred_at"], name="audit_by_organization"),
            # For staff, who look across organizations: what happened to an object, and on a day.
            models.Index(fields=["target"], name="audit_by_target"),
            BrinIndex(fields=["occurred_at"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"
