"""Writes of accounts: organizations, members, invitations. Each leaves an audit event."""

import datetime as dt
from dataclasses import replace
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.enums import Role
from apps.accounts.models import AuditEvent, Invitation, Membership, Organization, User
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound
from apps.core.ids import random_base62
from apps.core.jobs import enqueue
from apps.core.slugs import check_slug, slug_from
from apps.core.values import check_line

MEMBERS_MAX = 200
ORGANIZATIONS_MAX = 20
# By one person, whichever organization it is for: nobody is to send unwanted mail through us.
INVITATIONS_MAX_PER_DAY = 100
EMAIL_MAX = 254


@transaction.atomic
def create_personal_organization(*, user: User) -> Organization:
    """The organization that everybody has from the start. Called once, when the user is created."""
    slug = base = slug_from(user.email.split("@")[0], fallback="user")
    while True:
        try:
            with transaction.atomic():
                organization = Organization.objects.create(name=user.display_name, slug=slug, is_personal=True)
        except IntegrityError:
            slug = f"{base}-{random_base62(5).lower()}"
        else:
            break
    Membership.objects.create(organization=organization, user=user, role=Role.OWNER)
    return organization


@transaction.atomic
def create_organization(*, user: User, name: str, slug: str) -> Organization:
    """A further organization, owned by the person who makes it. Raises `Invalid` or `Conflict`."""
    name = check_line(name, field="name", longest=100)
    slug = check_slug(slug)
    # Locked, so that two at once are counted one after the other.
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    owned = Membership.objects.filter(user=user, role=Role.OWNER).count()
    if owned >= ORGANIZATIONS_MAX:
        raise Conflict(_("You own %(owned)d organizations, which is as many as one person may.") % {"owned": owned})
    try:
        with transaction.atomic():
            organization = Organization.objects.create(name=name, slug=slug)
    except IntegrityError:
        raise Invalid(_("This address is taken. Choose another one."), field="slug") from None
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
    """Change the name that others see; the address stays. Raises `Invalid`."""
    actor.require(Action.ORGANIZATION_MANAGE)
    organization = _locked(actor)
    previous, organization.name = organization.name, check_line(name, field="name", longest=100)
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
    """Add the person with this verified address, or keep an invitation until they sign up and verify it.

    A second invitation of the same address replaces the first. Raises `Invalid` or `Conflict`.
    """
    actor.require(Action.MEMBERS_MANAGE)
    email = _checked_email(email)
    role = _checked_role(actor, role)
    organization = _locked(actor)
    others = organization.invitations.exclude(email=email)
    if organization.memberships.count() + others.count() >= MEMBERS_MAX:
        raise Conflict(
            _("An organization has %(most)d members and open invitations at most. Remove one first.")
            % {"most": MEMBERS_MAX}
        )
    if organization.memberships.filter(user__email=email).exists():
        raise Conflict(_("This person is a member already."), field="email")
    _check_invitation_rate(actor.user)
    record_event(
        organization=organization,
        actor=actor.user,
        action="member.invited",
        summary=f"Invited {email} as {role}",
        data={"email": email, "role": role},
    )
    invitation, _created = Invitation.objects.update_or_create(
        organization=organization, email=email, defaults={"role": role, "invited_by": actor.user}
    )
    address = EmailAddress.objects.filter(email=email, verified=True, user__is_active=True).first()
    if address is not None:
        accept_invitations(user=address.user)
        return Membership.objects.get(organization=organization, user=address.user)
    enqueue("accounts.send_invitation", invitation_id=invitation.pk)
    return invitation


@transaction.atomic
def accept_invitations(*, user: User) -> list[Membership]:
    """Turn every invitation of the person's verified addresses into a membership; returns the new ones.

    An address that is not verified proves nothing, and who is deactivated joins nothing.
    """
    if not user.is_active:
        return []
    verified = EmailAddress.objects.filter(user=user, verified=True).values("email")
    waiting = Invitation.objects.select_for_update(of=("self",)).filter(email__in=verified).order_by("pk")
    memberships = []
    for invitation in waiting.select_related("organization"):
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
    """Take an invitation back. Raises `NotFound` where there is none (any more)."""
    actor.require(Action.MEMBERS_MANAGE)
    invitation = (
        Invitation.objects.select_for_update().filter(organization=actor.organization, pk=invitation_id).first()
    )
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
    """Give a member another role. The last owner stays owner, and a person that of their personal organization."""
    actor.require(Action.MEMBERS_MANAGE)
    actor, members, membership = _locked_members(actor, member_id)
    actor.require(Action.MEMBERS_MANAGE)
    role = _checked_role(actor, role)
    if role == membership.role:
        return membership
    _guard_owner(actor, members, membership)
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
    actor, members, membership = _locked_members(actor, member_id)
    leaves = membership.user_id == actor.user.pk
    if not leaves:
        actor.require(Action.MEMBERS_MANAGE)
    _guard_owner(actor, members, membership)
    membership.delete()
    record_event(
        organization=actor.organization,
        actor=actor.user,
        action="member.left" if leaves else "member.removed",
        target=membership.user.public_id,
        summary=f"{membership.user.email} left" if leaves else f"Removed {membership.user.email}",
    )


def _locked(actor: Actor) -> Organization:
    # Not a key lock: rows that refer to the organization can be added meanwhile.
    return Organization.objects.select_for_update(no_key=True).get(pk=actor.organization.pk)


def _locked_members(actor: Actor, member_id: int) -> tuple[Actor, list[Membership], Membership]:
    """The actor as they are now, all members in the order they came, and the one that is meant.

    All are locked, in one order, so that two owners cannot remove each other at once; and the actor's role is
    read again, because who was removed a moment ago decides nothing any more. Raises `NotFound`.
    """
    members = list(
        Membership.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(organization=actor.organization)
        .order_by("pk")
    )
    own = next((member for member in members if member.user_id == actor.user.pk), None)
    meant = next((member for member in members if member.pk == member_id), None)
    if own is None or meant is None:
        raise NotFound
    return replace(actor, role=own.role), members, meant


def _guard_owner(actor: Actor, members: list[Membership], membership: Membership) -> None:
    """Whether the member may lose their role: only owners touch owners, and one must remain."""
    if membership.role != Role.OWNER:
        return
    if actor.role != Role.OWNER:
        raise NotAllowed(_("Only an owner can change another owner."))
    if actor.organization.is_personal and membership == members[0]:
        raise Conflict(
            _("This is the personal organization of %(person)s, who stays its owner.")
            % {"person": membership.user.display_name}
        )
    if sum(member.role == Role.OWNER for member in members) == 1:
        raise Conflict(_("An organization needs an owner. Make somebody else owner first."))


def _check_invitation_rate(user: User) -> None:
    since = clock.now() - dt.timedelta(days=1)
    sent = AuditEvent.objects.filter(actor=user, action="member.invited", occurred_at__gt=since).count()
    if sent >= INVITATIONS_MAX_PER_DAY:
        raise Conflict(
            _("You have sent %(sent)d invitations within a day, which is the most. Try again tomorrow.")
            % {"sent": sent}
        )


def _checked_email(email: Any) -> str:
    text = email.strip().lower() if isinstance(email, str) else ""
    try:
        validate_email(text)
    except ValidationError:
        text = ""
    if not 0 < len(text) <= EMAIL_MAX:
        raise Invalid(_("This is not an e-mail address."), field="email")
    return text


def _checked_role(actor: Actor, role: Any) -> str:
    if role not in Role.values:
        raise Invalid(_("Choose one of the roles."), field="role")
    if role == Role.OWNER and actor.role != Role.OWNER:
        raise NotAllowed(_("Only an owner can make somebody an owner."))
    return str(role)
