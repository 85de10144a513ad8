"""A real Chromium. Tests skip, saying so, where none is installed."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from config.embedded.lock import file_lock
from config.up import css

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A page that is ready is there in well under a second; this is for machines that do ten things at once.
PATIENCE_MS = 20_000


# Not for the whole session: Playwright's loop runs as long as it does, and asyncio tests have loops of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, EXECUTABLES)), None)
    if executable is None:
        pytest.skip(f"no Chromium is installed ({', '.join(EXECUTABLES)})")
    # Another worker may be building it at the same time.
    with file_lock(css.TARGET.with_name(".app.css.lock")):
        assert css.main() == 0
    # Playwright runs an event loop in this thread, which Django would take for an async view.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        # Chromium's own sandbox refuses to work for root.
        started = playwright.chromium.launch(
            executable_path=executable, args=ARGUMENTS, chromium_sandbox=os.geteuid() != 0
        )
        yield started
        started.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def problems() -> list[str]:
    """What pages complained of: console errors and warnings (every violation of the CSP is one), uncaught errors."""
    return []


@pytest.fixture
def context(browser: Browser, problems: list[str]) -> Iterator[BrowserContext]:
    """A browser without cookies. A test fails when any of its pages complained."""
    made = browser.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 900})
    made.set_default_timeout(PATIENCE_MS)
    made.on("page", lambda page: _listen(page, problems))
    yield made
    made.close()
    assert problems == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def _listen(page: Page, problems: list[str]) -> None:
    page.on("console", lambda message: _note(problems, message.type, f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: _note(problems, "error", f"{page.url}: {_text(error)}"))


def _note(problems: list[str], kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        problems.append(text)


def _text(error: Error) -> str:
    return str(error.message)
