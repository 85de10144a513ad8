"""Saving a card on a page of the provider's, for providers that take cards nowhere else."""

from django.conf import settings
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action
from apps.accounts.models import Organization, User
from apps.accounts.permissions import Action
from apps.core.errors import Conflict, NotFound
from apps.core.ids import random_base62
from apps.payments.models import PaymentMethod
from apps.payments.providers import provider_named
from apps.payments.services.methods import save_token


def start_hosted_card(*, actor: Actor, return_url: str, cancel_url: str) -> str:
    """The address of the provider's page; it leads to `return_url` with `session`, for `save_hosted_card`.

    Raises `ProviderUnavailable` without an answer, `Conflict` where cards are typed into our own form.
    """
    actor.require(Action.BILLING_MANAGE)
    provider = provider_named(settings.PAYMENT_PROVIDER)
    if provider.takes_cards:
        raise Conflict(_("Type the card into the form of this site."))
    record_action(actor, "payment_method.setup_started", "Went to the payment provider's page to save a card")
    return provider.start_card_setup(
        idempotency_key=f"card-{random_base62(22)}",
        organization_id=actor.organization.public_id,
        email=actor.user.email,
        return_url=return_url,
        cancel_url=cancel_url,
    )


def save_hosted_card(*, actor: Actor, reference: str) -> PaymentMethod:
    """The card that the actor's organization has saved on the provider's page. Raises `NotFound` where it has none."""
    actor.require(Action.BILLING_MANAGE)
    if provider_named(settings.PAYMENT_PROVIDER).takes_cards:
        raise NotFound
    method = record_hosted_card(reference=reference, provider=settings.PAYMENT_PROVIDER, created_by=actor.user)
    if method is None or method.organization_id != actor.organization.pk:
        raise NotFound
    return method


def record_hosted_card(*, reference: str, provider: str, created_by: User | None = None) -> PaymentMethod | None:
    """The card that was saved on the provider's page, as one of its organization; None while none was.

    By who comes back from the page and by the provider's message, in either order: it is one card.
    """
    found = provider_named(provider).find_card_setup(reference=reference)
    if found is None:
        return None
    organization = Organization.objects.filter(public_id=found.organization_id).first()
    if organization is None:
        return None
    return save_token(
        organization=organization,
        provider=provider,
        token=found.card,
        holder_name=found.holder_name[:100],
        created_by=created_by,
    )
