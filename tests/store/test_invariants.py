"""Whatever happens at the same time, what is stored fits together: two instances, many clients, a few contacts, random
submissions, activities, changes, moves, decisions and merges. RELAIS_INVARIANTS_SEED repeats a run."""

import os
import random

import pytest

from support import funnel, times, verdict
from support.crowd import at_once

SEED = int(os.environ.get("RELAIS_INVARIANTS_SEED", random.randrange(10**6)))
CLIENTS = 8
STEPS = 40
CONTACTS = 6

STAGE_OF_STATE = {"open": "mql", "accepted": "sal", "contacted": "sal", "qualified": "sql", "opportunity": "opportunity"}
MOVES = [*funnel.MOVE_BODIES, "feedback"]


class Actor:
    """One client: a random thing about a random contact, again and again. Refusals are fine, failures are not."""

    def __init__(self, service, desks, number):
        self.random = random.Random(f"{SEED}-{number}")
        self.client = service.client("admin", number % len(service.servers))
        self.desks = desks
        self.contacts = [f"contact-{index}@example.com" for index in range(CONTACTS)]

    def step(self):
        what = self.random.choices([self.submit, self.activity, self.change, self.move, self.batch, self.decide, self.merge],
                                   [8, 4, 4, 12, 2, 2, 1])[0]
        answer = what(self.random.choice(self.contacts))
        if answer is not None:
            assert answer.status_code < 500, (answer.request.url, answer.text)

    def submit(self, email):
        desk = self.random.choice(self.desks)
        return self.client.post(f"/v1/forms/{desk.form['slug']}/submissions", {
            "email": email, "attributes": self.random.choice([funnel.VP, funnel.STUDENT, {}])})

    def activity(self, email):
        """Half of them come late: told now, happened days ago."""
        late = {"occurred_at": times.ago(seconds=self.random.randrange(60 * 86400))} if self.random.random() < 0.5 else {}
        return self.client.post("/v1/activities", {"email": email, **late, "kind": self.random.choice(
            ["page_view", "webinar_attended", "subscription"])})

    def change(self, email):
        contact = funnel.contact_of(self.client, email)
        size = self.random.choice([5, 300, 5000, None])
        return contact and self.client.patch(f"/v1/contacts/{contact['id']}", {"attributes": {"company_size": size}})

    def batch(self, _):
        return self.client.post("/v1/activities", {"activities": [
            {"email": self.random.choice(self.contacts), "kind": "page_view"} for _ in range(10)]})

    def move(self, email):
        contact = funnel.contact_of(self.client, email)
        if contact is None or contact["handoff"] is None:
            return None
        move = self.random.choice(MOVES)
        body = {"offer": self.desks[0].offer["slug"], "found_useful": "yes"} if move == "feedback" else None
        return funnel.try_move(self.client, contact["handoff"], move, body)

    def decide(self, email):
        contact = funnel.contact_of(self.client, email)
        if contact is None:
            return None
        if contact["stage"] == "disqualified":
            return self.client.post(f"/v1/contacts/{contact['id']}/requalify", {"reason": "again"})
        return self.client.post(f"/v1/contacts/{contact['id']}/decide", {"decision": "mql"})

    def merge(self, email):
        pair = [funnel.contact_of(self.client, one) for one in (email, self.random.choice(self.contacts))]
        if None in pair or pair[0]["id"] == pair[1]["id"]:
            return None
        return self.client.post(f"/v1/contacts/{pair[0]['id']}/merge", {"duplicate_of": pair[1]["id"]})


@pytest.fixture(scope="module")
def aftermath(make_service):
    """(service, its surviving contacts) after it all."""
    print(f"RELAIS_INVARIANTS_SEED={SEED}")
    service = make_service(instances=2).start()
    try:
        desks = [funnel.Desk(service), funnel.Desk(service, journey_step="awareness"),
                 funnel.Desk(service, kind="demo", journey_step="decision")]
        actors = [Actor(service, desks, number) for number in range(CLIENTS)]

        def act(number):
            for _ in range(STEPS):
                actors[number].step()

        at_once(act, CLIENTS)
        verdict.wait_numbered(service)
        yield service, service.reader.pages("/v1/contacts", limit=1000)
        service.stop()
    finally:
        service.end()


@pytest.mark.concurrency
def test_a_contact_has_one_open_handoff_at_most(aftermath):
    service, contacts = aftermath
    owned = service.database.rows("SELECT coalesce(c.merged_into, c.contact_id), count(*) FROM handoff h JOIN contact c "
                                  "USING (contact_id) WHERE h.closed_at IS NULL GROUP BY 1 HAVING count(*) > 1")
    assert owned == []


@pytest.mark.concurrency
def test_stage_and_handoff_agree(aftermath):
    service, contacts = aftermath
    for contact in contacts:
        handoff = contact["handoff"]
        if handoff is not None and handoff["state"] in STAGE_OF_STATE:
            wanted = "customer" if handoff["purpose"] == "upsell" else STAGE_OF_STATE[handoff["state"]]
            assert (contact["stage"], contact["owner"]) == (wanted, "sales"), contact
        else:
            assert contact["stage"] not in STAGE_OF_STATE.values(), contact


@pytest.mark.concurrency
def test_stages_changed_one_after_the_other(aftermath):
    """Of contacts that were never merged: each change begins where the one before ended, in history and in the feed."""
    service, contacts = aftermath
    events = funnel.events_after(service.reader, 0)
    survivors = {event["data"]["into"] for event in events if event["type"] == "contact.merged"}
    for contact in contacts:
        if contact["id"] in survivors:
            continue
        rows = service.database.rows("SELECT from_stage::text, to_stage::text FROM stage_change WHERE contact_id = %s "
                                     "ORDER BY ordinal", contact["id"])
        assert all(before[1] == after[0] for before, after in zip(rows, rows[1:])), rows
        assert not rows or rows[-1][1] == contact["stage"]
        told = [(event["data"]["from"], event["data"]["to"]) for event in events
                if event["type"] == "contact.stage_changed" and event["contact_id"] == contact["id"]]
        stages = iter(rows)
        assert all(change in stages for change in told), (told, rows)


@pytest.mark.concurrency
def test_no_clock_outlives_its_handoff(aftermath):
    service, _ = aftermath
    assert service.database.rows("SELECT h.state, k.state FROM sla_clock k JOIN handoff h USING (contact_id, handoff_id) "
                                 "WHERE h.closed_at IS NOT NULL AND k.ended_at IS NULL") == []
    assert service.database.rows("SELECT clock_id FROM sla_clock WHERE state = 'met' AND (met_at IS NULL OR met_at >= due_at) "
                                 "OR state = 'running' AND ended_at IS NOT NULL") == []


@pytest.mark.concurrency
def test_each_score_is_that_of_its_history(aftermath):
    """What a preview of the same attributes and activities answers, however they were interleaved."""
    service, contacts = aftermath
    assert contacts
    for contact in contacts:
        real = service.reader.read(f"/v1/contacts/{contact['id']}/score")
        assert sum(line["left"] for line in real["lines"] if line["axis"] == "interest") == \
            pytest.approx(real["interest"], abs=1e-9)
        done = [item for item in service.reader.pages(f"/v1/contacts/{contact['id']}/timeline", limit=1000)
                if item["type"] in ("submission", "activity")]
        attributes = {name: value for name, value in contact["attributes"].items()
                      if name not in ("seniority", "email_domain", "free_mail")}
        preview = service.reader.write("/v1/scoring/preview", {
            "email": contact["email"], "attributes": attributes, "as_of": real["as_of"],
            "activities": [{"kind": item.get("kind", "form_submission"), "form": item.get("form"), "offer": item["offer"],
                            "channel": item["channel"], "occurred_at": item["at"]} for item in done]})
        assert preview["interest"] == pytest.approx(real["interest"], abs=1e-6)
        for field in ("fit", "fit_grade", "interest_grade", "grade"):
            assert preview[field] == real[field], field


@pytest.mark.concurrency
def test_the_feed_has_all_of_it(aftermath):
    service, _ = aftermath
    events = funnel.events_after(service.reader, 0)
    assert [event["position"] for event in events] == list(range(1, len(events) + 1))
    assert sorted(verdict.stored_events(service)) == sorted(verdict.of_event(event)[1] for event in events)
    opened = sum(event["type"] == "handoff.opened" for event in events)
    assert opened == service.database.value("SELECT count(*) FROM handoff")
    closed = sum(event["type"] in ("handoff.won", "handoff.lost", "handoff.recycled", "handoff.rejected") for event in events)
    assert closed == service.database.value("SELECT count(*) FROM handoff WHERE closed_at IS NOT NULL")
