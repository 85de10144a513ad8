"""People and the organizations they act for."""

import factory

from apps.accounts.enums import Role, TokenScope
from apps.accounts.models import AccessToken, Membership, Organization, User
from apps.accounts.selectors import TOKEN_PREFIX
from apps.core import secrets


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


class AccessTokenFactory(factory.django.DjangoModelFactory[AccessToken]):
    """A test that needs the secret makes one with the service."""

    class Meta:
        model = AccessToken

    class Params:
        generated = factory.LazyFunction(lambda: secrets.generate(TOKEN_PREFIX))

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    name = "test"
    scopes = factory.LazyFunction(lambda: list(TokenScope.values))
    prefix = factory.LazyAttribute(lambda token: token.generated.prefix)
    last4 = factory.LazyAttribute(lambda token: token.generated.last4)
    digest = factory.LazyAttribute(lambda token: token.generated.digest)
