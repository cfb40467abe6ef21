"""Visits and money that went in: recorded by key, listed, and counted as what a customer costs."""

import datetime

import pytest

from support import funnel
from support.client import expect, faults


@pytest.fixture(scope="module")
def campaign(service):
    return service.admin.make("/v1/campaigns", {"slug": "autumn", "name": "Autumn", "starts_on": "2026-09-01",
                                                "ends_on": "2026-12-01"})


def without_times(items):
    return [{name: value for name, value in item.items() if name != "updated_at"} for item in items]


def test_traffic_is_replaced_by_its_key(fresh):
    one = {"date": "2026-11-16", "channel": "paid_search", "visits": 1840, "clicks": 312}
    for visits in (1840, 1840, 1900):
        assert fresh.marketing.write("/v1/traffic", {**one, "visits": visits}) == {"stored": 1}
    (kept,) = fresh.reader.read("/v1/traffic")["data"]
    assert without_times([kept]) == [{**one, "visits": 1900, "campaign": None}]
    fresh.marketing.write("/v1/traffic", {**one, "visits": 1900})
    assert fresh.reader.read("/v1/traffic")["data"] == [kept], "the same again changes nothing"


def test_a_batch_is_stored_or_refused_as_a_whole(service, campaign):
    days = [{"date": f"2026-10-{day:02}", "channel": channel, "campaign": campaign["slug"], "visits": day}
            for day in range(1, 31) for channel in ("email", "social")]
    assert service.marketing.write("/v1/traffic", {"traffic": [*days, {**days[0], "visits": 77}]}) == {"stored": 61}
    listed = service.reader.pages("/v1/traffic", campaign="autumn", limit=7)
    assert [item["date"] for item in listed] == sorted((day["date"] for day in days), reverse=True)
    assert len({(item["date"], item["channel"]) for item in listed}) == 60
    some = service.reader.pages("/v1/traffic", channel="email", to="2026-10-03", **{"from": "2026-10-01"})
    assert [(item["date"], item["visits"]) for item in some] == [("2026-10-02", 2), ("2026-10-01", 77)], "the last twin"
    refused = service.marketing.post("/v1/traffic", {"traffic": [
        {"date": "2026-09-01", "channel": "email", "visits": 1}, {"date": "2026-09-31", "channel": "E mail", "visits": -1},
        {"date": "2026-09-02", "channel": "email", "visits": 1, "campaign": "nobody"}]})
    assert faults(refused) == {"/traffic/1/date": "format", "/traffic/1/channel": "format", "/traffic/1/visits": "range",
                               "/traffic/2/campaign": "unknown_reference"}
    assert service.reader.read("/v1/traffic", to="2026-10-01")["data"] == []


@pytest.mark.parametrize("change,wanted", [
    ({"month": "2026-13"}, {"/month": "format"}), ({"channel": None}, {"/channel": "required"}),
    ({"campaign": "autumn"}, {"/channel": "required"}), ({"currency": "eur"}, {"/currency": "format"}),
    ({"amount": 1.5}, {"/amount": "type"}), ({"surprise": 1}, {"/surprise": "unknown"})])
def test_what_is_no_spend(service, campaign, change, wanted):
    body = {"month": "2026-11", "channel": "paid_search", "amount": 250000, "currency": "EUR"}
    assert faults(service.marketing.post("/v1/spend", {**body, **change})) == wanted


def test_lists_that_are_none(service):
    assert faults(service.marketing.post("/v1/spend", {"spend": []})) == {"/spend": "too_few"}
    one = {"month": "2026-11", "channel": "email", "amount": 1, "currency": "EUR"}
    assert faults(service.marketing.post("/v1/spend", {"spend": [one] * 1001})) == {"/spend": "too_many"}
    assert faults(service.marketing.post("/v1/spend", {"spend": one})) == {"/spend": "type"}
    expect(service.reader.post("/v1/spend", one), 403)


def test_what_a_customer_costs(fresh):
    """The money of the months of a quarter, by the contacts that became customers in it; other currencies apart."""
    fresh.admin.make("/v1/campaigns", {"slug": "autumn", "name": "Autumn", "starts_on": "2026-09-01", "ends_on": "2026-12-01"})
    made = fresh.admin.make("/v1/sla/commitments", {"team": "marketing", "name": "cost", "metric": "cost_per_customer",
                                                    "at_most": 20000, "period": {"every": "quarter"}})
    path = f"/v1/sla/commitments/{made['id']}"
    first = datetime.date.fromisoformat(fresh.reader.read(f"{path}/periods")["data"][0]["period"])
    months = [(first + datetime.timedelta(days=days)).strftime("%Y-%m") for days in (0, 70, 100)]
    desk = funnel.Desk(fresh)
    contacts = [desk.lead() for _ in range(3)]
    for contact in contacts[:2]:
        fresh.sales.make(f"/v1/contacts/{contact['id']}/deals", {"kind": "new", "amount": 900000, "currency": "EUR"})
    fresh.marketing.write("/v1/spend", {"spend": [
        {"month": months[0], "channel": "paid_search", "amount": 30000, "currency": "EUR"},
        {"month": months[1], "campaign": "autumn", "amount": 12001, "currency": "EUR"},
        {"month": months[1], "channel": "paid_search", "amount": 99, "currency": "USD"},
        {"month": months[2], "channel": "paid_search", "amount": 7, "currency": "EUR"}]})
    (period,) = fresh.reader.read(f"{path}/periods")["data"]
    assert (period["numerator"], period["denominator"], period["actual"]) == (42001, 2, 21000.5)
    assert {one["id"] for one in fresh.reader.pages(f"{path}/contacts", period=str(first))} == \
        {contact["id"] for contact in contacts[:2]}
    lead = fresh.admin.make("/v1/sla/commitments", {"team": "marketing", "name": "lead", "metric": "cost_per_lead",
                                                    "at_most": 14000, "period": {"every": "quarter"}})
    (period,) = fresh.reader.read(f"/v1/sla/commitments/{lead['id']}/periods")["data"]
    assert (period["numerator"], period["denominator"], period["actual"]) == (42001, 3, pytest.approx(42001 / 3))
    fresh.marketing.write(f"/v1/contacts/{contacts[0]['id']}/merge", {"duplicate_of": contacts[1]["id"]})
    (period,) = fresh.reader.read(f"{path}/periods")["data"]
    assert (period["numerator"], period["denominator"]) == (42001, 1), "they were one person, who is a customer once"
    listed = fresh.reader.pages("/v1/spend", limit=1)
    assert [item["month"] for item in listed] == [months[2], months[1], months[1], months[0]]
    assert {item["campaign"] for item in fresh.reader.read("/v1/spend", campaign="autumn")["data"]} == {"autumn"}
