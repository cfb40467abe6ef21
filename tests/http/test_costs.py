"""What leads and customers cost, and how many visitors became leads: in the report of channels and in plans, against sums
worked out here."""

import csv
import datetime
import io

import pytest

from support import funnel
from support.client import expect


def outlay_of(row):
    return {name: row[name] for name in ("leads", "customers", "visits", "visit_lead_rate", "cost_per_lead",
                                         "cost_per_customer")}


def share_of_month(month, since, until):
    """How much of a month lies in a time, by days."""
    first = datetime.date.fromisoformat(f"{month}-01")
    behind = (first + datetime.timedelta(days=32)).replace(day=1)
    days = (min(behind, until) - max(first, since)).days
    return max(days, 0) / (behind - first).days


@pytest.fixture(scope="module")
def outlaid(service):
    """Leads of three channels on some days of October and November, two of them customers; visits and money."""
    service.admin.make("/v1/campaigns", {"slug": "autumn", "name": "Autumn", "starts_on": "2024-09-01", "ends_on": "2024-12-01"})
    kind = {"kind": "form_submission", "form": funnel.make_form(service.admin)["slug"], "historical": True}
    leads = [("paid_search", "2024-10-05"), ("paid_search", "2024-10-31"), ("paid_search", "2024-11-01"),
             ("email", "2024-10-09"), ("social", "2024-11-03"), (None, "2024-10-10")]
    emails = [funnel.address() for _ in leads]
    service.admin.write("/v1/activities", {"activities": [
        {**kind, "email": email, "channel": channel, "occurred_at": f"{day}T10:00:00+01:00"}
        for email, (channel, day) in zip(emails, leads)]})
    for email in emails[:1] + emails[3:4]:
        contact = funnel.contact_of(service.admin, email)
        service.sales.make(f"/v1/contacts/{contact['id']}/deals", {"kind": "new", "amount": 100, "currency": "EUR"})
    service.marketing.write("/v1/traffic", {"traffic": [
        {"date": "2024-10-05", "channel": "paid_search", "visits": 30},
        {"date": "2024-10-05", "channel": "paid_search", "campaign": "autumn", "visits": 10},
        {"date": "2024-10-31", "channel": "paid_search", "visits": 40},
        {"date": "2024-11-01", "channel": "paid_search", "visits": 80},
        {"date": "2024-10-07", "channel": "referral", "visits": 5},
        {"date": "2024-11-03", "channel": "social", "visits": 2}]})
    spent = [{"month": "2024-10", "channel": "paid_search", "amount": 31000, "currency": "EUR"},
             {"month": "2024-11", "channel": "paid_search", "amount": 60000, "currency": "EUR"},
             {"month": "2024-10", "channel": "paid_search", "amount": 700, "currency": "USD"},
             {"month": "2024-10", "channel": "display", "amount": 9000, "currency": "EUR"},
             {"month": "2024-10", "channel": "email", "amount": 0, "currency": "EUR"},
             {"month": "2024-10", "channel": "social", "amount": 500, "currency": "CHF"},
             {"month": "2024-10", "campaign": "autumn", "amount": 11000, "currency": "EUR"}]
    service.marketing.write("/v1/spend", {"spend": spent})
    return service, leads, spent


def channels_of(service, **parameters):
    document = service.reader.read("/v1/reports/channels", **parameters)
    return {row["channel"]: row for row in document["data"]}, document["total"]


def test_what_channels_cost(outlaid):
    """October, whole: by what a pencil says; null where nothing is known, and never 0."""
    service, _, _ = outlaid
    rows, total = channels_of(service, to="2024-11-01", **{"from": "2024-10-01"})
    assert outlay_of(rows["paid_search"]) == {"leads": 2, "customers": 1, "visits": 80, "visit_lead_rate": 2 / 80,
                                              "cost_per_lead": 15500, "cost_per_customer": 31000}
    assert rows["paid_search"]["spend"] == [{"amount": 31000, "currency": "EUR"}, {"amount": 700, "currency": "USD"}]
    nothing = {"visits": None, "visit_lead_rate": None, "cost_per_lead": None, "cost_per_customer": None}
    assert outlay_of(rows["email"]) == {"leads": 1, "customers": 1, **nothing, "cost_per_lead": 0, "cost_per_customer": 0}
    assert outlay_of(rows[None]) == {"leads": 1, "customers": 0, **nothing} and rows[None]["spend"] == []
    # Money and visits that brought nobody are there, behind those who brought somebody.
    assert outlay_of(rows["display"]) == {"leads": 0, "customers": 0, **nothing}
    assert rows["display"]["spend"] == [{"amount": 9000, "currency": "EUR"}] and rows["display"]["rate"] is None
    assert outlay_of(rows["referral"]) == {"leads": 0, "customers": 0, **nothing, "visits": 5, "visit_lead_rate": 0}
    assert rows["social"]["cost_per_lead"] is None, "nothing is known in the organisation's currency"
    assert [row["leads"] > 0 for row in sorted(rows.values(), key=lambda row: row["rank"])] == [True] * 3 + [False] * 3
    assert total == {"leads": 4, "customers": 2, "visits": 85, "visit_lead_rate": 4 / 85, "spend": [
        {"amount": 500, "currency": "CHF"}, {"amount": 51000, "currency": "EUR"}, {"amount": 700, "currency": "USD"}],
        "cost_per_lead": 51000 / 4, "cost_per_customer": 51000 / 2}


@pytest.mark.parametrize("since,until", [("2024-10-20", "2024-11-11"), ("2024-10-31", "2024-11-01"), ("2024-09-01", "2027-01-01"),
                                         ("2024-11-02", "2024-12-24"), ("2024-12-01", "2025-02-01")])
def test_a_month_costs_by_its_days(outlaid, since, until):
    service, leads, spent = outlaid
    bounds = [datetime.date.fromisoformat(day) for day in (since, until)]
    rows, total = channels_of(service, to=until, **{"from": since})
    for channel in {channel for channel, _ in leads if channel} | {"display"}:
        amounts = [item["amount"] * share_of_month(item["month"], *bounds) for item in spent
                   if item.get("channel") == channel and item["currency"] == "EUR" and share_of_month(item["month"], *bounds)]
        count = sum(one == channel and since <= day < until for one, day in leads)
        row = rows.get(channel, {"cost_per_lead": None, "leads": 0})
        assert row["leads"] == count
        assert row["cost_per_lead"] == (round(sum(amounts)) / count if amounts and count else None)
    assert total["leads"] == sum(since <= day < until for _, day in leads)


def test_without_outlays_there_are_none(fresh):
    funnel.Desk(fresh).lead()
    rows, total = channels_of(fresh)
    assert [row["cost_per_lead"] for row in rows.values()] == [None] == [row["visits"] for row in rows.values()]
    assert total == {"leads": 1, "customers": 0, "visits": None, "visit_lead_rate": None, "spend": [], "cost_per_lead": None,
                     "cost_per_customer": None}


def test_costs_as_a_table(outlaid):
    service, _, _ = outlaid
    period = {"from": "2024-10-01", "to": "2024-11-01"}
    text = expect(service.reader.get("/v1/reports/channels", params=period, headers={"Accept": "text/csv"}), 200).text
    lines = {line["channel"]: line for line in csv.DictReader(io.StringIO(text))}
    assert [lines["paid_search"][name] for name in ("visits", "visit_lead_rate", "spend", "cost_per_lead", "cost_per_customer")] \
        == ["80", "0.025", "31000 EUR; 700 USD", "15500", "31000"]
    assert [lines["referral"][name] for name in ("visits", "spend", "cost_per_lead")] == ["5", "", ""]


def test_a_plan_measures_its_visitors(outlaid):
    """Of the days and channels whose visits are known: 4 of the 6 leads, 167 visits."""
    service, _, _ = outlaid
    body = {"revenue_target": 100000, "currency": "EUR", "average_deal": 1000, "cycle_days": 30,
            "period": {"from": "2027-01-01", "to": "2027-02-01"}, "history": {"from": "2024-10-01", "to": "2024-11-10"},
            "rates": {"lead_mql": 0.5, "mql_sal": 1, "sal_sql": 1, "sql_opportunity": 1, "opportunity_customer": 1}}
    answer = service.reader.write("/v1/plan", body)
    measured = answer["rates"]["visitor_lead"]
    assert (measured["source"], measured["n"], measured["k"], measured["trials"]) == ("measured", 167, 4, 167)
    mean = 4.5 / 168
    assert measured["rate"] == pytest.approx(mean) and measured["low"] < mean < measured["high"]
    assert answer["visitors"]["expected"] == pytest.approx(answer["leads"]["expected"] / mean)
    assert answer["visitors"]["low"] < answer["visitors"]["expected"] < answer["visitors"]["high"]
    given = service.reader.write("/v1/plan", {**body, "rates": {**body["rates"], "visitor_lead": 0.1}})
    assert (given["rates"]["visitor_lead"]["source"], given["visitors"]["expected"]) == ("given", pytest.approx(2000))
    nothing = service.reader.write("/v1/plan", {**body, "history": {"from": "2024-01-01", "to": "2024-02-01"}})
    assert nothing["rates"]["visitor_lead"]["source"] == "unknown" and nothing["visitors"] is None
