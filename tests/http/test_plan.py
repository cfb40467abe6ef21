"""Planning: worked examples, what was left out is measured as people with pen and paper would, and a plan for every goal
that can be reached."""

import datetime
import json
import math
import random
import statistics
import zoneinfo

import pytest

import olist_oracle
import plan_oracle
from support import contract, funnel
from support.client import expect, faults
from support.server import command
from test_import import CONTACTS_MAP, DEALS_MAP, needs_olist, run_import, write_csv

STAGES = ["customers", "opportunities", "sqls", "sals", "mqls", "leads"]
STEPS = ["lead_mql", "mql_sal", "sal_sql", "sql_opportunity", "opportunity_customer"]
RATES = {"lead_mql": 0.3, "mql_sal": 0.8, "sal_sql": 0.5, "sql_opportunity": 0.5, "opportunity_customer": 0.25}
WANTED = {"customers": 48, "opportunities": 192, "sqls": 384, "sals": 768, "mqls": 960, "leads": 3200}
BODY = {"revenue_target": 120000000, "currency": "EUR", "average_deal": 1500000, "marketing_share": 0.6,
        "period": {"from": "2027-01-01", "to": "2027-04-01"}, "rates": RATES, "cycle_days": 45,
        "rep": {"hours_per_week": 30, "minutes_per_attempt": 10, "attempts_per_lead": 5}}
DAY = datetime.timedelta(days=1)


def plan(service, **changes):
    return service.reader.write("/v1/plan", {**BODY, **changes})


def expected(answer):
    return {stage: answer[stage]["expected"] for stage in STAGES}


def codes(notes):
    return {note["code"] for note in notes}


def approximately(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


# --- worked examples ------------------------------------------------------------------------------


def test_the_contracts_example(service):
    answer = plan(service)
    assert expected(answer) == approximately(WANTED)
    assert answer["visitors"] is None
    for stage in STAGES:
        assert answer[stage]["low"] <= answer[stage]["expected"] <= answer[stage]["high"]
        assert answer["per_week"][stage]["expected"] == approximately(WANTED[stage] / (90 / 7))
        assert answer["per_open_day"][stage]["high"] == approximately(answer[stage]["high"] / 64)
    # Nothing is uncertain about the customers, about leads only luck: 48 times one in 1/0.015 tries.
    assert answer["customers"]["low"] == answer["customers"]["high"] == 48
    rate = math.prod(RATES.values())
    assert answer["leads"]["high"] - answer["leads"]["low"] == pytest.approx(
        2 * 1.2816 * math.sqrt(48 * (1 - rate)) / rate, rel=0.05)
    assert answer["period"] == {"from": "2027-01-01", "to": "2027-04-01", "weeks": 90 / 7, "open_days": 64}
    assert answer["average_deal"] == {"source": "given", "amount": 1500000, "low": None, "high": None, "n": None}
    assert {step: answer["rates"][step]["rate"] for step in STEPS} == RATES
    assert {answer["rates"][step]["source"] for step in STEPS} == {"given"}
    assert answer["rates"]["visitor_lead"]["source"] == "unknown"


def test_visitors(service):
    answer = plan(service, rates={**RATES, "visitor_lead": 0.02})
    assert answer["visitors"]["expected"] == approximately(160000)
    assert answer["per_week"]["visitors"]["expected"] == approximately(160000 * 7 / 90)


def test_reps(service):
    """30 h a week over 12.8 working weeks, 50 minutes a lead."""
    each = 30 * 60 / 50 * 64 / 5
    answer = plan(service)
    assert answer["capacity"]["mqls_per_rep"] == approximately(each)
    assert answer["capacity"]["reps_needed"]["expected"] == approximately(960 / each)
    assert (answer["reps_needed"], answer["capacity_ratio"]) == (math.ceil(960 / each), None)
    assert answer["capacity"]["reps_source"] == "unknown"
    answer = plan(service, reps=1, rep={**BODY["rep"], "ramp": {"weeks": 6.4, "share": 0.5}})
    assert answer["capacity"]["mqls_per_newcomer"] == approximately(each * 0.75)
    assert answer["reps_needed"] == math.ceil(1 + (960 - each) / (each * 0.75))
    assert answer["capacity_ratio"] == approximately(each / 960)
    assert "too_few_reps" in codes(answer["warnings"])
    answer = plan(service, reps=1, rep={**BODY["rep"], "ramp": {"weeks": 20, "share": 0}})
    assert answer["reps_needed"] is None and "newcomers_come_too_late" in codes(answer["warnings"])
    answer = service.reader.write("/v1/plan", {key: value for key, value in BODY.items() if key != "rep"})
    assert answer["reps_needed"] is answer["capacity_ratio"] is answer["capacity"] is None


def test_reps_are_the_sales_team(fresh):
    for name, fields in {"Nadia": {}, "Omar": {}, "Paul": {"role": "manager"}, "Rita": {"team": "marketing"},
                         "Sam": {"active": False}}.items():
        fresh.admin.make("/v1/members", {"name": name, "team": "sales", "role": "member", **fields})
    answer = plan(fresh)
    assert (answer["capacity"]["reps"], answer["capacity"]["reps_source"]) == (2, "members")
    assert answer["capacity_ratio"] == approximately(2 * answer["capacity"]["mqls_per_rep"] / 960)


def test_the_schedule_begins_before_the_period(service):
    answer = plan(service)
    weeks = [datetime.date.fromisoformat(week["week"]) for week in answer["schedule"]]
    assert weeks[0] == datetime.date(2026, 11, 16) and weeks[-1] == datetime.date(2027, 3, 29)
    assert all(later - earlier == 7 * DAY and later.weekday() == 0 for earlier, later in zip(weeks, weeks[1:]))
    assert sum(week["customers"] for week in answer["schedule"]) == approximately(48)
    # Everybody takes 45 days: the flow is that of 90 days, over 135.
    assert sum(week["leads"]["expected"] for week in answer["schedule"]) == approximately(3200 * 135 / 90)
    assert answer["cycle"] == {"source": "given", "median_days": 45, "p95_days": 45, "n": None, "k": None, "trials": None,
                               "horizon_days": None}
    sunday = {**BODY, "cycle_days": 0}
    service.admin.change("/v1/organisation", {"week_starts_on": "sunday"})
    try:
        first = service.reader.write("/v1/plan", sunday)["schedule"][0]["week"]
    finally:
        service.admin.change("/v1/organisation", {"week_starts_on": "monday"})
    assert first == "2026-12-27"


def test_as_commitments(service):
    """Counts are rounded up, so that keeping the promise reaches the goal; quarters are promised as quarters."""
    answer = plan(service, reps=4)
    promised = {one["metric"]: one for one in answer["as_commitments"]}
    assert {metric: one["at_least"] for metric, one in promised.items()} == {
        "leads_captured": 249, "leads_delivered": 75, "acceptance_rate": 0.8, "mql_to_sql_rate": 0.4,
        "attempts_per_lead": 5, "revenue": 120000000}
    assert promised["leads_delivered"]["period"] == {"every": "week", "starts": "monday"}
    assert promised["leads_delivered"]["capacity"] == 144
    assert promised["leads_delivered"]["name"] == "75 MQL par semaine"
    assert promised["revenue"]["period"] == {"every": "quarter"}
    of_months = plan(service, period={"from": "2027-02-01", "to": "2027-04-01"})["as_commitments"][-1]
    assert (of_months["period"], of_months["at_least"]) == ({"every": "month"}, 60000000)
    of_weeks = plan(service, period={"from": "2027-02-02", "to": "2027-02-16"})["as_commitments"][-1]
    assert (of_weeks["period"]["every"], of_weeks["at_least"]) == ("week", 60000000)
    assert "revenue" not in [one["metric"] for one in plan(service, currency="CHF")["as_commitments"]]


def test_the_commitments_can_be_made(service):
    for body in plan(service, reps=4)["as_commitments"] + plan(service, period={"from": "2027-02-02", "to": "2027-02-16"})[
            "as_commitments"]:
        made = service.admin.make("/v1/sla/commitments", body)
        period = {"starts": None, **body.pop("period")}
        assert made["period"] == period
        assert {name: made[name] for name in body} == body


def test_the_commitments_are_the_next_agreements_draft_in_one_call(service):
    promised = plan(service, reps=4)["as_commitments"]
    draft = service.admin.make("/v1/sla/agreements", {
        "effective_on": str(datetime.date.today() + 40 * DAY), "commitments": promised})
    for one, wanted in zip(draft["commitments"], promised, strict=True):
        assert one["period"] == {"starts": None, **wanted["period"]}
        assert {name: one[name] for name in ("team", "name", "metric", "at_least")} == {
            name: wanted[name] for name in ("team", "name", "metric", "at_least")}
        assert one["capacity"] == wanted.get("capacity")


def test_the_same_question_the_same_answer(service):
    history = {"from": "2026-01-01", "to": "2026-07-01"}
    first = plan(service, history=history)
    assert plan(service, history=history) == first
    other = plan(service, seed=7)
    assert expected(other) == expected(first)
    assert other["leads"]["low"] != first["leads"]["low"]


def test_notes(service):
    answer = plan(service)
    assert {"interval_80", "rates_stay", "steady_flow", "given_rates_are_certain", "reps_work_mqls"} <= codes(
        answer["assumptions"])
    assert "marketing_brings_all" not in codes(answer["assumptions"])
    assert "marketing_brings_all" in codes(plan(service, marketing_share=1)["assumptions"])
    assert "period_is_over" in codes(plan(service, period={"from": "2020-01-01", "to": "2020-04-01"})["warnings"])
    today = datetime.date.today()
    soon = {"from": str(today + 3 * DAY), "to": str(today + 33 * DAY)}
    assert "begins_in_the_past" in codes(plan(service, period=soon)["warnings"])
    late = {"from": str(today + 303 * DAY), "to": str(today + 333 * DAY)}
    assert not codes(plan(service, period=late)["warnings"])


def test_a_calendars_holidays_are_left_out(service):
    """In July that is the fourteenth, when it is no weekend."""
    calendar = service.reader.read("/v1/sla/calendars")["data"][-1]["id"]
    year = datetime.date.today().year + 1
    july = [datetime.date(year, 7, day) for day in range(1, 32)]
    open_days = sum(day.weekday() < 5 and day.day != 14 for day in july)
    answer = plan(service, calendar=calendar, period={"from": f"{year}-07-01", "to": f"{year}-08-01"})
    assert answer["period"]["open_days"] == open_days
    assert answer["per_open_day"]["mqls"]["expected"] == approximately(960 / open_days)
    assert answer["capacity"]["working_weeks"] == open_days / 5
    assert "open_days_are_weekdays" not in codes(answer["assumptions"])
    assert faults(service.reader.post("/v1/plan", {**BODY, "calendar": "6f5902ac-2372-4a5c-9d5b-0123456789ab"})) == {
        "/calendar": "reference"}
    assert faults(service.reader.post("/v1/plan", {
        **BODY, "calendar": calendar, "period": {"from": "2050-01-01", "to": "2050-04-01"}})) == {"/calendar": "range"}


# --- the other way round --------------------------------------------------------------------------


def test_which_leads_fill_the_reps_there_are(fresh):
    """Twelve A2 and five D2 in a day are 1,080 and 450 in 90 days. Three reps can work 1,382."""
    desk = funnel.Desk(fresh)
    assert plan(fresh)["threshold"] is None, "nobody said how many reps there are"
    empty = plan(fresh, reps=3)["threshold"]
    assert (empty["grade"], empty["revenue"], empty["reason"]) == (None, None, "no_graded_leads")
    for state in 4 * ["won"] + 8 * ["open"]:
        desk.handoff_in(state)
    for _ in range(5):
        desk.lead(attributes={"job_title": "Stagiaire"})
    found = plan(fresh, reps=3)["threshold"]
    assert (found["grade"], found["reason"], found["reason_grade"]) == ("A2", None, None)
    assert found["capacity"] == approximately(3 * 36 * 64 / 5)
    assert found["mqls"] == approximately(1080)
    assert found["filled"] == approximately(1080 / found["capacity"])
    revenue = 1080 * 4.5 / 13 * 1500000
    assert found["revenue"]["expected"] == approximately(revenue)
    assert found["revenue"]["low"] < 0.8 * revenue and found["revenue"]["high"] > 1.2 * revenue
    grades = {one["grade"]: one for one in found["grades"]}
    assert list(grades)[:6] == ["A1", "A2", "B1", "A3", "B2", "C1"] and len(grades) == 16
    assert (grades["A2"]["handed_over"], grades["A2"]["customers"]) == (12, 4)
    assert (grades["D2"]["leads"], grades["D2"]["handed_over"], grades["D2"]["rate"]) == (approximately(450), 0, None)
    # One more rep, and sales can work all; what becomes of a D2 nobody knows.
    wide = plan(fresh, reps=4)["threshold"]
    assert (wide["grade"], wide["revenue"], wide["reason"], wide["reason_grade"]) == (
        "D2", None, "too_few_handoffs", "D2")
    assert plan(fresh, reps=1)["threshold"]["filled"] > 2, "the best grade alone is too much for one"


# --- what cannot be planned -----------------------------------------------------------------------


def test_all_faults_at_once(service):
    answer = service.reader.post("/v1/plan", {
        "revenue_target": 0, "currency": "euro", "average_deal": "much", "marketing_share": 0,
        "period": {"from": "2027-04-01", "to": "2027-01-01"}, "history": {"from": "1999-01-01", "to": "1998-01-01"},
        "rates": {"lead_mql": 0, "mql_sal": 1.5, "sal_sql": 1e-9, "lead_sql": 1}, "rep": {"hours_per_week": 500},
        "cycle_days": -1, "seed": 1.5, "surprise": 1})
    assert faults(answer) == {
        "/revenue_target": "range", "/currency": "too_long", "/average_deal": "type", "/marketing_share": "impossible",
        "/period/to": "order", "/history/from": "range", "/history/to": "order", "/rates/lead_mql": "impossible",
        "/rates/mql_sal": "range", "/rates/sal_sql": "range", "/rates/lead_sql": "unknown", "/rep/hours_per_week": "range",
        "/rep/minutes_per_attempt": "required", "/rep/attempts_per_lead": "required", "/cycle_days": "range",
        "/seed": "type", "/surprise": "unknown"}
    assert faults(service.reader.post("/v1/plan", {})) == {"/revenue_target": "required", "/period": "required"}
    far = {**BODY, "currency": "eur", "period": {"from": "2027-01-01", "to": "2047-01-01"}}
    assert faults(service.reader.post("/v1/plan", far)) == {"/currency": "format", "/period/to": "range"}


def test_without_a_history_rates_have_to_be_given(service):
    bare = {"revenue_target": 1000, "period": BODY["period"]}
    assert faults(service.reader.post("/v1/plan", bare)) == {
        **{f"/rates/{step}": "no_history" for step in STEPS}, "/average_deal": "no_history"}
    answer = service.reader.write("/v1/plan", {**bare, "average_deal": 10, "rates": RATES})
    assert answer["cycle"]["source"] == "unknown" and "cycle_unknown" in codes(answer["warnings"])
    assert sum(week["leads"]["expected"] for week in answer["schedule"]) == approximately(answer["leads"]["expected"])


def test_nothing_is_stored(service):
    tables = ("contact", "event", "catalog_entry", "idempotency_key", "stage_change")
    counts = lambda: [service.database.value(f"SELECT count(*) FROM {table}") for table in tables]  # noqa: E731
    before = counts()
    plan(service)
    assert counts() == before


# --- measured: Olist ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def olist(make_service, tmp_path_factory):
    made = make_service()
    try:
        made.start()
        directory = tmp_path_factory.mktemp("olist-plan")
        run_import(made.database, "contacts", olist_oracle.MQL_CSV, CONTACTS_MAP, directory, "--historical")
        run_import(made.database, "deals", olist_oracle.DEALS_CSV, DEALS_MAP, directory, "--historical")
        yield made
        made.stop()
    finally:
        made.end()
        made.database.drop()


def sample_of(contacts, from_stage, to_stage, start, end, is_seen=False):
    """(age, lag) of those who reached a stage in the window; with `is_seen` both must have been recorded as such."""
    now = datetime.datetime.now(datetime.timezone.utc)
    sample = []
    for contact in contacts:
        reached = contact.reached_at(from_stage)
        if reached is None or not start <= reached < end:
            continue
        if is_seen and contact.history.get(from_stage, (None, True))[1]:
            continue
        gone = contact.reached_at(to_stage)
        sample.append(((now - reached) // DAY, None if gone is None else max((gone - reached) // DAY, 0)))
    return sample


@needs_olist
@pytest.mark.parametrize("start,end", [("2017-06-01", "2018-07-01"), ("2017-10-29", "2018-03-01")])
def test_olists_rates(olist, start, end):
    """Eight thousand leads of 2017 and 2018, 842 of which became customers: nobody is too young to tell."""
    zone = zoneinfo.ZoneInfo("Europe/Paris")
    contacts = olist_oracle.import_files(olist_oracle.MQL_CSV, olist_oracle.DEALS_CSV, zone)
    bounds = [olist_oracle.instant(text, zone) for text in (start, end)]
    answer = olist.reader.write("/v1/plan", {
        "revenue_target": 84200, "average_deal": 100, "currency": "BRL", "period": {"from": "2027-01-01", "to": "2027-04-01"},
        "history": {"from": start, "to": end}})
    assert answer["history"] == {name: olist_oracle.format_instant(at) for name, at in zip(("from", "to"), bounds)}
    needed = 842
    assert answer["customers"]["expected"] == needed
    for step, (before, after) in reversed(list(zip(STEPS, zip(olist_oracle.STAGES[2:], olist_oracle.STAGES[3:])))):
        sample = sample_of(contacts, before, after, *bounds)
        wanted = plan_oracle.measured(sample)
        assert answer["rates"][step] == {name: pytest.approx(value, rel=1e-6) if isinstance(value, float) else value
                                         for name, value in wanted.items()}, step
        assert wanted["trials"] == wanted["n"]
        needed /= (wanted["k"] + 0.5) / (wanted["n"] + 1)
        stage = {"lead": "leads"}.get(before, {"opportunity": "opportunities"}.get(before, f"{before}s"))
        assert answer[stage]["expected"] == approximately(needed)
        assert answer[stage]["low"] < needed < answer[stage]["high"]
    cycle = sample_of(contacts, "lead", "customer", *bounds, is_seen=True)
    assert {name: answer["cycle"][name] for name in ("source", "median_days", "p95_days", "n", "k")} == {
        "source": "measured", "median_days": plan_oracle.days_until(cycle, 0.5),
        "p95_days": plan_oracle.days_until(cycle, 0.95), "n": len(cycle), "k": sum(lag is not None for _, lag in cycle)}
    assert sum(week["customers"] for week in answer["schedule"]) == approximately(842)
    assert "measured_rates" in codes(answer["assumptions"])


@needs_olist
def test_the_command_gives_the_same_answer(olist, tmp_path):
    body = {"revenue_target": 84200, "average_deal": 100, "period": {"from": "2027-01-01", "to": "2027-04-01"},
            "history": {"from": "2017-06-01", "to": "2018-07-01"}}
    file = tmp_path / "goal.json"
    file.write_text(json.dumps(body), encoding="utf-8")
    out, _ = command("plan", str(file), database=olist.database)
    assert json.loads(out) == olist.reader.write("/v1/plan", body)
    file.write_text(json.dumps({**body, "rates": {"lead_mql": 0}}), encoding="utf-8")
    out, err = command("plan", str(file), database=olist.database, expect=1)
    assert out == "" and "/rates/lead_mql" in err
    _, err = command("plan", str(tmp_path / "nothing.json"), database=olist.database, expect=1)
    assert "nothing.json" in err
    command("plan", database=olist.database, expect=1)  # standard input is empty
    command("plan", "a", "b", database=olist.database, expect=2)


# --- measured: people who are too young to tell ---------------------------------------------------


@pytest.fixture(scope="module")
def young(make_service, tmp_path_factory):
    """A service whose leads came in over the last 300 days, (age, lag) of each, and the amounts of the deals won."""
    made = make_service()
    directory = tmp_path_factory.mktemp("young")
    luck = random.Random(20261122)
    now = datetime.datetime.now(datetime.timezone.utc)
    leads, deals, sample, amounts = [["email", "occurred_at", "kind", "form"]], [["email", "won_at", "amount", "currency"]], [], []
    for number in range(240):
        age = luck.randrange(300)
        lag = luck.randrange(150) if luck.random() < 0.4 else None
        lag = lag if lag is not None and lag < age else None
        came = now - (age + 0.5) * DAY
        leads.append([f"p{number}@example.com", came.isoformat(), "form_submission", "guide"])
        sample.append((age, lag))
        if lag is not None:
            amounts.append(luck.randrange(50000, 400000))
            deals.append([f"p{number}@example.com", (came + (lag + 0.25) * DAY).isoformat(), amounts[-1], "EUR"])
    leads.append(["dollar@example.com", (now - 100.5 * DAY).isoformat(), "form_submission", "guide"])
    deals.append(["dollar@example.com", (now - 9 * DAY).isoformat(), 77777, "USD"])
    sample.append((100, 91))
    try:
        made.start()
        for kind, rows, fields in (("contacts", leads, ("email", "occurred_at", "kind", "form")),
                                   ("deals", deals, ("email", "won_at", "amount", "currency"))):
            run_import(made.database, kind, write_csv(directory / f"{kind}.csv", rows), {name: f"{{{name}}}" for name in fields},
                       directory, "--historical")
        yield made, sample, amounts
        made.stop()
    finally:
        made.end()
        made.database.drop()


def test_the_young_count_as_long_as_they_were_watched(young):
    made, sample, amounts = young
    wanted = plan_oracle.measured(sample)
    assert wanted["rate"] > 1.1 * wanted["k"] / wanted["n"], "the plain division would be too low"
    answer = made.reader.write("/v1/plan", {"revenue_target": 10000000, "period": {"from": "2027-01-01", "to": "2027-04-01"}})
    assert answer["rates"]["lead_mql"] == {name: pytest.approx(value, rel=1e-6) if isinstance(value, float) else value
                                           for name, value in wanted.items()}
    assert answer["rates"]["lead_mql"]["trials"] < wanted["n"]
    assert "young_cohort" in codes(answer["warnings"]) and "other_currencies" in codes(answer["warnings"])
    deal = answer["average_deal"]
    assert (deal["source"], deal["n"]) == ("measured", len(amounts))
    assert deal["amount"] == approximately(statistics.mean(amounts))
    error = statistics.stdev(amounts) / math.sqrt(len(amounts))
    assert deal["low"] == pytest.approx(deal["amount"] - 1.2816 * error, abs=0.2 * error)
    assert deal["high"] == pytest.approx(deal["amount"] + 1.2816 * error, abs=0.2 * error)
    assert answer["customers"]["expected"] == approximately(10000000 / deal["amount"])
    assert answer["cycle"]["median_days"] == plan_oracle.days_until(sample, 0.5)
    assert answer["cycle"]["p95_days"] == plan_oracle.days_until(sample, 0.95)


def test_history_is_a_window_of_days(young):
    made, sample, _ = young
    today = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Paris")).date()
    start = today - 200 * DAY
    midnight = datetime.datetime.combine(start, datetime.time(), zoneinfo.ZoneInfo("Europe/Paris"))
    answer = made.reader.write("/v1/plan", {**BODY, "rates": {**RATES, "lead_mql": None}, "history": {"from": str(start)}})
    ages = (datetime.datetime.now(datetime.timezone.utc) - midnight.astimezone(datetime.timezone.utc)) / DAY
    assert answer["rates"]["lead_mql"]["n"] in (sum(age + 0.5 < ages - shift for age, _ in sample) for shift in (0, 0.01))
    assert answer["rates"]["mql_sal"]["source"] == "given"
    nobody = {**BODY, "rates": {**RATES, "lead_mql": None}, "history": {"to": str(today - 400 * DAY)}}
    assert faults(made.reader.post("/v1/plan", nobody)) == {"/rates/lead_mql": "no_history"}


def test_who_may_ask(service):
    expect(service.nobody.post("/v1/plan", BODY), 401)
    expect(service.sales.post("/v1/plan", BODY), 403)
    assert contract.operation_of("POST", "/v1/plan").scope == "read"
