import datetime as dt
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action, record_event
from apps.accounts.models import EMAIL_MAX, AuditEvent, Invitation, Membership, Organization, User
from apps.accounts.permissions import Action
from apps.accounts.services.members import checked_role
from apps.accounts.services.organizations import locked
from apps.core import clock
from apps.core.errors import Conflict, Invalid
from apps.core.jobs import enqueue
from apps.core.rows import first_or_not_found

MEMBERS_MAX = 200
# By one person, whichever organization it is for: nobody is to send unwanted mail through us.
INVITATIONS_MAX_PER_DAY = 100


@transaction.atomic
def invite_member(*, actor: Actor, email: str, role: str) -> Membership | Invitation:
    """Add the person with this verified address, or keep an invitation until they sign up and verify it.

    A second invitation of the same address replaces the first. Raises `Invalid` or `Conflict`.
    """
    actor.require(Action.MEMBERS_MANAGE)
    email = _checked_email(email)
    role = checked_role(actor, role)
    organization = locked(actor)
    others = organization.invitations.exclude(email=email)
    if organization.memberships.count() + others.count() >= MEMBERS_MAX:
        raise Conflict(
            _("An organization has %(most)d members and open invitations at most. Remove one first.")
            % {"most": MEMBERS_MAX}
        )
    if organization.memberships.filter(user__email=email).exists():
        raise Conflict(_("This person is a member already."), field="email")
    _check_invitation_rate(actor.user)
    record_action(actor, "member.invited", f"Invited {email} as {role}", data={"email": email, "role": role})
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
def claim_address(*, user: User, email: str) -> None:
    """Give a verified address to who verified it: accounts that only claimed it at their sign-up are deleted.

    Nobody could ever enter them, and as long as they exist the person cannot make the address their own.
    """
    claimants = User.objects.filter(email=email, last_login=None).exclude(pk=user.pk)
    for claimant in claimants.exclude(emailaddress__verified=True):
        try:
            with transaction.atomic():
                Organization.objects.filter(is_personal=True, memberships__user=claimant).delete()
                claimant.delete()
        except ProtectedError:
            continue  # it owns something, so it was not made by a sign-up: not for us to judge


@transaction.atomic
def withdraw_invitation(*, actor: Actor, invitation_id: int) -> None:
    """Take an invitation back. Raises `NotFound` where there is none (any more)."""
    actor.require(Action.MEMBERS_MANAGE)
    invitation = first_or_not_found(
        Invitation.objects.select_for_update().filter(organization=actor.organization, pk=invitation_id)
    )
    invitation.delete()
    record_action(actor, "invitation.withdrawn", f"Withdrew the invitation of {invitation.email}")


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
