"""Lists: pages, cursors, filters, order, the Link header, and leads and reports as tables."""

import csv
import io
import json

import pytest

from support import contract, funnel, times
from support.client import expect, faults

COUNT = 23
# Lists whose items hold what changes by time alone: interest that fades, a clock that runs.
TELL_THE_TIME = {"listContacts", "listLeads", "listHandoffs", "listSlaClocks"}


@pytest.fixture(scope="module")
def crowd(service):
    """COUNT leads of several channels and fits, oldest first."""
    desk = funnel.Desk(service)
    campaign = service.admin.make("/v1/campaigns", {"slug": "autumn", "name": "Autumn", "starts_on": "2026-09-01",
                                                    "ends_on": "2026-12-01"})
    in_campaign = funnel.make_form(service.admin, open=True, offer=desk.offer["slug"], campaign=campaign["slug"])
    contexts = [{"utm_source": "google", "utm_medium": "cpc"}, {"utm_source": "news", "utm_medium": "email"}, {}]
    made = []
    for number in range(COUNT):
        email = funnel.address(f"n{number}")
        attributes = [funnel.VP, funnel.STUDENT, {"company": f'Comma, "quoted"\nand {number}'}][number % 3]
        form = in_campaign if number % 5 == 0 else desk.form
        for _ in range(1 + number % 2):
            funnel.submit(service.nobody, form["slug"], email, attributes, context=contexts[number // 3 % 3])
        made.append(funnel.contact_of(service.reader, email))
    return made


def ids(things):
    return [thing["id"] for thing in things]


def lists():
    """Every operation of the contract that answers pages."""
    return [operation for operation in contract.operations()
            if operation.method == "GET" and "cursor" in operation.query_parameters() and "{" not in operation.path]


@pytest.mark.parametrize("operation", lists(), ids=lambda operation: operation.id)
def test_every_list_knows_limit_and_cursor(service, crowd, operation):
    whole = service.admin.read(operation.path, limit=1000)
    assert whole["next_cursor"] is None
    assert len(service.admin.read(operation.path)["data"]) == min(50, len(whole["data"]))
    if operation.id not in TELL_THE_TIME:
        assert service.admin.pages(operation.path, limit=3) == whole["data"]
    assert ids_or_versions(service.admin.pages(operation.path, limit=3)) == ids_or_versions(whole["data"])
    for limit in (0, -1, 1001, "x", "", "1.5", 10**30):
        assert expect(service.admin.get(operation.path, params={"limit": limit}), 422)
    for cursor in ("x", "AAAA", "....", "A" * 600):
        expect(service.admin.get(operation.path, params={"cursor": cursor}), 422)
    answer = expect(service.admin.get(operation.path, params={"surprise": 1}), 422)
    assert "surprise" in answer.text
    expect(service.admin.get(f"{operation.path}?limit=1&limit=2"), 422)


def ids_or_versions(things):
    return [thing.get("id", thing.get("version")) for thing in things]


def test_newest_first(service, crowd):
    assert ids(service.reader.pages("/v1/leads", limit=4)) == ids(reversed(crowd))
    assert ids(service.reader.pages("/v1/contacts", limit=5)) == ids(reversed(crowd))


def test_the_link_header_leads_on(service, crowd):
    found, path = [], "/v1/leads?limit=7&order=newest"
    while path:
        answer = expect(service.reader.get(path), 200)
        found += answer.json()["data"]
        link = answer.headers.get("Link")
        assert (link is None) == (answer.json()["next_cursor"] is None)
        path = None
        if link:
            target, relation = link.split(";")
            assert relation.strip() == 'rel="next"'
            path = target.strip().removeprefix("<").removesuffix(">")
    assert ids(found) == ids(reversed(crowd))


def test_a_cursor_is_bound_to_its_filters_and_order(service, crowd):
    cursor = service.reader.read("/v1/leads", limit=2, order="hottest")["next_cursor"]
    service.reader.read("/v1/leads", limit=5, order="hottest", cursor=cursor)
    for other in ({"order": "newest"}, {"order": "hottest", "stage": "mql"}, {}):
        assert expect(service.reader.get("/v1/leads", params={"cursor": cursor, **other}), 422)
    for path in ("/v1/contacts", "/v1/handoffs", "/v1/submissions"):
        expect(service.reader.get(path, params={"cursor": cursor}), 422)
    changed = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    expect(service.reader.get("/v1/leads", params={"cursor": changed, "order": "hottest"}), 422)


def test_what_is_added_meanwhile_does_not_shift_pages(fresh):
    desk = funnel.Desk(fresh)
    before = [desk.lead()["id"] for _ in range(6)]
    first = fresh.reader.read("/v1/leads", limit=3)
    for _ in range(4):
        desk.lead()
    rest = fresh.reader.read("/v1/leads", limit=3, cursor=first["next_cursor"])
    assert ids(first["data"] + rest["data"]) == before[::-1]


def test_hottest_first(service, crowd):
    leads = service.reader.pages("/v1/leads", order="hottest", limit=4)
    assert sorted(ids(leads)) == sorted(ids(crowd))
    now = leads[0]["score"]["as_of"]
    heat = [lead["score"]["interest"] * 2 ** (times.seconds(now, lead["score"]["as_of"]) / (30 * 86400)) for lead in leads]
    assert all(first >= second - 2e-6 for first, second in zip(heat, heat[1:])), "interest is shown to the nearest millionth"


def test_filters(service, crowd):
    def found(**filters):
        return service.reader.pages("/v1/leads", limit=6, **filters)

    now = {contact["id"]: contact for contact in service.reader.pages("/v1/leads", limit=1000)}
    everyone = list(now.values())

    def wanted(test):
        return [contact["id"] for contact in everyone if test(contact)]

    assert ids(found(stage="mql")) == wanted(lambda contact: contact["stage"] == "mql") != []
    assert ids(found(stage="lead,mql")) == ids(everyone)
    assert found(stage="customer") == []
    assert ids(found(decision="review,nurture")) == \
        wanted(lambda contact: contact["score"]["decision"] in ("review", "nurture"))
    for grade in ("A1", "A2", "B2", "C1", "D4"):
        assert ids(found(min_grade=grade)) == wanted(
            lambda contact: contact["score"]["fit_grade"] <= grade[0] and contact["score"]["interest_grade"] <= int(grade[1]))
    assert ids(found(channel="paid_search")) == wanted(lambda contact: contact["channel"] == "paid_search") != []
    assert set(ids(found(campaign="autumn"))) == set(ids(crowd[::5]))
    assert ids(found(assignee="none", stage="mql")) == wanted(lambda contact: contact["stage"] == "mql")
    assert ids(found(stage="mql", order="hottest", min_grade="A2", channel="email")) != [] or \
        wanted(lambda contact: contact["stage"] == "mql" and contact["channel"] == "email") == []
    for bad in ({"stage": "vip"}, {"stage": ""}, {"min_grade": "E1"}, {"min_grade": "A5"}, {"decision": "maybe"},
                {"order": "coldest"}, {"channel": "Not A Slug"}, {"assignee": "everybody"}, {"stage": "lead,,mql"}):
        expect(service.reader.get("/v1/leads", params=bad), 422)
    found = faults(service.reader.get("/v1/leads", params={"stage": "vip", "order": "coldest", "x": "y"}))
    assert {pointer.lstrip("/?") for pointer in found} == {"stage", "order", "x"}


def test_reached_is_ever(fresh):
    desk = funnel.Desk(fresh)
    back = desk.handoff_in("recycled")["contact_id"]
    won = desk.handoff_in("won")["contact_id"]
    only = desk.lead()["id"]
    assert set(ids(fresh.reader.pages("/v1/leads", reached="mql"))) == {back, won}
    assert set(ids(fresh.reader.pages("/v1/leads", reached="sql"))) == {won}
    assert set(ids(fresh.reader.pages("/v1/leads", reached="lead"))) == {back, won, only}
    assert set(ids(fresh.reader.pages("/v1/leads", stage="lead"))) == {back, only}


def test_leads_begin_at_lead(fresh):
    desk = funnel.Desk(fresh)
    lead = desk.lead()
    fresh.marketing.make("/v1/contacts", {"email": funnel.address()})
    rejected = desk.handoff_in("rejected")["contact_id"]
    assert set(ids(fresh.reader.pages("/v1/leads"))) >= {lead["id"]}
    assert len(fresh.reader.pages("/v1/contacts")) == 3
    assert set(ids(fresh.reader.pages("/v1/leads", stage="disqualified"))) == {rejected}


def test_a_snapshot_says_where_the_feed_is(service, crowd):
    after = int(service.reader.get("/v1/leads").headers["X-Relais-Events-After"])
    assert 0 <= after <= service.reader.read("/v1/events")["last"]


def test_leads_as_csv(service, crowd):
    answer = expect(service.reader.get("/v1/leads?limit=1000", headers={"Accept": "text/csv"}), 200)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    leads = service.reader.read("/v1/leads", limit=1000)["data"]
    assert [row["id"] for row in rows] == ids(leads)
    assert [row["email"] for row in rows] == [lead["email"] for lead in leads]
    company = [name for name in rows[0] if name.endswith("company")][0]
    assert [row[company] for row in rows] == [lead["attributes"].get("company", "") for lead in leads]
    page = expect(service.reader.get("/v1/leads?limit=5", headers={"Accept": "text/csv"}), 200)
    assert len(list(csv.DictReader(io.StringIO(page.text)))) == 5 and 'rel="next"' in page.headers["Link"]


def test_leads_as_ndjson(service, crowd):
    answer = expect(service.reader.get("/v1/leads?limit=1000", headers={"Accept": "application/x-ndjson"}), 200)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert ids(lines) == ids(service.reader.read("/v1/leads", limit=1000)["data"])
    for line in lines:
        contract.check_value(contract.schema_named("Contact"), line, "a line")


@pytest.mark.parametrize("accept,media_type", [
    ("*/*", "application/json"), ("application/*", "application/json"), ("text/*", "text/csv"),
    ("text/csv;q=0.5, application/json", "application/json"), ("text/csv, application/json;q=0.9", "text/csv"),
    ("image/png", "application/json")])
def test_accept(service, accept, media_type):
    answer = service.reader.get("/v1/leads", headers={"Accept": accept})
    if answer.status_code != 406:
        assert expect(answer, 200).headers["content-type"].split(";")[0] == media_type


@pytest.mark.parametrize("report", ["channels", "funnel"])
def test_a_report_whose_period_ends_before_it_begins_is_refused(service, report):
    answer = service.reader.get(f"/v1/reports/{report}", params={"from": "2026-01-02", "to": "2026-01-01"})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["?to"]


@pytest.mark.parametrize("report,rows", [("channels", "data"), ("funnel", "stages")])
def test_reports_as_tables(service, crowd, report, rows):
    path = f"/v1/reports/{report}"
    whole = service.reader.read(path)[rows]
    table = list(csv.DictReader(io.StringIO(service.reader.get(path, headers={"Accept": "text/csv"}).text)))
    assert len(table) == len(whole)
    lines = [json.loads(line) for line in
             service.reader.get(path, headers={"Accept": "application/x-ndjson"}).text.splitlines()]
    assert lines == whole
