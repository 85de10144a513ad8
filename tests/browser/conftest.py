"""A real Chromium. Tests skip, saying so, where none is installed."""

import os
import shutil
from collections.abc import Iterator
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

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
# Both themes and both widths in every run, all of their combinations in the long one.
screens = pytest.mark.parametrize(
    ("width", "theme"),
    [
        (360, "dark"),
        (1280, "light"),
        pytest.param(360, "light", marks=pytest.mark.long),
        pytest.param(1280, "dark", marks=pytest.mark.long),
    ],
)
# People act on what they see: nothing is to be seen, and thus to be clicked, before a page's scripts listen.
HIDE_UNTIL_LOADED = """
const unseen = new CSSStyleSheet();
unseen.replaceSync("body { visibility: hidden !important }");
document.adoptedStyleSheets.push(unseen);
addEventListener("load", () => unseen.replaceSync(""));
"""
# A page that is ready is there in well under a second; this is for machines that do ten things at once.
PATIENCE_MS = 20_000


@pytest.fixture(scope="session")
def stylesheet() -> None:
    # Another worker may be building it at the same time.
    with file_lock(css.TARGET.with_name(".app.css.lock")):
        assert css.main() == 0


# Not for the whole session: Playwright's loop runs as long as it does, and asyncio tests have loops of their own.
@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, EXECUTABLES)), None)
    if executable is None:
        pytest.skip(f"no Chromium is installed ({', '.join(EXECUTABLES)})")
    request.getfixturevalue("stylesheet")
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


class NewContext(Protocol):
    def __call__(self, **options: Any) -> BrowserContext: ...


@pytest.fixture
def new_context(browser: Browser, problems: list[str]) -> Iterator[NewContext]:
    """Opens browsers without cookies; `options` are Playwright's. A test fails when any of its pages complained."""
    opened: list[BrowserContext] = []

    def new_context(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(PATIENCE_MS)
        if options.get("java_script_enabled", True):
            context.add_init_script(HIDE_UNTIL_LOADED)
        context.on("page", lambda page: _listen(page, problems))
        opened.append(context)
        return context

    yield new_context
    for context in opened:
        context.close()
    assert problems == []


@pytest.fixture
def context(new_context: NewContext) -> BrowserContext:
    return new_context(reduced_motion="reduce")


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


class Snap(Protocol):
    def __call__(self, page: Page, name: str) -> None: ...


@pytest.fixture
def snap(request: pytest.FixtureRequest) -> Snap:
    """Keeps a picture of the whole page in the folder that SCREENSHOTS names; does nothing where it names none."""
    folder = os.environ.get("SCREENSHOTS", "")
    test = request.node.path.stem.removeprefix("test_")

    def snap(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=f"{folder}/{test}-{name}.png", full_page=True)

    return snap


def _listen(page: Page, problems: list[str]) -> None:
    def note(kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            problems.append(f"{urlsplit(page.url).path}: {text}")

    page.on("console", lambda message: note(message.type, message.text))
    page.on("pageerror", lambda error: note("error", str(error)))
