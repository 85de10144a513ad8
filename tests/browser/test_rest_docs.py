"""Swagger UI and Redoc show our own document, from our own server, under the same policy as every page."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

# Both are large programs; a busy machine takes its time.
RENDER_MS = 60_000

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _only_ours(page: Page, live_server: Any) -> Iterator[None]:
    """Fails a test whose page asks another server for anything."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    yield
    assert asked
    assert [address for address in asked if not address.startswith((live_server.url, "data:", "blob:"))] == []


def test_swagger_ui_lists_the_operations(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}/api/v1/docs")
    operation = page.locator("#operations-Products-createProduct")
    expect(page.locator("#operations-tag-Products")).to_be_visible(timeout=RENDER_MS)
    page.locator("#operations-tag-Products").click()
    operation.click()
    expect(operation.get_by_text("Idempotency-Key").first).to_be_visible(timeout=RENDER_MS)


def test_redoc_lists_the_operations(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}/api/v1/redoc")
    expect(page.get_by_role("heading", name="Create a product")).to_be_visible(timeout=RENDER_MS)
    page.wait_for_load_state("networkidle")  # what it fetches once it is there
