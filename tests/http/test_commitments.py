"""Commitments: made, measured while their period runs, frozen once when it has closed; filters; what sales is excused
from. What was counted is counted again here, from what the API shows of each handoff."""

import datetime
import zoneinfo

import pytest

from support import funnel, times
from support.client import expect, faults
from support.waiting import wait_until

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
METRICS = {
    "leads_captured": 100, "leads_delivered": 50, "fit_share": 0.6, "data_quality": 0.9, "mql_to_sql_rate": 0.4,
    "contacted_in_time_rate": 0.9, "verdict_in_time_rate": 0.9, "attempts_per_lead": 3, "acceptance_rate": 0.8,
    "conversion_rate": 0.05, "revenue": 5000000, "average_deal": 1500000, "cost_per_customer": 20000,
    "cost_per_lead": 3000}
COUNTS = ("leads_captured", "leads_delivered", "revenue")


@pytest.fixture
def fresh(fresh):
    return fresh.at_noon()


def promise(client, metric, every="week", **fields):
    body = {"team": "both", "name": f"{metric} by the {every}", "metric": metric, "period": {"every": every}, **fields}
    if "at_most" not in fields:
        body.setdefault("at_least", METRICS[metric])
    return client.make("/v1/sla/commitments", body)


def standing(service, commitment):
    """The commitment in the status, which may be a second old."""
    return wait_until(lambda: next((one for one in service.reader.read("/v1/sla/status")["commitments"]
                                    if one["id"] == commitment["id"]), None), what="the commitment in the status")


def wait_standing(service, commitment, condition, what):
    return wait_until(lambda: (lambda one: one if condition(one) else None)(standing(service, commitment)), what=what)


def periods(service, commitment, **parameters):
    return service.reader.pages(f"/v1/sla/commitments/{commitment['id']}/periods", **parameters)


def behind(service, commitment, period, **parameters):
    return service.reader.pages(f"/v1/sla/commitments/{commitment['id']}/contacts", period=period, **parameters)


def added_up(service, commitment, period):
    """(numerator, denominator, pending) of a period, from the contacts behind its numbers."""
    contacts = behind(service, commitment, period["period"], limit=7)
    denominators = [one["denominator"] for one in contacts]
    whole = None if period["denominator"] is None else sum(denominators)
    assert whole is not None or set(denominators) <= {None}
    return sum(one["numerator"] for one in contacts), whole, sum(one["pending"] for one in contacts)


def local_day(at):
    return at.astimezone(PARIS).date()


# --- set-up ---------------------------------------------------------------------------------------


def test_every_metric_can_be_promised_and_read(fresh):
    made = {metric: promise(fresh.admin, metric, "month") for metric in METRICS}
    for metric, commitment in made.items():
        assert commitment["at_least"] == METRICS[metric] and commitment["at_most"] is None and commitment["active"]
        assert commitment["period"] == {"every": "month", "starts": None} and commitment["settle_days"] >= 0
        assert fresh.reader.read(f"/v1/sla/commitments/{commitment['id']}") == commitment
        one = standing(fresh, commitment)
        assert (one["target"], one["direction"], one["metric"]) == (METRICS[metric], "at_least", metric)
        assert one["actual"] == (0 if metric in COUNTS else None)
        assert one["denominator"] == (None if metric in COUNTS else 0)
    listed = fresh.reader.pages("/v1/sla/commitments", limit=5)
    assert [one["id"] for one in listed] == [one["id"] for one in reversed(made.values())]


def test_a_week_starts_as_the_organisation_says(fresh):
    fresh.admin.change("/v1/organisation", {"week_starts_on": "sunday"})
    assert promise(fresh.admin, "leads_captured")["period"] == {"every": "week", "starts": "sunday"}
    own = promise(fresh.admin, "leads_captured", period={"every": "week", "starts": "wednesday"})
    day = datetime.date.fromisoformat(standing(fresh, own)["period"])
    assert day.isoweekday() == 3 and day <= local_day(fresh.database.now()) < day + datetime.timedelta(days=7)


@pytest.mark.parametrize("change,wanted", [
    ({"at_least": None}, {"/at_least": "required"}),
    ({"at_most": 3}, {"/at_most": "not_allowed"}),
    ({"metric": "fit_share", "at_least": 60}, {"/at_least": "range"}),
    ({"metric": "happiness"}, {"/metric": "choice"}),
    ({"team": "finance"}, {"/team": "choice"}),
    ({"period": {"every": "fortnight"}}, {"/period/every": "choice"}),
    ({"period": {"every": "month", "starts": "monday"}}, {"/period/starts": "not_allowed"}),
    ({"metric": "cost_per_customer"}, {"/period/every": "not_allowed"}),
    ({"metric": "cost_per_lead"}, {"/period/every": "not_allowed"}),
    ({"filter": {"fits": [1]}}, {"/filter/fits": "unknown_operator"}),
    ({"metric": "leads_captured", "filter": {"==": [1, 1]}}, {"/filter": "not_allowed"}),
    ({"capacity": 40}, {"/capacity": "order"}),
    ({"metric": "fit_share", "at_least": 0.5, "capacity": 40}, {"/capacity": "not_allowed"}),
    ({"settle_days": 93}, {"/settle_days": "range"}),
    ({"surprise": 1}, {"/surprise": "unknown"}),
])
def test_what_makes_no_commitment(service, change, wanted):
    body = {"team": "marketing", "name": "x", "metric": "leads_delivered", "at_least": 50, "period": {"every": "week"}}
    assert faults(service.admin.post("/v1/sla/commitments", {**body, **change})) == wanted


def test_metric_and_period_stay(service):
    commitment = promise(service.admin, "fit_share")
    path = f"/v1/sla/commitments/{commitment['id']}"
    assert faults(service.admin.patch(path, {"metric": "data_quality"})) == {"/metric": "immutable"}
    assert faults(service.admin.patch(path, {"period": {"starts": "friday"}})) == {"/period": "immutable"}
    assert service.admin.change(path, {"at_least": None, "at_most": 0.5})["at_most"] == 0.5
    expect(service.marketing.patch(path, {"at_most": 0.4}), 403)
    expect(service.reader.get("/v1/sla/commitments/0199e5c0-4a10-7c31-9f02-5d6e7f809101/periods"), 404)


# --- numbers --------------------------------------------------------------------------------------


def recount(service, metric):
    """(numerator, denominator, pending) of a metric, from each handoff as the API shows it."""
    handoffs = [service.reader.read(f"/v1/handoffs/{one['id']}") for one in service.reader.pages("/v1/handoffs")]
    opened = [one for one in handoffs if one["closed_at"] is None]
    if metric in ("contacted_in_time_rate", "verdict_in_time_rate"):
        kind = "first_contact" if metric == "contacted_in_time_rate" else "qualification"
        states = [clock["state"] for one in handoffs for clock in one["clocks"] if clock["kind"] == kind]
        return (states.count("met"), states.count("met") + states.count("breached"),
                states.count("running") + states.count("paused"))
    count = len(handoffs)
    return {
        "leads_delivered": (count, None, 0),
        "fit_share": (sum(one["score"]["fit_grade"] in "AB" for one in handoffs), count, 0),
        "data_quality": (sum(one["score"]["fit_known"] == 1 and one["reason"] != "bad_data" for one in handoffs), count, 0),
        "acceptance_rate": (sum(one["accepted_at"] is not None for one in handoffs), count,
                            sum(one["accepted_at"] is None for one in opened)),
        "mql_to_sql_rate": (sum(one["qualified_at"] is not None for one in handoffs), count,
                            sum(one["qualified_at"] is None for one in opened)),
        "attempts_per_lead": (sum(len(one["attempts"]) for one in handoffs), count, len(opened)),
    }[metric]


def test_numbers_are_those_of_the_handoffs(fresh):
    fresh.admin.make("/v1/sla/policies", {"name": "verdict", "kind": "qualification", "target": "PT72H"})
    made = {metric: promise(fresh.admin, metric, "month") for metric in METRICS}
    desk = funnel.Desk(fresh)
    for state in ("open", "accepted", "contacted", "qualified", "opportunity", "won", "lost", "recycled", "rejected"):
        desk.handoff_in(state)
    handoff = desk.handoff_in("opportunity")
    funnel.make_move(fresh.sales, handoff, "win")
    demo = funnel.Desk(fresh, kind="demo", journey_step="decision")
    student = demo.lead(attributes=funnel.STUDENT)
    funnel.make_move(fresh.sales, fresh.reader.read(f"/v1/handoffs/{student['handoff']['id']}"), "reject",
                     {"reason": "bad_data"})
    desk.lead(attributes={"company_size": 12})  # a lead, and no more
    for metric, commitment in made.items():
        (now,) = periods(fresh, commitment)
        counted = (now["numerator"], now["denominator"], now["pending"])
        if metric == "leads_captured":
            assert counted == (12, None, 0)
        elif metric == "conversion_rate":
            assert counted == (2, 12, 0)
        elif metric == "revenue":
            assert counted == (1500000, None, 0)
        elif metric == "average_deal":
            assert counted == (1500000, 1, 0), "one was won without an amount"
        elif metric in ("cost_per_customer", "cost_per_lead"):
            assert counted == (0, 0, 0) and now["actual"] is None, "nobody said what was spent"
        else:
            assert counted == recount(fresh, metric), metric
        actual = counted[0] if metric in COUNTS else counted[0] / counted[1] if counted[1] else None
        assert now["actual"] == (actual and pytest.approx(actual))
        assert now["frozen_at"] is None and now["restated"] is None and now["version"] == 1
        assert added_up(fresh, commitment, now) == counted, metric
        assert wait_standing(fresh, commitment, lambda one: one["numerator"] == counted[0], metric)["actual"] == now["actual"]


def test_contacts_that_were_merged_are_one_lead(fresh):
    captured = promise(fresh.admin, "leads_captured", "day")
    desk = funnel.Desk(fresh)
    first, second, _ = (desk.lead() for _ in range(3))
    assert periods(fresh, captured)[0]["actual"] == 3
    fresh.marketing.write(f"/v1/contacts/{first['id']}/merge", {"duplicate_of": second["id"]})
    assert periods(fresh, captured)[0]["actual"] == 2


def test_a_filter_reads_what_was_kept_of_the_opening(fresh):
    everyone = promise(fresh.admin, "leads_delivered", "month")
    large = promise(fresh.admin, "leads_delivered", "month",
                    filter={"and": [{">=": [{"var": "company_size"}, 1000]}, {"==": [{"var": "score.fit_grade"}, "A"]}]})
    desk, demo = funnel.Desk(fresh), funnel.Desk(fresh, kind="demo", journey_step="decision")
    contact, _ = desk.mql()
    demo.lead(attributes=funnel.STUDENT)
    wait_standing(fresh, large, lambda one: one["actual"] == 1, "the large companies")
    assert standing(fresh, everyone)["actual"] == 2
    demos = promise(fresh.admin, "leads_delivered", "month", filter={"==": [{"var": "offer_kind"}, "demo"]})
    wait_standing(fresh, demos, lambda one: one["actual"] == 1, "what came before the filter")
    fresh.marketing.change(f"/v1/contacts/{contact['id']}", {"attributes": {"company_size": 5}})
    expect(fresh.admin.delete(f"/v1/contacts/{contact['id']}"), 200)
    assert periods(fresh, large)[0]["actual"] == 1, "what happens later changes nothing"


# --- periods --------------------------------------------------------------------------------------


def commitment_events(service):
    return [event for event in funnel.events_after(service.reader, 0) if event["type"].startswith("commitment.")]


def move_to_local(service, day, hour=0, minute=1):
    """The clock of the tests to a moment of a day in Paris."""
    service.database.move_clock_to(datetime.datetime.combine(day, datetime.time(hour, minute), PARIS))


def test_a_closed_period_is_frozen_once_whatever_comes_later(make_service):
    """Three instances, one event a period; a definition that is changed counts from the next period on; what is
    learnt later is shown beside what was found."""
    service = make_service(instances=3)
    try:
        # Today's noon, be it past: what is remembered of this day must not be ahead of the machine's clock.
        today = local_day(service.start().database.now())
        move_to_local(service, today, 12)
        captured = promise(service.admin, "leads_captured", "day", at_least=2)
        contacted = promise(service.admin, "contacted_in_time_rate", "day", at_least=0.9, settle_days=1)
        desk = funnel.Desk(service)
        funnel.make_move(service.sales, desk.mql()[1], "attempts")
        desk.mql()
        service.admin.change(f"/v1/sla/commitments/{captured['id']}", {"at_least": 3})
        assert standing(service, captured)["target"] == 2, "a target never changes inside a period"
        move_to_local(service, today + datetime.timedelta(days=1))
        (event,) = wait_until(lambda: commitment_events(service), what="the first event")
        assert event["type"] == "commitment.met" and event["contact_id"] is None
        assert event["data"]["commitment_id"] == captured["id"]
        assert (event["data"]["target"], event["data"]["actual"]) == (2, 2)
        now, frozen = periods(service, captured)
        assert (frozen["period"], frozen["state"], frozen["actual"], frozen["version"]) == (str(today), "met", 2, 1)
        assert (now["target"], now["actual"], now["state"], now["version"]) == (3, 0, "on_track", 2)
        assert frozen["period_end"] == now["period_start"] and event["data"]["period_start"] == frozen["period_start"]
        assert periods(service, contacted)[1]["frozen_at"] is None, "it settles for a day"
        # The other handoff's clock runs out, two days later both are judged.
        move_to_local(service, today + datetime.timedelta(days=2))
        wait_until(lambda: len(commitment_events(service)) == 3, what="the events")
        frozen = periods(service, contacted)[-1]
        assert (frozen["numerator"], frozen["denominator"], frozen["pending"]) == (1, 2, 0)
        assert (frozen["actual"], frozen["state"]) == (0.5, "missed")
        # Somebody remembers a lead of the first day.
        service.admin.write("/v1/activities", {"email": funnel.address(), "kind": "form_submission", "historical": True,
                                               "form": desk.form["slug"],
                                               "occurred_at": periods(service, captured)[-1]["period_start"]})
        late = periods(service, captured)[-1]
        assert len(behind(service, captured, late["period"])) == 2 and added_up(service, captured, late) == (2, None, 0)
        assert (late["actual"], late["state"], late["numerator"]) == (2, "met", 2)
        assert late["restated"]["actual"] == 3 and late["restated"]["at"] > late["frozen_at"]
        assert [period["restated"] for period in periods(service, captured)[:-1]] == [None, None]
        move_to_local(service, today + datetime.timedelta(days=2), 1)
        counted = service.database.rows("SELECT commitment_id, period_start, count(*) FROM commitment_period GROUP BY 1, 2")
        assert len(counted) == 3 and {row[2] for row in counted} == {1} and len(commitment_events(service)) == 3
        service.stop()
    finally:
        service.end()
        service.database.drop()


def test_a_danger_is_told_once_whoever_is_killed(make_service):
    """While there is time, and once a period: it may come and go."""
    service = make_service(instances=3)
    try:
        service.start().at_noon()
        today = local_day(service.database.now())
        captured = promise(service.admin, "leads_captured", "day", at_least=50)
        easy = promise(service.admin, "leads_captured", "day", at_least=0)
        danger = "SELECT count(*) FROM commitment_alert WHERE in_danger_since IS NOT NULL"
        wait_until(lambda: service.database.value(danger) == 1, what="the danger")
        service.servers[1].kill()
        assert commitment_events(service) == [], "not before it has lasted"
        service.database.pass_time(datetime.timedelta(minutes=61))
        (event,) = wait_until(lambda: commitment_events(service), what="the event")
        assert event["type"] == "commitment.at_risk" and event["contact_id"] is None
        assert event["data"] == {"commitment_id": captured["id"], "period_start": standing(service, captured)["period_start"],
                                 "target": 50, "actual": 0, "expected_by_now": event["data"]["expected_by_now"],
                                 "outlook": "behind"}
        assert 20 < event["data"]["expected_by_now"] < 30
        (told,) = service.reader.read("/v1/events", after=0, types="commitment.at_risk")["data"]
        assert told == event
        move_to_local(service, today + datetime.timedelta(days=1))
        wait_until(lambda: len(commitment_events(service)) == 3, what="the verdicts")
        assert sorted(one["type"] for one in commitment_events(service)) == [
            "commitment.at_risk", "commitment.met", "commitment.missed"]
        assert periods(service, easy)[-1]["state"] == "met"
        service.stop()
    finally:
        service.end()
        service.database.drop()


def test_periods_of_before_are_history(fresh):
    desk = funnel.Desk(fresh)
    for moment in ("2026-02-28T22:59:59Z", "2026-02-28T23:00:00Z", "2026-03-31T21:59:59Z", "2026-03-31T22:00:00Z"):
        fresh.admin.write("/v1/activities", {"email": funnel.address(), "kind": "form_submission", "historical": True,
                                             "form": desk.form["slug"], "occurred_at": moment})
    captured = promise(fresh.admin, "leads_captured", "month", at_least=2)
    found = {one["period"]: one for one in periods(fresh, captured, **{"from": "2026-01-01", "to": "2026-05-01"})}
    assert list(found) == ["2026-04-01", "2026-03-01", "2026-02-01", "2026-01-01"]
    assert [one["actual"] for one in found.values()] == [1, 2, 1, 0]
    assert [one["state"] for one in found.values()] == ["missed", "met", "missed", "missed"]
    assert all(one["frozen_at"] is None for one in found.values())
    assert found["2026-03-01"]["period_start"] == "2026-02-28T23:00:00.000Z"
    assert found["2026-03-01"]["period_end"] == "2026-03-31T22:00:00.000Z", "the clocks went forward"
    assert [one["period"] for one in periods(fresh, captured, limit=1, **{"from": "2026-03-31", "to": "2026-04-02"})] == \
        ["2026-04-01", "2026-03-01"]


def test_a_day_at_midnight_twice(fresh):
    """In Havana the clocks go back from 01:00 to 00:00: the day begins at the first midnight."""
    fresh.admin.change("/v1/organisation", {"time_zone": "America/Havana"})
    captured = promise(fresh.admin, "leads_captured", "day", at_least=1)
    days = {one["period"]: one for one in periods(fresh, captured, **{"from": "2026-10-31", "to": "2026-11-03"})}
    assert days["2026-11-01"]["period_start"] == "2026-11-01T04:00:00.000Z"
    assert days["2026-11-01"]["period_end"] == "2026-11-02T05:00:00.000Z" == days["2026-11-02"]["period_start"]
    assert days["2026-10-31"]["period_end"] == days["2026-11-01"]["period_start"]


def test_what_is_switched_off_is_neither_shown_nor_judged(fresh):
    captured = promise(fresh.admin, "leads_captured", "day", at_least=0)
    path = f"/v1/sla/commitments/{captured['id']}"
    today = local_day(fresh.database.now())
    fresh.admin.change(path, {"active": False})
    wait_until(lambda: fresh.reader.read("/v1/sla/status")["commitments"] == [], what="the status")
    move_to_local(fresh, today + datetime.timedelta(days=2))
    fresh.admin.change(path, {"active": True})
    other = promise(fresh.admin, "leads_captured", "day", at_least=0)
    move_to_local(fresh, today + datetime.timedelta(days=4))
    # Made on the third day, judged for it and the next one; switched on in the third, judged from the fourth on.
    wait_until(lambda: len(commitment_events(fresh)) == 3, what="three events")
    assert [event["data"]["commitment_id"] for event in commitment_events(fresh)].count(captured["id"]) == 1
    assert [one["period"] for one in periods(fresh, other) if one["frozen_at"]] == \
        [str(today + datetime.timedelta(days=days)) for days in (3, 2)]


def test_what_a_period_consists_of(fresh):
    """The Monday batch: by channel, offer and fit, and on Wednesday what became of it."""
    batch = promise(fresh.admin, "leads_delivered", "day", at_least=2)
    desk, demo = funnel.Desk(fresh), funnel.Desk(fresh, kind="demo", journey_step="decision")
    _, first = desk.mql(context={"utm_source": "linkedin", "utm_medium": "social"})
    desk.mql()
    demo.lead(attributes=funnel.STUDENT)
    for move in ("accept", "attempts", "qualify"):
        first = funnel.make_move(fresh.sales, first, move)
    day = periods(fresh, batch)[0]["period"]
    one = fresh.reader.read(f"/v1/sla/commitments/{batch['id']}/periods/{day}")
    assert one["actual"] == 3 and one["period"] == day
    parts = {part: {item["key"]: item["count"] for item in items} for part, items in one["composition"].items()}
    assert parts["offer"] == {desk.offer["slug"]: 2, demo.offer["slug"]: 1}
    assert parts["outcome"] == {"qualified": 1, "open": 2} and sum(parts["channel"].values()) == 3
    assert parts["channel"][fresh.reader.read(f"/v1/contacts/{first['contact_id']}")["channel"]] == 1
    assert parts["fit"]["A"] == 2 and sum(parts["grade"].values()) == 3
    assert one["mql_to_sql"] == {"mqls": 3, "sqls": 1, "rate": 1 / 3}
    moment = fresh.reader.read(f"/v1/sla/commitments/{batch['id']}/periods/{one['period_start']}")
    assert moment["period"] == day
    path = f"/v1/sla/commitments/{batch['id']}/periods"
    expect(fresh.reader.get(f"{path}/2099-01-01"), 404)
    assert faults(fresh.reader.get(f"{path}/soon")) == {"?start": "format"}
    (contact,) = [one for one in behind(fresh, batch, day) if one["handoff_id"] == first["id"]]
    assert (contact["id"], contact["stage"]) == (first["contact_id"], "sql")


def test_of_persons_that_are_erased_the_numbers_stay(fresh):
    """Frozen and not, with the list behind them; nobody's address is in it."""
    today = local_day(fresh.database.now())
    made = [promise(fresh.admin, metric, "day", settle_days=0) for metric in ("leads_captured", "fit_share")]
    made.append(promise(fresh.admin, "leads_delivered", "day", filter={">": [{"var": "company_size"}, 1000]}))
    contact, _ = funnel.Desk(fresh).mql()
    wait_standing(fresh, made[2], lambda one: one["actual"] == 1, "the filter")
    before = [periods(fresh, one)[0]["numerator"] for one in made]
    expect(fresh.admin.delete(f"/v1/contacts/{contact['id']}"), 200)
    assert [periods(fresh, one)[0]["numerator"] for one in made] == before == [1, 1, 1]
    move_to_local(fresh, today + datetime.timedelta(days=1))
    wait_until(lambda: len(commitment_events(fresh)) == 3, what="the events")
    for one in made:
        frozen = periods(fresh, one)[-1]
        assert frozen["numerator"] == 1 and frozen["restated"] is None
        (behind_it,) = behind(fresh, one, frozen["period"])
        assert (behind_it["id"], behind_it["email"]) == (contact["id"], None)


# --- the pace -------------------------------------------------------------------------------------


def test_expected_by_now_never_falls_and_ends_at_the_target(fresh):
    """A working week in Paris: nothing is expected of Saturday and Sunday."""
    captured = promise(fresh.admin, "leads_captured", period={"every": "week", "starts": "monday"}, at_least=50)
    today = local_day(fresh.database.now())
    monday = today + datetime.timedelta(days=7 - today.weekday())
    expected = []
    for day, hour in [(0, 0), (0, 12), (1, 0), (2, 12), (4, 0), (5, 0), (6, 23)]:
        move_to_local(fresh, monday + datetime.timedelta(days=day), hour)
        (now, *_) = periods(fresh, captured)
        assert now["period"] == str(monday)
        expected.append(now["expected_by_now"])
    assert expected == [0, 5, 10, 25, 40, 50, 50]
    one = wait_standing(fresh, captured, lambda one: one["expected_by_now"] == 50, "the pace")
    assert one["state"] == "behind" and one["must_act"] == "both"


def test_the_pace_by_a_calendar(fresh):
    """Open on Monday and Tuesday morning: by then half of it is expected, and everything is by noon."""
    calendar = fresh.admin.make("/v1/sla/calendars", {
        "name": "mornings", "time_zone": "Europe/Paris", "hours": {"monday": [["08:00", "12:00"]], "tuesday": [["08:00", "12:00"]]}})
    captured = promise(fresh.admin, "leads_captured", period={"every": "week", "starts": "monday"}, at_least=40,
                       calendar=calendar["id"])
    assert captured["calendar"] == calendar["id"]
    today = local_day(fresh.database.now())
    monday = today + datetime.timedelta(days=7 - today.weekday())
    expected = []
    for day, hour in [(0, 7), (0, 9), (0, 13), (1, 11), (1, 12), (4, 9)]:
        move_to_local(fresh, monday + datetime.timedelta(days=day), hour)
        expected.append(periods(fresh, captured)[0]["expected_by_now"])
    assert expected == [0, 5, 20, 35, 40, 40]
    unknown = {"team": "sales", "name": "x", "metric": "leads_captured", "at_least": 1, "period": {"every": "week"},
               "calendar": "0199e5c0-4a10-7c31-9f02-5d6e7f809101"}
    assert faults(fresh.admin.post("/v1/sla/commitments", unknown)) == {"/calendar": "reference"}


# --- capacity -------------------------------------------------------------------------------------


def test_what_is_delivered_beyond_the_capacity_is_excused(fresh):
    agreed = promise(fresh.admin, "leads_delivered", "month", at_least=1, capacity=2)
    contacted = promise(fresh.admin, "contacted_in_time_rate", "month")
    desk = funnel.Desk(fresh)
    handoffs = [desk.mql()[1] for _ in range(4)]
    one = wait_standing(fresh, agreed, lambda one: one["capacity"]["excused"] == 2, "the excuses")
    assert one["capacity"] == {"agreed": 2, "delivered": 4, "surplus": 2, "excused": 2} and one["actual"] == 4
    clocks = [funnel.clocks_of(fresh.reader, handoff) for handoff in handoffs]
    assert [[clock["state"] for clock in mine] for mine in clocks] == [["running"], ["running"], ["excused"], ["excused"]]
    assert {clock["end_reason"] for mine in clocks[2:] for clock in mine} == {"capacity"}
    assert periods(fresh, contacted)[0]["pending"] == 2, "what is excused is not measured"
    cancelled = [event for event in funnel.events_after(fresh.reader, 0) if event["type"] == "sla.cancelled"]
    assert {event["data"]["handoff_id"] for event in cancelled} == {handoff["id"] for handoff in handoffs[2:]}
    funnel.make_move(fresh.sales, handoffs[3], "attempts")
    assert funnel.clocks_of(fresh.reader, handoffs[3])[0]["state"] == "excused"


def test_a_pause_ends_with_the_clocks_that_are_excused(fresh):
    """By the calendar, when they count by one; the handoff, its history and the feed agree."""
    hours = {day: [["00:00", "24:00"]] for day in
             ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")}
    calendar = fresh.admin.make("/v1/sla/calendars", {"name": "K", "time_zone": "Europe/Paris", "hours": hours})
    policy = funnel.policy_of(fresh.admin)
    fresh.admin.change(f"/v1/sla/policies/{policy['id']}", {"calendar": calendar["id"], "target": "PT24H"})
    desk = funnel.Desk(fresh)
    kept, handoff = desk.mql()[1], desk.mql()[1]
    for one in (kept, handoff):
        funnel.make_move(fresh.sales, one, "pause", {"until": "2035-01-01T00:00:00Z", "reason": "trade fair"})
    fresh.database.pass_time(datetime.timedelta(minutes=10))
    agreed = promise(fresh.admin, "leads_delivered", "month", at_least=1, capacity=1)
    wait_standing(fresh, agreed, lambda one: one["capacity"]["excused"] == 1, "the excuse")
    found = fresh.reader.read(f"/v1/handoffs/{handoff['id']}")
    (clock,), (entry,) = found["clocks"], [one for one in found["history"] if one["kind"] == "paused"]
    assert (clock["state"], clock["end_reason"], found["paused_until"]) == ("excused", "capacity", None)
    assert (entry["ended_at"], entry["ended_by"]) == (clock["ended_at"], "system")
    paused = times.seconds(entry["at"], entry["ended_at"])
    assert paused >= 600 and clock["paused_seconds"] == pytest.approx(paused, abs=0.002)
    assert times.seconds(clock["original_due_at"], clock["due_at"]) == pytest.approx(paused, abs=0.002)
    events = [event["data"]["reason"] for event in funnel.events_after(fresh.reader, 0, types="handoff.activity")
              if event["data"]["handoff_id"] == handoff["id"]]
    assert events == ["paused", "resumed"]
    assert fresh.reader.read(f"/v1/handoffs/{kept['id']}")["clocks"][0]["state"] == "paused"
