"""Hosting: what creators pay the platform, through the engine that bills all, and what they may publish for it."""

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

from apps.accounts.access import Actor
from apps.accounts.models import AuditEvent
from apps.billing import services
from apps.billing.enums import CreditReason
from apps.billing.hosting import get_hosting
from apps.billing.models import HostingTerms, Invoice
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound
from apps.gateway.selectors import find_product
from apps.keys.services import create_key
from apps.ledger.enums import AccountKind
from apps.ledger.selectors import balance, find_account, list_unbalanced_entries
from apps.payments.enums import DisputeStatus
from apps.plans.models import Plan
from apps.products.enums import ProductStatus
from apps.products.models import Product
from apps.products.selectors import list_listed_products
from apps.products.services import create_product, publish_product, unpublish_product
from apps.subscriptions import services as subscriptions
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import OverageChoice
from apps.usage.counters.types import SHARDS
from apps.usage.models import StreamPosition
from apps.usage.selectors import quota_usage
from tests.billing.test_refunds import dispute
from tests.billing.world import NOW, Shop, fresh, invoices, move_clock
from tests.factories.accounts import OrganizationFactory, UserFactory
from tests.factories.actors import make_actor
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import PlanFactory, QuotaFactory
from tests.factories.products import EndpointFactory, ProductFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import store_calls
from tests.payouts.world import staff

MONTH = dt.timedelta(days=30)
WHY = "Price list of May"


@pytest.fixture
def platform(shop: Shop, settings: Any) -> Shop:
    """The shop is the platform's, its product is hosting, and Alice is a creator."""
    settings.HOSTING_PRODUCT = shop.product.slug
    return shop


def hosted(platform: Shop, products_max: int | None = 3, **quota: Any) -> Plan:
    """10.00 a month, 1,000 calls, each further one 2 cents up to 5,000 of them."""
    plan = platform.metered(**quota)
    HostingTerms.objects.create(plan=plan, products_max=products_max)
    return plan


def draft_of(actor: Actor) -> Product:
    """A product that lacks nothing for its publication."""
    product = ProductFactory(organization=actor.organization, status=ProductStatus.DRAFT)
    EndpointFactory(tier=PlanFactory(tier__product=product).tier)
    return product


def publish(actor: Actor, times: int = 1) -> list[Product]:
    return [publish_product(actor=actor, product=draft_of(actor)) for _number in range(times)]


def call(product: Product, units: int, at: dt.datetime) -> None:
    """One call of so many units by a consumer of the product."""
    tier = TierFactory(product=product)
    consumer = SubscriptionFactory(plan=PlanFactory(tier=tier))
    store_calls(ApiKeyFactory(subscription=consumer), EndpointFactory(tier=tier), at=at, units=units)


def everything_is_stored(until: dt.datetime, but: int | None = None) -> None:
    for shard in range(SHARDS):
        moment = until - dt.timedelta(seconds=1) if shard == but else until
        StreamPosition.objects.update_or_create(shard=shard, defaults={"complete_until": moment})


def amount_on(kind: AccountKind, organization: Any = None) -> int:
    account = find_account(kind=kind, currency="USD", organization=organization)
    return balance(account) if account else 0


def overage_lines() -> list[tuple[int, int]]:
    found = [line for one in invoices() for line in one.lines.filter(kind="overage")]
    return [(line.quantity, line.amount) for line in found]


def test_off_nothing_of_it_shows_and_nothing_is_limited(shop: Shop, client: Any) -> None:
    with pytest.raises(NotFound):
        get_hosting(shop.alice)
    publish(shop.alice, times=2)
    client.force_login(shop.alice.user)
    slug = shop.alice.organization.slug
    assert client.get(reverse("portal:hosting", args=[slug])).status_code == 404
    assert "Hosting" not in client.get(reverse("portal:studio", args=[slug])).content.decode()
    assert client.get("/api/v1/hosting", headers={"X-Organization": slug}).status_code == 404


def test_its_product_is_neither_in_the_marketplace_nor_called_nor_has_keys(platform: Shop, client: Any) -> None:
    slug = platform.product.slug
    assert platform.product not in list_listed_products()
    assert find_product(slug) is None
    for path in (reverse("portal:product", args=[slug]), f"/api/v1/catalog/products/{slug}"):
        assert client.get(path).status_code == 404
    subscription = platform.buy(hosted(platform), overage=None)
    client.force_login(platform.alice.user)
    assert client.get(reverse("portal:product", args=[slug])).status_code == 404
    with pytest.raises(Conflict, match="no keys"):
        create_key(actor=platform.alice, subscription=subscription, name="x")
    with pytest.raises(Conflict, match="Extra calls"):
        subscriptions.set_overage(
            actor=platform.alice, subscription=subscription, choice=OverageChoice(allowed=True, spend_cap_amount=1)
        )
    page = reverse("portal:subscription", args=[platform.alice.organization.slug, subscription.public_id])
    assert client.get(page).headers["Location"].endswith("/hosting/")
    listed = client.get(reverse("portal:subscriptions", args=[platform.alice.organization.slug])).content.decode()
    assert platform.product.name not in listed


def test_nobody_takes_its_address_and_it_needs_no_endpoint(shop: Shop, settings: Any) -> None:
    settings.HOSTING_PRODUCT = "hosting"
    with pytest.raises(Invalid) as refused:
        create_product(actor=shop.alice, name="Mine", slug="hosting", upstream_url="https://93.184.216.34")
    assert refused.value.field == "slug"
    platform = make_actor()
    product = ProductFactory(organization=platform.organization, slug="hosting", status=ProductStatus.DRAFT)
    publish(shop.alice, times=2)  # it limits nobody before it is published
    PlanFactory(tier__product=product)
    publish_product(actor=platform, product=product)
    with pytest.raises(Conflict, match="Your hosting allows 1 live product"):
        publish(shop.alice)
    publish(platform, times=2)


def test_no_more_is_published_than_the_plan_allows(platform: Shop) -> None:
    alice = platform.alice
    first = publish(alice)[0]
    with pytest.raises(Conflict, match="Your hosting allows 1 live product"):
        publish(alice)
    SubscriptionFactory(plan=PlanFactory(tier__product=first))
    unpublish_product(actor=alice, product=first)
    with pytest.raises(Conflict, match="1 live product"):
        publish(alice)  # it is still served
    publish_product(actor=alice, product=first)

    subscription = platform.buy(hosted(platform, products_max=2), overage=None)
    publish(alice)
    assert not get_hosting(alice).may_publish
    with pytest.raises(Conflict, match="2 live products"):
        publish(alice)
    # A version without terms of its own has those of the one before it.
    Plan.objects.filter(pk=subscription.plan_id).update(withdrawn_at=NOW)
    plan = subscription.plan
    revised = PlanFactory(tier=plan.tier, slug=plan.slug, version=2, price_amount=1000)
    Subscription.objects.filter(pk=subscription.pk).update(plan=revised)
    assert get_hosting(alice).products_max == 2
    HostingTerms.objects.create(plan=revised, products_max=None)
    publish(alice, times=2)
    assert get_hosting(alice).may_publish


def test_unpaid_or_canceled_nothing_further_is_published_and_what_is_live_stays(platform: Shop) -> None:
    alice = platform.alice
    subscription = platform.buy(hosted(platform), overage=None)
    live = publish(alice, times=2)
    for status in ("unpaid", "paused"):
        Subscription.objects.filter(pk=subscription.pk).update(status=status)
        with pytest.raises(Conflict, match="Your hosting is stopped"):
            publish(alice)
    Subscription.objects.filter(pk=subscription.pk).update(status="past_due")
    live += publish(alice)
    subscriptions.cancel_subscription(actor=alice, subscription=fresh(subscription))
    with pytest.raises(Conflict, match="1 live product"):
        publish(alice)
    assert {fresh(one).status for one in live} == {ProductStatus.PUBLISHED}
    for one in live:
        unpublish_product(actor=alice, product=one)
    publish(alice)


def test_extra_calls_of_all_products_are_charged_once_they_are_all_stored(platform: Shop) -> None:
    mine, other = publish(make_actor(platform.alice.organization))[0], ProductFactory()
    second = ProductFactory(organization=platform.alice.organization)
    subscription = platform.buy(hosted(platform), overage=None)
    assert not subscription.overage_allowed
    start, end = subscription.current_period_start, subscription.current_period_end
    assert start is not None
    assert end is not None
    tick, day = dt.timedelta(microseconds=1), dt.timedelta(days=1)
    call(mine, 7, start - tick)  # before it began
    call(mine, 600, start)
    call(second, 500, start + 5 * day)
    call(second, 30, end - tick)
    call(mine, 9000, end)  # of the next period
    call(other, 50, start + day)
    move_clock(start + 6 * day)
    assert [(one.used, one.extra_amount) for one in quota_usage(fresh(subscription))] == [(1100 + 30, 260)]
    move_clock(end)
    everything_is_stored(end, but=(subscription.pk + 1) % SHARDS)
    services.close_due_periods()
    assert len(invoices()) == 2  # calls of another shard are not stored yet
    assert overage_lines() == []
    everything_is_stored(end)
    services.close_due_periods()
    assert overage_lines() == [(130, 260)]
    assert [one.total_amount for one in invoices()] == [1000, 1260]
    # More than the plan charges at most passes, too, and costs nothing more; what was stored late is charged.
    call(mine, 20, start + 2 * day)
    assert services.find_late_usage() == 1
    move_clock(end + MONTH + 2 * day)
    everything_is_stored(end + MONTH + 2 * day)
    services.close_due_periods()
    assert sorted(overage_lines()) == [(20, 40), (130, 260), (5000, 10_000)]
    assert sum(one.amount for one in invoices()[-1].lines.all()) == 11_040


def test_another_plan_counts_anew_and_credits_what_is_not_used(platform: Shop) -> None:
    product = ProductFactory(organization=platform.alice.organization)
    small = hosted(platform)
    large = platform.plan("Large", 3000)
    QuotaFactory(plan=large, included_units=10_000)
    subscription = platform.buy(small, overage=None)
    call(product, 900, NOW + dt.timedelta(days=1))
    move_clock(NOW + dt.timedelta(days=15))
    quote = services.quote_change(platform.alice, fresh(subscription), large)
    assert quote.proration.credit_amount == 100  # a tenth of the calls is left, though half of the time
    checkout: Any = services.start_plan_change(actor=platform.alice, subscription=fresh(subscription), plan=large)
    services.pay_checkout(actor=platform.alice, checkout=checkout, method=platform.card())
    call(product, 40, NOW + dt.timedelta(days=16))
    move_clock(NOW + dt.timedelta(days=17))
    assert [one.used for one in quota_usage(fresh(subscription))] == [40]
    everything_is_stored(NOW + dt.timedelta(days=17))
    services.close_due_periods()
    assert overage_lines() == []


def test_the_revenue_is_the_platforms_and_refunds_and_disputes_reverse_it(platform: Shop) -> None:
    owner = platform.product.organization
    platform.buy(hosted(platform), overage=None)
    invoice = Invoice.objects.get()

    def books() -> tuple[int, int]:
        assert amount_on(AccountKind.CREATOR_PAYABLE, owner) == 0
        assert amount_on(AccountKind.PLATFORM_COMMISSION) == 0
        assert not list_unbalanced_entries().exists()
        return amount_on(AccountKind.PROVIDER_CASH), amount_on(AccountKind.PLATFORM_HOSTING)

    assert books() == (1000, -1000)
    services.refund_invoice(actor=make_actor(owner), invoice=invoice, reason=CreditReason.GOODWILL, amount=300)
    assert books() == (700, -700)
    dispute(invoice, amount=700)
    assert books() == (-1500, 0)
    dispute(invoice, DisputeStatus.WON, amount=700)
    assert books() == (700, -700)


def test_staff_set_the_terms_of_a_version_that_nobody_has(platform: Shop) -> None:
    plan, people = platform.metered(), staff("change_hostingterms")

    def say(products_max: int | None, plan: Plan = plan, who: Any = people) -> HostingTerms:
        return services.set_hosting_terms(staff=who, plan=plan, products_max=products_max, reason=WHY)

    with pytest.raises(NotAllowed):
        say(3, who=UserFactory())
    with pytest.raises(Invalid):
        say(3, plan=PlanFactory())
    blocking = platform.plan("Blocking", 500)
    QuotaFactory(plan=blocking)
    with pytest.raises(Invalid, match="never refused"):
        say(3, plan=blocking)
    say(3)
    assert say(5).products_max == 5
    assert AuditEvent.objects.filter(action="hosting.terms_set", target=plan.public_id).count() == 2
    platform.buy(plan, overage=None)
    with pytest.raises(Conflict, match="Creators are subscribed"):
        say(1)
    Plan.objects.filter(pk=plan.pk).update(withdrawn_at=NOW)
    with pytest.raises(Conflict, match="replaced or withdrawn"):
        say(1)


def test_a_creator_chooses_and_changes_a_plan_on_the_page(platform: Shop, client: Any) -> None:
    alice, plan = platform.alice, hosted(platform, products_max=None)
    larger = platform.metered("Larger", 5000)
    HostingTerms.objects.create(plan=larger, products_max=100)
    platform.plan("Other", 9900)  # no hosting plan: it has no terms
    slug = alice.organization.slug
    page, choose = reverse("portal:hosting", args=[slug]), reverse("portal:hosting-choose", args=[slug])
    client.force_login(alice.user)
    shown = client.get(page).content.decode()
    assert "<strong>0 of 1</strong> products are live" in shown
    assert "Other" not in shown
    taken = client.post(choose, {"plan": plan.public_id})
    checkout = Subscription.objects.get().checkouts.get()
    assert taken.headers["Location"].endswith(f"/checkouts/{checkout.public_id}/")
    assert client.get(taken.headers["Location"]).status_code == 200
    services.pay_checkout(actor=alice, checkout=checkout, method=platform.card(is_default=True))
    shown = client.get(page).content.decode()
    assert "of any number" in shown
    assert Invoice.objects.get().number in shown
    changed = client.post(choose, {"plan": larger.public_id})
    assert "?to=larger" in changed.headers["Location"]
    assert "Go on to the payment" in client.get(changed.headers["Location"]).content.decode()
    assert client.post(choose, {"plan": "plan_none"}, follow=True).redirect_chain == [(page, 302)]
    said = client.get("/api/v1/hosting", headers={"X-Organization": slug}).json()["data"]
    assert (said["products_max"], said["may_publish"], said["calls"][0]["included"]) == (None, True, 1000)
    assert [(one["name"], one["products_max"]) for one in said["plans"]] == [("Metered", None), ("Larger", 100)]
    # The platform's own people find its product there.
    seller = make_actor(platform.product.organization)
    client.force_login(seller.user)
    own = client.get(reverse("portal:hosting", args=[seller.organization.slug]))
    assert own.headers["Location"].endswith(f"/studio/{platform.product.slug}/")
    stranger = reverse("portal:hosting", args=[OrganizationFactory().slug])
    assert client.get(stranger).status_code == 404


def test_staff_set_them_in_the_admin(platform: Shop, client: Any) -> None:
    plan, elsewhere = platform.metered(), PlanFactory()
    client.force_login(staff())
    add = reverse("admin:billing_hostingterms_add")
    said = {"plan": plan.pk, "products_max": 7, "reason": WHY}
    for wrong in ({"reason": ""}, {"plan": elsewhere.pk}):
        assert client.post(add, said | wrong).status_code == 200
    assert not HostingTerms.objects.exists()
    assert client.post(add, said).status_code == 302
    terms = HostingTerms.objects.get()
    edit = reverse("admin:billing_hostingterms_change", args=[terms.pk])
    assert client.post(edit, {"products_max": "", "reason": "Any number"}).status_code == 302
    assert (fresh(terms).products_max, fresh(terms).plan) == (None, plan)
    platform.buy(plan, overage=None)
    assert "Creators are subscribed" in client.post(edit, {"products_max": "1", "reason": "Fewer"}).content.decode()
    assert AuditEvent.objects.filter(action="hosting.terms_set").count() == 2
