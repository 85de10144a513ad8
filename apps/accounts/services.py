"""Writes of accounts: organizations, members, invitations. Each leaves an audit event."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.enums import Role
from apps.accounts.models import Invitation, Membership, Organization, User
from apps.accounts.permissions import Action
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound
from apps.core.ids import random_base62
from apps.core.jobs import enqueue
from apps.core.slugs import check_slug, slug_from

MEMBERS_MAX = 200
ORGANIZATIONS_MAX = 20


@transaction.atomic
def create_personal_organization(*, user: User) -> Organization:
    """The organization that everybody has from the start. Called once, when the user is created."""
    base = slug_from(user.email.split("@")[0], fallback="user")
    slug = base
    while Organization.objects.filter(slug=slug).exists():
        slug = f"{base}-{random_base62(5).lower()}"
    organization = Organization.objects.create(name=user.display_name, slug=slug, is_personal=True)
    Membership.objects.create(organization=organization, user=user, role=Role.OWNER)
    return organization


@transaction.atomic
def create_organization(*, user: User, name: str, slug: str) -> Organization:
    """A further organization, owned by the person who makes it. Raises `Invalid` or `Conflict`."""
    name = _checked_name(name)
    slug = check_slug(slug)
    owned = Membership.objects.filter(user=user, role=Role.OWNER).count()
    if owned >= ORGANIZATIONS_MAX:
        raise Conflict(f"You own {owned} organizations, which is as many as one person may.")
    try:
        with transaction.atomic():
            organization = Organization.objects.create(name=name, slug=slug)
    except IntegrityError:
        raise Invalid("This address is taken. Choose another one.", field="slug") from None
    Membership.objects.create(organization=organization, user=user, role=Role.OWNER)
    record_event(
        organization=organization,
        actor=user,
        action="organization.created",
        target=organization.public_id,
        summary=f"Created the organization {name}",
    )
    return organization


@transaction.atomic
def rename_organization(*, actor: Actor, name: str) -> Organization:
    actor.require(Action.ORGANIZATION_MANAGE)
    organization = Organization.objects.select_for_update().get(pk=actor.organization.pk)
    previous, organization.name = organization.name, _checked_name(name)
    organization.save(update_fields=["name"])
    record_event(
        organization=organization,
        actor=actor.user,
        action="organization.renamed",
        target=organization.public_id,
        summary=f"Renamed the organization from {previous} to {organization.name}",
    )
    return organization


@transaction.atomic
def invite_member(*, actor: Actor, email: str, role: str) -> Membership | Invitation:
    """Add the person with this verified address, or keep an invitation until they sign up and verify it."""
    actor.require(Action.MEMBERS_MANAGE)
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid("This is not an e-mail address.", field="email") from None
    role = _checked_role(actor, role)
    organization = Organization.objects.select_for_update().get(pk=actor.organization.pk)
    if organization.memberships.count() + organization.invitations.count() >= MEMBERS_MAX:
        raise Conflict(f"An organization has {MEMBERS_MAX} members at most.")
    if organization.memberships.filter(user__email=email).exists():
        raise Conflict("This person is a member already.", field="email")
    record_event(
        organization=organization,
        actor=actor.user,
        action="member.invited",
        summary=f"Invited {email} as {role}",
        data={"email": email, "role": role},
    )
    invitation, _ = Invitation.objects.update_or_create(
        organization=organization, email=email, defaults={"role": role, "invited_by": actor.user}
    )
    user = User.objects.filter(email=email, is_active=True, emailaddress__verified=True).first()
    if user is not None:
        accept_invitations(user=user)
        return Membership.objects.get(organization=organization, user=user)
    enqueue("accounts.send_invitation", invitation_id=invitation.pk)
    return invitation


@transaction.atomic
def accept_invitations(*, user: User) -> list[Membership]:
    """Turn every invitation of the person's address into a membership. The address must be verified."""
    memberships = []
    for invitation in Invitation.objects.select_for_update(of=("self",)).filter(email=user.email):
        membership, created = Membership.objects.get_or_create(
            organization=invitation.organization, user=user, defaults={"role": invitation.role}
        )
        invitation.delete()
        if created:
            memberships.append(membership)
            record_event(
                organization=membership.organization,
                actor=user,
                action="member.joined",
                target=user.public_id,
                summary=f"{user.email} joined as {membership.role}",
            )
    return memberships


@transaction.atomic
def withdraw_invitation(*, actor: Actor, invitation_id: int) -> None:
    actor.require(Action.MEMBERS_MANAGE)
    invitation = Invitation.objects.filter(organization=actor.organization, pk=invitation_id).first()
    if invitation is None:
        raise NotFound
    invitation.delete()
    record_event(
        organization=actor.organization,
        actor=actor.user,
        action="invitation.withdrawn",
        summary=f"Withdrew the invitation of {invitation.email}",
    )


@transaction.atomic
def change_role(*, actor: Actor, member_id: int, role: str) -> Membership:
    """Give a member another role. The last owner stays owner."""
    actor.require(Action.MEMBERS_MANAGE)
    membership = _locked_member(actor, member_id)
    role = _checked_role(actor, role)
    _guard_owner(actor, membership, still_owner=role == Role.OWNER)
    previous, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    record_event(
        organization=actor.organization,
        actor=actor.user,
        action="member.role_changed",
        target=membership.user.public_id,
        summary=f"Changed {membership.user.email} from {previous} to {role}",
        data={"from": previous, "to": role},
    )
    return membership


@transaction.atomic
def remove_member(*, actor: Actor, member_id: int) -> None:
    """Remove a member; everybody may leave by themselves. The last owner stays."""
    membership = _locked_member(actor, member_id)
    if membership.user_id != actor.user.pk:
        actor.require(Action.MEMBERS_MANAGE)
    _guard_owner(actor, membership, still_owner=False)
    if actor.organization.is_personal and membership.user_id == actor.user.pk:
        raise Conflict("You cannot leave your personal organization.")
    membership.delete()
    record_event(
        organization=actor.organization,
        actor=actor.user,
        action="member.removed",
        target=membership.user.public_id,
        summary=f"Removed {membership.user.email}",
    )


def _locked_member(actor: Actor, member_id: int) -> Membership:
    # All members are locked, in one order, so that two owners cannot remove each other at once.
    members = Membership.objects.select_for_update().filter(organization=actor.organization).order_by("pk")
    for membership in members:
        if membership.pk == member_id:
            return membership
    raise NotFound


def _guard_owner(actor: Actor, membership: Membership, *, still_owner: bool) -> None:
    """Only owners touch owners, and one must remain."""
    if membership.role != Role.OWNER:
        return
    if actor.role != Role.OWNER:
        raise NotAllowed("Only an owner can change another owner.")
    owners = Membership.objects.filter(organization=actor.organization, role=Role.OWNER).count()
    if owners == 1 and not still_owner:
        raise Conflict("An organization needs an owner. Make somebody else owner first.")


def _checked_role(actor: Actor, role: str) -> str:
    if role not in Role.values:
        raise Invalid("Choose one of the roles.", field="role")
    if role == Role.OWNER and actor.role != Role.OWNER:
        raise NotAllowed("Only an owner can make somebody an owner.")
    return role


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise Invalid("Give a name of 1 to 100 characters.", field="name")
    return name
