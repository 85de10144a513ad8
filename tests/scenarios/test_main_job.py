"""The main job, from sign-up to the last call in the log: publish an API, subscribe, call it, see the usage.

People use the portal's forms, programs the gateway; Postgres, Valkey, gateway, meter and httpbin are real.
"""

import datetime as dt
import re
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from apps.plans.models import Plan
from apps.subscriptions.models import Subscription
from apps.usage.models import Rejection, UsageEvent
from apps.usage.selectors import Scope, list_requests, quota_usage, usage_by_endpoint, usage_by_key
from tests import processes
from tests.processes import Server, running, wait_until
from tests.scenarios import main_job
from tests.scenarios.main_job import Caller
from tests.scenarios.portal import Visitor, plan_form

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.scenario, pytest.mark.timeout(180)]

SLUG = "httpbin"


@pytest.fixture
def servers(settings: Settings) -> Iterator[tuple[Server, Server]]:
    """httpbin and the gateway; the meter runs beside them."""
    with processes.httpbin() as httpbin:
        settings.UPSTREAM_ALLOW = [processes.address(httpbin.url)]
        gateway = processes.gateway(upstreams=settings.UPSTREAM_ALLOW)
        with running(gateway, processes.meter()):
            yield httpbin, gateway


def publish(creator: Visitor, upstream_url: str) -> None:
    studio = f"/o/{creator.organization}/studio/"
    creator.send(f"{studio}new/", {"name": "Httpbin", "upstream_url": upstream_url})
    product = f"{studio}{SLUG}/"
    creator.send(f"{product}tiers/", {"name": "Pro"})
    for tier, routes in (("free", main_job.ROUTES), ("pro", main_job.PRO_ROUTES)):
        for method, path in routes:
            endpoint = {"method": method, "path": path, "tier": tier, "weight": 1}
            creator.send(f"{product}endpoints/new/", endpoint)
    quotas = [(main_job.MONTHLY_UNITS, "month"), (main_job.DAILY_UNITS, "day")]
    limits = [(100, "second", ""), (main_job.UUID_CALLS_PER_MINUTE, "minute", "GET /uuid")]
    creator.send(f"{product}plans/new/", plan_form(name="Free", tier="free", quotas=quotas, limits=limits))
    creator.send(f"{product}plans/new/", plan_form(name="Pro", tier="pro", quotas=[], limits=[]))
    for plan in Plan.objects.all():
        creator.send(f"{product}plans/{plan.public_id}/publish/")
    creator.send(f"{product}publish/")


def subscribe(consumer: Visitor) -> str:
    """The path of the subscription's pages."""
    assert "Httpbin" in consumer.read("/products/?q=httpbin").content.decode()
    page = consumer.read(f"/products/{SLUG}/subscribe/free/").content.decode()
    plan = re.search(r'name="plan" value="(plan_\w+)"', page)
    assert plan is not None
    values = {"organization": consumer.organization, "plan": plan[1]}
    return consumer.send(f"/products/{SLUG}/subscribe/free/", values)["Location"]


def create_key(consumer: Visitor, subscription: str) -> str:
    page = consumer.send(f"{subscription}keys/create/", {"name": "laptop"}, status=201).content.decode()
    secrets = set(re.findall(r"af_live_[0-9A-Za-z]{38}", page))
    assert len(secrets) == 1
    (secret,) = secrets
    assert secret not in consumer.read(f"{subscription}keys/").content.decode()
    return secret


def test_every_call_and_every_refusal_is_seen_by_those_whom_it_concerns(servers: tuple[Server, Server]) -> None:
    httpbin, gateway = servers
    creator, consumer = Visitor("creator@example.com"), Visitor("consumer@example.com")
    creator.sign_up()
    publish(creator, httpbin.url)
    consumer.sign_up()
    path = subscribe(consumer)
    main_job.make_all_calls(Caller(f"{gateway.url}/{SLUG}", create_key(consumer, path)))

    calls = sum(main_job.PASSED.values())
    wait_until(lambda: UsageEvent.objects.count() == calls, what=f"{calls} usage events")
    wait_until(lambda: Rejection.objects.count() == len(main_job.CREATOR_REFUSALS), what="every refusal")
    subscription = Subscription.objects.select_related("product", "plan").get()
    assert_usage_is_exact(subscription, calls)
    assert_log_is_complete(subscription, calls)
    for page in (path, f"{path}requests/", f"/o/{consumer.organization}/", f"/o/{consumer.organization}/requests/"):
        consumer.read(page)
    for page in ("", "consumers/", "usage/", "requests/"):
        creator.read(f"/o/{creator.organization}/studio/{SLUG}/{page}")


def assert_usage_is_exact(subscription: Subscription, calls: int) -> None:
    used = {quota.name: (quota.used, quota.remaining) for quota in quota_usage(subscription)}
    assert used == {"monthly": (calls, main_job.MONTHLY_UNITS - calls), "daily": (calls, 0)}
    for scope in (Scope.of_subscription(subscription), Scope.of_product(subscription.product)):
        since = subscription.started_at - dt.timedelta(hours=1)
        until = since + dt.timedelta(days=1)
        by_endpoint = usage_by_endpoint(scope, since, until)
        found = {
            (usage.endpoint.method, usage.endpoint.path): usage.stats.calls for usage in by_endpoint if usage.endpoint
        }
        assert found == main_job.PASSED
        (by_key,) = usage_by_key(scope, since, until)
        assert (by_key.stats.calls, by_key.stats.units, by_key.stats.server_errors) == (calls, calls, 0)


def assert_log_is_complete(subscription: Subscription, calls: int) -> None:
    """The consumer has their calls and refusals, the creator those without a key too."""
    for scope, refusals in (
        (Scope.of_subscription(subscription), main_job.CONSUMER_REFUSALS),
        (Scope.of_product(subscription.product), main_job.CREATOR_REFUSALS),
    ):
        entries = list_requests(scope).entries
        assert len([entry for entry in entries if entry.event]) == calls
        rejections = [entry.rejection for entry in entries if entry.rejection]
        assert sorted((rejection.code, rejection.policy) for rejection in rejections) == sorted(refusals)
