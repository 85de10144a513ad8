"""People who act for an organization, as `get_actor` makes them: with a real membership."""

from apps.accounts.access import Actor
from apps.accounts.enums import Role
from apps.accounts.models import Organization
from apps.accounts.selectors import get_actor
from tests.factories.accounts import MembershipFactory, OrganizationFactory


def make_actor(organization: Organization | None = None, role: str = Role.OWNER, email: str = "") -> Actor:
    """A new person with this role in the organization, which is a new one where none is given."""
    person = {"user__email": email} if email else {}
    membership = MembershipFactory(organization=organization or OrganizationFactory(), role=role, **person)
    return get_actor(user=membership.user, organization_slug=membership.organization.slug)
