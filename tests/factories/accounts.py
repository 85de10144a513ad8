"""People and the organizations they act for."""

import factory

from apps.accounts.enums import Role
from apps.accounts.models import Membership, Organization, User


class UserFactory(factory.django.DjangoModelFactory[User]):
    """A person. Their personal organization is made by the accounts app, as for everybody."""

    class Meta:
        model = User

    email = factory.Sequence(lambda number: f"person-{number}@example.com")
    name = factory.Sequence(lambda number: f"Person {number}")


class OrganizationFactory(factory.django.DjangoModelFactory[Organization]):
    class Meta:
        model = Organization

    name = factory.Sequence(lambda number: f"Organization {number}")
    slug = factory.Sequence(lambda number: f"organization-{number}")


class MembershipFactory(factory.django.DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.OWNER
