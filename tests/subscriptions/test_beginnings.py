"""How a subscription begins: free at once, paid with its first payment, after an approval where one is asked for."""

import datetime as dt

import pytest
from django.urls import resolve

from apps.core import clock
from apps.core.errors import Conflict, NotFound
from apps.core.models import Change
from apps.notifications.models import Notice
from apps.plans.enums import PlanVisibility
from apps.plans.models import Plan, PlanGrant
from apps.subscriptions import services
from apps.subscriptions.enums import SubscriptionStatus as S
from apps.subscriptions.models import Subscription
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory
from tests.factories.subscriptions import SubscriptionFactory

pytestmark = pytest.mark.django_db
AT = dt.datetime(2026, 1, 31, 10, tzinfo=dt.UTC)


def kinds(subscription: Subscription) -> list[str]:
    return list(subscription.changes.order_by("pk").values_list("kind", flat=True))


def test_a_paid_plan_begins_with_its_payment() -> None:
    plan, bob = PlanFactory(price_amount=900), make_actor()
    subscription = services.subscribe(actor=bob, plan=plan)
    assert (subscription.status, subscription.current_period_end) == (S.INCOMPLETE, None)
    with pytest.raises(Conflict, match="already"):
        services.subscribe(actor=bob, plan=plan)
    Change.objects.all().delete()
    active = services.activate(subscription=subscription, at=AT)
    active.refresh_from_db()
    assert active.status == S.ACTIVE
    assert active.started_at == active.anchored_at == active.current_period_start == AT
    assert active.current_period_end == dt.datetime(2026, 2, 28, 10, tzinfo=dt.UTC)
    assert Change.objects.get().topic == f"subscription:{active.pk}"
    for again in (services.activate, services.abandon):
        with pytest.raises(Conflict):
            again(subscription=subscription, **({"at": AT} if again is services.activate else {}))
    assert kinds(active) == ["started", "activated"]


@pytest.mark.parametrize("status", [S.INCOMPLETE, S.PENDING_APPROVAL])
def test_what_was_never_paid_is_given_up_and_stands_in_no_way(status: str) -> None:
    subscription = SubscriptionFactory(status=status)
    assert services.abandon(subscription=subscription).status == S.CANCELED
    assert services.subscribe(actor=make_actor(subscription.organization), plan=subscription.plan).status == S.ACTIVE


@pytest.mark.parametrize(("price", "status"), [(0, S.ACTIVE), (900, S.INCOMPLETE)])
def test_the_creator_approves(price: int, status: S) -> None:
    plan, bob = PlanFactory(price_amount=price, requires_approval=True), make_actor()
    alice = make_actor(plan.product.organization)
    asked = services.subscribe(actor=bob, plan=plan)
    assert (asked.status, asked.current_period_end) == (S.PENDING_APPROVAL, None)
    with pytest.raises(Conflict):
        services.activate(subscription=asked, at=AT)
    for actor in (bob, make_actor()):
        with pytest.raises(NotFound):
            services.approve_consumer(actor=actor, subscription=asked)
    before = clock.now()
    approved = services.approve_consumer(actor=alice, subscription=asked)
    approved.refresh_from_db()
    assert approved.status == status
    assert approved.started_at >= before
    assert (approved.current_period_end is not None) is (status == S.ACTIVE)
    told = Notice.objects.order_by("pk").values_list("kind", "organization", "user", "url")
    creator, consumer = plan.product.organization.pk, bob.organization.pk
    assert [row[:3] for row in told] == [
        ("subscription.requested", creator, alice.user.pk),
        ("subscription.approved", consumer, bob.user.pk),
    ]
    assert [resolve(url).url_name for *_, url in told] == ["studio-consumer", "subscription"]
    for decide in (services.approve_consumer, services.decline_consumer):
        with pytest.raises(Conflict):
            decide(actor=alice, subscription=approved)


def test_the_creator_declines_and_may_be_asked_again() -> None:
    plan, bob = PlanFactory(requires_approval=True), make_actor()
    alice = make_actor(plan.product.organization)
    declined = services.decline_consumer(actor=alice, subscription=services.subscribe(actor=bob, plan=plan))
    assert declined.status == S.CANCELED
    assert kinds(declined) == ["started", "declined"]
    assert Notice.objects.get(kind="subscription.declined").organization == bob.organization
    assert services.subscribe(actor=bob, plan=plan).status == S.PENDING_APPROVAL


def test_a_private_plan_is_for_those_who_were_named() -> None:
    plan = PlanFactory(visibility=PlanVisibility.PRIVATE, requires_approval=True)
    bob, stranger = make_actor(), make_actor()
    grant = PlanGrant.objects.create(product=plan.product, plan_slug=plan.slug, organization=bob.organization)
    with pytest.raises(Conflict, match="not on sale"):
        services.subscribe(actor=stranger, plan=plan)
    granted = services.subscribe(actor=bob, plan=plan)
    assert granted.status == S.ACTIVE, "a grant is an approval"
    services.cancel_subscription(actor=bob, subscription=granted)
    grant.delete()
    with pytest.raises(Conflict, match="not on sale"):
        services.subscribe(actor=bob, plan=plan)


def test_a_grant_is_of_one_product() -> None:
    plan, bob = PlanFactory(visibility=PlanVisibility.PRIVATE), make_actor()
    other = PlanFactory(slug=plan.slug)
    PlanGrant.objects.create(product=other.product, plan_slug=plan.slug, organization=bob.organization)
    with pytest.raises(Conflict):
        services.subscribe(actor=bob, plan=plan)


class TestPayments:
    def test_due_unpaid_and_paid(self) -> None:
        one = SubscriptionFactory()
        assert services.mark_paid(subscription=one).status == S.ACTIVE
        with pytest.raises(Conflict):
            services.mark_unpaid(subscription=one)
        for _ in range(2):  # the same again is nothing
            assert services.mark_past_due(subscription=one).status == S.PAST_DUE
        assert services.mark_unpaid(subscription=one).status == S.UNPAID
        assert services.mark_paid(subscription=one).status == S.ACTIVE
        assert kinds(one) == ["past_due", "unpaid", "paid"]

    def test_a_pause_hides_what_is_due_and_does_not_end_it(self) -> None:
        one = SubscriptionFactory()
        alice = make_actor(one.product.organization)
        services.mark_past_due(subscription=one)
        assert services.pause_consumer(actor=alice, subscription=one).status == S.PAUSED
        assert services.mark_past_due(subscription=one).status == S.PAUSED
        assert services.resume_consumer(actor=alice, subscription=one).status == S.PAST_DUE
        services.pause_consumer(actor=alice, subscription=one)
        for _ in range(2):
            assert services.mark_paid(subscription=one).status == S.PAUSED
        assert services.resume_consumer(actor=alice, subscription=one).status == S.ACTIVE
        assert kinds(one) == ["past_due", "paused", "resumed", "paused", "paid", "resumed"]

    def test_a_payment_after_the_end_changes_nothing(self) -> None:
        one = SubscriptionFactory(status=S.CANCELED)
        assert services.mark_paid(subscription=one).status == S.CANCELED
        with pytest.raises(Conflict):
            services.mark_past_due(subscription=one)


def test_a_plan_that_was_withdrawn_meanwhile_can_be_approved_and_paid() -> None:
    plan, bob = PlanFactory(price_amount=900, requires_approval=True), make_actor()
    asked = services.subscribe(actor=bob, plan=plan)
    Plan.objects.update(withdrawn_at=clock.now())
    services.approve_consumer(actor=make_actor(plan.product.organization), subscription=asked)
    assert services.activate(subscription=asked, at=clock.now()).status == S.ACTIVE
