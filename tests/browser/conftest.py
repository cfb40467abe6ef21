"""A browser for each module, a fresh profile for each test."""

import pytest

from support import browser as browser_module


@pytest.fixture(scope="module")
def browser():
    if browser_module.find() is None:
        pytest.skip("there is no Chromium on this machine; ./dev test installs Debian's, TEST_BROWSER names another")
    playwright_api = pytest.importorskip("playwright.sync_api")
    pytest.importorskip("axe_playwright_python")
    # Not for the whole run: its event loop would be in the way of other tests.
    with playwright_api.sync_playwright() as playwright:
        made = browser_module.launch(playwright)
        yield made
        made.close()


@pytest.fixture(scope="module")
def site():
    made = browser_module.Site()
    yield made
    made.close()


@pytest.fixture
def make_page(browser):
    """make_page(locale="fr-FR", **options): a page in a profile of its own, with what went wrong in `page.errors`."""
    contexts = []

    def make(locale="fr-FR", **options):
        context = browser.new_context(locale=locale, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
        return page

    yield make
    for context in contexts:
        context.close()
