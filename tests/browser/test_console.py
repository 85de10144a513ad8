"""Marketplace and console in a browser: fragments, the back button, dialogs, narrow screens, no scripts.

Any console error fails a test; a violation of the Content-Security-Policy is one.
"""

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Error, Page, expect

from apps.keys.models import ApiKey
from tests.browser.conftest import NewContext, screens
from tests.browser.people import signed_in
from tests.factories.plans import PlanFactory
from tests.factories.products import EndpointFactory, ProductFactory
from tests.factories.usage import store_calls
from tests.portal.console.world import World, make_world, routes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


@pytest.fixture
def acme() -> World:
    return make_world()


@pytest.fixture
def member(context: BrowserContext, live_server: Any, acme: World) -> Page:
    """A page of a browser in which the owner is signed in."""
    return signed_in(context, live_server.url, acme.owner)


@pytest.fixture
def scriptless(new_context: NewContext, live_server: Any, acme: World) -> Page:
    return signed_in(new_context(java_script_enabled=False), live_server.url, acme.owner)


def test_the_list_of_products_follows_the_typing(page: Page, live_server: Any) -> None:
    for name in ("Weather", "Geocoder", "Holidays"):
        ProductFactory(name=name)
    page.goto(f"{live_server.url}/products/")
    page.locator("main input[name=q]").press_sequentially("wea")
    expect(page.locator(".listing")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?q=wea&category=&price=&sort=$"))
    page.go_back()
    expect(page.locator(".listing")).to_have_count(3)
    expect(page.locator(".htmx-added")).to_have_count(0)  # what came back listens from here on
    page.locator("main input[name=q]").fill("nothing like it")
    expect(page.get_by_text("Nothing matches")).to_be_visible()


def test_another_time_is_fetched_and_the_back_button_returns(member: Page, live_server: Any, acme: World) -> None:
    member.goto(live_server.url + acme.url("subscription"))
    member.get_by_role("link", name="7 days").click()
    expect(member.locator(".segment[aria-current]")).to_have_text("7 days")
    expect(member).to_have_url(re.compile(r"\?range=7d$"))
    member.get_by_role("link", name="24 hours").click()
    expect(member.locator(".segment[aria-current]")).to_have_text("24 hours")
    member.go_back()
    expect(member.locator(".segment[aria-current]")).to_have_text("7 days")
    # The charts that came with the page are alive.
    member.locator("#calls [data-chart-plot]").focus()
    member.keyboard.press("End")
    expect(member.locator("#calls [data-chart-tooltip]")).to_be_visible()


def test_a_choice_filters_the_log_at_once(member: Page, live_server: Any, acme: World) -> None:
    store_calls(acme.key, acme.endpoint, 60)
    member.goto(live_server.url + acme.url("subscription-requests"))
    expect(member.locator("tbody tr")).to_have_count(50)
    member.get_by_role("link", name="Older").click()
    expect(member.locator("tbody tr")).to_have_count(12)
    member.get_by_label("Outcome").select_option("rejected")
    expect(member.locator("tbody tr")).to_have_count(1)
    expect(member).to_have_url(re.compile("outcome=rejected"))
    member.locator(".chip").click()
    expect(member.locator("tbody tr")).to_have_count(50)
    member.get_by_label("Outcome").select_option("rejected")
    expect(member.locator("tbody tr")).to_have_count(1)
    member.locator("tbody tr").click()
    expect(member.get_by_text("Why was I blocked?")).to_be_visible()


def test_a_secret_is_gone_once_the_page_is_left(member: Page, live_server: Any, acme: World) -> None:
    member.goto(live_server.url + acme.url("subscription-keys"))
    member.get_by_label("Name").fill("ci")
    member.get_by_role("button", name="Create key").click()
    shown = member.locator("[data-key-reveal] [data-copy-source]")
    # The element may be there before its text, and the text before it is drawn: what is read must have come in whole.
    expect(shown).to_have_text(re.compile(r"^af_live_\w+$"))
    secret = shown.text_content()
    assert secret
    assert secret not in str(member.evaluate("Object.entries(localStorage).concat(Object.entries(sessionStorage))"))
    member.get_by_label("I have stored it safely").check()
    member.get_by_role("button", name="Done").click()
    expect(member.locator("body")).not_to_contain_text(secret)
    # The browser has not kept the answer, and asks before it would send the form again.
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        member.go_back()
    expect(member.locator("body")).not_to_contain_text(secret)


def test_revoking_asks_first(member: Page, live_server: Any, acme: World) -> None:
    member.goto(live_server.url + acme.url("subscription-keys"))
    member.get_by_role("button", name="Revoke production").click()
    dialog = member.get_by_role("dialog", name="Revoke “production”?")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert ApiKey.objects.get().revoked_at is None
    member.get_by_role("button", name="Revoke production").click()
    dialog.get_by_role("button", name="Revoke key").click()
    expect(member.get_by_text("Revoked").first).to_be_visible()
    assert ApiKey.objects.get().revoked_at is not None


def test_canceling_wants_the_name_typed(member: Page, live_server: Any, acme: World) -> None:
    member.goto(live_server.url + acme.url("subscription-manage"))
    member.get_by_role("button", name="Cancel subscription").click()
    dialog = member.get_by_role("dialog")
    deed = dialog.get_by_role("button", name="Cancel subscription")
    expect(deed).to_be_disabled()
    dialog.get_by_role("textbox").fill(acme.subscription.product.name)
    deed.click()
    expect(member.get_by_text("The keys stopped working on")).to_be_visible()


def everything(acme: World) -> list[str]:
    """Every page of marketplace and console, with long words on it."""
    product, tier = acme.subscription.product, acme.endpoint.tier
    long = "a-very-long-segment-of-a-path-that-nobody-would-want-to-read-but-somebody-wrote-all-the-same"
    endpoint = EndpointFactory(tier=tier, path=f"/{long}/{{parameter_of_the_path_that_is_long_too}}")
    plan = PlanFactory(tier=tier, description="word " * 40)
    store_calls(acme.key, endpoint, 3)
    deeds = {
        "key-create", "key-change", "key-revoke", "key-rotate", "key-signing-secret", "subscription-cancel",
        "subscription-overage", "subscription-usage-csv",
    }  # fmt: skip
    return [
        *(acme.url(name) for name, _parameters in routes() if name not in deeds),
        acme.url("request", request_id=acme.refused),
        "/products/",
        f"/products/{product.slug}/",
        f"/products/{product.slug}/subscribe/{plan.slug}/",
        f"/products/{product.slug}/endpoints/{endpoint.public_id}/",
    ]


@screens
def test_every_page_fits_the_screen_without_complaint(
    new_context: NewContext, live_server: Any, problems: list[str], acme: World, theme: str, width: int
) -> None:
    context = new_context(viewport={"width": width, "height": 800}, color_scheme=theme)
    page = signed_in(context, live_server.url, acme.owner)
    addresses = everything(acme)
    for address in addresses:
        page.goto(live_server.url + address)
        too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert too_wide <= 0, f"{address} is {too_wide} pixels too wide"
    assert problems == []


def test_the_search_works_without_scripts(scriptless: Page, live_server: Any) -> None:
    for name in ("Geocoder", "Holidays"):
        ProductFactory(name=name)
    scriptless.goto(f"{live_server.url}/products/")
    scriptless.locator("main input[name=q]").fill("geo")
    scriptless.locator("main").get_by_role("button", name="Search").click()
    expect(scriptless.locator(".listing")).to_have_count(1)


def test_the_console_works_without_scripts(scriptless: Page, live_server: Any, acme: World) -> None:
    scriptless.goto(live_server.url + acme.url("subscription-requests"))
    scriptless.get_by_label("Outcome").select_option("rejected")
    scriptless.get_by_role("button", name="Filter").click()
    expect(scriptless.locator("tbody tr")).to_have_count(1)
    scriptless.goto(live_server.url + acme.url("subscription"))
    scriptless.get_by_role("link", name="7 days").click()
    expect(scriptless.locator(".segment[aria-current]")).to_have_text("7 days")
    scriptless.goto(live_server.url + acme.url("subscription-keys"))
    scriptless.get_by_label("Name").fill("ci")
    scriptless.get_by_role("button", name="Create key").click()
    expect(scriptless.locator("[data-key-reveal]")).to_be_visible()
