"""The page of an agreement: read on a phone and on a desk, by everybody, and printed on A4."""

import pytest

from support import browser, funnel

NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1280, "height": 800}
NAUGHTY = "<img src=x onerror=alert(1)> & « l’été »"


@pytest.fixture(scope="module")
def address(service):
    """A version that follows one, signed by one side."""
    day = service.database.now().date().isoformat()
    member = funnel.make_member(service.admin, team="marketing", role="manager", name=NAUGHTY)
    week = {"team": "marketing", "name": NAUGHTY, "metric": "leads_delivered", "at_least": 50,
            "period": {"every": "week", "starts": "monday"}}
    draft = service.marketing.make("/v1/sla/agreements", {"effective_on": day, "name": NAUGHTY, "commitments": [week]})
    service.marketing.write(f"/v1/sla/agreements/{draft['version']}/sign", {"member": member["id"]})
    return f"{service.url}/v1/sla/agreements/{draft['version']}/text"


@pytest.mark.parametrize("locale, scheme, viewport", [("fr-FR", "light", NARROW), ("en-GB", "dark", WIDE)],
                         ids=["French, light, narrow", "English, dark, wide"])
def test_everybody_can_read_it(service, address, make_page, locale, scheme, viewport):
    page = make_page(locale, color_scheme=scheme, viewport=viewport,
                     extra_http_headers={"Authorization": f"Bearer {service.keys['reader']}"})
    page.goto(address)
    assert page.locator("html").get_attribute("lang") == locale[:2]
    assert page.locator("h1").inner_text() == NAUGHTY and page.locator("img").count() == 0
    assert page.locator("h2").count() >= 5 and page.locator("main li").count() >= 2
    assert page.locator(".signatures").inner_text().count(NAUGHTY) == 1
    assert browser.barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    page.get_by_role("link", name="English" if locale[:2] == "fr" else "Français").click()
    page.locator(f"html[lang={'en' if locale[:2] == 'fr' else 'fr'}]").wait_for()
    assert [error for error in page.errors if "favicon" not in error and "401" not in error] == []


def test_it_prints_on_a4(service, address, make_page):
    page = make_page(extra_http_headers={"Authorization": f"Bearer {service.keys['reader']}"})
    page.goto(address)
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden() and page.locator("h1").is_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF-")
