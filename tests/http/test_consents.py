"""Consent as a record: what was agreed to, in which words, when and where; and what an objection stops."""

import hashlib
import re

import pytest

from support import funnel, times, verdict
from support.client import expect, faults

YES = [{"purpose": "marketing_email", "granted": True}]
NO = [{"purpose": "marketing_email", "granted": False}]
WORDING = "Oui, je veux recevoir la lettre d’information."


@pytest.fixture(scope="module")
def desk(service):
    return funnel.Desk(service)


def record_of(service, contact, **parameters):
    return service.reader.pages(f"/v1/contacts/{contact['id']}/consents", **parameters)


def say(client, contact, granted, purpose="marketing_email", **fields):
    return client.make(f"/v1/contacts/{contact['id']}/consents", {"purpose": purpose, "granted": granted, **fields})


def test_a_line_proves_who_when_where_and_the_wording(service):
    form = funnel.make_form(service.admin, open=True, consent_text=WORDING)
    receipt = funnel.submit(service.nobody, form["slug"], email := funnel.address(), consents=YES)
    contact = funnel.contact_of(service.reader, email)
    line, = record_of(service, contact)
    version = hashlib.sha256(WORDING.encode()).hexdigest()[:16]
    assert line == {"id": line["id"], "at": line["at"], "purpose": "marketing_email", "granted": True, "objection": False,
                    "text": WORDING, "text_version": version, "source": f"form:{form['slug']}",
                    "actor": f"form:{form['slug']}", "ip": "127.0.0.0/24", "note": None, "submission_id": receipt["id"]}
    assert times.seconds(receipt["received_at"], line["at"]) == 0
    assert form["consent_version"] == version and funnel.make_form(service.admin)["consent_version"] is None


def test_an_html_form_says_it_too(service):
    form = funnel.make_form(service.admin, open=True, consent_text=WORDING)
    email = funnel.address()
    answer = service.nobody.post(f"/v1/forms/{form['slug']}/submissions",
                                 data={"email": email, "consent_marketing_email": "on"})
    assert answer.status_code in (200, 303)
    line, = record_of(service, funnel.contact_of(service.reader, email))
    assert (line["granted"], line["text"], line["ip"]) == (True, WORDING, "127.0.0.0/24")


def test_another_wording_renews_and_the_same_one_adds_nothing(service):
    form = funnel.make_form(service.admin, open=True, consent_text=WORDING)
    email = funnel.address()
    for _ in range(2):
        funnel.submit(service.nobody, form["slug"], email, consents=YES)
    contact = funnel.contact_of(service.reader, email)
    assert len(record_of(service, contact)) == 1
    service.admin.change(f"/v1/forms/{form['slug']}", {"consent_text": "Yes, and by post."})
    funnel.submit(service.nobody, form["slug"], email, consents=YES)
    newer, older = record_of(service, contact)
    assert (newer["text"], older["text"]) == ("Yes, and by post.", WORDING)
    assert newer["text_version"] != older["text_version"]
    assert funnel.contact_of(service.reader, email)["consents"][0]["at"] == newer["at"]


def test_people_record_what_they_were_told(service, desk):
    member = funnel.make_member(service.admin)
    contact = desk.lead(consents=YES)
    for client in (service.marketing, service.sales):
        given = say(client, contact, True, "phone", text="May we call you?", note="at the fair", member=member["id"])
        assert (given["actor"], given["source"], given["ip"]) == (f"member:{member['id']}", "api", None)
        assert (given["text"], given["note"], given["objection"]) == ("May we call you?", "at the fair", False)
    withdrawn = say(service.sales, contact, False, "phone")
    assert withdrawn["objection"] is True and withdrawn["text_version"] is None
    assert re.fullmatch("key:[0-9a-f-]{36}", withdrawn["actor"])
    lines = record_of(service, contact)
    assert lines[0] == withdrawn and [line["purpose"] for line in lines] == ["phone"] * 3 + ["marketing_email"]
    assert record_of(service, contact, limit=1) == lines
    contact = service.reader.read(f"/v1/contacts/{contact['id']}")
    assert contact["may_contact"] == {"email": True, "phone": False}
    assert expect(service.publishable.get(f"/v1/contacts/{contact['id']}/consents"), 403)


def test_a_repeat_with_an_idempotency_key_is_one_line(service, desk):
    contact = desk.lead()
    headers = {"Idempotency-Key": funnel.unique()}
    body = {"purpose": "phone", "granted": False, "note": "by letter"}
    first, second = (expect(service.sales.post(f"/v1/contacts/{contact['id']}/consents", body, headers=headers), 201)
                     for _ in range(2))
    assert first.json() == second.json() and second.headers["Idempotency-Replayed"] == "true"
    assert len(record_of(service, contact)) == 1


def test_what_is_wrong_is_said(service, desk):
    contact = desk.lead()
    path = f"/v1/contacts/{contact['id']}/consents"
    assert set(faults(service.sales.post(path, {}))) == {"/purpose", "/granted"}
    assert set(faults(service.sales.post(path, {"purpose": "Phone!", "granted": 1, "text": "", "nonsense": 1}))) == \
        {"/purpose", "/granted", "/text", "/nonsense"}
    assert set(faults(service.sales.post(path, {"purpose": "phone", "granted": True, "note": "  "}))) == {"/note"}
    unknown = "0199f3a2-0000-7000-8000-000000000000"
    expect(service.sales.post(f"/v1/contacts/{unknown}/consents", {"purpose": "phone", "granted": True}), 404)
    expect(service.reader.get(f"/v1/contacts/{unknown}/consents"), 404)
    expect(service.reader.get(path, params={"cursor": "nonsense"}), 422)


def test_a_withdrawal_is_told_in_the_feed_without_what_was_said(service, desk):
    contact = desk.lead(consents=YES)
    verdict.wait_numbered(service)
    after = service.reader.read("/v1/events")["last"]
    say(service.marketing, contact, False, note="A secret reason")
    verdict.wait_numbered(service)
    told = funnel.events_after(service.reader, after)
    assert [(event["type"], event["data"]) for event in told] == [("contact.updated", {"fields": ["consents"]})]


def test_an_objection_takes_back_an_untouched_handoff_and_excuses_its_clock(service, desk):
    contact, handoff = desk.mql()
    before = service.reader.read("/v1/sla/status")["first_contact"]
    say(service.marketing, contact, False)
    after = funnel.contact_of(service.reader, contact["email"])
    assert (after["stage"], after["owner"], after["handoff"]["state"]) == ("lead", "marketing", "recycled")
    handoff = service.reader.read(f"/v1/handoffs/{handoff['id']}")
    assert (handoff["state"], handoff["reason"]) == ("recycled", "objection")
    assert [clock["state"] for clock in handoff["clocks"]] == ["excused"]
    status = service.reader.read("/v1/sla/status")["first_contact"]
    assert status["closed_without_contact_30d"] == before["closed_without_contact_30d"]
    assert status["met_rate_30d"] == before["met_rate_30d"]
    again = desk.lead(contact["email"])
    assert again["stage"] == "lead", "the activity is stored, no handoff follows"
    assert len(service.reader.pages("/v1/submissions", email=contact["email"])) == 2
    assert desk.lead(contact["email"], consents=YES)["stage"] == "mql", "the form grants consent anew"


def test_an_objection_leaves_a_demo_and_a_conversation_alone(service, desk):
    demo = funnel.Desk(service, kind="demo", journey_step="decision")
    contact = demo.lead()
    say(service.marketing, contact, False, "marketing")
    assert funnel.contact_of(service.reader, contact["email"])["handoff"]["state"] == "open"
    handoff = desk.handoff_in("contacted")
    say(service.sales, {"id": handoff["contact_id"]}, False)
    assert service.reader.read(f"/v1/handoffs/{handoff['id']}")["state"] == "contacted"


def test_an_empty_box_on_a_second_form_takes_no_lead_away(service, desk):
    contact, handoff = desk.mql(consents=YES)
    contact = desk.lead(contact["email"], consents=NO)
    assert (contact["stage"], contact["may_contact"]["email"]) == ("mql", False)
    assert service.reader.read(f"/v1/handoffs/{handoff['id']}")["state"] == "open"


def test_after_a_merge_the_record_is_that_of_both(service, desk):
    survivor, duplicate = desk.lead(consents=YES), desk.lead(consents=YES)
    say(service.marketing, duplicate, False)
    merged = service.marketing.write(f"/v1/contacts/{duplicate['id']}/merge", {"duplicate_of": survivor["id"]})
    assert merged["may_contact"]["email"] is False
    lines = record_of(service, survivor)
    assert [(line["source"].split(":")[0], line["granted"]) for line in lines] == \
        [("merge", False), ("api", False), ("form", True), ("form", True)]
    answer = expect(service.reader.get(f"/v1/contacts/{duplicate['id']}/consents"), 200)
    assert answer.headers["Content-Location"] == f"/v1/contacts/{survivor['id']}/consents"
    assert answer.json()["data"] == lines
    again = desk.lead(survivor["email"], consents=YES)
    assert again["may_contact"]["email"] is True, "a later grant counts"
