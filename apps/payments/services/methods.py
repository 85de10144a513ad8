from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action, record_event
from apps.accounts.models import Organization, User
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.errors import Conflict
from apps.core.rows import first_or_not_found
from apps.core.values import check_line
from apps.payments.enums import PaymentStatus
from apps.payments.errors import CardInUse
from apps.payments.models import Payment, PaymentMethod
from apps.payments.needs import needs_card
from apps.payments.providers import provider_named
from apps.payments.providers.base import Card, CardToken

METHODS_MAX = 20


def add_card(*, actor: Actor, number: str, exp_month: int, exp_year: int, cvc: str, name: str = "") -> PaymentMethod:
    """Save a card of the actor's organization; its first one becomes the default. One that it has is not saved again.

    Number and security code go to the provider and are kept nowhere. Raises `CardRefused` with the field that is
    wrong, `Conflict` beyond 20 cards.
    """
    actor.require(Action.BILLING_MANAGE)
    if not provider_named(settings.PAYMENT_PROVIDER).takes_cards:
        raise Conflict(_("Cards are saved on the page of the payment provider. Start there from Billing, Cards."))
    holder = check_line(name, field="name", shortest=0, longest=100)
    provider = settings.PAYMENT_PROVIDER
    token = provider_named(provider).tokenize(Card(number, exp_month, exp_year, cvc, holder), today=clock.now().date())
    return save_token(
        organization=actor.organization, provider=provider, token=token, holder_name=holder, created_by=actor.user
    )


@transaction.atomic
def save_token(
    *, organization: Organization, provider: str, token: CardToken, holder_name: str, created_by: User | None
) -> PaymentMethod:
    """The card that a provider has exchanged for a token; `created_by` is nobody where only the provider tells of it.

    The organization's first one becomes the default, one that it has is not saved again. Raises `Conflict` beyond 20.
    """
    _lock(organization)
    cards = PaymentMethod.objects.filter(organization=organization, provider=provider)
    usable = cards.filter(removed_at__isnull=True)
    known = cards.filter(token=token.token).first()
    if known is None and token.fingerprint:
        known = usable.filter(fingerprint=token.fingerprint).first()
    if known is not None:
        return known
    if usable.count() >= METHODS_MAX:
        raise Conflict(_("An organization has %(most)d cards at most. Remove one first.") % {"most": METHODS_MAX})
    defaults = PaymentMethod.objects.filter(organization=organization, is_default=True)
    method = PaymentMethod.objects.create(
        organization=organization,
        provider=provider,
        token=token.token,
        fingerprint=token.fingerprint,
        brand=token.brand,
        last4=token.last4,
        exp_month=token.exp_month,
        exp_year=token.exp_year,
        holder_name=holder_name,
        is_default=not defaults.exists(),
        created_by=created_by,
    )
    record_event(
        organization=organization,
        actor=created_by,
        action="payment_method.added",
        target=method.public_id,
        summary=f"Added the card {method}",
    )
    return method


@transaction.atomic
def make_default(*, actor: Actor, method: PaymentMethod) -> PaymentMethod:
    """Charge renewals to this card from now on."""
    actor.require(Action.BILLING_MANAGE)
    method = _locked_method(actor, method)
    PaymentMethod.objects.filter(organization=actor.organization, is_default=True).update(is_default=False)
    method.is_default = True
    method.save(update_fields=["is_default"])
    record_action(actor, "payment_method.made_default", f"Made {method} the default card", target=method.public_id)
    return method


@transaction.atomic
def remove_method(*, actor: Actor, method: PaymentMethod) -> None:
    """Forget a card. No other becomes the default.

    Raises `Conflict` while a payment with it is open, `CardInUse` for the last one where something is to be
    charged to it; not where it was declined the last time, as it pays for nothing anyway.
    """
    actor.require(Action.BILLING_MANAGE)
    method = _locked_method(actor, method)
    if Payment.objects.filter(method=method, status__in=PaymentStatus.open()).exists():
        raise Conflict(_("A payment with this card is being processed. Try again in a minute."))
    others = PaymentMethod.objects.filter(organization=actor.organization, removed_at__isnull=True).exclude(
        pk=method.pk
    )
    if not others.exists() and needs_card(actor.organization) and not _was_declined_last(method):
        raise CardInUse
    _remove(actor, method)


@transaction.atomic
def forget_unused_card(*, actor: Actor, method: PaymentMethod) -> None:
    """Remove a card that was given for one payment, unless one with it has succeeded or may still.

    Also the last one: nobody asked to keep it, and without it things are as they were before.
    Raises `NotFound` where it is removed already.
    """
    actor.require(Action.BILLING_MANAGE)
    method = _locked_method(actor, method)
    of_use = PaymentStatus.open() | {PaymentStatus.SUCCEEDED}
    if not Payment.objects.filter(method=method, status__in=of_use).exists():
        _remove(actor, method)


def prefer_card_that_paid(*, method: PaymentMethod) -> None:
    """After a payment: the card takes the place of a default that was declined the last time.

    Renewals would fail otherwise with the card that failed before, although another one works. A default that was
    never declined, or has paid since, is the choice of its people and stays; so is having none.
    """
    if method.is_default:
        return
    _lock(method.organization)
    usable = PaymentMethod.objects.filter(organization=method.organization, removed_at__isnull=True)
    default = usable.filter(is_default=True).first()
    if default is None or not _was_declined_last(default):
        return
    if not usable.filter(pk=method.pk).exists():
        return
    usable.filter(pk=default.pk).update(is_default=False)
    usable.filter(pk=method.pk).update(is_default=True)
    record_event(
        organization=method.organization,
        actor=None,
        action="payment_method.made_default",
        target=method.public_id,
        summary=f"Made {method} the default card: it paid, and {default} was declined",
    )


def _remove(actor: Actor, method: PaymentMethod) -> None:
    method.is_default = False
    method.removed_at = clock.now()
    method.save(update_fields=["is_default", "removed_at"])
    record_action(actor, "payment_method.removed", f"Removed the card {method}", target=method.public_id)


def _was_declined_last(method: PaymentMethod) -> bool:
    settled = Payment.objects.filter(method=method).exclude(status__in=PaymentStatus.open())
    last = settled.order_by("-settled_at", "-pk").first()
    return last is not None and last.status == PaymentStatus.FAILED


def _lock(organization: Organization) -> None:
    """One change of an organization's cards at a time."""
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)


def _locked_method(actor: Actor, method: PaymentMethod) -> PaymentMethod:
    _lock(actor.organization)
    owned = Q(organization=actor.organization, removed_at__isnull=True)
    return first_or_not_found(PaymentMethod.objects.select_for_update(no_key=True).filter(owned, pk=method.pk))
