"""The people of the demo and their organizations."""

import functools

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from apps.accounts.access import Actor
from apps.accounts.models import User
from apps.accounts.selectors import get_actor, get_personal_organization
from apps.accounts.services import create_organization, invite_member
from apps.core.errors import NotFound
from apps.demo.credentials import Credentials, Login, new_password
from apps.demo.fixtures import Company, Person
from apps.demo.progress import Progress


def load_people(people: tuple[Person, ...], *, known: Credentials, progress: Progress) -> list[Login]:
    """Make the people who are missing, with verified addresses; returns how everybody signs in.

    All share one password. A person keeps that of `known`; one who exists and is not in it (the file is lost)
    gets a new one.
    """
    shared = known.users[0].password if known.users else new_password()
    # Hashing is slow on purpose: once for each password, not for each person.
    hashed = functools.cache(make_password)
    logins = []
    for person in people:
        password = known.find_password(person.email)
        logins.append(Login(email=person.email, password=password or shared, role=person.role))
        user = User.objects.filter(email=person.email).first()
        if user is None:
            user = _create(person)
            progress.changed(f"Added {person.name} <{person.email}>, {person.role}")
        elif password is None:
            progress.changed(f"Gave {person.email} a new password")
        else:
            continue
        user.password = hashed(logins[-1].password)
        user.save(update_fields=["password"])
    return logins


def _create(person: Person) -> User:
    if person.role == "staff":
        return User.objects.create_superuser(person.email, name=person.name)
    user = User.objects.create_user(person.email, name=person.name)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


def load_company(company: Company, *, progress: Progress) -> None:
    """Make the organization with its members, if its owner does not have it yet."""
    owner = User.objects.get(email=company.owner)
    try:
        get_actor(user=owner, organization_slug=company.slug)
    except NotFound:
        create_organization(user=owner, name=company.name, slug=company.slug)
        actor = get_actor(user=owner, organization_slug=company.slug)
        for member in company.members:
            invite_member(actor=actor, email=member.email, role=member.role)
        progress.changed(f"Added the organization {company.name} of {company.owner}")


def actor_for(name: str, companies: tuple[Company, ...]) -> Actor:
    """The owner acting for the organization: `name` is its slug, or a person's address for their personal one."""
    if "@" in name:
        user = User.objects.get(email=name)
        return get_actor(user=user, organization_slug=get_personal_organization(user).slug)
    company = next(company for company in companies if company.slug == name)
    return get_actor(user=User.objects.get(email=company.owner), organization_slug=name)
