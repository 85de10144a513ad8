"""The end of a product: who is told what, once, and what happens at the date."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import TestCase

from apps.accounts.access import Actor
from apps.accounts.models import AuditEvent
from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound
from apps.core.models import Change
from apps.notifications.models import Notice
from apps.plans.models import Plan
from apps.products import services, tasks
from apps.products.enums import ProductStatus
from apps.products.models import Product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription, SubscriptionChange
from apps.subscriptions.services import subscribe
from tests.factories.accounts import MembershipFactory
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory
from tests.factories.products import ProductFactory
from tests.factories.subscriptions import SubscriptionFactory

pytestmark = pytest.mark.django_db

Committed = Callable[..., Any]


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Committed:
    """Call a service and run what it left for after the commit."""

    def call(service: Callable[..., Any], **arguments: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return service(**arguments)

    return call


@pytest.fixture
def actor() -> Actor:
    return make_actor()


@pytest.fixture
def product(actor: Actor) -> Product:
    made: Product = ProductFactory(organization=actor.organization, name="Weather", published_at=clock.now())
    return made


@pytest.fixture
def consumers(product: Product) -> list[Subscription]:
    """One that calls, one that is paused; and one that is canceled already."""
    plan = PlanFactory(tier__product=product)
    made = [SubscriptionFactory(plan=plan, status=status) for status in ("active", "paused", "canceled")]
    for subscription in made:
        MembershipFactory(organization=subscription.organization)
    return made


def in_days(days: float) -> dt.datetime:
    return clock.now() + dt.timedelta(days=days)


def titles(subscription: Subscription) -> list[str]:
    notices = Notice.objects.filter(organization=subscription.organization).order_by("pk")
    return [notice.title.split(" on ")[0] for notice in notices]


def moved(product: Product, days: float) -> Product:
    """As if so many days had passed since the end was set."""
    Product.objects.filter(pk=product.pk).update(retires_at=in_days(days))
    return Product.objects.get(pk=product.pk)


class TestRetirement:
    def test_without_subscribers_it_ends_at_once(self, actor: Actor, product: Product) -> None:
        SubscriptionFactory(plan=PlanFactory(tier__product=product), status="canceled")
        retired = services.retire_product(actor=actor, product=product)
        assert (retired.status, retired.is_retiring) == (ProductStatus.RETIRED, False)
        assert retired.retires_at is not None
        assert Change.objects.filter(topic=f"product:{product.pk}").exists(), "the gateway hears of it"
        for again in (services.publish_product, services.retire_product, services.deprecate_product):
            with pytest.raises(Conflict):
                again(actor=actor, product=product)

    def test_with_subscribers_it_goes_on_until_the_date_and_they_are_told_at_once(
        self, actor: Actor, product: Product, consumers: list[Subscription], committed: Committed
    ) -> None:
        end = in_days(20)
        committed(services.retire_product, actor=actor, product=product, retires_at=end, note="Use Climate.")
        product.refresh_from_db()
        assert (product.status, product.retires_at, product.is_retiring) == (ProductStatus.UNPUBLISHED, end, True)
        assert [titles(one) for one in consumers] == [["Weather ends"], ["Weather ends"], []]
        notice = Notice.objects.first()
        assert notice is not None
        assert "Use Climate." in notice.body
        assert notice.url == f"/products/{product.slug}/"
        tasks.announce_waiting.run()
        tasks.announce_retirement.run(product_id=product.pk)
        tasks.retire_due.run()
        assert Notice.objects.count() == 2, "they are told once"
        assert Subscription.objects.filter(status=SubscriptionStatus.ACTIVE).count() == 1, "and go on"

        with pytest.raises(Conflict, match="not on sale"):
            subscribe(actor=make_actor(), plan=Plan.objects.get(product=product))
        with pytest.raises(Conflict, match="being retired"):
            services.publish_product(actor=actor, product=product)

    def test_subscribers_are_reminded_and_then_it_ends(
        self, actor: Actor, product: Product, consumers: list[Subscription], committed: Committed
    ) -> None:
        committed(services.retire_product, actor=actor, product=product, retires_at=in_days(20), note="x")
        moved(product, 3.01)
        tasks.retire_due.run()
        assert titles(consumers[0]) == ["Weather ends"]
        moved(product, 2.99)
        tasks.retire_due.run()
        tasks.retire_due.run()
        assert titles(consumers[0]) == ["Weather ends", "Weather ends in a few days,"]
        Change.objects.all().delete()
        product = moved(product, -0.001)
        tasks.retire_due.run()
        tasks.retire_due.run()
        product.refresh_from_db()
        assert product.status == ProductStatus.RETIRED
        assert [titles(one)[2:] for one in consumers] == [["Weather has ended"], ["Weather has ended"], []]
        assert set(Subscription.objects.values_list("status", flat=True)) == {"canceled"}
        assert SubscriptionChange.objects.filter(kind="product_retired").count() == 2
        assert Change.objects.filter(topic=f"subscription:{consumers[0].pk}").exists()
        assert Change.objects.filter(topic=f"product:{product.pk}").exists()
        assert AuditEvent.objects.filter(action="product.retired", actor=None, target=product.public_id).count() == 1
        own = Notice.objects.get(organization=actor.organization)
        assert "calls are refused" in own.body
        with pytest.raises(Conflict):
            services.call_off_retirement(actor=actor, product=product)

    def test_it_is_called_off_until_the_date_and_who_knew_is_told(
        self, actor: Actor, product: Product, consumers: list[Subscription], committed: Committed
    ) -> None:
        with pytest.raises(Conflict):
            services.call_off_retirement(actor=actor, product=product)
        committed(services.retire_product, actor=actor, product=product, retires_at=in_days(20), note="x")
        committed(services.call_off_retirement, actor=actor, product=product)
        tasks.announce_waiting.run()
        product.refresh_from_db()
        assert (product.retires_at, product.lifecycle_note) == (None, "")
        assert titles(consumers[0]) == ["Weather ends", "Weather goes"]
        # Called off before anybody was told: there is nothing to take back.
        services.retire_product(actor=actor, product=product, retires_at=in_days(20), note="x")
        committed(services.call_off_retirement, actor=actor, product=product)
        assert len(titles(consumers[0])) == 2

    def test_another_date_is_told_anew(
        self, actor: Actor, product: Product, consumers: list[Subscription], committed: Committed
    ) -> None:
        for days in (20, 40):
            committed(services.retire_product, actor=actor, product=product, retires_at=in_days(days), note="x")
        product.refresh_from_db()
        assert product.retires_at is not None
        assert product.retires_at > in_days(39)
        assert titles(consumers[0]) == ["Weather ends"] * 2

    @pytest.mark.parametrize("days", [None, 13.99, -1, 0, 5 * 366])
    def test_the_date_is_far_enough_away(
        self, actor: Actor, product: Product, consumers: list[Subscription], days: float | None
    ) -> None:
        end = in_days(days) if days is not None else None
        with pytest.raises(Invalid) as refused:
            services.retire_product(actor=actor, product=product, retires_at=end, note="x")
        assert refused.value.field == "retires_at"

    def test_the_note_is_asked_for_and_the_notice_is_a_setting(
        self, actor: Actor, product: Product, consumers: list[Subscription], settings: Any
    ) -> None:
        settings.PRODUCT_RETIREMENT_DAYS = 2
        with pytest.raises(Invalid) as refused:
            services.retire_product(actor=actor, product=product, retires_at=in_days(3), note=" ")
        assert refused.value.field == "note"
        services.retire_product(actor=actor, product=product, retires_at=in_days(3), note="x")

    def test_what_the_platform_suspended_is_not_the_creators_to_end(self, actor: Actor, product: Product) -> None:
        product.status = ProductStatus.SUSPENDED
        product.save()
        for service in (services.retire_product, services.deprecate_product, services.call_off_retirement):
            with pytest.raises(NotAllowed):
                service(actor=actor, product=product)

    def test_products_of_others_are_not_found(self, product: Product) -> None:
        for service in (services.retire_product, services.deprecate_product, services.undeprecate_product):
            with pytest.raises(NotFound):
                service(actor=make_actor(), product=product)

    def test_a_lost_announcement_is_found_again(
        self, actor: Actor, product: Product, consumers: list[Subscription], committed: Committed
    ) -> None:
        services.retire_product(actor=actor, product=product, retires_at=in_days(20), note="x")  # no commit: no task
        assert not Notice.objects.exists()
        committed(tasks.announce_waiting.run)
        assert titles(consumers[0]) == ["Weather ends"]


def test_deprecation_of_a_product(actor: Actor, product: Product) -> None:
    deprecated = services.deprecate_product(actor=actor, product=product, note="Use  Climate.")
    assert deprecated.lifecycle_note == "Use Climate."
    since = deprecated.deprecated_at
    assert since is not None
    assert services.deprecate_product(actor=actor, product=product, note="").deprecated_at == since
    assert services.undeprecate_product(actor=actor, product=product).deprecated_at is None
    assert product.status == ProductStatus.PUBLISHED
    assert Change.objects.filter(topic=f"product:{product.pk}").count() == 3
    with pytest.raises(Invalid):
        services.deprecate_product(actor=actor, product=product, note="x" * 501)


def test_telling_costs_the_same_for_200_subscribers_as_for_10(
    actor: Actor, product: Product, django_assert_max_num_queries: Any
) -> None:
    plan = PlanFactory(tier__product=product)
    for number in (10, 190):
        for _ in range(number):
            MembershipFactory(organization=SubscriptionFactory(plan=plan).organization)
        services.retire_product(actor=actor, product=product, retires_at=in_days(20), note="x")
        with TestCase.captureOnCommitCallbacks(), django_assert_max_num_queries(9):
            services.announce_retirement(product_id=product.pk)
    assert Notice.objects.count() == 210
