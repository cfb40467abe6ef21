"""Where contacts come from: the channel of a visit, however it is posted; first, last and every touch."""

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


# --- touches --------------------------------------------------------------------------------------


def ends(service, contact_id):
    contact = service.reader.read(f"/v1/contacts/{contact_id}")
    return contact["first_touch"], contact["last_touch"]


def test_first_last_and_every_touch(service, path):
    email = funnel.address()
    visits = [
        {"page_url": "https://www.example.fr/a", "referrer": "https://www.google.fr/"},
        {"page_url": "https://www.example.fr/b", "referrer": "https://www.example.fr/a"},       # says nothing
        {"utm_source": "LinkedIn", "utm_medium": "cpc", "utm_campaign": "Rentrée"},
        {"utm_source": "le-monde", "utm_medium": "encart"},                                     # no channel we know
    ]
    receipts = [service.nobody.make(path, {"email": email, "context": visit}) for visit in visits]
    contact = funnel.contact_of(service.reader, email)
    assert "last_touch" not in contact, "lists leave the touches out"
    touches = service.reader.pages(f"/v1/contacts/{contact['id']}/touches", limit=1)
    told = [(touch["id"], touch["channel"], touch["source"], touch["medium"], touch["campaign"], touch["context"])
            for touch in touches]
    assert told == [(receipts[3]["id"], None, "le-monde", "encart", None, visits[3]),
                    (receipts[2]["id"], "paid_social", "LinkedIn", "cpc", "Rentrée", visits[2]),
                    (receipts[0]["id"], "organic_search", "www.google.fr", None, None, visits[0])]
    first, last = ends(service, contact["id"])
    assert first == {"at": touches[2]["at"], "channel": "organic_search", "campaign": None, "source": "www.google.fr"}
    assert last == {"at": touches[0]["at"], "channel": None, "campaign": None, "source": "le-monde"}
    assert contact["channel"] == "organic_search"


def test_activities_are_touches_when_they_say_so(service):
    campaign = service.admin.make("/v1/campaigns", {"slug": funnel.unique("salon"), "name": "Salon",
                                                    "starts_on": "2026-01-01", "ends_on": "2026-12-31"})["slug"]
    email = funnel.address()
    activities = [{"email": email, "kind": "event_attended", "channel": "event", "campaign": campaign,
                   "occurred_at": "2026-03-01T10:00:00Z"},
                  {"email": email, "kind": "page_view", "occurred_at": "2026-04-01T10:00:00Z"}]
    results = expect(service.admin.post("/v1/activities", {"activities": activities}), 200).json()["results"]
    first, last = ends(service, results[0]["contact_id"])
    assert first == last == {"at": "2026-03-01T10:00:00.000Z", "channel": "event", "campaign": campaign, "source": None}
    (touch,) = service.reader.pages(f"/v1/contacts/{results[0]['contact_id']}/touches")
    assert (touch["kind"], touch["form"], touch["context"]) == ("event_attended", None, None)


def test_a_contact_that_came_from_nowhere(service):
    contact = service.admin.make("/v1/contacts", {"email": funnel.address(), "channel": "event"})
    assert contact["channel"] == "event" and (contact["first_touch"], contact["last_touch"]) == (None, None)
    assert service.reader.pages(f"/v1/contacts/{contact['id']}/touches") == []


def test_the_answer_of_a_write_has_the_touches(service, path):
    email = funnel.address()
    service.nobody.make(path, {"email": email, "context": {"utm_medium": "email"}})
    known = expect(service.admin.post("/v1/contacts", {"email": email, "attributes": {"city": "Lyon"}}), 200).json()
    assert known["last_touch"]["channel"] == "email"


def test_a_merge_joins_the_touches(service, path):
    emails = [funnel.address("older"), funnel.address("newer")]
    for email, medium in zip(emails, ("event", "social")):
        service.nobody.make(path, {"email": email, "context": {"utm_medium": medium}})
    older, newer = (funnel.contact_of(service.reader, email)["id"] for email in emails)
    expect(service.admin.post(f"/v1/contacts/{older}/merge", {"duplicate_of": newer}), 200)
    for contact_id in (older, newer):
        first, last = ends(service, contact_id)
        assert (first["channel"], last["channel"]) == ("event", "social")
        answer = expect(service.reader.get(f"/v1/contacts/{contact_id}/touches"), 200)
        assert [touch["channel"] for touch in answer.json()["data"]] == ["social", "event"]
    assert expect(service.reader.get(f"/v1/contacts/{older}/touches"), 200).headers["Content-Location"].endswith(
        f"/v1/contacts/{newer}/touches")


def test_no_such_contact_and_no_such_page(service, path):
    expect(service.reader.get("/v1/contacts/0199f3a2-7c10-7a44-9d1e-2b6f0c8e5a01/touches"), 404)
    email = funnel.address()
    service.nobody.make(path, {"email": email, "context": {"utm_medium": "email"}})
    contact = funnel.contact_of(service.reader, email)
    expect(service.reader.get(f"/v1/contacts/{contact['id']}/touches?cursor=abc"), 422)
    expect(service.nobody.get(f"/v1/contacts/{contact['id']}/touches"), 401)
