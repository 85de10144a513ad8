"""Studio and team in a browser: from nothing to a published product, dialogs, fragments, narrow screens, no scripts.

Any console error fails a test; a violation of the Content-Security-Policy is one.
"""

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from apps.accounts.models import Organization
from apps.plans.models import Plan
from apps.products.models import Product
from tests.browser.conftest import NewContext, screens
from tests.browser.people import signed_in
from tests.factories.products import EndpointFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import store_calls
from tests.portal.studio.pages import READS
from tests.portal.studio.world import World, world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


@pytest.fixture
def ours() -> World:
    return world()


@pytest.fixture
def owner(context: BrowserContext, live_server: Any, ours: World) -> Page:
    return signed_in(context, live_server.url, ours.owner)


@pytest.fixture
def scriptless(new_context: NewContext, live_server: Any, ours: World) -> Page:
    return signed_in(new_context(java_script_enabled=False), live_server.url, ours.owner)


def test_from_nothing_to_a_published_product(owner: Page, live_server: Any, ours: World) -> None:
    owner.goto(live_server.url + ours.url("studio-product-new"))
    owner.get_by_label("Name", exact=True).press_sequentially("City Maps")
    expect(owner.locator("#id_slug")).to_have_attribute("placeholder", "city-maps")
    owner.get_by_label("Backend address").fill("https://maps.example.com")
    owner.get_by_role("button", name="Create product").click()
    expect(owner.get_by_text("Next: add an endpoint")).to_be_visible()

    owner.get_by_role("link", name="Add endpoint").click()
    owner.get_by_label("Path", exact=True).fill("/routes/{id}")
    owner.get_by_role("button", name="Add endpoint").click()
    expect(owner.get_by_text("1 endpoint, open to consumers once")).to_be_visible()

    owner.get_by_role("link", name="Overview").click()
    owner.get_by_role("link", name="Create plan").click()
    owner.get_by_label("Name", exact=True).fill("Starter")
    owner.locator("[name=quotas-0-included_units]").fill("1000")
    owner.get_by_role("button", name="Add quota").click()
    # Typing goes on in the new row, and nothing that was typed is lost.
    expect(owner.locator("[name=quotas-1-included_units]")).to_be_focused()
    owner.keyboard.type("50")
    expect(owner.get_by_label("Name", exact=True)).to_have_value("Starter")
    expect(owner.locator("[name=quotas-0-included_units]")).to_have_value("1000")
    owner.locator("[name=quotas-1-period]").select_option("day")
    owner.get_by_label("charge a price per unit").check()
    owner.get_by_label("Price of an extra unit").fill("0.002")
    owner.get_by_label("Extra units at most").fill("50000")
    expect(owner.get_by_text("Beyond 1\u202f000 a month: 0.002\u202fUSD each, up to 50\u202f000")).to_be_visible()
    owner.get_by_role("button", name="Add rate limit").click()
    expect(owner.locator("[name=rate_limits-1-max_calls]")).to_be_focused()
    owner.get_by_role("button", name="Remove this row").last.click()
    expect(owner.locator("[name=rate_limits-1-max_calls]")).to_have_count(0)
    expect(owner.get_by_role("button", name="Add rate limit")).to_be_focused()
    owner.locator("[name=rate_limits-0-max_calls]").fill("60")
    # Enter saves; it does not press one of the buttons for rows.
    owner.keyboard.press("Enter")
    expect(owner.get_by_text("Created the plan Starter.")).to_be_visible()
    plan = Plan.objects.get(name="Starter")
    assert {(quota.included_units, quota.period) for quota in plan.quotas.all()} == {(1000, "month"), (50, "day")}

    owner.get_by_role("button", name="Put on sale").click()
    owner.get_by_role("dialog").get_by_role("button", name="Put on sale").click()
    expect(owner.get_by_text("1 plan is on sale")).to_be_visible()
    owner.get_by_role("link", name="Overview").click()
    owner.get_by_role("button", name="Publish product").first.click()
    owner.get_by_role("dialog").get_by_role("button", name="Publish product").click()
    expect(owner.get_by_text("Published on")).to_be_visible()
    assert Product.objects.get(slug="city-maps").status == "published"


def test_the_secret_is_shown_in_place_and_hidden_again(owner: Page, live_server: Any, ours: World) -> None:
    owner.goto(live_server.url + ours.url("studio-settings"))
    expect(owner.locator("body")).not_to_contain_text(ours.product.proxy_secret)
    owner.get_by_label("Tagline").fill("not saved yet")
    owner.get_by_role("button", name="Show secret").click()
    expect(owner.get_by_text(ours.product.proxy_secret)).to_be_visible()
    # Only that part of the page came anew.
    expect(owner.get_by_label("Tagline")).to_have_value("not saved yet")
    owner.get_by_role("link", name="Hide secret").click()
    expect(owner.locator("body")).not_to_contain_text(ours.product.proxy_secret)


def test_a_prepared_secret_is_activated_by_typing_the_address(owner: Page, live_server: Any, ours: World) -> None:
    owner.goto(live_server.url + ours.url("studio-settings"))
    owner.get_by_role("button", name="Prepare the next secret").click()
    owner.get_by_role("button", name="Activate the next secret").click()
    prepared = Product.objects.get(pk=ours.product.pk)
    assert prepared.proxy_secret == ours.product.proxy_secret
    deed = owner.get_by_role("dialog").get_by_role("button", name="Activate it")
    expect(deed).to_be_disabled()
    owner.get_by_role("dialog").get_by_role("textbox").fill(ours.product.slug)
    deed.click()
    expect(owner.get_by_role("button", name="Prepare the next secret")).to_be_visible()
    assert Product.objects.get(pk=ours.product.pk).proxy_secret == prepared.next_proxy_secret


def test_consumers_follow_the_typing(owner: Page, live_server: Any, ours: World) -> None:
    SubscriptionFactory(plan=ours.plan, organization__name="Acme")
    owner.goto(live_server.url + ours.url("studio-consumers"))
    expect(owner.locator("tbody tr")).to_have_count(2)
    owner.locator("main input[name=q]").press_sequentially("acm")
    expect(owner.locator("tbody tr")).to_have_count(1)
    expect(owner).to_have_url(re.compile("q=acm"))
    owner.locator("main input[name=q]").fill("nobody")
    expect(owner.get_by_text("No consumer matches")).to_be_visible()


def test_usage_is_narrowed_in_place(owner: Page, live_server: Any, ours: World) -> None:
    store_calls(ours.key, EndpointFactory(tier=ours.tier, path="/busy"), 5)
    owner.goto(live_server.url + ours.url("studio-usage"))
    owner.get_by_role("link", name="/busy").click()
    expect(owner.locator("#calls")).to_contain_text("5 calls in")
    expect(owner.locator(".page-answer")).to_contain_text("5 calls in")
    owner.locator(".chip").click()
    expect(owner.locator("#calls")).to_contain_text("6 calls in")
    owner.locator("select[name=endpoint]").select_option(label=str(ours.endpoint))
    expect(owner.locator(".chip")).to_have_count(1)
    expect(owner).to_have_url(re.compile("endpoint=ep_"))


@screens
def test_every_page_fits_the_screen_without_complaint(
    new_context: NewContext, live_server: Any, problems: list[str], ours: World, theme: str, width: int
) -> None:
    long = "a-very-long-segment-of-a-path-that-nobody-would-want-to-read-but-somebody-wrote-all-the-same"
    endpoint = EndpointFactory(tier=ours.tier, path=f"/{long}/{{parameter_of_the_path_that_is_long_too}}")
    store_calls(ours.key, endpoint, 3)
    Product.objects.filter(pk=ours.product.pk).update(name="Averyveryveryveryverylongnameofaproduct", tagline="w " * 80)
    Organization.objects.filter(pk=ours.organization.pk).update(name="An organization with a long name")
    context = new_context(viewport={"width": width, "height": 800}, color_scheme=theme)
    page = signed_in(context, live_server.url, ours.owner)
    addresses = [ours.url(name) for name in READS if not name.endswith(("-csv", "-pdf"))]
    for address in [*addresses, "/organizations/new/", ours.url("studio-request", request_id=ours.answered)]:
        page.goto(live_server.url + address)
        too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert too_wide <= 0, f"{address} is {too_wide} pixels too wide"
    assert problems == []


def test_the_studio_works_without_scripts(scriptless: Page, live_server: Any, ours: World, problems: list[str]) -> None:
    scriptless.goto(live_server.url + ours.url("studio-plan-new"))
    scriptless.get_by_label("Name", exact=True).fill("Starter")
    scriptless.locator("[name=quotas-0-included_units]").fill("7")
    scriptless.get_by_role("button", name="Add quota").click()
    scriptless.locator("[name=quotas-1-included_units]").fill("1")
    scriptless.get_by_role("button", name="Create plan").click()
    expect(scriptless.get_by_text("A plan has one quota for each period.")).to_be_visible()
    problems.clear()  # Chromium reports the status of the page itself
    scriptless.get_by_role("button", name="Remove this row").nth(1).click()
    scriptless.get_by_role("button", name="Create plan").click()
    expect(scriptless.get_by_text("Created the plan Starter.")).to_be_visible()
    scriptless.goto(live_server.url + ours.url("studio-settings"))
    scriptless.get_by_role("button", name="Show secret").click()
    expect(scriptless.get_by_text(ours.product.proxy_secret)).to_be_visible()
    scriptless.goto(live_server.url + ours.url("studio-usage"))
    scriptless.locator("select[name=endpoint]").select_option(label=str(ours.endpoint))
    scriptless.get_by_role("button", name="Filter").click()
    expect(scriptless.locator(".chip")).to_have_count(1)
