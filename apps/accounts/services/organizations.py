from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action, record_event
from apps.accounts.enums import Role
from apps.accounts.models import NAME_MAX, Membership, Organization, User
from apps.accounts.permissions import Action
from apps.core.errors import Conflict, Invalid
from apps.core.ids import random_base62
from apps.core.slugs import check_slug, slug_from
from apps.core.values import check_line

ORGANIZATIONS_MAX = 20


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
    name = check_line(name, field="name", longest=NAME_MAX)
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
    organization = locked(actor)
    previous, organization.name = organization.name, check_line(name, field="name", longest=NAME_MAX)
    organization.save(update_fields=["name"])
    record_action(
        actor,
        "organization.renamed",
        f"Renamed the organization from {previous} to {organization.name}",
        target=organization.public_id,
    )
    return organization


def locked(actor: Actor) -> Organization:
    """The actor's organization, locked. Not a key lock: rows that refer to it can be added meanwhile."""
    return Organization.objects.select_for_update(no_key=True).get(pk=actor.organization.pk)
