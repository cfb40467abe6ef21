"""Working hours: policies that count by a calendar, clocks that keep the version they were started with."""

import contextlib
import datetime
import threading
import zoneinfo

import httpx
import pytest

from support import funnel, times
from support.client import expect, faults
from support.waiting import wait_until

OFFICE = {day: [["09:00", "12:30"], ["14:00", "18:00"]]
          for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
ALWAYS = {day: [["00:00", "24:00"]] for day in (*OFFICE, "saturday", "sunday")}


def calendar_of(client):
    return client.read("/v1/sla/calendars")["data"][-1]


def make_calendar(client, hours=None, **fields):
    return client.make("/v1/sla/calendars", {"name": funnel.unique("K"), "time_zone": "Europe/Paris",
                                             "hours": OFFICE if hours is None else hours, **fields})


def set_policy(service, **fields):
    policy = funnel.policy_of(service.admin)
    return service.admin.change(f"/v1/sla/policies/{policy['id']}", fields)


def move_to(service, text):
    """The database's clock to a moment from now on."""
    service.database.move_clock_to(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")))


def clock_of(service, handoff):
    (clock,) = [clock for clock in funnel.clocks_of(service.reader, handoff) if clock["kind"] == "first_contact"]
    return clock


# --- the rows -------------------------------------------------------------------------------------


def test_a_fresh_database_has_its_calendar_expanded(fresh):
    first, last, spans = fresh.database.rows("""
        SELECT v.first_day, v.last_day, (SELECT count(*) FROM calendar_span s WHERE s.calendar_id = v.calendar_id)
        FROM calendar_version v JOIN catalog_entry e ON e.id = v.calendar_id WHERE e.kind = 'calendar'""")[0]
    now = fresh.database.value("SELECT relais_now()")
    assert (first, last) == (datetime.date(now.year - 1, 1, 1), datetime.date(now.year + 5, 12, 31))
    assert spans > 3000
    closed = fresh.database.value("""
        SELECT count(*) FROM calendar_span WHERE opens_at < %s AND closes_at > %s""",
                                  f"{now.year + 1}-12-26T00:00Z", f"{now.year + 1}-12-25T00:00Z")
    assert closed == 0


def test_a_calendar_that_nobody_expanded_is_expanded_at_the_start(fresh):
    """As after an upgrade, or a change by the release before."""
    fresh.server.stop()
    for table in ("calendar_span", "calendar_zone", "calendar_version"):
        fresh.database.execute(f"DELETE FROM {table}")
    fresh.server.start()
    assert fresh.database.value("SELECT count(*) FROM calendar_version") == 2
    set_policy(fresh, calendar=calendar_of(fresh.admin)["id"], target="PT8H")
    handoff = funnel.Desk(fresh).handoff_in("open")
    assert clock_of(fresh, handoff)["calendar"] == calendar_of(fresh.admin)["id"]


def test_calendars_are_expanded_further_as_time_goes_by(fresh):
    """Also an old version that a clock counts by; what was counted stays; and one that nobody counts by goes."""
    calendar = make_calendar(fresh.admin, holidays="FR")
    unused = make_calendar(fresh.admin)
    set_policy(fresh, calendar=calendar["id"], target="PT8H")
    handoff = funnel.Desk(fresh).handoff_in("open")
    for name in ("other", "another"):
        fresh.admin.change(f"/v1/sla/calendars/{calendar['id']}", {"name": name})
    fresh.admin.change(f"/v1/sla/calendars/{unused['id']}", {"name": "kept"})
    spans = """SELECT version, opens_at, closes_at, open_seconds_before FROM calendar_span
               WHERE calendar_id = %s AND opens_at < %s ORDER BY version, opens_at"""
    year = fresh.database.now().year
    before = fresh.database.rows(spans, calendar["id"], f"{year + 5}-12-01T00:00Z")
    fresh.server.stop()
    fresh.database.move_clock(datetime.timedelta(days=3 * 366))
    fresh.server.start()
    last, later = "SELECT min(last_day) FROM calendar_version", fresh.database.now().year
    wait_until(lambda: fresh.database.value(last) == datetime.date(later + 5, 12, 31), what="the next years")
    versions = lambda one: [version for (version,) in fresh.database.rows(
        "SELECT version FROM calendar_version WHERE calendar_id = %s ORDER BY version", one["id"])]
    wait_until(lambda: versions(unused) == [2], what="the end of what nobody counts by")
    assert versions(calendar) == [1, 3]
    assert fresh.database.rows(spans, calendar["id"], f"{year + 5}-12-01T00:00Z") == [row for row in before if row[0] != 2]
    path = f"/v1/sla/calendars/{calendar['id']}/days"
    wait_until(lambda: fresh.reader.get(path, params={"from": f"{later + 5}-12-01"}).status_code == 200, what="the new set-up")
    assert clock_of(fresh, handoff)["calendar_version"] == 1


# --- clocks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("target,asked,due", [
    ("PT1H", "2030-11-29T15:30:00.000Z", "2030-11-29T16:30:00.000Z"),
    ("PT1H", "2030-11-29T16:30:00.000Z", "2030-12-02T08:30:00.000Z"),
    ("PT1H", "2030-11-29T11:00:00.000Z", "2030-11-29T13:30:00.000Z"),
    ("P1D", "2030-11-29T16:45:00.000Z", "2030-12-02T16:45:00.000Z"),
    ("P2D", "2030-12-24T16:45:00.000Z", "2030-12-27T16:45:00.000Z"),
    ({"weekday": "wednesday", "time": "18:00", "at_least": "PT24H"}, "2030-11-29T16:30:00.000Z",
     "2030-12-11T17:00:00.000Z"),
    ({"weekday": "wednesday", "time": "18:00"}, "2030-12-23T16:30:00.000Z", "2030-12-26T17:00:00.000Z"),
])
def test_a_clock_is_due_by_the_calendar(fresh, target, asked, due):
    """Of the French calendar of a fresh database, Christmas included. The clock moves a second or so meanwhile."""
    calendar = calendar_of(fresh.admin)
    policy = set_policy(fresh, calendar=calendar["id"], target=target)
    desk = funnel.Desk(fresh)
    move_to(fresh, asked)
    clock = clock_of(fresh, desk.handoff_in("open"))
    late = times.seconds(asked, clock["started_at"])
    assert 0 <= late < 60
    moved = 0 if isinstance(target, dict) else late
    assert times.seconds(due, clock["due_at"]) == pytest.approx(moved, abs=0.002)
    assert (clock["calendar"], clock["calendar_version"], clock["policy_version"]) == (calendar["id"], 1, 2)
    assert policy["target"] == target


def test_a_day_of_the_week_without_a_calendar_is_the_organisations(fresh):
    fresh.admin.change("/v1/organisation", {"time_zone": "America/New_York"})
    set_policy(fresh, target={"weekday": "wednesday", "time": "18:00", "at_least": "PT24H"})
    clock = clock_of(fresh, funnel.Desk(fresh).handoff_in("open"))
    due = datetime.datetime.fromisoformat(clock["due_at"].replace("Z", "+00:00"))
    assert due.astimezone(zoneinfo.ZoneInfo("America/New_York")).strftime("%A %H:%M") == "Wednesday 18:00"
    assert 24 * 3600 <= times.seconds(clock["started_at"], clock["due_at"]) < 8 * 24 * 3600 + 1
    assert (clock["calendar"], clock["calendar_version"], clock["open_seconds"]) == (None, None, None)


def test_a_demo_has_an_hour_and_an_ebook_a_working_day(fresh):
    calendar = make_calendar(fresh.admin)
    set_policy(fresh, target="P1D", calendar=calendar["id"], position=2)
    for when, target in (({"==": [{"var": "offer_kind"}, "demo"]}, "PT1H"), ({"==": [{"var": "trigger"}, "manual"]}, "PT2H")):
        fresh.admin.make("/v1/sla/policies", {"name": target, "position": 1, "kind": "first_contact", "target": target,
                                              "calendar": calendar["id"], "applies_when": when})
    demo, ebook = funnel.Desk(fresh, kind="demo", journey_step="decision"), funnel.Desk(fresh)
    lead = ebook.lead(attributes=funnel.STUDENT)
    move_to(fresh, "2030-11-29T16:45:00Z")  # Friday 17:45
    by_hand = fresh.sales.make("/v1/handoffs", {"contact_id": lead["id"], "reason": "met at the fair"})
    for handoff, due in ((demo.lead(attributes=funnel.STUDENT)["handoff"], "2030-12-02T08:4"),
                         (ebook.mql()[1], "2030-12-02T16:4"), (by_hand, "2030-12-02T09:4")):
        clock = clock_of(fresh, handoff)
        assert clock["due_at"].startswith(due)
        assert clock["open_seconds"] == round(clock["open_seconds"], 3)


def test_warnings_and_the_breach_come_by_open_time(fresh):
    """Friday 17:00 and four open hours: half of it is Monday 10:00, all of it Monday 12:00."""
    set_policy(fresh, calendar=calendar_of(fresh.admin)["id"], target="PT4H", warn_at=[0.5])
    desk = funnel.Desk(fresh)
    move_to(fresh, "2030-11-29T16:00:00+00:00")
    handoff = desk.handoff_in("open")
    assert clock_of(fresh, handoff)["due_at"].startswith("2030-12-02T11:0")
    events = lambda: [event["type"] for event in funnel.events_after(fresh.reader, 0) if event["type"].startswith("sla.")]
    move_to(fresh, "2030-12-02T08:58:00+00:00")
    assert clock_of(fresh, handoff)["state"] == "running" and events() == []
    assert clock_of(fresh, handoff)["open_seconds"] == pytest.approx(3600 + 58 * 60, abs=60)
    move_to(fresh, "2030-12-02T10:30:00+00:00")
    wait_until(lambda: events() == ["sla.warning"], what="the warning")
    move_to(fresh, "2030-12-02T11:05:00+00:00")
    wait_until(lambda: events() == ["sla.warning", "sla.breached"], what="the breach")


def test_a_pause_moves_a_clock_by_its_open_time(fresh):
    set_policy(fresh, calendar=calendar_of(fresh.admin)["id"], target="PT4H")
    desk = funnel.Desk(fresh)
    move_to(fresh, "2030-11-29T16:00:00+00:00")
    by_hand, by_itself = desk.handoff_in("open"), desk.handoff_in("open")
    before = {handoff["id"]: clock_of(fresh, handoff)["due_at"] for handoff in (by_hand, by_itself)}
    for handoff in (by_hand, by_itself):
        funnel.make_move(fresh.sales, handoff, "pause", {"until": "2030-12-02T09:00:00Z", "reason": "holidays"})
    move_to(fresh, "2030-12-02T08:00:00+00:00")  # an hour of Friday is over
    funnel.make_move(fresh.sales, by_hand, "resume")
    after = clock_of(fresh, by_hand)
    assert times.seconds(before[by_hand["id"]], after["due_at"]) == pytest.approx(2.5 * 3600, abs=30)  # over lunch
    move_to(fresh, "2030-12-02T09:30:00+00:00")  # that one's pause ended by itself at 10:00 local
    after = wait_until(lambda: (lambda clock: clock if clock["state"] == "running" else None)(clock_of(fresh, by_itself)),
                       what="the pause's end")
    assert times.seconds(before[by_itself["id"]], after["due_at"]) == pytest.approx(3.5 * 3600, abs=30)


def test_a_clock_keeps_the_version_it_was_started_with(fresh):
    calendar = make_calendar(fresh.admin)
    set_policy(fresh, calendar=calendar["id"], target="PT4H")
    desk = funnel.Desk(fresh)
    move_to(fresh, "2030-11-29T16:00:00+00:00")
    handoff = desk.handoff_in("open")
    before = clock_of(fresh, handoff)
    fresh.admin.change(f"/v1/sla/calendars/{calendar['id']}", {"hours": ALWAYS})
    assert clock_of(fresh, handoff)["due_at"] == before["due_at"]
    late = clock_of(fresh, desk.handoff_in("open"))
    assert (before["calendar_version"], late["calendar_version"]) == (1, 2)
    assert times.seconds(late["started_at"], late["due_at"]) == 4 * 3600
    # A pause of the older one goes by the older version, by hand and by itself.
    funnel.make_move(fresh.sales, handoff, "pause", {"until": "2030-12-02T12:00:00Z", "reason": "holidays"})
    move_to(fresh, "2030-12-02T08:00:00+00:00")
    funnel.make_move(fresh.sales, handoff, "resume")
    after = clock_of(fresh, handoff)
    assert times.seconds(before["due_at"], after["due_at"]) == pytest.approx(2.5 * 3600, abs=30)  # over lunch
    assert after["calendar_version"] == 1


def test_by_whose_hours_a_clock_counts(fresh):
    """The policy's, or where it says so those of the member, else of their team (nobody's: of sales), else the policy's."""
    own, ours, of_team, of_marketing = (make_calendar(fresh.admin, hours=ALWAYS) for _ in range(4))
    night_owl, anybody = funnel.make_member(fresh.admin, calendar=own["id"]), funnel.make_member(fresh.admin)
    colleague = funnel.make_member(fresh.admin, team="marketing")
    assert (night_owl["calendar"], anybody["calendar"]) == (own["id"], None)
    policy = set_policy(fresh, calendar=ours["id"], target="PT4H", starts="accepted", assignee_calendar=True)
    assert policy["assignee_calendar"] is True
    desk = funnel.Desk(fresh)

    def counts_by(member=None):
        handoff = desk.handoff_in("open")
        body = {"member": member["id"]} if member is not None else {}
        handoff = funnel.make_move(fresh.sales, handoff, "accept", body)
        assert handoff["assignee"] == (member and member["id"])
        return clock_of(fresh, handoff)["calendar"]

    assert (counts_by(night_owl), counts_by(anybody), counts_by()) == (own["id"], ours["id"], ours["id"])
    organisation = fresh.admin.change("/v1/organisation", {"calendars": {
        "sales": of_team["id"], "marketing": of_marketing["id"]}})
    assert organisation["calendars"] == {"marketing": of_marketing["id"], "sales": of_team["id"], "management": None,
                                         "operations": None}
    assert (counts_by(night_owl), counts_by(anybody), counts_by()) == (own["id"], of_team["id"], of_team["id"])
    assert counts_by(colleague) == of_marketing["id"]
    # A calendar in which the target never comes is passed over, one after the other.
    once = {"hours": dict.fromkeys(ALWAYS, []), "exceptions": []}
    once["hours"]["monday"] = [["09:00", "09:01"]]
    set_policy(fresh, target="PT400H")
    fresh.admin.change(f"/v1/sla/calendars/{own['id']}", once)
    assert counts_by(night_owl) == of_team["id"]
    fresh.admin.change(f"/v1/sla/calendars/{of_team['id']}", once)
    assert counts_by(night_owl) == ours["id"]
    set_policy(fresh, assignee_calendar=False)
    assert (counts_by(colleague), counts_by()) == (ours["id"], ours["id"])
    fresh.admin.change("/v1/organisation", {"calendars": {"sales": None}})
    set_policy(fresh, assignee_calendar=True)
    assert (counts_by(colleague), counts_by()) == (of_marketing["id"], ours["id"])


def test_the_hours_of_people_open(fresh):
    """What has no meaning is refused: calendars that never open, or that there are not."""
    used, empty = make_calendar(fresh.admin), make_calendar(fresh.admin, hours={})
    member, policy = funnel.make_member(fresh.admin), funnel.policy_of(fresh.admin)
    path = f"/v1/sla/policies/{policy['id']}"
    assert faults(fresh.admin.patch(path, {"calendar": None, "assignee_calendar": True})) == {"/calendar": "required"}
    assert faults(fresh.admin.patch(f"/v1/members/{member['id']}", {"calendar": empty["id"]})) == {"/calendar": "empty"}
    answer = fresh.admin.patch("/v1/organisation", {"calendars": {
        "sales": empty["id"], "marketing": "0199df00-0002-7000-8000-0000000000ff", "finance": used["id"]}})
    assert faults(answer) == {"/calendars/sales": "empty", "/calendars/marketing": "reference",
                              "/calendars/finance": "unknown"}
    closed = {"hours": dict.fromkeys(OFFICE, [])}
    for take, drop in (
            (lambda: fresh.admin.change(f"/v1/members/{member['id']}", {"calendar": used["id"]}),
             lambda: fresh.admin.change(f"/v1/members/{member['id']}", {"calendar": None})),
            (lambda: fresh.admin.change("/v1/organisation", {"calendars": {"sales": used["id"]}}),
             lambda: fresh.admin.change("/v1/organisation", {"calendars": None}))):
        take()
        assert faults(fresh.admin.patch(f"/v1/sla/calendars/{used['id']}", closed)) == {"/hours": "empty"}
        drop()
    fresh.admin.change(f"/v1/sla/calendars/{used['id']}", closed)


# --- changes that reach clocks that run ------------------------------------------------------------


def apply(client, path, fields):
    """(clocks that go by the new version, deadlines that are others)"""
    answer = client.change(path, {**fields, "apply_to_running": True})
    assert "apply_to_running" not in answer and "apply_to_running" not in client.read(path)
    assert answer["clocks_left"] == 0
    return answer["clocks_changed"], answer["deadlines_changed"]


def told(service, handoff):
    """The events sla.changed of a handoff, and the entries of its history, which agree."""
    events = [event["data"] for event in funnel.events_after(service.reader, 0, types="sla.changed")
              if event["data"]["handoff_id"] == handoff["id"]]
    entries = [entry for entry in service.reader.read(f"/v1/handoffs/{handoff['id']}")["history"]
               if entry["kind"] == "rescheduled"]
    assert [(event["reason"], event["due_at"], event["was_due_at"], event["clock_id"]) for event in events] == \
        [(entry["reason"], entry["detail"]["due_at"], entry["detail"]["was_due_at"], entry["clock_id"]) for entry in entries]
    return events


def test_a_change_of_a_policy_reaches_the_clocks_that_run_when_told(fresh):
    path = f"/v1/sla/policies/{set_policy(fresh, target='PT24H')['id']}"
    desk = funnel.Desk(fresh)
    running, paused, met, breached = (desk.handoff_in("open") for _ in range(4))
    funnel.make_move(fresh.sales, met, "attempts")
    for handoff in (running, breached):
        funnel.make_move(fresh.sales, handoff, "pause", {"until": "2035-01-01T00:00:00Z", "reason": "trade fair"})
    start = times.utc_now()
    fresh.database.move_clock(datetime.timedelta(hours=2))
    for handoff in (running, breached):
        funnel.make_move(fresh.sales, handoff, "resume")
    funnel.make_move(fresh.sales, paused, "pause", {"until": "2035-01-01T00:00:00Z", "reason": "trade fair"})
    before = {handoff["id"]: clock_of(fresh, handoff) for handoff in (running, paused, met)}
    assert "clocks_changed" not in fresh.admin.change(path, {"target": "PT12H"})
    assert clock_of(fresh, running) | {"wall_seconds": 0} == before[running["id"]] | {"wall_seconds": 0}, "not told to"
    assert apply(fresh.admin, path, {"target": "PT48H", "warn_at": [0.5]}) == (3, 3)
    for handoff in (running, paused):
        old, new = before[handoff["id"]], clock_of(fresh, handoff)
        assert times.seconds(old["due_at"], new["due_at"]) == 24 * 3600, "with the pause it had"
        assert (new["original_due_at"], new["state"]) == (old["original_due_at"], old["state"])
        assert (old["policy_version"], new["policy_version"]) == (2, 4)
        (event,) = told(fresh, handoff)
        assert (event["kind"], event["due_at"], event["was_due_at"]) == ("first_contact", new["due_at"], old["due_at"])
    assert clock_of(fresh, met)["due_at"] == before[met["id"]]["due_at"] and told(fresh, met) == []
    assert apply(fresh.admin, path, {"target": "PT48H"}) == (3, 0), "the new version, nothing else"
    # What is past by the new deadline is a breach like any other; what is late stays so.
    fresh.database.move_clock(datetime.timedelta(hours=6))
    assert apply(fresh.admin, path, {"target": "PT3H"}) == (3, 3)
    late = wait_until(lambda: (lambda clock: clock if clock["state"] == "breached" else None)(clock_of(fresh, running)),
                      what="the breach")
    assert times.seconds(late["started_at"], late["due_at"]) == pytest.approx(5 * 3600, abs=60)
    assert times.parse(late["breached_at"]) > times.parse(late["due_at"])
    assert times.parse(late["breached_at"]) >= start + datetime.timedelta(hours=6)
    assert clock_of(fresh, paused)["state"] == "paused", "an hour was left when it began to rest"
    types = [event["type"] for event in funnel.events_after(fresh.reader, 0) if event["data"].get("clock_id") == late["id"]]
    assert types == ["sla.changed", "sla.changed", "sla.breached"]
    assert apply(fresh.admin, path, {"target": "PT24H"}) == (1, 1), "the one that rests"
    assert clock_of(fresh, running)["state"] == "breached"
    assert times.seconds(clock_of(fresh, paused)["started_at"], clock_of(fresh, paused)["due_at"]) == 24 * 3600


def test_a_rest_that_began_after_the_new_deadline_stops_nothing(fresh):
    path = f"/v1/sla/policies/{set_policy(fresh, target='PT24H')['id']}"
    handoff = funnel.Desk(fresh).handoff_in("open")
    fresh.database.move_clock(datetime.timedelta(hours=2))
    funnel.make_move(fresh.sales, handoff, "pause", {"until": "2035-01-01T00:00:00Z", "reason": "trade fair"})
    assert apply(fresh.admin, path, {"target": "PT1H"}) == (1, 1)
    wait_until(lambda: clock_of(fresh, handoff)["state"] == "breached", what="the breach")


def test_warnings_and_steps_are_not_said_twice(fresh):
    steps = [{"at": 0.25, "to": "assignee"}, {"at": "PT1H", "to": "manager"}]
    path = f"/v1/sla/policies/{set_policy(fresh, target='PT24H', warn_at=[0.5, 0.8], escalate=steps)['id']}"
    handoff = funnel.Desk(fresh).handoff_in("open")
    types = lambda: [event["type"] for event in funnel.events_after(fresh.reader, 0) if event["type"].startswith("sla.")]
    fresh.database.move_clock(datetime.timedelta(hours=13))
    said = ["sla.warning", "sla.escalated"]
    wait_until(lambda: types() == said, what="the first of both")
    assert apply(fresh.admin, path, {"target": "PT20H"}) == (1, 1)
    said += ["sla.changed"]
    fresh.database.move_clock(datetime.timedelta(hours=17))
    said += ["sla.warning"]
    wait_until(lambda: types() == said, what="the second warning")
    fresh.database.move_clock(datetime.timedelta(hours=22))
    wait_until(lambda: types() == [*said, "sla.breached", "sla.escalated"], what="the breach and the second step")
    assert clock_of(fresh, handoff)["state"] == "breached"


def test_a_change_of_a_calendar_reaches_the_clocks_that_run_when_told(fresh):
    """The promise stays what it was when the clock started, counted by the calendar as it is now."""
    calendar, other = make_calendar(fresh.admin), make_calendar(fresh.admin)
    path = f"/v1/sla/calendars/{calendar['id']}"
    set_policy(fresh, calendar=calendar["id"], target="P1D")
    desk = funnel.Desk(fresh)
    move_to(fresh, "2030-11-29T16:45:00Z")  # Friday 17:45
    days = desk.handoff_in("open")
    set_policy(fresh, target="PT1H")
    hours = desk.handoff_in("open")
    set_policy(fresh, calendar=other["id"])
    apart = desk.handoff_in("open")
    before = {handoff["id"]: clock_of(fresh, handoff) for handoff in (days, hours, apart)}
    assert before[days["id"]]["due_at"].startswith("2030-12-02T16:4")
    assert before[hours["id"]]["due_at"].startswith("2030-12-02T08:4")
    assert apply(fresh.admin, path, {"exceptions": [{"date": "2030-12-02", "hours": []}]}) == (2, 2)
    for handoff in (days, hours):
        old, new = before[handoff["id"]], clock_of(fresh, handoff)
        assert times.seconds(old["due_at"], new["due_at"]) == 24 * 3600, "Tuesday"
        assert (new["calendar_version"], new["policy_version"]) == (2, old["policy_version"])
        assert new["original_due_at"] == old["due_at"] and told(fresh, handoff)[0]["reason"] == "calendar"
    assert clock_of(fresh, apart)["due_at"] == before[apart["id"]]["due_at"]
    assert apply(fresh.admin, path, {"exceptions": [{"date": "2031-12-02", "hours": []}]}) == (2, 2)
    assert clock_of(fresh, days)["due_at"] == before[days["id"]]["due_at"]
    # A policy that takes another calendar takes its clocks along.
    policy = funnel.policy_of(fresh.admin)
    assert apply(fresh.admin, f"/v1/sla/policies/{policy['id']}", {"target": "PT2H"}) == (3, 3)
    assert {clock_of(fresh, handoff)["calendar"] for handoff in (days, hours, apart)} == {other["id"]}


def test_a_change_that_was_left_is_finished_by_another_instance(fresh):
    """Somebody was killed after the policy was changed, before its clocks were."""
    path = f"/v1/sla/policies/{set_policy(fresh, target='PT24H')['id']}"
    handoff = funnel.Desk(fresh).handoff_in("open")
    before = clock_of(fresh, handoff)
    policy = fresh.admin.change(path, {"target": "PT48H"})
    fresh.database.execute("""
        INSERT INTO clock_change (entry_id, version, kind, actor, requested_at, progress_at, is_idle, changed, moved)
        SELECT id, version, 'policy', 'system', relais_now(), relais_now() - interval '1 minute', true, 0, 0
        FROM catalog_entry WHERE id = %s""", policy["id"])
    after = wait_until(lambda: (lambda clock: clock if clock["policy_version"] == 3 else None)(clock_of(fresh, handoff)),
                       what="the new version")
    assert times.seconds(before["due_at"], after["due_at"]) == 24 * 3600
    finished = "SELECT changed, moved FROM clock_change WHERE finished_at IS NOT NULL"
    assert wait_until(lambda: fresh.database.rows(finished), what="its end") == [(1, 1)]


def copy_handoff(service, handoff, count):
    """So many contacts, handoffs and clocks more, like these."""
    service.database.execute("""
        INSERT INTO contact SELECT (jsonb_populate_record(c, jsonb_build_object('contact_id', gen_random_uuid()))).*
        FROM contact c, generate_series(1, %s) WHERE c.contact_id = %s""", count, handoff["contact_id"])
    service.database.execute("""
        INSERT INTO handoff SELECT (jsonb_populate_record(h, jsonb_build_object('contact_id', c.contact_id,
            'handoff_id', gen_random_uuid()))).*
        FROM handoff h, contact c WHERE h.handoff_id = %s AND c.contact_id <> h.contact_id""", handoff["id"])
    service.database.execute("""
        INSERT INTO sla_clock SELECT (jsonb_populate_record(k, jsonb_build_object('contact_id', h.contact_id,
            'handoff_id', h.handoff_id, 'clock_id', gen_random_uuid()))).*
        FROM sla_clock k, handoff h WHERE k.handoff_id = %s AND h.contact_id <> k.contact_id""", handoff["id"])


def ask_in_vain(client, path, fields):
    """Somebody who gets no answer."""
    with contextlib.suppress(httpx.TransportError):
        client.patch(path, {**fields, "apply_to_running": True})


def reached(service):
    """Each clock's time and version, and how often its change was kept and told."""
    return service.database.rows("""
        SELECT count(*), min(due_at - started_at), max(due_at - started_at), count(DISTINCT policy_version),
               (SELECT count(*) FROM handoff_history WHERE kind = 'rescheduled'),
               (SELECT count(DISTINCT clock_id) FROM handoff_history WHERE kind = 'rescheduled'),
               (SELECT count(*) FROM event WHERE type = 'sla.changed')
        FROM sla_clock""")[0]


def test_many_clocks_are_reached_in_batches(fresh):
    """Also those whose contacts were merged: who runs through them all comes by every one."""
    path = f"/v1/sla/policies/{set_policy(fresh, target='PT24H')['id']}"
    handoff = funnel.Desk(fresh).handoff_in("open")
    copy_handoff(fresh, handoff, 700)
    fresh.database.execute("""
        UPDATE contact SET merged_into = %s WHERE contact_id IN (
            SELECT contact_id FROM contact WHERE contact_id <> %s ORDER BY contact_id LIMIT 100)""",
                           handoff["contact_id"], handoff["contact_id"])
    assert apply(fresh.admin, path, {"target": "PT48H"}) == (701, 701)
    days = datetime.timedelta(hours=48)
    assert reached(fresh) == (701, days, days, 1, 701, 701, 701)


def test_of_very_many_clocks_the_answer_says_how_many_are_left(fresh):
    path = f"/v1/sla/policies/{set_policy(fresh, target='PT24H')['id']}"
    copy_handoff(fresh, funnel.Desk(fresh).handoff_in("open"), 2100)
    answer = expect(fresh.admin.patch(path, {"target": "PT48H", "apply_to_running": True}), 202).json()
    assert answer["target"] == "PT48H"
    assert [answer[name] for name in ("clocks_changed", "deadlines_changed", "clocks_left")] == [2000, 2000, 101]
    finished = "SELECT changed, moved FROM clock_change WHERE finished_at IS NOT NULL"
    assert wait_until(lambda: fresh.database.rows(finished), what="the end") == [(2101, 2101)]
    days = datetime.timedelta(hours=48)
    assert reached(fresh) == (2101, days, days, 1, 2101, 2101, 2101)


@pytest.mark.concurrency
def test_a_change_reaches_each_clock_once_whoever_is_killed(make_service):
    """The instance that was asked is killed in the middle; the policy is changed once more meanwhile."""
    three = make_service(instances=3).start()
    try:
        path = f"/v1/sla/policies/{set_policy(three, target='PT24H')['id']}"
        copy_handoff(three, funnel.Desk(three).handoff_in("open"), 3000)
        asked = threading.Thread(target=ask_in_vain, args=(three.admin, path, {"target": "PT48H"}))
        asked.start()
        wait_until(lambda: three.database.value("SELECT count(*) FROM sla_clock WHERE policy_version = 3") > 0, what="a batch")
        three.servers[0].kill()
        asked.join()
        client = three.client("admin", 1)
        client.change(path, {"target": "PT96H"})
        three.database.pass_time(datetime.timedelta(seconds=11))
        wait_until(lambda: three.database.value("SELECT count(*) FROM clock_change WHERE finished_at IS NULL") == 0,
                   what="the end")
        days = datetime.timedelta(hours=48)
        assert reached(three) == (3001, days, days, 1, 3001, 3001, 3001)
        three.servers[1].stop()
        three.servers[2].stop()
    finally:
        three.end()


@pytest.mark.parametrize("flag,found", [("yes", {"/apply_to_running": "type"}), (1, {"/apply_to_running": "type"})])
def test_faults_of_reaching(service, flag, found):
    policy = funnel.policy_of(service.admin)
    assert faults(service.admin.patch(f"/v1/sla/policies/{policy['id']}", {"apply_to_running": flag})) == found
    body = {"name": "P", "kind": "acceptance", "target": "PT1H", "apply_to_running": True}
    assert faults(service.admin.post("/v1/sla/policies", body)) == {"/apply_to_running": "unknown"}
    member = funnel.make_member(service.admin)
    assert faults(service.admin.patch(f"/v1/members/{member['id']}", {"apply_to_running": True})) == \
        {"/apply_to_running": "unknown"}


# --- faults ---------------------------------------------------------------------------------------


def test_a_policy_needs_a_calendar_that_opens(fresh):
    empty = make_calendar(fresh.admin, hours={})
    policy = funnel.policy_of(fresh.admin)
    path = f"/v1/sla/policies/{policy['id']}"
    assert faults(fresh.admin.patch(path, {"calendar": empty["id"]})) == {"/calendar": "empty"}
    short = make_calendar(fresh.admin, hours={"monday": [["09:00", "09:10"]]})
    assert faults(fresh.admin.patch(path, {"calendar": short["id"], "target": "PT24H"})) == {"/target": "range"}
    assert faults(fresh.admin.patch(path, {"calendar": short["id"], "target": "P200D"})) == {"/target": "range"}
    used = make_calendar(fresh.admin)
    fresh.admin.change(path, {"calendar": used["id"]})
    answer = fresh.admin.patch(f"/v1/sla/calendars/{used['id']}", {"hours": dict.fromkeys(OFFICE, [])})
    assert faults(answer) == {"/hours": "empty"}
    expect(fresh.admin.patch(f"/v1/sla/calendars/{used['id']}", {"hours": {"monday": []}}), 200)


@pytest.mark.parametrize("fields,pointer", [
    ({"holidays": "XX"}, "/holidays"), ({"holidays": "fr"}, "/holidays"), ({"time_zone": "Europe/Mars"}, "/time_zone"),
    ({"hours": {"monday": [["18:00", "09:00"]]}}, "/hours/monday/0"),
    ({"exceptions": [{"date": "2026-02-30", "hours": []}]}, "/exceptions/0/date")])
def test_faults_of_calendars(service, fields, pointer):
    body = {"name": "K", "time_zone": "Europe/Paris", "hours": OFFICE, **fields}
    assert list(faults(service.admin.post("/v1/sla/calendars", body))) == [pointer]


# --- asking ---------------------------------------------------------------------------------------


def test_the_days_of_a_calendar(service):
    calendar = make_calendar(service.admin, holidays="FR-57", exceptions=[
        {"date": "2027-12-24", "hours": [["09:00", "12:00"]]}, {"date": "2027-12-27", "hours": []},
        {"date": "2027-12-26", "hours": [["10:00", "11:00"]]}])
    path = f"/v1/sla/calendars/{calendar['id']}/days"
    answer = service.reader.read(path, **{"from": "2027-12-23", "to": "2027-12-29"})
    assert (answer["calendar"], answer["version"], answer["time_zone"]) == (calendar["id"], 1, "Europe/Paris")
    assert [(day["date"], day["weekday"], day["open"], day["why"], day["holiday"], day["open_seconds"]) for day in
            answer["data"]] == [
        ("2027-12-23", "thursday", True, "week", None, 27000),
        ("2027-12-24", "friday", True, "exception", None, 10800),
        ("2027-12-25", "saturday", False, "holiday", "Noël", 0),
        ("2027-12-26", "sunday", True, "exception", "Saint-Étienne", 3600),
        ("2027-12-27", "monday", False, "exception", None, 0),
        ("2027-12-28", "tuesday", True, "week", None, 27000)]
    assert answer["data"][0]["hours"] == OFFICE["thursday"] and answer["data"][2]["hours"] == []
    days = service.reader.read(path)["data"]
    assert len(days) == 31 and datetime.date.fromisoformat(days[0]["date"]) >= times.utc_now().date()
    night = make_calendar(service.admin, hours=ALWAYS, time_zone="Europe/Dublin")
    answer = service.reader.read(f"/v1/sla/calendars/{night['id']}/days", **{"from": "2027-10-30", "to": "2027-11-01"})
    assert [day["open_seconds"] for day in answer["data"]] == [24 * 3600, 25 * 3600]


@pytest.mark.parametrize("parameters", [
    {"from": "2027-01-02", "to": "2027-01-02"}, {"from": "2027-01-01", "to": "2029-01-01"}, {"from": "1990-01-01"},
    {"from": "2199-01-01"}, {"from": "soon"}, {"until": "2027-01-01"}])
def test_faults_of_days(service, parameters):
    path = f"/v1/sla/calendars/{calendar_of(service.reader)['id']}/days"
    assert len(faults(service.reader.get(path, params=parameters))) == 1


def test_when_a_target_would_be_due(service):
    calendar = make_calendar(service.admin)
    path = f"/v1/sla/calendars/{calendar['id']}/preview"
    for body, due, open_seconds in (
            ({"from": "2027-11-19T16:30:00Z", "target": "PT1H"}, "2027-11-22T08:30:00.000Z", 3600),
            ({"from": "2027-11-19T16:45:00Z", "target": "P1D"}, "2027-11-22T16:45:00.000Z", 7.5 * 3600),
            ({"from": "2027-03-26T16:45:00Z", "target": "P1D"}, "2027-03-29T15:45:00.000Z", 7.5 * 3600),
            ({"from": "2027-11-19T16:45:00Z", "target": {"weekday": "tuesday", "time": "12:00"}},
             "2027-11-23T11:00:00.000Z", 10.75 * 3600)):
        answer = service.reader.write(path, body)
        assert (answer["due_at"], answer["open_seconds"]) == (due, open_seconds)
        assert answer["wall_seconds"] == times.seconds(answer["from"], due)
    answer = service.reader.write(path, {"target": "PT8H"})
    assert abs((times.parse(answer["from"]) - times.utc_now()).total_seconds()) < 60
    for body, found in (({}, {"/target": "required"}), ({"target": "P1DT2H"}, {"/target": "format"}),
                        ({"target": "PT8H", "from": "2099-01-01T00:00:00Z"}, {"/from": "range"}),
                        ({"target": "PT8000H", "from": "2030-01-01T00:00:00Z"}, {"/target": "range"}),
                        ({"target": "PT8H", "calendar": calendar["id"]}, {"/calendar": "unknown"})):
        assert faults(service.reader.post(path, body)) == found
    expect(service.reader.post("/v1/sla/calendars/0199df00-0002-7000-8000-0000000000ff/preview", {"target": "PT8H"}), 404)
    expect(service.reader.get("/v1/sla/calendars/nothing/days"), 404)
