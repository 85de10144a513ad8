"""The main job in a browser: publish an API, subscribe, call it through the gateway, see the usage.

Everything is real: web, gateway, meter, Postgres, Valkey, httpbin, Chromium.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from apps.portal.requests.explanations import explain_refusal
from apps.usage.models import Rejection, UsageEvent
from tests.browser.people import Consumer, Creator, cell_after
from tests.processes import wait_until
from tests.scenarios import main_job
from tests.scenarios.installation import Installation, installation
from tests.scenarios.main_job import Caller

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.timeout(240)]

PRODUCT, SLUG = "Httpbin", "httpbin"


@pytest.fixture
def installed(browser: Browser, tmp_path: Path) -> Iterator[Installation]:
    """Only where there is a browser."""
    with installation(tmp_path) as started:
        yield started


def publish(creator: Creator, upstream_url: str) -> None:
    creator.create_product(PRODUCT, upstream_url)
    creator.add_tier(SLUG, "Pro")
    for tier, routes in (("free", main_job.ROUTES), ("pro", main_job.PRO_ROUTES)):
        for method, path in routes:
            creator.add_endpoint(SLUG, method, path, tier)
    quotas = [(main_job.MONTHLY_UNITS, "month"), (main_job.DAILY_UNITS, "day")]
    limits = [(100, "second", ""), (main_job.UUID_CALLS_PER_MINUTE, "minute", "GET /uuid")]
    creator.create_plan(SLUG, "Free", "free", quotas, limits)
    creator.create_plan(SLUG, "Pro", "pro", [], [])
    creator.put_on_sale(SLUG, "Free")
    creator.put_on_sale(SLUG, "Pro")
    creator.publish(SLUG)


def test_from_sign_up_to_the_last_call_in_the_log(installed: Installation, context: BrowserContext, page: Page) -> None:
    httpbin, gateway, web = installed.httpbin, installed.gateway, installed.web
    creator = Creator(page, web.url, "creator@example.com")
    creator.sign_up()
    publish(creator, httpbin.url)

    context.clear_cookies()
    consumer = Consumer(page, web.url, "consumer@example.com")
    consumer.sign_up()
    consumer.find_and_subscribe(PRODUCT, "Free")
    secret = consumer.create_key("laptop")
    main_job.make_all_calls(Caller(f"{gateway.url}/{SLUG}", secret))

    calls = sum(main_job.PASSED.values())
    wait_until(lambda: UsageEvent.objects.count() == calls, what=f"{calls} usage events")
    wait_until(
        lambda: Rejection.objects.count() == len(main_job.CREATOR_REFUSALS), what="every refusal in the database"
    )
    see_usage(consumer, calls)
    see_requests(consumer, calls)
    see_what_is_the_creators(creator, page)


def see_usage(consumer: Consumer, calls: int) -> None:
    """The quotas, and the calls by endpoint and by key, to the call."""
    consumer.open(consumer.subscription_path)
    main = consumer.page.locator("main")
    expect(main).to_contain_text(f"{main_job.DAILY_UNITS} / {main_job.DAILY_UNITS}")
    for (method, path), count in main_job.PASSED.items():
        expect(cell_after(main, f"{method} {path}")).to_have_text(str(count))
    expect(cell_after(main, "laptop")).to_have_text(str(calls))


def see_requests(consumer: Consumer, calls: int) -> None:
    """Every call and every refusal with its rule."""
    consumer.open(f"{consumer.subscription_path}requests/")
    rows = consumer.page.locator("main table tbody tr")
    expect(rows).to_have_count(calls + len(main_job.CONSUMER_REFUSALS))
    see_refusals(rows, main_job.CONSUMER_REFUSALS)
    rows.filter(has_text="Quota used up").get_by_role("link").first.click()
    why = consumer.page.locator("main")
    expect(why).to_contain_text("Why was I blocked?")
    expect(why).to_contain_text(f"{main_job.DAILY_UNITS} a day")


def see_refusals(rows: Locator, refusals: set[tuple[str, str]]) -> None:
    """Exactly one row for each refusal, in words, with the limit that refused it."""
    for code, policy in refusals:
        words = str(explain_refusal(code).title)
        expect(rows.filter(has_text=f"{words} · {policy}" if policy else words)).to_have_count(1)


def see_what_is_the_creators(creator: Creator, page: Page) -> None:
    """The creator sees the refusals too, and those of callers without a key."""
    page.context.clear_cookies()
    creator.sign_in()
    creator.open(f"/o/{creator.organization}/studio/{SLUG}/requests/")
    rows = page.locator("main table tbody tr")
    expect(rows).to_have_count(sum(main_job.PASSED.values()) + len(main_job.CREATOR_REFUSALS))
    see_refusals(rows, main_job.CREATOR_REFUSALS)
    creator.open(f"/o/{creator.organization}/studio/{SLUG}/consumers/")
    expect(page.locator("main table tbody tr")).to_have_count(1)
