"""What the components do in a browser: with a pointer, with the keyboard, and where scripts are switched off.

Any console error fails a test; a violation of the Content-Security-Policy is one.
"""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext

GUIDE = "/dev/style-guide/"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def open_page(new_context: NewContext, live_server: Any, **options: Any) -> Page:
    context = new_context(base_url=live_server.url, reduced_motion="reduce", **options)
    # Nothing outside this test is asked for anything.
    context.route(lambda url: not url.startswith(live_server.url), lambda route: route.abort())
    return context.new_page()


@pytest.fixture
def page(new_context: NewContext, live_server: Any) -> Page:
    return open_page(new_context, live_server)


@pytest.fixture
def phone(new_context: NewContext, live_server: Any) -> Page:
    return open_page(new_context, live_server, viewport={"width": 360, "height": 740})


@pytest.fixture
def scriptless(new_context: NewContext, live_server: Any) -> Page:
    return open_page(new_context, live_server, java_script_enabled=False)


class TestChart:
    def test_the_pointer_shows_the_numbers_of_the_table(self, page: Page) -> None:
        page.goto(GUIDE)
        chart = page.locator("#bars-light")
        plot = chart.locator("[data-chart-plot]")
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] * 10.5 / 30, box["y"] + 80)
        row = chart.locator("tbody tr").nth(10)
        tooltip = chart.locator("[data-chart-tooltip]")
        expect(tooltip.locator("strong")).to_have_text(str(row.locator("th").text_content()).strip())
        assert tooltip.locator("b").all_text_contents() == row.locator("td").all_text_contents()

        page.mouse.move(5, 5)
        expect(tooltip).to_be_hidden()

    def test_the_keyboard_reads_it_aloud(self, page: Page) -> None:
        page.goto(GUIDE)
        chart = page.locator("#lines-light")
        plot = chart.locator("[data-chart-plot]")
        plot.focus()
        plot.press("End")
        plot.press("ArrowLeft")
        cells = chart.locator("tbody tr").nth(-2).locator("td").all_text_contents()
        expect(chart.locator("[data-chart-live]")).to_have_text(re.compile(rf": p99 {cells[0]}, p95 {cells[1]}"))
        plot.press("Escape")
        expect(chart.locator("[data-chart-tooltip]")).to_be_hidden()


class TestCode:
    def test_a_language_is_chosen_everywhere_and_remembered(self, page: Page) -> None:
        page.goto(GUIDE)
        chosen = page.locator("[data-code-tabs] [aria-selected=true]")
        assert chosen.all_text_contents() == ["cURL", "cURL"]
        page.locator("[data-code-tabs]").first.get_by_role("tab", name="Python").click()
        assert chosen.all_text_contents() == ["Python", "Python"]
        page.reload()
        assert chosen.all_text_contents() == ["Python", "Python"]
        expect(page.locator(".code-panel:visible")).to_have_count(2)

    def test_arrows_move_between_languages(self, page: Page) -> None:
        page.goto(GUIDE)
        page.locator("[data-code-tabs]").first.get_by_role("tab", name="cURL").press("ArrowLeft")
        expect(page.locator(":focus")).to_have_text("JavaScript")

    def test_a_copy_has_the_text_and_nothing_else(self, page: Page) -> None:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(GUIDE)
        page.locator(".copyable [data-copy]").first.click()
        expect(page.locator(".copyable [data-copy]").first).to_have_attribute("aria-label", "Copied")
        assert page.evaluate("navigator.clipboard.readText()") == "sub_7fK2mQ9xVb3LpR8sTnWc1Y"

    def test_a_key_that_was_not_stored_holds_the_page(self, page: Page) -> None:
        asked: list[str] = []
        page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
        page.goto(GUIDE)
        page.locator(".key-reveal p").first.click()  # browsers ask only who has touched the page
        page.goto("/")
        assert asked == ["beforeunload"]

    def test_a_stored_key_lets_go(self, page: Page) -> None:
        asked: list[str] = []
        page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
        page.goto(GUIDE)
        page.get_by_label("I have stored it safely").first.check()
        page.goto("/")
        assert asked == []


class TestDialog:
    def test_the_deed_waits_for_the_name(self, page: Page) -> None:
        page.goto(GUIDE)
        page.get_by_role("button", name="Delete product…").first.click()
        dialog = page.get_by_role("dialog", name="Delete Weather?")
        delete = dialog.get_by_role("button", name="Delete product")
        expect(delete).to_be_disabled()
        dialog.get_by_role("textbox").fill("Weather")
        expect(delete).to_be_disabled()
        dialog.get_by_role("textbox").fill("weather")
        expect(delete).to_be_enabled()
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()

    def test_opens_without_a_script(self, scriptless: Page) -> None:
        scriptless.goto(GUIDE)
        scriptless.get_by_role("button", name="Revoke key…").first.click()
        expect(scriptless.locator("#revoke-light")).to_be_visible()
        scriptless.locator("#revoke-light").get_by_role("button", name="Cancel").click()
        expect(scriptless.locator("#revoke-light")).to_be_hidden()


class TestFrame:
    def test_a_theme_is_chosen_at_once_and_stays(self, page: Page) -> None:
        page.goto("/")
        page.locator(".account-menu > summary").click()
        page.get_by_role("button", name="Dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.goto("/products/")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    def test_a_theme_is_chosen_without_a_script(self, scriptless: Page) -> None:
        scriptless.goto("/products/")
        scriptless.locator(".account-menu > summary").click()
        scriptless.get_by_role("button", name="Dark").click()
        assert scriptless.url.endswith("/products/")
        expect(scriptless.locator("html")).to_have_attribute("data-theme", "dark")

    def test_a_menu_closes_by_escape_and_by_a_press_outside(self, page: Page) -> None:
        page.goto("/")
        menu, summary = page.locator(".account-menu"), page.locator(".account-menu > summary")
        summary.click()
        page.keyboard.press("Escape")
        expect(menu).not_to_have_attribute("open", "")
        expect(summary).to_be_focused()
        summary.click()
        page.locator("h1").click()
        expect(menu).not_to_have_attribute("open", "")

    def test_slash_goes_to_the_search(self, page: Page) -> None:
        page.goto("/")
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.type("a/b")
        expect(page.get_by_role("searchbox")).to_have_value("a/b")

    def test_the_first_tab_leads_to_the_content(self, page: Page) -> None:
        page.goto("/")
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text("Skip to the content")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()

    @pytest.mark.parametrize("path", ["/", GUIDE, "/products/", "/account/login/", "/account/signup/", "/nothing/"])
    def test_nothing_is_wider_than_a_phone(self, phone: Page, path: str, problems: list[str]) -> None:
        phone.goto(path)
        assert phone.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
        if path == "/nothing/":
            problems.clear()  # Chromium reports the status of the page itself

    def test_samples_stand_below_each_other_without_a_script(self, scriptless: Page) -> None:
        scriptless.goto(GUIDE)
        expect(scriptless.locator("[data-code-tabs]").first.locator(".code-panel:visible")).to_have_count(3)


class TestFragment:
    def search(self, page: Page) -> None:
        page.goto("/products/")
        page.get_by_role("searchbox", name="Search products").last.fill("weather")

    def test_a_failure_is_said_and_the_old_part_stays(self, page: Page, problems: list[str]) -> None:
        page.route(re.compile(r"/products/\?q="), lambda route: route.fulfill(status=500, body="failed"))
        self.search(page)
        expect(page.locator(".toast-error")).to_contain_text("could not be loaded")
        expect(page.locator("#results")).to_be_visible()
        assert any("500" in problem for problem in problems)
        problems.clear()

    def test_a_whole_page_in_its_place_is_gone_to(self, page: Page) -> None:
        """As when the session has ended and the sign-in page answers."""
        page.route(
            re.compile(r"/products/\?q="),
            lambda route: route.fulfill(
                status=200, content_type="text/html", body="<!DOCTYPE html><title>Elsewhere</title>"
            ),
        )
        self.search(page)
        expect(page).to_have_title("Elsewhere")


def test_a_second_press_sends_nothing(page: Page) -> None:
    page.goto("/account/login/")
    page.get_by_label("E-mail address").fill("alice@example.com")
    page.get_by_label("Password").fill("a long enough phrase")
    with page.expect_navigation():
        refused, busy = page.locator("form").evaluate(
            """form => {
              const refused = [];
              addEventListener("submit", (event) => refused.push(event.defaultPrevented));
              const button = form.querySelector(".button");
              form.requestSubmit(button);
              form.requestSubmit(button);
              return [refused, button.getAttribute("aria-busy")];
            }"""
        )
    assert refused == [False, True]
    assert busy == "true"
