"""What the people of the demo do: each verb of `story.json` is a call of a service, or two."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from apps.accounts.access import Actor
from apps.accounts.services import create_access_token
from apps.billing.enums import CheckoutStatus, InvoiceStatus
from apps.billing.models import Checkout
from apps.billing.selectors import list_invoices
from apps.billing.services import pay_checkout, pay_invoice, start_checkout, start_plan_change
from apps.core import clock
from apps.demo.fixtures import Act, SubscriptionFixture
from apps.keys.models import ApiKey
from apps.keys.services import OVERLAP_MAX, create_key, revoke_key, rotate_key
from apps.payments.errors import CardDeclined
from apps.payments.models import PaymentMethod
from apps.payments.selectors import list_methods
from apps.payments.services import add_card, make_default, remove_method
from apps.plans.models import Plan
from apps.plans.selectors import list_plans_for
from apps.plans.services import grant_plan
from apps.products.models import Product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import OverageChoice
from apps.subscriptions.selectors import find_live_subscription, list_consumers
from apps.subscriptions.services import approve_consumer, cancel_at_period_end, cancel_subscription

_CARD_YEARS = 3


class Acts:
    """Does what it is told as of the clock's time. `secrets` are those of the keys that it made.

    `began` holds the subscriptions to which a fixture gives keys and calls, once they are active.
    """

    def __init__(
        self,
        *,
        actor_of: Callable[[str], Actor],
        products: Mapping[str, Product],
        subscriptions: Sequence[SubscriptionFixture],
    ) -> None:
        self._actor_of, self._products = actor_of, products
        self._wishes = {(wish.consumer, wish.product): wish for wish in subscriptions}
        self.began: list[tuple[SubscriptionFixture, Subscription]] = []
        self.secrets: list[str] = []
        self._verbs: dict[str, Callable[[Act, Actor], None]] = {
            "add_card": self._add_card,
            "approve": self._approve,
            "cancel": self._cancel,
            "cancel_at_period_end": self._cancel_at_period_end,
            "change_plan": self._change_plan,
            "create_key": self._create_key,
            "create_token": self._create_token,
            "grant": self._grant,
            "make_default": self._make_default,
            "pay_open_invoices": self._pay_open_invoices,
            "remove_card": self._remove_card,
            "revoke_key": self._revoke_key,
            "rotate_key": self._rotate_key,
            "subscribe": self._subscribe,
        }

    def do(self, act: Act) -> None:
        """Raises `DomainError` where a service refuses."""
        self._verbs[act.do](act, self._actor_of(act.who))

    # --- Buying -----------------------------------------------------------------------------------
    def _subscribe(self, act: Act, actor: Actor) -> None:
        checkout = start_checkout(actor=actor, plan=self._plan(act, actor), overage=OverageChoice(allowed=True))
        self._pay(act, actor, checkout)
        subscription = find_live_subscription(actor, self._products[act.product])
        wish = self._wishes.pop((act.who, act.product), None)
        if subscription is None or wish is None:
            return
        if subscription.status != SubscriptionStatus.ACTIVE:
            self._wishes[act.who, act.product] = wish  # it has not begun yet
            return
        for key in wish.keys:
            self.secrets.append(create_key(actor=actor, subscription=subscription, name=key.name)[1])
        self.began.append((wish, subscription))

    def _change_plan(self, act: Act, actor: Actor) -> None:
        begun = start_plan_change(actor=actor, subscription=self._subscription(act, actor), plan=self._plan(act, actor))
        if isinstance(begun, Checkout):
            self._pay(act, actor, begun)

    def _pay(self, act: Act, actor: Actor, checkout: Checkout) -> None:
        if checkout.status != CheckoutStatus.OPEN or checkout.invoice_id is None or not act.pays:
            return
        try:
            pay_checkout(actor=actor, checkout=checkout, method=self._card(act, actor))
        except CardDeclined:
            if not act.is_declined:
                raise

    def _pay_open_invoices(self, act: Act, actor: Actor) -> None:
        for invoice in list_invoices(actor).filter(status=InvoiceStatus.OPEN):
            pay_invoice(actor=actor, invoice=invoice, method=self._card(act, actor))

    def _cancel(self, act: Act, actor: Actor) -> None:
        cancel_subscription(actor=actor, subscription=self._subscription(act, actor))

    def _cancel_at_period_end(self, act: Act, actor: Actor) -> None:
        cancel_at_period_end(actor=actor, subscription=self._subscription(act, actor))

    # --- Cards ------------------------------------------------------------------------------------
    def _add_card(self, act: Act, actor: Actor) -> None:
        add_card(
            actor=actor,
            number=act.card,
            exp_month=12,
            exp_year=clock.now().year + _CARD_YEARS,
            cvc="123",
            name=actor.user.name,
        )

    def _make_default(self, act: Act, actor: Actor) -> None:
        make_default(actor=actor, method=self._card(act, actor))

    def _remove_card(self, act: Act, actor: Actor) -> None:
        remove_method(actor=actor, method=self._card(act, actor))

    # --- Keys and tokens --------------------------------------------------------------------------
    def _create_key(self, act: Act, actor: Actor) -> None:
        create_key(
            actor=actor,
            subscription=self._subscription(act, actor),
            name=act.key,
            mode=act.mode,
            expires_at=self._end(act),
        )

    def _rotate_key(self, act: Act, actor: Actor) -> None:
        rotate_key(actor=actor, key=self._key(act, actor), overlap=OVERLAP_MAX)

    def _revoke_key(self, act: Act, actor: Actor) -> None:
        revoke_key(actor=actor, key=self._key(act, actor))

    def _create_token(self, act: Act, actor: Actor) -> None:
        create_access_token(actor=actor, name=act.key, scopes=act.scopes, expires_at=self._end(act))

    # --- Selling ----------------------------------------------------------------------------------
    def _approve(self, act: Act, actor: Actor) -> None:
        waiting = list_consumers(actor, self._products[act.product]).get(
            organization=self._actor_of(act.consumer).organization, status=SubscriptionStatus.PENDING_APPROVAL
        )
        approve_consumer(actor=actor, subscription=waiting)

    def _grant(self, act: Act, actor: Actor) -> None:
        plan = self._products[act.product].plans.on_sale().get(slug=act.plan)
        grant_plan(actor=actor, plan=plan, organization_slug=act.consumer)

    # --- What an act names ------------------------------------------------------------------------
    def _plan(self, act: Act, actor: Actor) -> Plan:
        return list_plans_for(actor.organization, self._products[act.product]).get(slug=act.plan)

    def _subscription(self, act: Act, actor: Actor) -> Subscription:
        found = find_live_subscription(actor, self._products[act.product])
        assert found is not None, act
        return found

    def _card(self, act: Act, actor: Actor) -> PaymentMethod:
        cards = list_methods(actor)
        return cards.get(last4=act.card[-4:]) if act.card else cards.get(is_default=True)

    def _key(self, act: Act, actor: Actor) -> ApiKey:
        return self._subscription(act, actor).api_keys.get(name=act.key)

    @staticmethod
    def _end(act: Act) -> dt.datetime | None:
        return clock.now() + dt.timedelta(days=act.ends_in_days) if act.ends_in_days else None
