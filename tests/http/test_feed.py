"""The change feed: dense from 1, in order, bound to its epoch, filtered, waited for."""

import re
import threading
import time
import uuid

import pytest

from support import contract, funnel
from support.client import expect
from support.crowd import at_once
from support.waiting import wait_until


def told(service, condition, **parameters):
    """The whole feed, once the condition about it holds."""
    return wait_until(lambda: (lambda events: events if condition(events) else None)(
        funnel.events_after(service.reader, 0, **parameters)), what="the feed")


def has(kind, count=1):
    return lambda events: sum(event["type"] == kind for event in events) >= count


@pytest.fixture(scope="module")
def feed(service):
    """A feed with a bit of everything: (service, all its events)."""
    desk = funnel.Desk(service)
    for state in ("open", "won", "lost", "recycled", "rejected"):
        desk.handoff_in(state)
    first, second = desk.lead(), desk.lead()
    service.marketing.write(f"/v1/contacts/{second['id']}/merge", {"duplicate_of": first["id"]})
    return told(service, has("contact.merged"))


def test_dense_from_one(service, feed):
    assert [event["position"] for event in feed] == list(range(1, len(feed) + 1))
    page = service.reader.read("/v1/events", limit=3)
    assert (page["first"], page["last"], page["next_after"]) == (1, len(feed), 3)
    stored = service.database.value("SELECT count(*) FROM event")
    assert stored == len(feed)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
def test_read_page_by_page_it_is_the_same(service, feed, limit):
    found, after = [], 0
    while True:
        page = service.reader.read("/v1/events", after=after, limit=limit)
        found += page["data"]
        assert page["next_after"] == (page["data"][-1]["position"] if page["data"] else after)
        if not page["data"]:
            break
        after = page["next_after"]
    assert found == feed


def test_each_contacts_events_are_in_order(service, feed):
    moves = {}
    for event in feed:
        if event["type"].startswith("handoff."):
            moves.setdefault(event["contact_id"], []).append(event["type"].removeprefix("handoff."))
    assert ["opened", "accepted", "contacted", "qualified", "won"] in moves.values()
    assert ["opened", "accepted", "contacted", "qualified", "lost"] in moves.values()
    assert ["opened", "recycled"] in moves.values() and ["opened", "rejected"] in moves.values()
    for contact in moves:
        times = [event["at"] for event in feed if event["contact_id"] == contact]
        assert times == sorted(times)


def test_events_say_what_the_contract_says(service, feed):
    needed = {
        "submission.received": {"submission_id", "form", "offer", "contact_created"},
        "contact.created": set(), "contact.updated": {"fields"},
        "contact.stage_changed": {"from", "to", "actor"},
        "contact.decision_changed": {"from", "to", "grade", "model"},
        "contact.merged": {"into"},
        "score.grade_changed": {"from", "to", "model"},
        **{f"handoff.{move}": {"handoff_id", "state", "assignee", "actor"} for move in
           ("opened", "assigned", "accepted", "contacted", "qualified", "opportunity", "won", "lost", "recycled", "rejected",
            "activity")},
        **{f"sla.{kind}": {"clock_id", "handoff_id", "kind", "due_at"} for kind in
           ("warning", "met", "breached", "cancelled")},
    }
    for event in feed:
        contract.check_value(contract.schema_named("Event"), event, event["type"])
        assert needed[event["type"]] <= set(event["data"]), event
    assert {event["data"]["reason"] for event in feed if event["type"] == "handoff.rejected"} == {"not_a_fit"}


def test_no_personal_data(service, feed):
    text = str(feed)
    for word in ("@", "example.com", "Claire", "Lemoine", "Exemple Industrie", "VP IT"):
        assert word not in text


def test_every_type_can_be_asked_for(service):
    types = contract.document()["components"]["schemas"]["EventType"]["enum"]
    for asked in [",".join(types), *types]:
        assert {event["type"] for event in service.reader.read("/v1/events", types=asked)["data"]} <= set(asked.split(","))
    refused = service.reader.get("/v1/events", params={"types": "lead.lost"}).json()["errors"][0]["detail"]
    assert set(re.findall(r"[a-z]+\.[a-z_]+", refused)) == set(types)


@pytest.mark.parametrize("types", ["handoff.opened", "handoff.won,handoff.lost", "sla.met,contact.merged"])
@pytest.mark.parametrize("limit", [1, 100])
def test_types(service, feed, types, limit):
    found, after = [], 0
    while after < len(feed):
        page = service.reader.read("/v1/events", after=after, types=types, limit=limit)
        found += page["data"]
        assert page["next_after"] > after, "it is the last position looked at, not the last found"
        after = page["next_after"]
    assert found == [event for event in feed if event["type"] in types.split(",")]
    refused = expect(service.reader.get("/v1/events", params={"types": "lead.lost"}), 422).json()
    assert "submission.received" in refused["detail"] and "commitment.missed" in refused["detail"], "the whole list"


def test_every_type_of_the_contract_can_be_asked_for(service):
    types = contract.schema_named("EventType")["enum"]
    service.reader.read("/v1/events", types=",".join(types))
    refused = expect(service.reader.get("/v1/events", params={"types": "lead.lost"}), 422).json()
    assert set(types) == set(re.findall(r"[a-z]+\.[a-z_]+", refused["detail"])), "and no other"


def test_epoch_and_bounds(service, feed):
    page = service.reader.read("/v1/events")
    epoch, last = page["epoch"], page["last"]
    assert service.reader.read("/v1/events", after=last, epoch=epoch)["data"] == []
    assert service.reader.read("/v1/events", after=last)["next_after"] == last
    for parameters in ({"after": last + 1}, {"after": 0, "epoch": str(uuid.uuid4())},
                       {"after": last, "epoch": str(uuid.uuid4())}):
        gone = expect(service.reader.get("/v1/events", params=parameters), 410).json()
        assert (gone["epoch"], gone["first"], gone["last"]) == (epoch, 1, last)
    for bad in ({"after": -1}, {"after": "x"}, {"after": 2**53}, {"epoch": "x"}, {"wait": 31}, {"wait": -1}, {"limit": 0}):
        expect(service.reader.get("/v1/events", params=bad), 422)


def test_what_is_no_longer_kept_is_gone(fresh):
    """Retention is a matter of days; here the rows are taken away by hand, oldest transactions first."""
    desk = funnel.Desk(fresh)
    for _ in range(4):
        desk.lead()
    events = told(fresh, has("submission.received", 4))
    with fresh.database.connect() as connection, connection.transaction():
        gone = [row[0] for row in connection.execute(
            "SELECT id FROM event_tx WHERE first_position IS NOT NULL ORDER BY id LIMIT 2")]
        count = connection.execute("SELECT sum(count) FROM event_tx WHERE id = ANY(%s)", (gone,)).fetchone()[0]
        connection.execute("DELETE FROM event WHERE tx = ANY(%s)", (gone,))
        connection.execute("DELETE FROM event_tx WHERE id = ANY(%s)", (gone,))
    first = count + 1
    answer = wait_until(lambda: (lambda response: response if response.status_code == 410 else None)(
        fresh.reader.get("/v1/events", params={"after": 0})), what="410")
    assert (answer.json()["first"], answer.json()["last"]) == (first, len(events))
    expect(fresh.reader.get("/v1/events", params={"after": first - 2}), 410)
    page = expect(fresh.reader.get("/v1/events", params={"after": first - 1}), 200).json()
    assert page["data"] == events[first - 1:]


def test_an_empty_feed(fresh):
    page = fresh.reader.read("/v1/events")
    assert (page["last"], page["data"], page["next_after"]) == (0, [], 0)
    assert fresh.reader.read("/v1/events", after=0, epoch=page["epoch"])["data"] == []
    assert expect(fresh.reader.get("/v1/events", params={"after": 1}), 410).json()["last"] == 0


def test_the_epoch_outlives_a_restart(fresh):
    desk = funnel.Desk(fresh)
    desk.lead()
    before = told(fresh, has("submission.received"))
    epoch = fresh.reader.read("/v1/events")["epoch"]
    fresh.server.stop()
    fresh.server.start()
    assert fresh.reader.read("/v1/events", epoch=epoch)["data"] == before


@pytest.mark.concurrency
def test_wait_answers_when_something_comes(service, feed):
    last = service.reader.read("/v1/events")["last"]
    answers = []
    listener = service.client("reader")
    thread = threading.Thread(target=lambda: answers.append(listener.read("/v1/events", after=last, wait=30)))
    thread.start()
    funnel.Desk(service).lead()
    thread.join(35)
    assert answers and answers[0]["data"] and answers[0]["data"][0]["position"] == last + 1


def test_wait_ends(service, feed):
    last = told(service, lambda events: len(events) == service.database.value("SELECT count(*) FROM event"))[-1]["position"]
    start = time.monotonic()
    page = service.reader.read("/v1/events", after=last, wait=1)
    assert page["data"] == [] and page["next_after"] == last
    assert time.monotonic() - start > 0.9


def test_wait_with_types_wakes_for_its_types_only(service, feed):
    last = service.reader.read("/v1/events")["last"]
    answers = []
    listener = service.client("reader")
    thread = threading.Thread(target=lambda: answers.append(
        listener.read("/v1/events", after=last, wait=30, types="contact.merged")))
    thread.start()
    desk = funnel.Desk(service)
    first, second = desk.lead(), desk.lead()
    service.marketing.write(f"/v1/contacts/{second['id']}/merge", {"duplicate_of": first["id"]})

    def answered():
        """A page without a match may come first; then the consumer asks again from its next_after."""
        if thread.is_alive():
            return None
        page = answers[-1]
        if not page["data"]:
            answers.append(service.reader.read("/v1/events", after=page["next_after"], wait=1, types="contact.merged"))
        return answers[-1]["data"]

    data = wait_until(answered, 40, "the merge")
    assert [event["type"] for event in data] == ["contact.merged"]
    thread.join(35)


@pytest.mark.concurrency
def test_many_wait_at_once_and_others_are_served(service, feed):
    """Waiting holds no thread."""
    last = service.reader.read("/v1/events")["last"]
    pages = []
    threads = [threading.Thread(target=lambda: pages.append(
        service.client("reader").read("/v1/events", after=last, wait=30))) for _ in range(20)]
    for thread in threads:
        thread.start()
    service.reader.read("/v1/organisation")
    funnel.Desk(service).lead()
    for thread in threads:
        thread.join(35)
    assert len(pages) == 20 and {page["data"][0]["position"] for page in pages} == {last + 1}


@pytest.mark.concurrency
def test_writers_on_two_instances_leave_no_gap(make_service):
    two = make_service(instances=2).start()
    try:
        desk = funnel.Desk(two)
        def write(number):
            client = two.client(instance=number % 2)
            for _ in range(15):
                funnel.submit(client, desk.form["slug"], attributes=funnel.VP)

        at_once(write, 8)
        told(two, has("submission.received", 120))
        wait_until(lambda: two.database.value("SELECT count(*) FROM event_tx WHERE first_position IS NULL") == 0,
                   what="the sequencer")
        events = funnel.events_after(two.reader, 0)
        stored = two.database.value("SELECT count(*) FROM event")
        assert [event["position"] for event in events] == list(range(1, stored + 1))
        for instance in (0, 1):
            assert funnel.events_after(two.client("reader", instance), 0) == events
        received = [event["data"]["submission_id"] for event in events if event["type"] == "submission.received"]
        assert len(received) == len(set(received)) == 120
        two.stop()
    finally:
        two.end()
