"""The SLA: policies, clocks, breaches flagged once and on time, status for dashboards."""

import datetime

import pytest

from support import funnel, times
from support.client import expect, faults
from support.waiting import wait_until

FLAG_SECONDS = 30  # how long a breach may take to show before the test gives up; how soon it came is looked at apart


def set_target(service, target, **fields):
    policy = funnel.policy_of(service.admin)
    return service.admin.change(f"/v1/sla/policies/{policy['id']}", {"target": target, **fields})


def clock_of(service, handoff):
    (clock,) = [clock for clock in funnel.clocks_of(service.reader, handoff) if clock["kind"] == "first_contact"]
    return clock


def wait_state(service, handoff, state):
    return wait_until(lambda: (lambda clock: clock if clock["state"] == state else None)(clock_of(service, handoff)),
                      FLAG_SECONDS, f"the clock to be {state}")


def events_of(service, kind):
    return [event for event in funnel.events_after(service.reader, 0) if event["type"] == f"sla.{kind}"]


def wait_events(service, kind, count):
    return wait_until(lambda: (lambda found: found if len(found) >= count else None)(events_of(service, kind)),
                      FLAG_SECONDS, f"{count} × sla.{kind}")


@pytest.fixture(scope="module")
def desk(service):
    return funnel.Desk(service)


# --- clocks ---------------------------------------------------------------------------------------


def test_a_clock_in_full(service, desk):
    _, handoff = desk.mql()
    clock = clock_of(service, handoff)
    policy = funnel.policy_of(service.reader)
    assert (clock["handoff_id"], clock["contact_id"], clock["state"]) == (handoff["id"], handoff["contact_id"], "running")
    assert (clock["policy"], clock["policy_id"]) == (policy["name"], policy["id"])
    assert clock["started_at"] == handoff["opened_at"]
    assert clock["met_at"] is clock["breached_at"] is clock["ended_at"] is clock["end_reason"] is None
    funnel.make_move(service.sales, handoff, "attempts")
    clock = clock_of(service, handoff)
    assert clock["state"] == "met" and clock["met_at"] == clock["ended_at"]
    assert clock["wall_seconds"] == pytest.approx(times.seconds(clock["started_at"], clock["met_at"]), abs=0.002)
    listed = service.reader.pages("/v1/sla/clocks", kind="first_contact", state="met")
    assert clock["id"] in [one["id"] for one in listed] and {one["state"] for one in listed} == {"met"}


@pytest.mark.parametrize("move,state", [("recycle", "open"), ("reject", "open")])
def test_closing_without_contact_cancels(service, desk, move, state):
    """There is no way to meet an SLA by rejecting."""
    before = service.reader.read("/v1/sla/status")["first_contact"]["closed_without_contact_30d"]
    handoff = desk.handoff_in(state)
    closed = funnel.make_move(service.sales, handoff, move)
    clock = clock_of(service, closed)
    assert (clock["state"], clock["met_at"]) == ("cancelled", None)
    assert clock["ended_at"] is not None and clock["end_reason"]
    wait_until(lambda: service.reader.read("/v1/sla/status")["first_contact"]["closed_without_contact_30d"] == before + 1,
               what="the status")
    assert clock["id"] in [event["data"]["clock_id"] for event in wait_events(service, "cancelled", 1)]


def test_a_duplicates_handoff_was_not_left_without_contact(service, desk):
    """Another handoff of the same person goes on."""
    before = service.reader.read("/v1/sla/status")["first_contact"]
    (duplicate, handoff), (survivor, _) = desk.mql(), desk.mql()
    service.marketing.write(f"/v1/contacts/{duplicate['id']}/merge", {"duplicate_of": survivor["id"]})
    states = [service.reader.read(f"/v1/handoffs/{one['handoff']['id']}")["state"] for one in (duplicate, survivor)]
    assert sorted(states) == ["open", "rejected"], handoff
    wait_until(lambda: service.reader.read("/v1/sla/status")["first_contact"]["running"] == before["running"] + 1,
               what="the status")
    after = service.reader.read("/v1/sla/status")["first_contact"]
    assert after["closed_without_contact_30d"] == before["closed_without_contact_30d"]


def test_a_change_of_policy_counts_for_clocks_started_from_then_on(service, desk):
    _, before = desk.mql()
    set_target(service, "PT2H")
    _, after = desk.mql()
    set_target(service, "PT24H")
    for handoff, hours in ((before, 24), (after, 2)):
        clock = clock_of(service, handoff)
        assert times.seconds(clock["started_at"], clock["due_at"]) == hours * 3600


def test_the_first_policy_by_position_wins_per_kind(fresh):
    desk = funnel.Desk(fresh)
    first = funnel.policy_of(fresh.reader)["name"]
    fresh.admin.make("/v1/sla/policies", {"name": "late", "kind": "first_contact", "target": "PT1H", "position": 900})
    fresh.admin.make("/v1/sla/policies", {"name": "verdict", "kind": "qualification", "target": "PT72H", "position": 5})
    fresh.admin.make("/v1/sla/policies", {"name": "acceptance", "kind": "acceptance", "target": "PT4H", "position": 6})
    fresh.admin.make("/v1/sla/policies", {"name": "five tries", "kind": "attempts", "attempts": 3, "target": "PT48H",
                                          "starts": "accepted", "position": 7})
    handoff = desk.handoff_in("open")
    assert {clock["kind"]: clock["policy"] for clock in handoff["clocks"]} == {
        "first_contact": first, "qualification": "verdict", "acceptance": "acceptance"}
    handoff = funnel.make_move(fresh.sales, handoff, "accept")
    states = {clock["kind"]: clock["state"] for clock in handoff["clocks"]}
    assert states == {"first_contact": "running", "qualification": "running", "acceptance": "met", "attempts": "running"}
    for number in range(1, 4):
        handoff = funnel.make_move(fresh.sales, handoff, "attempts")
        states = {clock["kind"]: clock["state"] for clock in handoff["clocks"]}
        assert states["attempts"] == ("met" if number == 3 else "running")
    handoff = funnel.make_move(fresh.sales, handoff, "qualify")
    assert {clock["state"] for clock in handoff["clocks"]} == {"met"}


@pytest.mark.parametrize("verdict", ["recycle", "reject"])
def test_a_verdict_meets_acceptance_and_qualification(fresh, verdict):
    desk = funnel.Desk(fresh)
    fresh.admin.make("/v1/sla/policies", {"name": "q", "kind": "qualification", "target": "PT72H"})
    fresh.admin.make("/v1/sla/policies", {"name": "a", "kind": "acceptance", "target": "PT4H"})
    handoff = funnel.make_move(fresh.sales, desk.handoff_in("open"), verdict)
    assert {clock["kind"]: clock["state"] for clock in handoff["clocks"]} == {
        "first_contact": "cancelled", "qualification": "met", "acceptance": "met"}


def test_a_policy_that_is_switched_off_starts_nothing(fresh):
    desk = funnel.Desk(fresh)
    set_target(fresh, "PT24H", active=False)
    handoff = desk.handoff_in("open")
    assert handoff["clocks"] == [] and handoff["first_contact_due_at"] is None


def test_a_pause_moves_the_deadline_by_its_length(fresh):
    desk = funnel.Desk(fresh)
    handoff = desk.handoff_in("open")
    due = handoff["first_contact_due_at"]
    until = times.text(fresh.database.now() + datetime.timedelta(hours=50))
    funnel.make_move(fresh.sales, handoff, "pause", {"until": until, "reason": "fair"})
    fresh.database.move_clock(datetime.timedelta(hours=30))
    assert clock_of(fresh, handoff)["state"] == "paused", "past the old deadline, and not breached"
    handoff = funnel.make_move(fresh.sales, handoff, "resume")
    moved = times.seconds(due, clock_of(fresh, handoff)["due_at"])
    assert moved == pytest.approx(30 * 3600, abs=60)
    assert clock_of(fresh, handoff)["state"] == "running"


def test_a_pause_ends_by_itself(fresh):
    desk = funnel.Desk(fresh)
    handoff = desk.handoff_in("open")
    until = times.text(fresh.database.now() + datetime.timedelta(hours=2))
    funnel.make_move(fresh.sales, handoff, "pause", {"until": until, "reason": "lunch"})
    fresh.database.move_clock(datetime.timedelta(hours=3))
    clock = wait_state(fresh, handoff, "running")
    assert times.seconds(handoff["first_contact_due_at"], clock["due_at"]) == pytest.approx(2 * 3600, abs=60)
    fresh.database.move_clock(datetime.timedelta(hours=27))
    wait_state(fresh, handoff, "breached")


# --- breaches -------------------------------------------------------------------------------------


def test_a_breach_on_time(service, desk):
    set_target(service, "PT1S", warn_at=[])
    _, handoff = desk.mql()
    set_target(service, "PT24H", warn_at=[0.5, 0.8])
    clock = wait_state(service, handoff, "breached")
    assert clock["breached_at"] >= clock["due_at"], "never early"
    event = next(event for event in wait_events(service, "breached", 1) if event["data"]["clock_id"] == clock["id"])
    assert event["at"] == clock["breached_at"] and event["data"]["due_at"] == clock["due_at"]
    contact = service.reader.read(f"/v1/contacts/{handoff['contact_id']}")
    assert contact["handoff"]["breached"] is True and contact["stage"] == "mql"


def test_a_day_goes_by(fresh):
    """With the clock moved: nothing before 24 hours, a breach after, warnings in between, each once."""
    desk = funnel.Desk(fresh)
    handoff = desk.handoff_in("open")
    fresh.database.move_clock(datetime.timedelta(hours=13))
    assert len(wait_events(fresh, "warning", 1)) == 1
    fresh.database.move_clock(datetime.timedelta(hours=20))
    assert len(wait_events(fresh, "warning", 2)) == 2
    assert clock_of(fresh, handoff)["state"] == "running"
    fresh.database.move_clock(datetime.timedelta(hours=23, minutes=59))
    status = fresh.reader.read("/v1/sla/status")["first_contact"]
    assert (status["running"], status["breached_open"]) == (1, 0)
    wait_until(lambda: fresh.reader.read("/v1/sla/status")["first_contact"]["due_within_1h"] == 1, what="the status")
    fresh.database.move_clock(datetime.timedelta(hours=25))
    clock = wait_state(fresh, handoff, "breached")
    assert times.seconds(clock["due_at"], clock["breached_at"]) > 0
    (event,) = wait_events(fresh, "breached", 1)
    assert event["data"]["clock_id"] == clock["id"]
    assert len(events_of(fresh, "warning")) == 2


def test_a_late_contact_of_a_breach_nobody_flagged_yet(fresh):
    """Ours is true by time: the clock was past its deadline when the attempt came, whether or not the thread had
    looked already."""
    desk = funnel.Desk(fresh)
    handoff = desk.handoff_in("open")
    fresh.database.move_clock(datetime.timedelta(hours=25))
    handoff = funnel.make_move(fresh.sales, handoff, "attempts")
    clock = clock_of(fresh, handoff)
    assert clock["state"] == "breached" and clock["met_at"] is not None and clock["breached_at"] is not None
    assert len(wait_events(fresh, "breached", 1)) == 1
    assert events_of(fresh, "met") == []
    status = wait_until(lambda: (lambda one: one if one["met_rate_30d"] is not None else None)(
        fresh.reader.read("/v1/sla/status")["first_contact"]), what="the status")
    assert (status["met_rate_30d"], status["breached_open"]) == (0, 0)


def breach_many(service, desk, count):
    """`count` handoffs whose clock ends about at the same moment, submitted to all instances in turn."""
    clients = [service.client(instance=number) for number in range(len(service.servers))]
    emails = [funnel.address("late") for _ in range(count)]
    for number, email in enumerate(emails):
        funnel.submit(clients[number % len(clients)], desk.form["slug"], email, funnel.VP)
    return {handoff["id"] for handoff in service.reader.pages("/v1/handoffs", limit=1000)}


def check_flagged_once(service, handoffs):
    found = wait_events(service, "breached", len(handoffs))
    assert sorted(event["data"]["handoff_id"] for event in found) == sorted(handoffs), "each once"
    early = service.database.value("SELECT count(*) FROM sla_clock WHERE breached_at < due_at")
    assert early == 0
    stored = service.database.value("SELECT count(*) FROM event WHERE type = 'sla.breached'")
    assert stored == len(handoffs)


@pytest.mark.concurrency
def test_three_instances_flag_once(make_service):
    three = make_service(instances=3).start()
    try:
        set_target(three, "PT2S", warn_at=[])
        desk = funnel.Desk(three)
        handoffs = breach_many(three, desk, 60)
        check_flagged_once(three, handoffs)
        late = three.database.value("SELECT max(extract(epoch FROM breached_at - due_at)) FROM sla_clock")
        assert late < FLAG_SECONDS
        three.stop()
    finally:
        three.end()


def test_an_instance_killed_while_it_flags(make_service):
    three = make_service(instances=3).start()
    try:
        set_target(three, "PT2S", warn_at=[])
        desk = funnel.Desk(three)
        handoffs = breach_many(three, desk, 60)
        wait_until(lambda: three.database.value("SELECT count(*) FROM event WHERE type = 'sla.breached'") > 0,
                   what="the first breach")
        three.servers[1].kill()
        three.servers[2].kill()
        check_flagged_once(three, handoffs)
        three.servers[1].start()
        check_flagged_once(three, handoffs)
        three.servers[1].stop()
        three.servers[0].stop()
    finally:
        three.end()


def test_what_came_due_while_nobody_ran(fresh):
    desk = funnel.Desk(fresh)
    set_target(fresh, "PT1S", warn_at=[])
    handoffs = breach_many(fresh, desk, 5)
    fresh.server.kill()
    wait_until(lambda: fresh.database.value("SELECT bool_and(due_at < relais_now()) FROM sla_clock"), what="the deadlines")
    fresh.server.start()
    check_flagged_once(fresh, handoffs)


# --- status ---------------------------------------------------------------------------------------


def test_status_counts(fresh):
    desk = funnel.Desk(fresh)
    status = fresh.reader.read("/v1/sla/status")
    assert status["first_contact"] == {"running": 0, "due_within_1h": 0, "breached_open": 0, "met_rate_30d": None,
                                       "median_seconds_30d": None, "within_1h_rate_30d": None,
                                       "closed_without_contact_30d": 0}
    assert status["breached"] == [] and status["commitments"] == []
    for _ in range(3):
        funnel.make_move(fresh.sales, desk.handoff_in("open"), "attempts")
    desk.handoff_in("open")
    desk.handoff_in("recycled")
    set_target(fresh, "PT30M")
    desk.handoff_in("open")
    set_target(fresh, "PT1S", warn_at=[])
    late = [desk.handoff_in("open") for _ in range(2)]
    for handoff in late:
        wait_state(fresh, handoff, "breached")

    def settled():
        one = fresh.reader.read("/v1/sla/status")
        return one if one["first_contact"]["breached_open"] == 2 and one["first_contact"]["running"] == 2 else None

    status = wait_until(settled, what="the status")
    numbers = status["first_contact"]
    assert (numbers["due_within_1h"], numbers["closed_without_contact_30d"]) == (1, 1)
    assert numbers["met_rate_30d"] == pytest.approx(3 / 5) and numbers["within_1h_rate_30d"] is not None
    assert 0 <= numbers["median_seconds_30d"] < 60
    assert [one["handoff_id"] for one in status["breached"]] == [handoff["id"] for handoff in late], "the oldest first"
    assert status["next_change_at"] is not None


def test_at_most_fifty_breached_are_named(fresh):
    set_target(fresh, "PT1S", warn_at=[])
    desk = funnel.Desk(fresh)
    breach_many(fresh, desk, 55)
    status = wait_until(lambda: (lambda one: one if one["first_contact"]["breached_open"] == 55 else None)(
        fresh.reader.read("/v1/sla/status")), what="the status")
    due = [one["due_at"] for one in status["breached"]]
    assert len(due) == 50 and due == sorted(due)


def test_status_is_cheap_to_poll(fresh):
    desk = funnel.Desk(fresh)
    desk.handoff_in("open")
    wait_until(lambda: fresh.reader.read("/v1/sla/status")["first_contact"]["running"] == 1, what="the status")
    first = fresh.reader.get("/v1/sla/status")
    tag = first.headers["ETag"]
    answer = fresh.reader.get("/v1/sla/status", headers={"If-None-Match": tag})
    assert expect(answer, 304).headers["ETag"] == tag and answer.content == b""
    for several in (f'"other", {tag}', "*"):
        expect(fresh.reader.get("/v1/sla/status", headers={"If-None-Match": several}), 304)
    expect(fresh.reader.get("/v1/sla/status", headers={"If-None-Match": '"other"'}), 200)
    desk.handoff_in("open")
    answer = wait_until(lambda: (lambda one: one if one.status_code == 200 else None)(
        fresh.reader.get("/v1/sla/status", headers={"If-None-Match": tag})), what="a new status")
    assert answer.headers["ETag"] != tag and answer.json()["first_contact"]["running"] == 2


def test_every_instance_tells_the_same(make_service):
    two = make_service(instances=2).start()
    try:
        desk = funnel.Desk(two)
        for _ in range(3):
            desk.handoff_in("open")
        other = two.client("reader", 1)
        wait_until(lambda: other.read("/v1/sla/status")["first_contact"]["running"] == 3, what="the other's status")
        mine, theirs = two.reader.read("/v1/sla/status"), other.read("/v1/sla/status")
        assert {**mine, "as_of": ""} == {**theirs, "as_of": ""}
        two.stop()
    finally:
        two.end()


# --- faults of policies ---------------------------------------------------------------------------


@pytest.mark.parametrize("fields,pointer", [
    ({"target": "P1M"}, "/target"), ({"target": "PT0S"}, "/target"), ({"target": 24}, "/target"),
    ({"target": {"weekday": "someday", "time": "18:00"}}, None), ({"kind": "attempts", "attempts": 0}, "/attempts"),
    ({"warn_at": [1.5]}, "/warn_at/0"), ({"calendar": "0199f3a9-11c2-7d3e-a5f6-0a1b2c3d4e03"}, "/calendar"),
    ({"starts": "sometime"}, "/starts"), ({"applies_when": {"nonsense": 1}}, None)])
def test_faults(service, fields, pointer):
    found = faults(service.admin.post("/v1/sla/policies", {"name": "P", "kind": "first_contact", "target": "PT1H", **fields}))
    if pointer:
        assert list(found) == [pointer]
