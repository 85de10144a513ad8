"""Who is banned has no subscription to the product and gets none, until the ban is lifted."""

import pytest

from apps.billing.services import start_checkout
from apps.core.errors import Conflict, NotFound
from apps.notifications.models import Notice
from apps.subscriptions import services
from apps.subscriptions.errors import ConsumerBanned
from apps.subscriptions.models import Subscription
from tests.factories.accounts import UserFactory
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory

pytestmark = pytest.mark.django_db


def test_a_ban_ends_the_subscription_and_the_next_one_is_refused() -> None:
    alice, plan = make_actor(), PlanFactory()
    owner = make_actor(plan.product.organization)
    subscription = services.subscribe(actor=alice, plan=plan)
    banned = services.ban_consumer(actor=owner, subscription=subscription, reason="Scraping")
    assert banned.status == "canceled"
    assert "Scraping" in Notice.objects.get(kind="subscription.banned", user=alice.user).body
    with pytest.raises(ConsumerBanned):
        start_checkout(actor=alice, plan=plan)
    with pytest.raises(Conflict):
        services.ban_consumer(actor=owner, subscription=subscription)
    services.subscribe(actor=alice, plan=PlanFactory())  # another product is another matter
    services.subscribe(actor=make_actor(), plan=plan)

    services.lift_ban(actor=owner, subscription=subscription)
    assert Subscription.objects.get(pk=subscription.pk).status == "canceled"
    assert services.subscribe(actor=alice, plan=plan).status == "active"
    with pytest.raises(Conflict):
        services.lift_ban(actor=owner, subscription=subscription)


def test_only_the_creator_and_staff_ban() -> None:
    alice, plan = make_actor(), PlanFactory()
    subscription = services.subscribe(actor=alice, plan=plan)
    with pytest.raises(NotFound):
        services.ban_consumer(actor=make_actor(), subscription=subscription)
    staff = UserFactory(is_staff=True, is_superuser=True)
    services.ban_consumer_by_staff(staff=staff, subscription=subscription, reason="Stolen cards")
    with pytest.raises(ConsumerBanned):
        services.subscribe(actor=alice, plan=plan)
    services.lift_ban_by_staff(staff=staff, subscription=subscription, reason="A mistake")
    assert services.subscribe(actor=alice, plan=plan).status == "active"
