"""The ladder of a policy, and who stands in for whom: each step once, each handoff to somebody who is there."""

import datetime

import pytest

from support import funnel, times
from support.client import expect, faults
from support.waiting import wait_until

HOUR = datetime.timedelta(hours=1)
LADDER = [{"at": 0.5, "to": "assignee"}, {"at": 1, "to": "manager"}, {"at": "PT1H", "to": "reassign_propose"},
          {"at": "PT2H", "to": "reassign"}]


@pytest.fixture(scope="module")
def desk(service):
    return funnel.Desk(service)


def set_ladder(service, escalate, **fields):
    policy = funnel.policy_of(service.admin)
    return service.admin.change(f"/v1/sla/policies/{policy['id']}",
                                {"target": "PT10H", "warn_at": [], "escalate": escalate, **fields})


@pytest.fixture
def team(service):
    """team(role=…, weekly_capacity=…): members that are the only active ones of sales; there is no ladder yet."""
    set_ladder(service, [])
    for member in service.reader.pages("/v1/members"):
        service.admin.change(f"/v1/members/{member['id']}", {"active": False})
    return lambda **fields: funnel.make_member(service.admin, **fields)


def given(service, desk, member):
    _, handoff = desk.mql()
    return funnel.make_move(service.sales, handoff, "assign", {"member": member["id"]})


def read(service, handoff):
    return service.reader.read(f"/v1/handoffs/{handoff['id']}")


def entries(service, handoff, kind):
    return [entry for entry in read(service, handoff)["history"] if entry["kind"] == kind]


def wait_entries(service, handoff, kind, count):
    return wait_until(lambda: (lambda found: found if len(found) >= count else None)(entries(service, handoff, kind)),
                      what=f"{count} × {kind}")


def events_of(service, handoff, kind):
    return [event for event in funnel.events_after(service.reader, 0)
            if event["type"] == kind and event["data"]["handoff_id"] == handoff["id"]]


def wait_assignee(service, handoff, member):
    return wait_until(lambda: (lambda one: one if one["assignee"] == member["id"] else None)(read(service, handoff)),
                      what="the handoff to be given away")


# --- the ladder -----------------------------------------------------------------------------------


def test_each_step_in_its_turn(service, desk, team):
    rep, manager, other = team(), team(role="manager"), team()
    set_ladder(service, LADDER)
    handoff = given(service, desk, rep)
    service.database.pass_time(6 * HOUR)
    (told,) = wait_entries(service, handoff, "escalated", 1)
    assert (told["reason"], told["member"], told["actor"]) == ("assignee", rep["id"], "system")
    service.database.pass_time(4.5 * HOUR)
    _, told = wait_entries(service, handoff, "escalated", 2)
    assert (told["reason"], told["detail"]["members"]) == ("manager", [manager["id"]])
    service.database.pass_time(1 * HOUR)
    proposed = wait_entries(service, handoff, "escalated", 3)[2]
    assert proposed["reason"] == "reassign_propose" and read(service, handoff)["assignee"] == rep["id"]
    assert proposed["member"] == other["id"], "a rep before a manager"
    assert proposed["detail"]["candidates"] == 2 and proposed["detail"]["open"] == 0
    service.database.pass_time(1 * HOUR)
    left = wait_assignee(service, handoff, other)
    assert left["history"][-1] == {**left["history"][-1], "kind": "assigned", "reason": "escalation",
                                   "member": other["id"], "previous": rep["id"]}
    escalated = wait_until(lambda: (lambda found: found if len(found) == 4 else None)(
        events_of(service, handoff, "sla.escalated")), what="the events")
    assert [event["data"]["to"] for event in escalated] == ["assignee", "manager", "reassign_propose", "reassign"]
    assert [event["data"]["members"] for event in escalated] == [[rep["id"]], [manager["id"]], [other["id"]], [other["id"]]]
    (assigned,) = [one for one in events_of(service, handoff, "handoff.assigned") if one["data"].get("reason")]
    assert assigned["data"]["assignee"] == other["id"] and assigned["data"]["actor"] == "system"
    service.database.pass_time(20 * HOUR)
    wait_until(lambda: service.database.value("SELECT min(wake_at) FROM sla_clock WHERE wake_at < relais_now()") is None,
               what="the thread")
    assert len(entries(service, handoff, "escalated")) == 4
    shown = [one["reason"] for one in service.reader.pages(f"/v1/contacts/{handoff['contact_id']}/timeline")
             if one["type"] == "escalation"]
    assert shown == ["reassign", "reassign_propose", "manager", "assignee"]


def test_who_acts_stops_the_ladder(service, desk, team):
    rep = team()
    set_ladder(service, LADDER)
    handoff = given(service, desk, rep)
    funnel.make_move(service.sales, handoff, "attempts")
    late = given(service, desk, rep)
    service.database.pass_time(10.5 * HOUR)
    wait_entries(service, late, "escalated", 2)
    funnel.make_move(service.sales, late, "attempts")
    service.database.pass_time(20 * HOUR)
    third = given(service, desk, rep)
    service.database.pass_time(10.5 * HOUR)
    wait_entries(service, third, "escalated", 2)
    assert entries(service, handoff, "escalated") == [] and len(entries(service, late, "escalated")) == 2


def test_a_pause_moves_the_steps_too(service, desk, team):
    rep = team()
    set_ladder(service, [{"at": 0.5, "to": "assignee"}])
    handoff = given(service, desk, rep)
    funnel.make_move(service.sales, handoff, "pause",
                     {"until": times.text(service.database.now() + 8 * HOUR), "reason": "fair"})
    service.database.pass_time(9 * HOUR)  # one hour of ten has gone by
    wait_until(lambda: read(service, handoff)["paused_until"] is None, what="the pause's end")
    assert entries(service, handoff, "escalated") == []
    service.database.pass_time(4 * HOUR + datetime.timedelta(minutes=1))
    wait_entries(service, handoff, "escalated", 1)


def test_the_least_busy_with_room_gets_it(service, desk, team):
    rep, busy, full, free = team(), team(), team(weekly_capacity=1), team()
    set_ladder(service, [{"at": 1, "to": "reassign"}])
    for _ in range(2):
        funnel.make_move(service.sales, given(service, desk, busy), "attempts")
    funnel.make_move(service.sales, given(service, desk, full), "attempts")
    funnel.make_move(service.sales, given(service, desk, full), "recycle")
    funnel.make_move(service.sales, given(service, desk, free), "attempts")
    handoff = given(service, desk, rep)
    service.database.pass_time(11 * HOUR)
    left = wait_assignee(service, handoff, free)
    (step,) = [one for one in left["history"] if one["kind"] == "escalated"]
    assert step["detail"] == {"members": [free["id"]], "candidates": 2, "open": 1, "this_week": 1}


def test_a_manager_gets_it_when_no_rep_has_room(service, desk, team):
    manager, rep, other = team(role="manager"), team(), team(weekly_capacity=1)
    set_ladder(service, [{"at": 1, "to": "reassign"}])
    funnel.make_move(service.sales, given(service, desk, other), "attempts")
    service.database.pass_time(8 * 24 * HOUR)
    handoffs = [given(service, desk, rep) for _ in range(2)]
    service.database.pass_time(11 * HOUR)
    wait_until(lambda: sorted(read(service, handoff)["assignee"] for handoff in handoffs) == sorted([manager["id"], other["id"]]),
               what="one for the rep, who has no more room then, and one for the manager")


def test_a_handoff_of_nobody_is_given_to_somebody(service, desk, team):
    member = team()
    set_ladder(service, [{"at": 1, "to": "assignee"}, {"at": "PT1S", "to": "reassign"}])
    _, handoff = desk.mql()
    service.database.pass_time(11 * HOUR)
    left = wait_assignee(service, handoff, member)
    assert [one["member"] for one in left["history"] if one["kind"] == "escalated"] == [None, member["id"]]


def test_with_nobody_to_give_it_to_it_stays(service, desk, team):
    rep = team()
    set_ladder(service, [{"at": 1, "to": "reassign"}])
    handoff = given(service, desk, rep)
    service.database.pass_time(11 * HOUR)
    (step,) = wait_entries(service, handoff, "escalated", 1)
    assert step["member"] is None and step["detail"]["candidates"] == 0
    assert read(service, handoff)["assignee"] == rep["id"]


@pytest.mark.concurrency
def test_three_instances_take_each_step_once_whoever_is_killed(make_service):
    three = make_service(instances=3).start()
    try:
        reps = [funnel.make_member(three.admin, weekly_capacity=capacity) for capacity in (None, None, 7)]
        desk = funnel.Desk(three)
        policy = funnel.policy_of(three.admin)
        three.admin.change(f"/v1/sla/policies/{policy['id']}", {"target": "PT10H", "warn_at": [0.5], "escalate": LADDER})
        handoffs = [given(three, desk, reps[0]) for _ in range(24)]
        three.database.pass_time(30 * HOUR)
        wait_until(lambda: three.database.value("SELECT count(*) FROM event WHERE type = 'sla.escalated'") > 0, what="a step")
        three.servers[1].kill()
        three.servers[2].kill()
        wait_until(lambda: three.database.value("SELECT count(*) FROM event WHERE type = 'sla.escalated'") >= 4 * 24,
                   what="all steps")
        three.servers[1].start()
        wait_until(lambda: three.database.value("SELECT count(*) FROM sla_clock WHERE wake_at IS NOT NULL") == 0, what="rest")
        for handoff in handoffs:
            assert sorted(one["reason"] for one in entries(three, handoff, "escalated")) == [
                "assignee", "manager", "reassign", "reassign_propose"]
        counts = dict(three.database.rows("SELECT type, count(*) FROM event WHERE type LIKE 'sla.%%' GROUP BY type"))
        assert counts == {"sla.breached": 24, "sla.escalated": 96}, "a breach takes the place of a warning missed"
        assert three.database.value("SELECT count(*) FROM handoff WHERE assignee = %s", reps[2]["id"]) == 7, "the capacity"
        assert three.database.value("SELECT count(*) FROM handoff WHERE assignee = %s", reps[1]["id"]) == 17
        three.servers[1].stop()
        three.servers[0].stop()
    finally:
        three.end()


@pytest.mark.parametrize("escalate,pointer", [
    ([{"at": 0, "to": "manager"}], "/escalate/0/at"), ([{"at": 1.5, "to": "manager"}], "/escalate/0/at"),
    ([{"at": "PT0S", "to": "manager"}], "/escalate/0/at"), ([{"at": "P400D", "to": "manager"}], "/escalate/0/at"),
    ([{"at": 1, "to": "boss"}], "/escalate/0/to"), ([{"at": 1}], "/escalate/0/to"),
    ([{"at": 1, "to": "manager"}] * 9, "/escalate")])
def test_faults_of_a_ladder(service, escalate, pointer):
    found = faults(service.admin.post("/v1/sla/policies", {"name": "P", "kind": "first_contact", "target": "PT1H",
                                                           "escalate": escalate}))
    assert list(found) == [pointer]


# --- absences -------------------------------------------------------------------------------------


def away(service, member, start=0, hours=48, **fields):
    now = service.database.now()
    return service.sales.make(f"/v1/members/{member['id']}/absences",
                              {"from": times.text(now + start * HOUR), "to": times.text(now + (start + hours) * HOUR),
                               **fields})


def test_what_somebody_has_goes_to_the_substitute_and_stays(service, desk, team):
    rep, substitute = team(), team()
    handoff, closed = given(service, desk, rep), given(service, desk, rep)
    funnel.make_move(service.sales, closed, "recycle")
    absence = away(service, rep, start=2, substitute=substitute["id"])
    assert read(service, handoff)["assignee"] == rep["id"], "not before it begins"
    service.database.pass_time(2.5 * HOUR)
    left = wait_assignee(service, handoff, substitute)
    assert (left["history"][-1]["reason"], left["history"][-1]["actor"]) == ("absence", "system")
    (event,) = wait_until(lambda: [one for one in events_of(service, handoff, "handoff.assigned")
                                   if one["data"].get("reason") == "absence"], what="the event")
    assert event["data"]["assignee"] == substitute["id"]
    assert read(service, closed)["assignee"] == rep["id"]
    service.database.pass_time(60 * HOUR)
    again = given(service, desk, rep)  # back
    assert read(service, again)["assignee"] == rep["id"] and read(service, handoff)["assignee"] == substitute["id"]
    assert expect(service.reader.get(f"/v1/members/{rep['id']}/absences/{absence['id']}"), 200).json() == absence


def test_nothing_new_for_who_is_away(service, desk, team):
    rep, free = team(), team()
    away(service, rep)
    _, handoff = desk.mql()
    refused = service.sales.post(f"/v1/handoffs/{handoff['id']}/assign", {"member": rep["id"]})
    assert faults(refused) == {"/member": "absent"}
    set_ladder(service, [{"at": 1, "to": "reassign"}])
    _, handoff = desk.mql()
    service.database.pass_time(11 * HOUR)
    wait_assignee(service, handoff, free)


def test_without_a_substitute_it_waits_and_is_told_once(service, desk, team):
    rep, other = team(), team()
    handoff = given(service, desk, rep)
    away(service, rep, substitute=other["id"])["id"]
    wait_assignee(service, handoff, other)
    away(service, other)
    wait_entries(service, handoff, "waiting", 1)
    service.database.pass_time(3 * HOUR)
    service.admin.change(f"/v1/members/{rep['id']}", {"weekly_capacity": 3})  # the set-up changes: it looks again
    further = given(service, desk, team())
    wait_until(lambda: events_of(service, further, "handoff.assigned"), what="an event that came later")
    told = [one for one in events_of(service, handoff, "handoff.activity") if one["data"].get("reason") == "absence"]
    assert len(told) == 1 and told[0]["data"]["assignee"] == other["id"]
    assert len(entries(service, handoff, "waiting")) == 1


def test_a_chain_of_substitutes(service, desk, team):
    first, second, third = team(), team(), team()
    away(service, second, substitute=third["id"])
    handoff = given(service, desk, first)
    away(service, first, substitute=second["id"])
    wait_assignee(service, handoff, third)


def test_absences_are_listed_and_taken_back(service, team):
    rep, other = team(), team()
    made = [away(service, rep, start=24 * number, hours=2) for number in range(3)]
    away(service, other)
    assert service.reader.pages(f"/v1/members/{rep['id']}/absences", limit=2) == made[::-1]
    expect(service.sales.delete(f"/v1/members/{other['id']}/absences/{made[0]['id']}"), 404)
    expect(service.sales.delete(f"/v1/members/{rep['id']}/absences/{made[0]['id']}"), 204)
    assert service.reader.pages(f"/v1/members/{rep['id']}/absences") == made[:0:-1]
    expect(service.reader.get("/v1/members/0199f3a9-11c2-7d3e-a5f6-0a1b2c3d4e07/absences"), 404)


def test_days_are_those_of_the_organisation(service, team):
    rep = team()
    made = service.sales.make(f"/v1/members/{rep['id']}/absences", {"from": "2031-07-14", "to": "2031-12-24"})
    assert (made["from"], made["to"]) == ("2031-07-13T22:00:00.000Z", "2031-12-23T23:00:00.000Z")
    assert (made["member"], made["substitute"]) == (rep["id"], None)


@pytest.mark.parametrize("body,pointer", [
    ({"from": "soon", "to": "2031-01-01"}, "/from"), ({"from": "2031-01-02"}, "/to"),
    ({"from": "2031-01-02", "to": "2031-01-02"}, "/to"),
    ({"from": "2031-01-01", "to": "2031-01-02", "substitute": "0199f3a9-11c2-7d3e-a5f6-0a1b2c3d4e07"}, "/substitute"),
    ({"from": "2031-01-01", "to": "2031-01-02", "substitute": "self"}, "/substitute")])
def test_faults_of_an_absence(service, team, body, pointer):
    rep = team()
    if body.get("substitute") == "self":
        body = {**body, "substitute": rep["id"]}
    assert list(faults(service.sales.post(f"/v1/members/{rep['id']}/absences", body))) == [pointer]
