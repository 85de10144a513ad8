"""Paying on a page: with a card that is saved, or with one that is typed in; a refusal stands at its form."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.conf import settings

from apps.accounts.access import Actor
from apps.core.errors import DomainError, NotFound
from apps.payments import services
from apps.payments.enums import PaymentStatus
from apps.payments.errors import ConfirmationNeeded
from apps.payments.models import Payment, PaymentMethod
from apps.payments.providers import provider_named
from apps.payments.providers.sandbox import TEST_CARDS, TestCard
from apps.payments.selectors import get_method, list_methods
from apps.portal.access import PortalRequest
from apps.portal.billing.forms import CardForm, SavedCardForm
from apps.portal.forms import carried_out

# The field of the form that leads to the provider's page.
HOSTED = "hosted"


@dataclass
class PayForms:
    """The two ways to pay that a page offers. `status` is that of the answer."""

    saved: SavedCardForm
    card: CardForm
    has_saved: bool
    status: int = 200
    is_done: bool = False
    # Where the cardholder's bank wants them to confirm the payment, or where they type their card.
    confirm_at: str = ""
    # Why there is no such page.
    refusal: str = ""

    @property
    def test_cards(self) -> tuple[TestCard, ...]:
        """Named on the page of an installation whose provider is the sandbox."""
        return test_cards()

    @property
    def is_hosted(self) -> bool:
        return is_hosted()


def is_hosted() -> bool:
    """Whether a new card is typed on a page of the provider's, and not here."""
    return not provider_named(settings.PAYMENT_PROVIDER).takes_cards


def test_cards() -> tuple[TestCard, ...]:
    return TEST_CARDS if settings.PAYMENT_PROVIDER == "sandbox" else ()


def pay_forms(actor: Actor) -> PayForms:
    """As they stand before anything is sent."""
    methods = list(list_methods(actor))
    return PayForms(SavedCardForm(methods=methods), CardForm(), bool(methods))


def carry_out(request: PortalRequest, pay: Callable[[PaymentMethod | None], Payment | None]) -> PayForms:
    """Pay with what was sent. A card that is typed in is kept only if it may have paid."""
    actor = request.actor
    methods = list(list_methods(actor))
    if HOSTED in request.POST and is_hosted():
        return _on_page(PayForms(SavedCardForm(methods=methods), CardForm(), bool(methods)), pay)
    uses_saved = "method" in request.POST
    saved = SavedCardForm(request.POST if uses_saved else None, methods=methods)
    card = CardForm(None if uses_saved else request.POST)
    forms = PayForms(saved, card, bool(methods), status=422)
    form = saved if uses_saved else card
    if not form.is_valid():
        return forms
    try:
        method = get_method(actor, public_id=saved.cleaned_data["method"]) if uses_saved else add_card(actor, card)
        with _kept_if_used(actor, method, is_known=uses_saved or method in methods):
            pay(method)
        forms.is_done = True
    except NotFound:
        raise
    except ConfirmationNeeded as needed:
        forms.confirm_at = needed.details["action_url"].removeprefix(settings.WEB_URL)
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        forms.status = error.status
    return forms


def _on_page(forms: PayForms, pay: Callable[[PaymentMethod | None], Payment | None]) -> PayForms:
    """Pay on the provider's page, where the card is typed."""
    try:
        payment = pay(None)
    except NotFound:
        raise
    except DomainError as error:
        forms.refusal, forms.status = error.message, error.status
    else:
        forms.is_done = payment is None or payment.status == PaymentStatus.SUCCEEDED
        forms.confirm_at = payment.action_url if payment is not None else ""
    return forms


@contextmanager
def _kept_if_used(actor: Actor, method: PaymentMethod, *, is_known: bool) -> Iterator[None]:
    """Forget a card that nobody asked to save, whatever the reason for which it did not pay."""
    try:
        yield
    except Exception:
        if not is_known:
            with suppress(NotFound):  # somebody else removed it
                services.forget_unused_card(actor=actor, method=method)
        raise


def add_card(actor: Actor, form: CardForm) -> PaymentMethod:
    """Save the card of a form that is valid."""
    return services.add_card(actor=actor, **form.cleaned_data)


def saved_card(actor: Actor, form: CardForm) -> PaymentMethod | None:
    """The same; where the card is refused, the reason stands on the form."""
    return carried_out(form, lambda: add_card(actor, form))
