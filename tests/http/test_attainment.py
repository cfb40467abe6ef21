"""The attainment report: what was promised, by team and member, added up again here from the handoffs and deals themselves."""

import csv
import datetime
import io

import pytest

from support import funnel
from support.client import expect, faults
from support.waiting import wait_until
from test_commitments import PARIS, commitment_events, local_day, move_to_local, promise

FORMULA = '=HYPERLINK("http://evil.example/","pay")'
WORK = ("acceptance_rate", "mql_to_sql_rate", "attempts_per_lead", "contacted_in_time_rate", "revenue", "average_deal")
SUMS = ("revenue", "leads_captured", "leads_delivered")


def report(service, accept=None, **parameters):
    headers = {"Accept": accept} if accept else {}
    return expect(service.reader.get("/v1/reports/attainment", params=parameters, headers=headers), 200)


def rows_of(service, **parameters):
    return report(service, **parameters).json()["data"]


def rows_about(service, commitment, level, **parameters):
    return [row for row in rows_of(service, **parameters) if (row["commitment"], row["level"]) == (commitment["id"], level)]


def begin_a_day(service):
    """A morning, so that the day is not over in the middle of the test."""
    today = local_day(service.database.now()) + datetime.timedelta(days=1)
    move_to_local(service, today, 9)
    return today


def own_numbers(row):
    return row["own_numerator"], row["own_denominator"], row["own_pending"]


# --- an independent look at the same things ----------------------------------------------------------


def parts_of(handoff, metric):
    """(numerator, denominator, pending) that one handoff adds to a metric."""
    is_open = handoff["closed_at"] is None
    if metric == "acceptance_rate":
        return handoff["accepted_at"] is not None, 1, is_open and handoff["accepted_at"] is None
    if metric == "mql_to_sql_rate":
        return handoff["qualified_at"] is not None, 1, is_open and handoff["qualified_at"] is None
    if metric == "attempts_per_lead":
        return len(handoff["attempts"]), 1, is_open
    if metric == "contacted_in_time_rate":
        states = [clock["state"] for clock in handoff["clocks"] if clock["kind"] == "first_contact"]
        return states.count("met"), states.count("met") + states.count("breached"), states.count("running")
    won = handoff["deal"]["amount"] if handoff["state"] == "won" and handoff["deal"] else None
    return won or 0, int(won is not None), 0


def expected_parts(service, metric):
    """By member: what everybody's handoffs come to. Whoever has none of it is not there."""
    found = {}
    for one in service.reader.pages("/v1/handoffs"):
        handoff = service.reader.read(f"/v1/handoffs/{one['id']}")
        part = parts_of(handoff, metric)
        if part != (0, 0, 0):
            found[handoff["assignee"]] = tuple(map(sum, zip(found.get(handoff["assignee"], (0, 0, 0)), part)))
    return {member: (part[0], None if metric in SUMS else part[1], part[2]) for member, part in found.items()}


def total(parts):
    """Of a team: all members' parts."""
    parts = list(parts)
    denominators = [part[1] for part in parts]
    return (sum(part[0] for part in parts), None if None in denominators else sum(denominators),
            sum(part[2] for part in parts))


@pytest.fixture(scope="module")
def team(service):
    """A day of two reps, with their manager and somebody of marketing; one handoff is nobody's. Then two days later:
    the day is frozen for all promises but one."""
    today = begin_a_day(service)
    people = {"ada": funnel.make_member(service.admin, name="Ada Rep"),
              "bob": funnel.make_member(service.admin, name=FORMULA),
              "eve": funnel.make_member(service.admin, name="Eve Idle"),
              "mia": funnel.make_member(service.admin, name="Mia, \"Marketing\"", team="marketing"),
              "gone": funnel.make_member(service.admin, name="Gil Gone")}
    made = {metric: promise(service.admin, metric, "day", team="sales", settle_days=0) for metric in WORK}
    made["leads_captured"] = promise(service.admin, "leads_captured", "day", team="marketing", at_least=4, settle_days=0)
    made["fit_share"] = promise(service.admin, "fit_share", "day", at_least=0.5, settle_days=0)
    made["late"] = promise(service.admin, "acceptance_rate", "day", team="sales", at_least=0.5, settle_days=30)
    made["few"] = promise(service.admin, "attempts_per_lead", "day", team="sales", at_most=4, settle_days=0)
    desk = funnel.Desk(service)
    for member, ways in (("ada", ["won", "qualified", "accepted"]), ("bob", ["contacted", "won"]), ("gone", ["rejected"])):
        for state in ways:
            _, handoff = desk.mql()
            handoff = funnel.make_move(service.sales, handoff, "assign", {"member": people[member]["id"]})
            for move in funnel.WAYS[state]:
                body = {"amount": 900000 if member == "ada" else 350000, "currency": "EUR"} if move == "win" else None
                handoff = funnel.make_move(service.sales, handoff, move, body)
    desk.mql()
    service.admin.change(f"/v1/members/{people['gone']['id']}", {"active": False})
    move_to_local(service, today + datetime.timedelta(days=2))
    wait_until(lambda: len(commitment_events(service)) == 2 * (len(made) - 1), what="the days to be frozen")
    return service, today, people, made


def of_the_day(team):
    day = team[1]
    return {"from": str(day), "to": str(day + datetime.timedelta(days=1))}


@pytest.mark.parametrize("metric", WORK)
def test_everybodys_part_is_that_of_their_handoffs(team, metric):
    service, today, people, made = team
    expected = expected_parts(service, metric)
    if metric == "contacted_in_time_rate":  # frozen a day after: who was not contacted by then was late
        assert sum(part[2] for part in expected.values()) == 0
    rows = rows_about(service, made[metric], "member", **of_the_day(team))
    told = {row["member"]: own_numbers(row) for row in rows}
    there = {member["id"] for name, member in people.items() if name in ("ada", "bob", "eve")}
    assert {member: part for member, part in told.items() if member in expected} == expected
    assert set(told) == there | set(expected), "the team, and who had a part in it"
    assert all(part[0] == 0 for member, part in told.items() if member not in expected)
    (whole,) = rows_about(service, made[metric], "team", **of_the_day(team))
    assert (whole["numerator"], whole["denominator"], whole["pending"]) == total(expected.values())
    assert (whole["target"], whole["period"], whole["version"]) == (made[metric]["at_least"], str(today), 1)
    actual = whole["numerator"] if metric in SUMS else whole["numerator"] / whole["denominator"]
    assert whole["actual"] == pytest.approx(actual) and whole["attainment"] == pytest.approx(actual / whole["target"])
    assert whole["state"] == ("met" if actual >= whole["target"] else "missed") and whole["frozen_at"] is not None
    for row in rows:
        assert {name: row[name] for name in ("actual", "attainment", "state", "frozen_at", "target")} == \
            {name: whole[name] for name in ("actual", "attainment", "state", "frozen_at", "target")}
        part, base = (0, "numerator") if metric in SUMS else (1, "denominator")
        assert row["own_share"] == pytest.approx(own_numbers(row)[part] / whole[base])
        if metric in SUMS:
            assert row["own_attainment"] is None and row["own_actual"] == row["own_numerator"]
        elif row["own_denominator"] > 0:
            assert row["own_actual"] == pytest.approx(row["own_numerator"] / row["own_denominator"])
            assert row["own_attainment"] == pytest.approx(row["own_actual"] / whole["target"])
        else:
            assert row["own_actual"] is None and row["own_attainment"] is None


def test_what_marketing_brings_is_nobodys_alone(team):
    service, _, people, made = team
    (whole,) = rows_about(service, made["leads_captured"], "team", **of_the_day(team))
    assert (whole["actual"], whole["attainment"], whole["state"]) == (7, 7 / 4, "met")
    (row,) = rows_about(service, made["leads_captured"], "member", **of_the_day(team))
    assert (row["member"], row["member_team"], row["attainment"]) == (people["mia"]["id"], "marketing", 7 / 4)
    assert own_numbers(row) == (None, None, None) and row["own_share"] is None
    both = {row["member"] for row in rows_about(service, made["fit_share"], "member", **of_the_day(team))}
    assert both == {people[name]["id"] for name in ("ada", "bob", "eve", "mia")}, "it is the promise of both teams"


def test_less_is_better(team):
    service, _, _, made = team
    (whole,) = rows_about(service, made["few"], "team", **of_the_day(team))
    assert whole["direction"] == "at_most" and whole["state"] == "met"
    assert whole["attainment"] == pytest.approx(4 / whole["actual"])


def test_what_still_settles_is_counted_as_it_is(team):
    service, today, _, made = team
    days = rows_about(service, made["late"], "team")
    assert [row["period"] for row in days] == [str(today + datetime.timedelta(days=number)) for number in range(3)]
    assert [row["frozen_at"] for row in days] == [None] * 3 and [row["denominator"] for row in days] == [7, 0, 0]
    assert days[1]["actual"] is None and days[1]["attainment"] is None
    assert rows_about(service, made["late"], "team", **{"from": str(today + datetime.timedelta(days=5))}) == []


def test_as_a_table(team):
    """RFC 4180, for a program that pays: a name is no formula, and every row says all."""
    service, _, people, _ = team
    answer = report(service, "text/csv", **of_the_day(team))
    assert answer.headers["Content-Type"].startswith("text/csv") and "\r\n" in answer.text
    lines = list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))
    document = rows_of(service, **of_the_day(team))
    assert len(lines) == len(document) and list(lines[0]) == list(document[0])
    for line, row in zip(lines, document):
        for name, value in row.items():
            if value == FORMULA:
                assert line[name] == "'" + FORMULA
            elif isinstance(value, (int, float)):
                assert float(line[name]) == value
            else:
                assert line[name] == (value or "")
    assert {line["member_name"] for line in lines} >= {"'" + FORMULA, people["mia"]["name"]}
    texts = report(service, "application/x-ndjson", **of_the_day(team)).text.splitlines()
    assert len(texts) == len(document)


def test_what_is_no_time(team):
    service, today, _, _ = team
    assert faults(service.reader.get("/v1/reports/attainment", params={"from": "2026-12-02", "to": "2026-12-01"})) == {
        "?to": "order"}
    begins = (today.replace(day=1) - datetime.timedelta(days=1)).replace(day=1)
    assert report(service).json()["from"] == datetime.datetime.combine(
        begins, datetime.time(), PARIS).astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert rows_of(service, **{"from": "2019-01-01", "to": "2020-01-01"}) == []
    expect(service.client("submitter").get("/v1/reports/attainment"), 403)


def test_what_comes_later_stands_beside_it(fresh):
    """A handoff that changes hands, a merge and a lead remembered late, all after the day was frozen: restated, and the
    frozen numbers stay."""
    today = begin_a_day(fresh)
    ada, bob = (funnel.make_member(fresh.admin, name=name) for name in ("Ada", "Bob"))
    accepted = promise(fresh.admin, "acceptance_rate", "day", team="sales", at_least=0.5, settle_days=0)
    captured = promise(fresh.admin, "leads_captured", "day", team="marketing", at_least=2, settle_days=0)
    desk = funnel.Desk(fresh)
    first, handoff = desk.mql()
    funnel.make_move(fresh.sales, handoff, "accept", {"member": ada["id"]})
    second, other = desk.mql()
    funnel.make_move(fresh.sales, other, "assign", {"member": bob["id"]})
    move_to_local(fresh, today + datetime.timedelta(days=1))
    wait_until(lambda: len(commitment_events(fresh)) == 2, what="the day to be frozen")
    period = {"from": str(today), "to": str(today + datetime.timedelta(days=1))}
    before = {(row["commitment"], row["member"]): row for row in rows_of(fresh, **period)}
    assert all(row["restated_numerator"] is row["own_restated_numerator"] is None for row in before.values())
    funnel.make_move(fresh.sales, handoff, "assign", {"member": bob["id"]})
    funnel.make_move(fresh.sales, other, "accept")
    fresh.marketing.write(f"/v1/contacts/{first['id']}/merge", {"duplicate_of": second["id"]})
    after = {(row["commitment"], row["member"]): row for row in rows_of(fresh, **period)}
    kept = [name for name in next(iter(after.values())) if "restated" not in name]
    assert set(after) == set(before)
    for key, row in after.items():
        assert {name: row[name] for name in kept} == {name: before[key][name] for name in kept}, "frozen is frozen"
    whole = after[captured["id"], None]
    assert (whole["numerator"], whole["restated_numerator"], whole["restated_attainment"]) == (2, 1, 0.5)
    whole = after[accepted["id"], None]
    assert (whole["actual"], whole["restated_actual"], whole["restated_attainment"]) == (0.5, 1, 2)
    own = {member["name"]: after[accepted["id"], member["id"]] for member in (ada, bob)}
    assert (own["Ada"]["own_numerator"], own["Ada"]["own_restated_numerator"]) == (1, 0)
    assert (own["Ada"]["own_restated_actual"], own["Ada"]["own_restated_denominator"]) == (None, 0)
    assert (own["Bob"]["own_numerator"], own["Bob"]["own_denominator"]) == (0, 1)
    assert (own["Bob"]["own_restated_numerator"], own["Bob"]["own_restated_denominator"]) == (2, 2)
