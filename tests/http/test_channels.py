"""Where contacts come from: the channel of a visit, however it is posted."""

import pytest

from support import funnel
from support.client import expect


@pytest.fixture(scope="module")
def path(service):
    return f"/v1/forms/{funnel.make_form(service.admin, open=True)['slug']}/submissions"


@pytest.mark.parametrize("context,channel", [
    ({"page_url": "https://www.example.fr/", "referrer": "https://www.google.fr/"}, "organic_search"),
    ({"page_url": "https://www.example.fr/?utm_source=linkedin&utm_medium=cpc", "referrer": ""}, "paid_social"),
    ({"page_url": "https://www.example.fr/?gclid=x", "referrer": "https://www.google.fr/"}, "paid_search"),
    ({"utm_source": "le-monde", "utm_medium": "Réseaux sociaux"}, "social"),
    ({"page_url": "https://www.example.fr/", "referrer": "https://blog.example.fr/"}, None),
    ({"page_url": "https://www.example.fr/", "referrer": ""}, "direct"),
    ({"page_url": "https://www.example.fr/"}, None),
    ({}, None),
])
@pytest.mark.parametrize("is_html", [False, True])
def test_the_channel_comes_from_the_visit(service, path, context, channel, is_html):
    email = funnel.address()
    if is_html:
        expect(service.nobody.post(path, data={"email": email, **context}), 303)
    else:
        expect(service.nobody.post(path, {"email": email, "context": context}), 201)
    (stored,) = service.reader.pages("/v1/submissions", email=email)
    assert stored["channel"] == channel and stored["context"] == context, "what was said is kept as it was"
    assert funnel.contact_of(service.reader, email)["channel"] == channel
