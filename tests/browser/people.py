"""What people do in the portal, step by step, as they would: by what they read on the page."""

import re
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Locator, Page, expect

from apps.accounts.models import User

PASSWORD = "a long password of nobody"


def signed_in(context: BrowserContext, url: str, user: User) -> Page:
    """A page of this browser, in which the user is signed in at the site."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": url}])
    return context.new_page()


def cell_after(main: Locator, heading: str) -> Locator:
    """The first cell of the one row that begins with these words."""
    # A slash would end the expression where Playwright writes it into a selector.
    pattern = re.escape(heading).replace("/", ".")
    row = main.get_by_role("row", name=re.compile(rf"^{pattern}\s"))
    return row.get_by_role("cell").first


@dataclass
class Person:
    """Somebody with a browser; `organization` is the address of their personal organization."""

    page: Page
    web_url: str
    email: str
    organization: str = ""

    def open(self, path: str) -> None:
        answer = self.page.goto(f"{self.web_url}{path}")
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()
        self.page.wait_for_load_state()

    def fill(self, **values: str) -> None:
        """Fill fields by the names of their controls."""
        for name, value in values.items():
            self.page.locator(f"main [name='{name}']").fill(value)

    def follow(self, name: str) -> None:
        """Follow the first link with these words."""
        self.page.get_by_role("link", name=name, exact=True).first.click()
        self.page.wait_for_load_state()

    def sign_up(self) -> None:
        """Create the account and confirm the address with the link in the mail."""
        self.open("/account/signup/")
        self.fill(email=self.email, password1=PASSWORD)
        self.press("Create account")
        expect(self.page.locator("body")).to_contain_text(self.email)
        self.open("/dev/mailbox/")
        row = self.page.get_by_role("row").filter(has_text=self.email)
        row.get_by_role("link").first.click()
        self.page.locator("main a[href*='confirm-email']").first.click()
        self.press("Confirm address")
        self.open("/")
        self.page.wait_for_url(re.compile(r"/o/[^/]+/"))
        found = re.search(r"/o/([^/]+)/", self.page.url)
        assert found is not None
        self.organization = found[1]

    def sign_in(self) -> None:
        self.open("/account/login/")
        self.fill(login=self.email, password=PASSWORD)
        self.press("Sign in")


@dataclass
class Creator(Person):
    def create_product(self, name: str, upstream_url: str) -> None:
        self.open(f"/o/{self.organization}/studio/new/")
        self.fill(name=name, upstream_url=upstream_url, tagline="A service that answers with what it was asked")
        self.press("Create product")

    def create_product_from(self, document_url: str, name: str, upstream_url: str) -> None:
        """To the preview of what the document at this address would make."""
        self.open(f"/o/{self.organization}/studio/")
        self.follow("Create product")
        self.follow("Start from an OpenAPI document")
        self.follow("Address")
        self.fill(url=document_url, name=name, upstream_url=upstream_url)
        self.press("Create product")
        self.page.wait_for_url(re.compile(r"/imports/"))

    def move_to_tier(self, slug: str, method: str, path: str, tier: str) -> None:
        """Found by the search among the endpoints, and changed on its page."""
        self.open(f"/o/{self.organization}/studio/{slug}/endpoints/?q={path.strip('/')}")
        row = self.page.get_by_role("row").filter(has=self.page.get_by_role("cell", name=method, exact=True))
        row.get_by_role("link", name=path, exact=True).click()
        self.page.locator("[name=tier]").select_option(tier)
        self.press("Save endpoint")

    def add_tier(self, slug: str, name: str) -> None:
        self.open(f"/o/{self.organization}/studio/{slug}/tiers/")
        self.page.locator("form.inline-form [name=name]").fill(name)
        self.press("Add tier")

    def add_endpoint(self, slug: str, method: str, path: str, tier: str) -> None:
        self.open(f"/o/{self.organization}/studio/{slug}/endpoints/new/")
        self.page.locator("[name=method]").select_option(method)
        self.page.locator("[name=tier]").select_option(tier)
        self.fill(path=path)
        self.press("Add endpoint")
        expect(self.page.get_by_role("cell", name=path).or_(self.page.get_by_text(path)).first).to_be_visible()

    def create_plan(
        self,
        slug: str,
        name: str,
        tier: str,
        quotas: list[tuple[int, str]],
        limits: list[tuple[int, str, str]],
        *,
        price: str = "",
    ) -> None:
        """Quotas are (units, period); limits are (calls, window, endpoint or "")."""
        self.open(f"/o/{self.organization}/studio/{slug}/plans/new/")
        self.fill(name=name)
        if price:
            self.fill(price=price)
        self.page.locator("[name=tier]").select_option(tier)
        for index, (units, period) in enumerate(quotas):
            self._row("quotas", index, "Add quota")
            self.fill(**{f"quotas-{index}-included_units": str(units)})
            self.page.locator(f"[name=quotas-{index}-period]").select_option(period)
        for index, (calls, window, endpoint) in enumerate(limits):
            self._row("rate_limits", index, "Add rate limit")
            self.fill(**{f"rate_limits-{index}-max_calls": str(calls)})
            self.page.locator(f"[name=rate_limits-{index}-window]").select_option(window)
            self.fill(**{f"rate_limits-{index}-endpoint": endpoint})
        self.press("Create plan")
        expect(self.page.get_by_text(name).first).to_be_visible()

    def _row(self, prefix: str, index: int, add: str) -> None:
        if self.page.locator(f"[name^={prefix}-{index}-]").count() == 0:
            self.press(add)
            self.page.locator(f"[name^={prefix}-{index}-]").first.wait_for()

    def put_on_sale(self, slug: str, name: str) -> None:
        self.open(f"/o/{self.organization}/studio/{slug}/plans/")
        row = self.page.get_by_role("row").filter(has=self.page.get_by_role("link", name=name, exact=True))
        row.get_by_role("button", name="Put on sale").click()
        self.page.get_by_role("dialog").get_by_role("button", name="Put on sale").click()
        expect(row.get_by_text("On sale", exact=True)).to_be_visible()

    def publish(self, slug: str) -> None:
        self.open(f"/o/{self.organization}/studio/{slug}/")
        self.press("Publish product")
        self.page.get_by_role("dialog").get_by_role("button", name="Publish product").click()
        expect(self.page.get_by_text("Published on").first).to_be_visible()


@dataclass
class Consumer(Person):
    subscription_path: str = ""

    def find_and_subscribe(self, product: str, plan: str) -> None:
        """From the marketplace's search to the subscription."""
        self.open("/products/")
        self.page.locator("main input[type=search]").fill(product)
        self.page.get_by_role("link", name=product).first.click()
        self.follow("See plans")
        self.follow(f"Subscribe to {plan}")
        self.press("Subscribe")
        self.page.wait_for_url(re.compile(r"/subscriptions/sub_"))
        self.subscription_path = self.page.url.removeprefix(self.web_url)

    def create_key(self, name: str) -> str:
        """The secret, read from the page that shows it once."""
        self.open(f"{self.subscription_path}keys/")
        self.fill(name=name)
        self.press("Create key")
        return self._store_secret()

    def rotate_key(self, name: str, *, overlap: str) -> str:
        """The secret of the key that takes its place."""
        self.open(f"{self.subscription_path}keys/")
        self.follow(name)
        self.press("Rotate key")
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("combobox").select_option(label=overlap)
        dialog.get_by_role("button", name="Rotate key").click()
        return self._store_secret()

    def choose_plan(self, plan: str) -> None:
        """From the subscription to what the change would cost."""
        self.open(self.subscription_path)
        self.follow("Manage")
        self.follow("Change plan")
        self.page.get_by_role("row").filter(has_text=plan).get_by_role("link").click()
        self.page.wait_for_load_state()

    def pay_by_card(self, number: str, *, exp_month: int, exp_year: int, cvc: str) -> None:
        """On the page of a checkout, with a card that is not saved."""
        card = {"number": number, "exp_month": str(exp_month), "exp_year": str(exp_year), "cvc": cvc}
        self.fill(**card)
        self.page.get_by_role("button", name="Pay ").click()
        self.page.wait_for_load_state()

    def download(self, link: str) -> bytes:
        """The file behind a link of the page."""
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name=link, exact=True).click()
        return Path(download.value.path()).read_bytes()

    def _store_secret(self) -> str:
        shown = self.page.locator("[data-key-reveal] [data-copy-source]")
        expect(shown).to_have_text(re.compile(r"\S"))
        secret = (shown.text_content() or "").strip()  # also before it is drawn
        self.page.locator("[data-key-stored]").check()
        self.press("Done")
        expect(self.page.locator("body")).not_to_contain_text(secret)
        return secret
