"""Every POST that writes: with the same Idempotency-Key twice it is done once and answered twice."""

import json

import pytest

from support import funnel, server as server_module, times
from support.client import expect

# Nothing is stored.
PREVIEWS = {"/v1/plan", "/v1/scoring/preview", "/v1/sla/calendars/{id}/preview"}
# What form tools send has their id, and none of our headers.
TOOLS = {"/v1/forms/{slug}/submissions/{adapter}", "/submissions/v3/integration/submit/{portal_id}/{form_guid}",
         "/submissions/v3/integration/secure/submit/{portal_id}/{form_guid}"}
MOVING = ("key", "score", "contact", "clocks")
WEEKLY = {"team": "marketing", "name": "50 a week", "metric": "leads_captured", "at_least": 50, "period": {"every": "week"}}


@pytest.fixture(scope="module")
def desk(service):
    return funnel.Desk(service)


def handoff_id(desk, state="open"):
    return desk.handoff_in(state)["id"]


def draft(service):
    tomorrow = times.text(service.database.now())[:10]
    return service.admin.make("/v1/sla/agreements", {"effective_on": tomorrow, "commitments": [WEEKLY]})["version"]


def held(service):
    form = funnel.make_form(service.admin, open=True, protection={"honeypot": True})
    funnel.submit(service.nobody, form["slug"], attributes={"homepage": "x"})
    return service.reader.read("/v1/quarantine", form=form["slug"])["data"][0]["id"]


def failed_notification(service):
    return service.database.value("""
        INSERT INTO notification (notification_id, kind, channel, recipient, mode, subject, data, event_at, created_at, state,
                                  due_at, attempts, settled_at, error)
        SELECT gen_random_uuid(), 'new_offer', 'chat', 'sales', 'at_once', 'x', '{}', t.now, t.now, 'failed', t.now, 9, t.now,
               'The chat''s host answered 410.'
        FROM (SELECT relais_now() AS now) AS t
        RETURNING notification_id::text""")


def contact(desk, **fields):
    return desk.lead(**fields)["id"]


def under_review(desk):
    email = funnel.address()
    desk.submit(email)
    return contact(desk, email=email)


def disqualified(desk):
    return desk.handoff_in("rejected")["contact_id"]


def paused(desk):
    handoff = desk.handoff_in("open")
    return funnel.make_move(desk.service.admin, handoff, "pause")["id"]


def asked(service, desk):
    """Path → what is put into its braces, and the body; things are made anew for each."""
    sales = funnel.make_member(service.admin)["id"]
    manager = funnel.make_member(service.admin, team="marketing", role="manager")["id"]
    unique, model = funnel.unique, service.reader.read("/v1/scoring/models/1")
    moves = {move: ("open" if move in ("accept", "attempts", "recycle", "reject", "pause") else
                    {"qualify": "contacted"}.get(move, "qualified"), body)
             for move, body in funnel.MOVE_BODIES.items() if move != "resume"}
    return {
        "/v1/keys": (None, {"name": "CRM", "scopes": ["read"]}),
        "/v1/keys/{id}/rotate": (service.admin.make("/v1/keys", {"name": "old", "scopes": ["read"]})["id"], {}),
        "/v1/attributes": (None, {"name": unique("a").replace("-", "_"), "type": "text", "label": {"fr": "A", "en": "A"}}),
        "/v1/offers": (None, {"slug": unique(), "title": "T", "kind": "ebook", "journey_step": "awareness"}),
        "/v1/forms": (None, {"slug": unique(), "name": "F"}),
        "/v1/campaigns": (None, {"slug": unique(), "name": "C", "starts_on": "2026-01-01", "ends_on": "2026-02-01"}),
        "/v1/members": (None, {"name": "Sami", "team": "sales"}),
        "/v1/members/{id}/absences": (sales, {"from": "2031-01-01", "to": "2031-01-02"}),
        "/v1/reasons": (None, {"code": unique(), "kind": "lose", "label": {"fr": "R", "en": "R"}}),
        "/v1/sla/policies": (None, {"name": "q", "kind": "qualification", "target": "PT72H"}),
        "/v1/sla/calendars": (None, {"name": "K", "time_zone": "Europe/Paris", "hours": {"monday": [["09:00", "12:00"]]}}),
        "/v1/sla/commitments": (None, WEEKLY),
        "/v1/sla/agreements": (None, {"effective_on": times.text(service.database.now())[:10], "commitments": [WEEKLY]}),
        "/v1/sla/agreements/{version}/sign": (draft(service), {"member": manager}),
        "/v1/sla/agreements/{version}/withdraw": (draft(service), None),
        "/v1/forms/{slug}/submissions": (funnel.make_form(service.admin)["slug"], {"email": funnel.address()}),
        "/v1/activities": (None, {"email": funnel.address(), "kind": "page_view"}),
        "/v1/contacts": (None, {"email": funnel.address()}),
        "/v1/contacts/batch": (None, {"contacts": [{"email": funnel.address()}, {"email": funnel.address()}]}),
        "/v1/contacts/{id}/merge": (contact(desk), {"duplicate_of": contact(desk)}),
        "/v1/contacts/{id}/decide": (under_review(desk), {"decision": "nurture"}),
        "/v1/contacts/{id}/requalify": (disqualified(desk), {"reason": "another job"}),
        "/v1/contacts/{id}/deals": (contact(desk), {"kind": "new", "amount": 100, "currency": "EUR"}),
        "/v1/contacts/{id}/consents": (contact(desk), {"purpose": "marketing_email", "granted": True}),
        "/v1/quarantine/{id}/release": (held(service), {}),
        "/v1/quarantine/{id}/purge": (held(service), {}),
        "/v1/handoffs": (None, {"contact_id": contact(desk, attributes=funnel.STUDENT), "reason": "met at a fair"}),
        **{f"/v1/handoffs/{{id}}/{move}": (handoff_id(desk, state), body) for move, (state, body) in moves.items()},
        "/v1/handoffs/{id}/assign": (handoff_id(desk), {"member": sales}),
        "/v1/handoffs/{id}/resume": (paused(desk), {}),
        "/v1/handoffs/{id}/feedback": (handoff_id(desk), {"offer": desk.offer["slug"], "found_useful": "yes"}),
        "/v1/notifications/{id}/retry": (failed_notification(service), None),
        "/v1/traffic": (None, {"date": "2026-03-04", "channel": "email", "visits": 7}),
        "/v1/spend": (None, {"month": "2026-03", "channel": "email", "amount": 7, "currency": "EUR"}),
        "/v1/scoring/models": (None, {name: model[name] for name in ("name", "fit", "interest", "decision", "mql_at_once")}),
    }


def without(document, *fields):
    return {name: value for name, value in document.items() if name not in fields}


def filled(path, value):
    start, end = path.find("{"), path.find("}")
    return path if start < 0 else f"{path[:start]}{value}{path[end + 1:]}"


def test_every_post_that_writes_is_done_once(service, desk):
    out, _ = server_module.command("routes")
    routes = [json.loads(line) for line in out.splitlines()]
    posts = {route["path"] for route in routes if route["method"] == "POST"} - PREVIEWS - TOOLS
    bodies = asked(service, desk)
    assert posts == set(bodies), "say here what a new one takes"
    for path, (value, body) in bodies.items():
        headers = {"Idempotency-Key": funnel.unique("key")}
        first, again = (service.admin.post(filled(path, value), body, headers=headers) for _ in range(2))
        assert first.status_code in (200, 201), (path, first.text)
        expect(again, first.status_code)
        assert again.headers.get("Idempotency-Replayed") == "true" and "Idempotency-Replayed" not in first.headers, path
        # A key is shown once; what fades or runs is as of the answer.
        assert without(again.json(), *MOVING) == without(first.json(), *MOVING), path


def test_what_was_refused_may_be_asked_again(service):
    """A notification that did not fail cannot be tried again; that answer is not kept."""
    retried = failed_notification(service)
    path, headers = f"/v1/notifications/{retried}/retry", {"Idempotency-Key": funnel.unique("key")}
    expect(service.admin.post(path), 200)
    expect(service.admin.post(path, headers=headers), 409)
    service.database.execute("UPDATE notification SET state = 'failed', settled_at = created_at WHERE notification_id = %s", retried)
    answer = expect(service.admin.post(path, headers=headers), 200)
    assert "Idempotency-Replayed" not in answer.headers


def test_an_upsert_keeps_its_key_whatever_comes_between(service):
    """A repeat of an old figure does not undo a newer one."""
    figure = {"date": "2026-03-05", "channel": "email", "visits": 10}
    headers = {"Idempotency-Key": funnel.unique("key")}
    service.marketing.write("/v1/traffic", figure, headers=headers)
    service.marketing.write("/v1/traffic", {**figure, "visits": 20})
    assert service.marketing.write("/v1/traffic", figure, headers=headers) == {"stored": 1}
    (kept,) = service.reader.read("/v1/traffic", **{"from": "2026-03-05", "to": "2026-03-06"})["data"]
    assert kept["visits"] == 20
    refused = expect(service.marketing.post("/v1/traffic", {**figure, "visits": 30}, headers=headers), 422).json()
    assert "another body" in refused["detail"]
