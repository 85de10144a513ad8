"""A consumer's way from Free to Pro and back in a browser: what `tests.scenarios.test_rest_journey` does by program.

Everything is real: web, gateway, meter, Postgres, Valkey, httpbin, Chromium.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from apps.accounts.models import Organization
from apps.billing.models import Invoice
from apps.core import clock
from apps.subscriptions.models import Subscription
from tests.browser.conftest import Snap
from tests.browser.people import Consumer, Creator, cell_after
from tests.pdf import text_of
from tests.scenarios import journey
from tests.scenarios.installation import Installation, installation
from tests.scenarios.journey import CARD, DECLINED_CARD, GOOD_CARD, NAME, PRO_AMOUNT, SLUG, Program

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
def installed(browser: Browser, tmp_path: Path) -> Iterator[Installation]:
    """Only where there is a browser."""
    with installation(tmp_path) as started:
        yield started


def publish_httpbin(creator: Creator, upstream_url: str, snap: Snap) -> None:
    """From httpbin's own document to a product on sale under the plans Free and Pro."""
    url = f"{upstream_url}{journey.DOCUMENT_PATH}"
    count = len(journey.operations(url))
    creator.create_product_from(url, NAME, upstream_url)
    added = creator.page.get_by_role("region", name="Added")
    expect(added.locator("tbody tr")).to_have_count(count)
    snap(creator.page, "import")
    creator.press("Apply")
    expect(creator.page.get_by_text(f"{count} endpoints")).to_be_visible()
    creator.add_tier(SLUG, "Pro")
    for method, path in sorted(journey.PRO_ENDPOINTS):
        creator.move_to_tier(SLUG, method, path, "pro")
    limits = [(journey.CALLS_PER_SECOND, "second", "")]
    creator.create_plan(SLUG, "Free", "free", [(journey.FREE_UNITS, "month")], limits)
    creator.create_plan(SLUG, "Pro", "pro", [(journey.PRO_UNITS, "month")], limits, price="29")
    creator.put_on_sale(SLUG, "Free")
    creator.put_on_sale(SLUG, "Pro")
    creator.publish(SLUG)
    snap(creator.page, "published")


def upgrade_to_pro(consumer: Consumer, problems: list[str], snap: Snap) -> None:
    """A declined card changes nothing and says so; a good one makes the change."""
    main = consumer.page.locator("main")
    consumer.choose_plan("Pro")
    expect(main).to_contain_text("29.00\u202fUSD is due today")
    snap(consumer.page, "quote")
    consumer.press("Go on to the payment")
    consumer.pay_by_card(DECLINED_CARD, **CARD)
    expect(main).to_contain_text("The bank declined the card")
    snap(consumer.page, "declined")
    # Chromium reports the status of the page itself, and nothing else is wrong.
    assert len(problems) == 1, problems
    assert "402" in problems.pop()
    consumer.pay_by_card(GOOD_CARD, **CARD)
    expect(consumer.page.locator("body")).to_contain_text(f"{NAME} is on the plan Pro now.")


def read_invoice(consumer: Consumer, billed_to: str, snap: Snap) -> None:
    """The one invoice, on its page and as PDF."""
    consumer.open(f"/o/{consumer.organization}/")
    consumer.follow("Billing")
    number = f"INV-{clock.now().year}-000001"
    consumer.follow(number)
    expect(consumer.page.locator("main")).to_contain_text("29.00\u202fUSD paid on")
    snap(consumer.page, "invoice")
    text = text_of(consumer.download("PDF"))
    for words in (number, "Paid", f"{NAME}: Pro", "29.00 USD", billed_to):
        assert words in text, words


def schedule_downgrade(consumer: Consumer) -> None:
    """Nothing is due, and the page says when it begins."""
    consumer.choose_plan("Free")
    expect(consumer.page.locator("main")).to_contain_text("Nothing is due today")
    consumer.press("Change at the end of the period")
    expect(consumer.page.locator("body")).to_contain_text("the plan is Free. Until then everything stays as it is.")


def see_usage(consumer: Consumer, program: Program, snap: Snap) -> None:
    """The quota of the running period, and every answered call by its endpoint."""
    journey.wait_for_usage(program)
    consumer.open(f"{consumer.subscription_path}?range=90d")
    main = consumer.page.locator("main")
    start = Subscription.objects.get().current_period_start
    assert start is not None
    expect(main).to_contain_text(f"{journey.used_since(start)} / 1\u202f000")
    for path, count in program.passed.items():
        expect(cell_after(main, f"GET {path}")).to_have_text(str(count))
    snap(consumer.page, "usage")


@pytest.mark.long
def test_from_free_to_pro_and_back(
    installed: Installation, context: BrowserContext, page: Page, problems: list[str], snap: Snap
) -> None:
    creator = Creator(page, installed.web.url, "creator@example.com")
    creator.sign_up()
    publish_httpbin(creator, installed.httpbin.url, snap)

    context.clear_cookies()
    consumer = Consumer(page, installed.web.url, "consumer@example.com")
    consumer.sign_up()
    consumer.find_and_subscribe(NAME, "Free")
    program = Program(f"{installed.gateway.url}/{SLUG}", consumer.create_key("production"))
    journey.call_under_free(program)

    upgrade_to_pro(consumer, problems, snap)
    journey.call_under_pro(program)
    read_invoice(consumer, Organization.objects.get(slug=consumer.organization).name, snap)

    old, program = program, program.with_key(consumer.rotate_key("production", overlap="1 hour"))
    journey.call_after_rotation(old, program)
    installed.advance("12h")
    journey.call_after_overlap(old, program)

    schedule_downgrade(consumer)
    program.passes("/headers")
    installed.advance("32d")
    journey.call_back_under_free(program)
    see_usage(consumer, program, snap)
    assert Invoice.objects.count() == 1
    journey.assert_books_balance(Organization.objects.get(slug=creator.organization), paid=[PRO_AMOUNT])
