"""Reads of accounts. What an actor may not see is not found."""

from django.db.models import Case, F, QuerySet, When

from apps.accounts.access import Actor
from apps.accounts.models import AccessToken, AuditEvent, Invitation, Membership, Organization, User
from apps.accounts.permissions import Action
from apps.core.rows import first_or_not_found
from apps.core.secrets import digest, is_well_formed
from apps.core.slugs import free_slug, slug_from

# The start of the secret of every access token.
TOKEN_PREFIX = "af_pat_"  # noqa: S105 - not a secret


def get_actor(*, user: User, organization_slug: str) -> Actor:
    """The person acting for that organization. Raises `NotFound` where they are not a member, or deactivated."""
    membership = first_or_not_found(
        Membership.objects.select_related("organization").filter(
            user=user, user__is_active=True, organization__slug=organization_slug
        )
    )
    return Actor(user=user, organization=membership.organization, role=membership.role)


def get_actor_named(*, user: User, organization: str) -> Actor:
    """The same by the slug of the organization or by its public id."""
    found = Organization.objects.filter(public_id=organization).first()
    return get_actor(user=user, organization_slug=found.slug if found else organization)


def list_memberships_of(user: User) -> QuerySet[Membership]:
    """The organizations of a person: their personal one, those of others they are a guest in, the rest by name."""
    # Their personal organization is as old as they are, so its membership has the lowest id of theirs.
    oldest_personal_first = Case(When(organization__is_personal=True, then=F("pk")))
    return (
        Membership.objects.filter(user=user)
        .select_related("organization")
        .order_by("-organization__is_personal", oldest_personal_first, "organization__name", "organization_id")
    )


def get_membership(memberships: QuerySet[Membership], *, organization_id: str) -> Membership:
    """The one of them that is in the organization with this public id. Raises `NotFound`."""
    return first_or_not_found(memberships.filter(organization__public_id=organization_id))


def get_personal_organization(user: User) -> Organization:
    """The organization that everybody has. Raises `NotFound` for a person without any."""
    membership = first_or_not_found(list_memberships_of(user))
    return membership.organization


def list_members(actor: Actor) -> QuerySet[Membership]:
    actor.require(Action.VIEW)
    return (
        Membership.objects.filter(organization=actor.organization).select_related("user").order_by("created_at", "id")
    )


def get_member(actor: Actor, *, member_id: int) -> Membership:
    return first_or_not_found(list_members(actor).filter(pk=member_id))


def list_invitations(actor: Actor) -> QuerySet[Invitation]:
    actor.require(Action.VIEW)
    return Invitation.objects.filter(organization=actor.organization).order_by("created_at", "id")


def list_audit_events(actor: Actor) -> QuerySet[AuditEvent]:
    """What happened in the organization, newest first."""
    actor.require(Action.AUDIT_VIEW)
    return (
        AuditEvent.objects.filter(organization=actor.organization)
        .select_related("actor")
        .order_by("-occurred_at", "-id")
    )


def list_access_tokens(actor: Actor) -> QuerySet[AccessToken]:
    """The tokens of all members for the organization, those not revoked first, the newest of them at the top."""
    actor.require(Action.VIEW)
    return (
        AccessToken.objects.filter(organization=actor.organization)
        .select_related("user")
        .defer("digest")
        .order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "-id")
    )


def get_access_token(actor: Actor, *, public_id: str) -> AccessToken:
    """Raises `NotFound`."""
    return first_or_not_found(list_access_tokens(actor).filter(public_id=public_id))


def find_access_token(secret: str) -> AccessToken | None:
    """The token with this secret, whatever its state, with its person and organization."""
    if not is_well_formed(TOKEN_PREFIX, secret):
        return None
    return AccessToken.objects.select_related("user", "organization").filter(digest=digest(secret)).first()


def suggest_slug(name: str) -> str:
    """An address made of the name, which no organization has yet."""
    slug = slug_from(name, fallback="org")
    return free_slug(slug, set(Organization.objects.filter(slug__startswith=slug[:30]).values_list("slug", flat=True)))
