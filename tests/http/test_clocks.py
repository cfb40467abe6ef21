"""Clocks in detail: pauses and their spans, evidence told late, whose a handoff was since when."""

import datetime

import pytest

from support import funnel, times
from support.client import expect
from support.waiting import wait_until

HOUR = datetime.timedelta(hours=1)


@pytest.fixture(scope="module")
def desk(service):
    return funnel.Desk(service)


@pytest.fixture(scope="module")
def rep(service):
    return funnel.make_member(service.admin)


def first_contact(service, handoff):
    (clock,) = [clock for clock in funnel.clocks_of(service.reader, handoff) if clock["kind"] == "first_contact"]
    return service.reader.read(f"/v1/sla/clocks/{clock['id']}")


def ahead(service, hours):
    return times.text(service.database.now() + hours * HOUR)


def pause(service, handoff, hours, reason="fair", **fields):
    return funnel.make_move(service.sales, handoff, "pause",
                            {"until": ahead(service, hours), "reason": reason, **fields})


# --- pauses ---------------------------------------------------------------------------------------


def test_a_clock_keeps_who_paused_it_why_and_how_long(service, desk, rep):
    _, handoff = desk.mql()
    before = first_contact(service, handoff)
    assert (before["pauses"], before["paused_seconds"]) == ([], 0) and before["due_at"] == before["original_due_at"]
    pause(service, handoff, 4, "fair", member=rep["id"])
    service.database.pass_time(HOUR)
    resting = first_contact(service, handoff)
    assert resting["state"] == "paused" and resting["pauses"][0]["until"] is None
    assert resting["paused_seconds"] == pytest.approx(resting["pauses"][0]["seconds"])
    pause(service, handoff, 9, "a longer fair")  # another end: the span goes on as another one
    service.database.pass_time(2 * HOUR)
    funnel.make_move(service.sales, handoff, "resume")
    clock = first_contact(service, handoff)
    first, second = clock["pauses"]
    assert (first["reason"], first["actor"]) == ("fair", f"member:{rep['id']}")
    assert second["reason"] == "a longer fair" and second["actor"].startswith("key:") and second["ended_by"].startswith("key:")
    assert first["until"] == second["from"]
    assert first["seconds"] == pytest.approx(3600, abs=60) and second["seconds"] == pytest.approx(7200, abs=60)
    assert clock["paused_seconds"] == pytest.approx(first["seconds"] + second["seconds"], abs=0.002)
    assert clock["original_due_at"] == before["due_at"]
    assert times.seconds(before["due_at"], clock["due_at"]) == pytest.approx(clock["paused_seconds"], abs=0.002)


def test_a_pause_that_ends_by_itself_is_kept_as_planned(service, desk):
    _, handoff = desk.mql()
    due = first_contact(service, handoff)["due_at"]
    pause(service, handoff, 2)
    service.database.pass_time(5 * HOUR)
    clock = wait_until(lambda: (lambda one: one if one["state"] == "running" else None)(first_contact(service, handoff)),
                       what="the pause's end")
    (span,) = clock["pauses"]
    assert (span["until"], span["ended_by"]) == (span["planned_until"], "system")
    assert times.seconds(due, clock["due_at"]) == pytest.approx(span["seconds"], abs=0.002)


def test_a_clock_that_starts_in_a_pause_rests_from_its_start(service, desk):
    service.admin.make("/v1/sla/policies", {"name": "verdict", "kind": "qualification", "starts": "accepted",
                                            "target": "PT72H", "warn_at": []})
    _, handoff = desk.mql()
    pause(service, handoff, 30)
    service.database.pass_time(HOUR)
    handoff = funnel.make_move(service.sales, handoff, "accept")
    clock = next(clock for clock in handoff["clocks"] if clock["kind"] == "qualification")
    assert clock["state"] == "paused"
    service.database.pass_time(HOUR)
    funnel.make_move(service.sales, handoff, "resume")
    whole = service.reader.read(f"/v1/sla/clocks/{clock['id']}")
    (span,) = whole["pauses"]
    assert span["from"] == whole["started_at"]
    assert times.seconds(whole["original_due_at"], whole["due_at"]) == pytest.approx(span["seconds"], abs=0.002)


def test_what_is_late_does_not_rest(service, desk):
    _, handoff = desk.mql()
    service.database.pass_time(25 * HOUR)
    pause(service, handoff, 4)
    clock = wait_until(lambda: (lambda one: one if one["state"] == "breached" else None)(first_contact(service, handoff)),
                       what="the breach")
    assert (clock["pauses"], clock["paused_seconds"], clock["due_at"]) == ([], 0, clock["original_due_at"])


def test_closing_ends_the_pause(service, desk):
    _, handoff = desk.mql()
    pause(service, handoff, 40)
    service.database.pass_time(HOUR)
    handoff = funnel.make_move(service.sales, handoff, "recycle")
    assert handoff["paused_until"] is None
    (entry,) = [one for one in handoff["history"] if one["kind"] == "paused"]
    assert entry["ended_at"] == handoff["closed_at"] and entry["ended_by"].startswith("key:")
    (span,) = first_contact(service, handoff)["pauses"]
    assert span["until"] == handoff["closed_at"]


def test_an_unknown_clock(service):
    expect(service.reader.get("/v1/sla/clocks/0199f3a9-11c2-7d3e-a5f6-0a1b2c3d4e07"), 404)
    expect(service.reader.get("/v1/sla/clocks/x"), 404)


# --- told late ------------------------------------------------------------------------------------


def test_an_attempt_logged_after_the_deadline_does_not_meet_it(fresh):
    """Made in time, told too late: the promise is broken, and both times are shown."""
    _, handoff = funnel.Desk(fresh).mql()
    made_at = times.text(fresh.database.now() + datetime.timedelta(minutes=2))
    fresh.database.pass_time(26 * HOUR)
    funnel.make_move(fresh.sales, handoff, "attempts", {"channel": "call", "outcome": "reached", "at": made_at})
    clock = first_contact(fresh, handoff)
    assert clock["state"] == "breached" and clock["logged_late"] is True
    assert clock["evidence_at"] == made_at < clock["due_at"] < clock["met_at"]
    assert clock["breached_at"] >= clock["due_at"]


def test_an_attempt_logged_in_time_is_not_late(service, desk):
    _, handoff = desk.mql()
    funnel.make_move(service.sales, handoff, "attempts")
    clock = first_contact(service, handoff)
    assert (clock["state"], clock["logged_late"], clock["evidence_at"]) == ("met", False, clock["met_at"])


# --- whose it is ----------------------------------------------------------------------------------


def test_who_had_a_handoff_since_when(service, desk, rep):
    other = funnel.make_member(service.admin, name="Other Rep")
    contact, handoff = desk.mql()
    assert handoff["assigned_at"] is None and handoff["history"] == []
    handoff = funnel.make_move(service.sales, handoff, "assign", {"member": rep["id"]})
    assigned_at = handoff["assigned_at"]
    handoff = funnel.make_move(service.sales, handoff, "assign", {"member": rep["id"]})
    handoff = funnel.make_move(service.sales, handoff, "accept", {"member": other["id"]})
    assert (handoff["assigned_at"], handoff["assignee"]) == (assigned_at, other["id"]), "the first time stays"
    told = [(one["member"], one["previous"], one["reason"]) for one in handoff["history"]]
    assert told == [(rep["id"], None, None), (other["id"], rep["id"], "accepted")]
    line = service.reader.pages(f"/v1/contacts/{contact['id']}/timeline")
    shown = [(one["member"], one["previous"]) for one in line if one["type"] == "assignment"]
    assert shown == [(other["id"], rep["id"]), (rep["id"], None)], "newest first"


def test_the_timeline_shows_pauses(service, desk):
    contact, handoff = desk.mql()
    pause(service, handoff, 3, "lunch")
    funnel.make_move(service.sales, handoff, "resume")
    line = service.reader.pages(f"/v1/contacts/{contact['id']}/timeline", limit=2)
    (entry,) = [one for one in line if one["type"] == "pause"]
    assert entry["reason"] == "lunch" and entry["handoff_id"] == handoff["id"] and entry["ended_at"] is not None
