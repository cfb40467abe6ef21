"""The pages that a visitor ends on are for everybody: in the dark, on a phone, with a screen reader, by keyboard alone."""

import pytest

from support import browser, funnel

NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def forms(service):
    offer = funnel.make_offer(service.admin, url="https://www.example.com/guide.pdf", title="Le guide du cloud hybride")
    service.admin.make("/v1/attributes", {"name": "sites", "type": "choice", "choices": ["1", "2 à 5"], "label": "Sites"})
    full = funnel.make_form(service.admin, open=True, offer=offer["slug"], consent_text="J’accepte la lettre.\nVraiment.",
                            required=["email", "first_name", "company_size", "sites"])
    return {"full": full, "closed": funnel.make_form(service.admin), "plain": funnel.make_form(service.admin, open=True)}


def pages_of(site, service, forms):
    """name → the address of a page that sends itself there."""
    full = {"email": "zoe@exemple.fr", "first_name": "Zoé", "company_size": "12", "sites": "1"}
    sent = {"thanks": ("full", full), "thanks without an offer": ("plain", {"email": "zoe@exemple.fr"}),
            "one fault": ("plain", {"email": "zoe@exemple"}),
            "faults": ("full", {**full, "email": "zoe", "first_name": "", "company": "a\nb" * 50, "sites": "deux" * 30}),
            "refused": ("closed", {"email": "zoe@exemple.fr"})}
    for name, (form, answers) in sent.items():
        fields = "".join(f'<textarea name="{key}">\n{answer}</textarea>' for key, answer in answers.items())
        yield name, site.put(f"/{name.replace(' ', '-')}", f"""<!doctype html><title>x</title><link rel="icon" href="data:,">
            <form method="post" action="{service.url}/v1/forms/{forms[form]['slug']}/submissions">{fields}<button>Go""")


@pytest.mark.parametrize("locale, scheme, viewport", [("fr-FR", "light", NARROW), ("en-GB", "dark", WIDE)],
                         ids=["French, light, narrow", "English, dark, wide"])
def test_nothing_stands_in_anybodys_way(service, site, forms, make_page, locale, scheme, viewport):
    page = make_page(locale, color_scheme=scheme, viewport=viewport)
    for name, address in pages_of(site, service, forms):
        page.goto(address)
        page.get_by_role("button", name="Go").click()
        page.locator("main h1").wait_for()
        assert browser.barriers(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    assert [error for error in page.errors if "the server responded with a status of 4" not in error] == []


def test_by_keyboard_alone(service, site, forms, make_page):
    page = make_page()
    page.goto(dict(pages_of(site, service, forms))["one fault"])
    page.get_by_role("button", name="Go").press("Enter")
    page.get_by_text("n’a pas de point").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "email"
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("zoe@exemple.fr")
    page.keyboard.press("Enter")
    page.get_by_text("Nous avons bien reçu votre demande.").wait_for()
