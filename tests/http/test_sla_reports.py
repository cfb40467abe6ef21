"""Reports on speed and on broken promises, recomputed here from the raw rows that the API gives."""

import csv
import datetime
import io
import random
import statistics
import zoneinfo

import pytest

from support import funnel, times
from support.client import expect, faults
from support.waiting import wait_until

HOUR = datetime.timedelta(hours=1)
PARIS = zoneinfo.ZoneInfo("Europe/Paris")
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
GROUPS = {
    "all": lambda handoff: None,
    "rep": lambda handoff: handoff["assignee"],
    "channel": lambda handoff: handoff["contact"]["channel"],
    "form": lambda handoff: handoff["trigger"]["form"],
    "purpose": lambda handoff: handoff["purpose"],
}


@pytest.fixture(scope="module")
def worked(service):
    """Three days of a small team: some quick, some slow, some never; one told late, one given to somebody else."""
    dice = random.Random(20261122)
    desks = [funnel.Desk(service), funnel.Desk(service)]
    reps = [funnel.make_member(service.admin, name=f"Rep {number}") for number in range(3)]
    policy = funnel.policy_of(service.admin)
    service.admin.change(f"/v1/sla/policies/{policy['id']}", {"target": "PT6H", "warn_at": []})
    service.admin.make("/v1/sla/policies", {"name": "verdict", "kind": "qualification", "target": "PT30H", "warn_at": []})
    open_ones = []
    for _ in range(24):
        desk = dice.choice(desks)
        _, handoff = desk.mql(context={"utm_medium": dice.choice(["cpc", "email", ""])})
        open_ones.append(handoff)
        for handoff in list(open_ones):
            step(service, dice, handoff, reps, open_ones)
        service.database.pass_time(dice.choice([0.2, 0.9, 2.5, 7]) * HOUR)
    contact = desks[0].lead(attributes=funnel.STUDENT)
    open_by_hand = service.sales.make("/v1/handoffs", {"contact_id": contact["id"], "reason": "met at a fair"})
    funnel.make_move(service.sales, open_by_hand, "assign", {"member": reps[0]["id"]})
    _, early = desks[1].mql()
    funnel.make_move(service.sales, early, "attempts")  # before it was anybody's
    service.database.pass_time(HOUR)
    funnel.make_move(service.sales, early, "accept", {"member": reps[1]["id"]})
    # What reps say about when they called; the service takes no time ahead of its machine's clock, so not through it.
    service.database.execute("UPDATE attempt SET at = date_trunc('milliseconds', logged_at - interval '1 minute'"
                             " * (get_byte(uuid_send(attempt_id), 15) % 90)) WHERE get_byte(uuid_send(attempt_id), 14) < 128")
    wait_until(lambda: service.database.value("SELECT count(*) FROM sla_clock WHERE state = 'running'"
                                              " AND due_at <= relais_now()") == 0, what="the flagger")
    return service


def step(service, dice, handoff, reps, open_ones):
    """Now and then somebody does something about it."""
    now = service.reader.read(f"/v1/handoffs/{handoff['id']}")
    what = dice.random()
    if now["assignee"] is None and what < 0.5:
        funnel.make_move(service.sales, handoff, "assign", {"member": dice.choice(reps)["id"]})
    elif now["assignee"] is not None and what < 0.15:
        funnel.make_move(service.sales, handoff, "assign", {"member": dice.choice(reps)["id"]})
    elif now["assignee"] is not None and what < 0.4:
        funnel.make_move(service.sales, handoff, "attempts")
    elif what > 0.9:
        funnel.make_move(service.sales, handoff, dice.choice(["recycle", "reject"]))
        open_ones.remove(handoff)


def report(service, name, accept=None, **parameters):
    headers = {"Accept": accept} if accept else {}
    return expect(service.reader.get(f"/v1/reports/{name}", params=parameters, headers=headers), 200)


# --- an independent look at the same things ----------------------------------------------------------


def moments_of(service, handoff):
    """(asked, taken, tried, judged): when, or None."""
    activity = handoff["trigger"]["activity_id"]
    asked = service.reader.read(f"/v1/submissions/{activity}")["received_at"] if activity else handoff["opened_at"]
    taken = min((at for at in (handoff["assigned_at"], handoff["accepted_at"]) if at), default=None)
    tried = min((attempt["at"] for attempt in handoff["attempts"]), default=None)
    judged = handoff["qualified_at"]
    if judged is None and handoff["state"] in ("recycled", "rejected"):
        judged = handoff["closed_at"]
    return asked, taken, tried, judged


def expected_times(service, handoffs, group):
    pairs = {}
    for handoff in handoffs:
        asked, taken, tried, judged = moments_of(service, handoff)
        for speed, start, end in (("routing", asked, taken), ("contact", taken, tried), ("response", asked, tried),
                                  ("verdict", handoff["opened_at"], judged)):
            if start is not None:
                seconds = times.seconds(start, end) if end else None
                pairs.setdefault((speed, group(handoff)), []).append(seconds)
    found = {}
    for key, seconds in pairs.items():
        good = [one for one in seconds if one is not None and one >= 0]
        found[key] = {
            "handoffs": len(seconds), "within_1h": sum(one <= 3600 for one in good),
            "within_24h": sum(3600 < one <= 86400 for one in good), "later": sum(one > 86400 for one in good),
            "never": seconds.count(None), "out_of_order": sum(one is not None and one < 0 for one in seconds),
            "median_seconds": pytest.approx(statistics.median(good), abs=0.001) if good else None,
            "within_1h_rate": pytest.approx(sum(one <= 3600 for one in good) / len(seconds))}
    return found


def told_times(document):
    aside = ("speed", "group", "median_open_seconds")
    return {(row["speed"], row["group"]): {name: value for name, value in row.items() if name not in aside}
            for row in document["data"]}


def handoffs_of(service):
    return service.reader.pages("/v1/handoffs", limit=1000)


@pytest.mark.parametrize("by", list(GROUPS))
def test_response_times_by(worked, by):
    document = report(worked, "response_times", by=by).json()
    expected = expected_times(worked, handoffs_of(worked), GROUPS[by])
    assert told_times(document) == expected
    assert document["by"] == by and document["study"]["never"] == 0.23


def test_the_speeds_are_kept_apart(worked):
    document = told_times(report(worked, "response_times").json())
    assert {speed for speed, _ in document} == {"routing", "contact", "response", "verdict"}
    assert document["contact", None]["out_of_order"] >= 1, "contacted before it was anybody's"
    assert sum(document["response", None][name] for name in
               ("within_1h", "within_24h", "later", "never", "out_of_order")) == len(handoffs_of(worked))
    for name in ("within_1h", "within_24h", "later", "never"):
        assert any(row[name] > 0 for row in document.values()), f"the example has some of {name}"


def test_a_part_of_the_time(worked):
    handoffs = handoffs_of(worked)
    middle = sorted(one["opened_at"] for one in handoffs)[len(handoffs) // 2]
    for period, kept in (({"to": middle}, lambda at: at < middle), ({"from": middle}, lambda at: at >= middle)):
        expected = expected_times(worked, [one for one in handoffs if kept(one["opened_at"])], GROUPS["all"])
        assert told_times(report(worked, "response_times", **period).json()) == expected
    assert faults(worked.reader.get("/v1/reports/response_times", params={"from": "2027-01-02", "to": "2027-01-01"})) == {
        "?to": "order"}


def open_windows(service, calendar, first, last):
    """The moments at which a calendar opens and closes, from its days."""
    path = f"/v1/sla/calendars/{calendar['id']}/days"
    days = service.reader.read(path, **{"from": first.date().isoformat(), "to": last.date().isoformat()})["data"]
    moment = lambda day, text: datetime.datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=PARIS)
    return [(moment(day["date"], opens), moment(day["date"], closes)) for day in days for opens, closes in day["hours"]]


def open_seconds(windows, start, end):
    return sum(max((min(end, closes) - max(start, opens)).total_seconds(), 0) for opens, closes in windows)


def test_response_times_in_open_time(worked):
    """By a calendar that is asked for, or else by that of sales; the pairs are worked out here, from its days."""
    without = report(worked, "response_times").json()
    assert without["calendar"] is None and {row["median_open_seconds"] for row in without["data"]} == {None}
    calendar = worked.reader.read("/v1/sla/calendars")["data"][-1]
    document = report(worked, "response_times", calendar=calendar["id"]).json()
    known = document["calendar"]
    assert (known["id"], known["name"], known["version"]) == (calendar["id"], calendar["name"], 1)
    pairs = {}
    for handoff in handoffs_of(worked):
        asked, taken, tried, judged = [one and times.parse(one) for one in moments_of(worked, handoff)]
        for speed, start, end in (("routing", asked, taken), ("contact", taken, tried), ("response", asked, tried),
                                  ("verdict", times.parse(handoff["opened_at"]), judged)):
            if start is not None and end is not None and start <= end:
                pairs.setdefault(speed, []).append((start, end))
    moments = [moment for speed in pairs.values() for pair in speed for moment in pair]
    windows = open_windows(worked, calendar, min(moments) - datetime.timedelta(days=2),
                           max(moments) + datetime.timedelta(days=2))
    assert times.parse(known["known_from"]) < min(moments) and max(moments) < times.parse(known["known_to"])
    expected = {speed: pytest.approx(statistics.median([open_seconds(windows, *pair) for pair in of_speed]), abs=0.002)
                for speed, of_speed in pairs.items()}
    assert {row["speed"]: row["median_open_seconds"] for row in document["data"]} == expected
    assert told_times(document) == told_times(without), "elapsed time is what it was"
    worked.admin.change("/v1/organisation", {"calendars": {"sales": calendar["id"]}})
    try:
        assert report(worked, "response_times").json() == document
    finally:
        worked.admin.change("/v1/organisation", {"calendars": None})
    for unknown in ("0199df00-0002-7000-8000-0000000000ff", "nine-to-five"):
        assert faults(worked.reader.get("/v1/reports/response_times", params={"calendar": unknown})) == {
            "?calendar": "reference"}


def test_response_times_as_csv(worked):
    lines = list(csv.DictReader(io.StringIO(report(worked, "response_times", "text/csv", by="rep").text)))
    document = report(worked, "response_times", by="rep").json()["data"]
    assert [(line["speed"], line["group"] or None, int(line["handoffs"])) for line in lines] == [
        (row["speed"], row["group"], row["handoffs"]) for row in document]


# --- breaches -----------------------------------------------------------------------------------------


def decided_clocks(service):
    return [clock for clock in service.reader.pages("/v1/sla/clocks", limit=1000) if clock["state"] in ("met", "breached")]


def holder_when_decided(service, clock):
    """Who had it when the deadline came or the promise was kept."""
    at = min(one for one in (clock["due_at"], clock["met_at"]) if one)
    handoff = service.reader.read(f"/v1/handoffs/{clock['handoff_id']}")
    holders = [entry["member"] for entry in handoff["history"] if entry["kind"] == "assigned" and entry["at"] <= at]
    return holders[-1] if holders else None


def counted(clocks, key):
    found = {}
    for clock in clocks:
        cell = found.setdefault(key(clock), {"met": 0, "breached": 0})
        cell[clock["state"]] += 1
    return found


def test_breaches_by_the_hour_of_the_week(worked):
    def cell(clock):
        local = times.parse(clock["started_at"]).astimezone(PARIS)
        return WEEKDAYS[local.weekday()], local.hour

    document = report(worked, "breaches").json()
    told = {(row["weekday"], row["hour"]): {"met": row["met"], "breached": row["breached"]} for row in document["data"]}
    assert told == counted(decided_clocks(worked), cell) and document["by"] == "weekday_hour"
    assert sum(row["breached"] for row in told.values()) > 0 and sum(row["met"] for row in told.values()) > 0
    for row in document["data"]:
        assert row["breach_rate"] == pytest.approx(row["breached"] / (row["met"] + row["breached"]))
        assert row["ci_low"] <= row["breach_rate"] <= row["ci_high"] and row["rep"] is None


@pytest.mark.parametrize("kinds", [None, "first_contact", "qualification,acceptance"])
def test_breaches_by_rep(worked, kinds):
    """Who had it when it was decided, not who has it now."""
    document = report(worked, "breaches", by="rep", **({"kind": kinds} if kinds else {})).json()
    clocks = [clock for clock in decided_clocks(worked) if kinds is None or clock["kind"] in kinds.split(",")]
    told = {row["rep"]: {"met": row["met"], "breached": row["breached"]} for row in document["data"]}
    assert told == counted(clocks, lambda clock: holder_when_decided(worked, clock))


def test_breaches_as_csv(worked):
    lines = list(csv.DictReader(io.StringIO(report(worked, "breaches", "text/csv").text)))
    assert [(line["weekday"], int(line["hour"]), int(line["breached"])) for line in lines] == [
        (row["weekday"], row["hour"], row["breached"]) for row in report(worked, "breaches").json()["data"]]
