"""Importing: the Olist files end to end, against answers worked out from the files alone; repeats; rejects."""

import collections
import csv
import json

import pytest

import olist_oracle
from support import funnel
from support.content import content
from support.server import command

CONTACTS_MAP = {"email": "{mql_id}@example.com", "occurred_at": "{first_contact_date}", "kind": "form_submission",
                "form": "{landing_page_id}", "channel": "{origin}",
                "attributes.segment": "{business_segment}"}  # a column of the deals: left out here, with a word
DEALS_MAP = {"email": "{mql_id}@example.com", "won_at": "{won_date}", "currency": "BRL", "assignee": "{sr_id}",
             "qualified_by": "{sdr_id}"}
needs_olist = pytest.mark.skipif(not olist_oracle.MQL_CSV.exists(), reason="../shared/data/olist is not here")


def run_import(database, kind, file, mapping, directory, *options, expect=0):
    map_path = directory / f"{kind}-map.json"
    map_path.write_text(json.dumps(mapping), encoding="utf-8")
    return command("import", kind, str(file), "--map", str(map_path), "--rejects", str(directory / f"{kind}.rejects.csv"),
                   *options, database=database, expect=expect, cwd=directory,
                   timeout=300)


def write_csv(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows(rows)
    return path


def rejects_in(directory):
    """The rows of the one file of rejects."""
    (path,) = [path for path in directory.iterdir() if "reject" in path.name]
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


# --- Olist ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def olist(service, tmp_path_factory):
    """Both files imported while the server runs."""
    directory = tmp_path_factory.mktemp("olist")
    run_import(service.database, "contacts", olist_oracle.MQL_CSV, CONTACTS_MAP, directory, "--historical")
    run_import(service.database, "deals", olist_oracle.DEALS_CSV, DEALS_MAP, directory, "--historical")
    return service, directory


def compare(answered, wanted, where):
    """Equal, numbers to 1e-12."""
    if isinstance(wanted, dict):
        assert answered.keys() == wanted.keys(), where
        for key in wanted:
            compare(answered[key], wanted[key], f"{where}/{key}")
    elif isinstance(wanted, list):
        assert len(answered) == len(wanted), where
        for index, value in enumerate(wanted):
            compare(answered[index], value, f"{where}/{index}")
    elif isinstance(wanted, float):
        assert answered == pytest.approx(wanted, rel=1e-12, abs=1e-12), where
    else:
        assert answered == wanted, where


RANGES = [(None, None), ("2018-01-01", "2018-03-01"), ("2017-10-29", "2017-10-30"), ("2018-05-31", None),
          (None, "2017-08-01"), ("2030-01-01", "2031-01-01"), ("2018-03-25T02:30:00+02:00", "2018-04-01")]


NO_OUTLAYS = {"visits": None, "visit_lead_rate": None, "spend": [], "cost_per_lead": None, "cost_per_customer": None}


def parameters(start, end):
    return {name: value for name, value in (("from", start), ("to", end)) if value is not None}


def local(bound):
    """The oracle takes local times."""
    return "2018-03-25 01:30:00" if bound and "T" in bound else bound


@needs_olist
@pytest.mark.parametrize("start,end,from_stage,to_stage", [
    *((*dates, "lead", "customer") for dates in RANGES),
    *((*dates, *stages) for dates in RANGES[:2]
      for stages in (("lead", "sql"), ("contact", "lead"), ("mql", "customer")))])
def test_channels(olist, start, end, from_stage, to_stage):
    service, _ = olist
    wanted = olist_oracle.channels_report(start=local(start), end=local(end), from_stage=from_stage, to_stage=to_stage)
    answered = service.reader.read("/v1/reports/channels", from_stage=from_stage, to_stage=to_stage,
                                   **parameters(start, end))
    warned = sorted(service.reader.read(f"/v1/contacts/{warning['contact_id']}")["email"].partition("@")[0]
                    for warning in answered.pop("warnings") if "contact_id" in warning)
    assert warned == wanted.pop("warnings")
    total = answered.pop("total")
    assert (total["leads"], total["customers"]) == tuple(sum(row[name] for row in wanted["data"]) for name in ("leads", "customers"))
    for row in [*answered["data"], total]:
        assert {name: row.pop(name) for name in NO_OUTLAYS} == NO_OUTLAYS, "the files know neither visits nor money"
    compare(answered, wanted, "channels")


@needs_olist
def test_commitments_by_month(olist):
    """What was promised can be looked up in the history: leads, how many of them became customers, MQLs."""
    service, _ = olist
    leads = {row["mql_id"]: row["first_contact_date"][:7] for row in olist_oracle.read_rows(olist_oracle.MQL_CSV)}
    deals = {row["mql_id"]: row["won_date"][:7] for row in olist_oracle.read_rows(olist_oracle.DEALS_CSV)}
    captured, delivered = collections.Counter(leads.values()), collections.Counter(deals.values())
    converted = collections.Counter(leads[mql] for mql in deals)
    wanted = {"leads_captured": lambda month: (captured[month], None), "leads_delivered": lambda month: (delivered[month], None),
              "conversion_rate": lambda month: (converted[month], captured[month])}
    for metric, numbers in wanted.items():
        made = service.admin.make("/v1/sla/commitments", {"team": "marketing", "name": metric, "metric": metric,
                                                          "at_least": 0.1, "period": {"every": "month"}})
        periods = service.reader.pages(f"/v1/sla/commitments/{made['id']}/periods", limit=7, to="2019-03-01", **{"from": "2017-05-01"})
        assert len(periods) == 22 and sum(period["numerator"] for period in periods) >= 842
        for period in periods:
            assert (period["numerator"], period["denominator"]) == numbers(period["period"][:7]), (metric, period["period"])
        service.admin.change(f"/v1/sla/commitments/{made['id']}", {"active": False})


@needs_olist
@pytest.mark.parametrize("start,end", RANGES)
def test_funnel(olist, start, end):
    service, _ = olist
    compare(service.reader.read("/v1/reports/funnel", **parameters(start, end)),
            olist_oracle.funnel_report(start=local(start), end=local(end)), "funnel")


@needs_olist
def test_history_runs_no_clock_and_opens_nothing(olist):
    service, _ = olist
    assert service.reader.read("/v1/handoffs", state="open,accepted,contacted,qualified,opportunity")["data"] == []
    assert service.reader.read("/v1/sla/clocks", state="running")["data"] == []
    status = service.reader.read("/v1/sla/status")
    assert status["first_contact"]["running"] == status["first_contact"]["breached_open"] == 0
    assert status["first_contact"]["met_rate_30d"] is None and status["breached"] == []
    contacts = service.database.value("SELECT count(*) FROM contact")
    assert contacts == 8000
    assert service.database.value("SELECT count(*) FROM contact WHERE stage = 'customer'") == 842
    page = service.reader.read("/v1/events", limit=1000)
    assert all(event["data"].get("historical") for event in page["data"])


@needs_olist
def test_unknown_forms_and_members_are_made(olist):
    service, _ = olist
    rows = olist_oracle.read_rows(olist_oracle.MQL_CSV)
    forms = service.reader.pages("/v1/forms", limit=1000)
    assert {form["slug"] for form in forms} >= {row["landing_page_id"] for row in rows}
    assert not any(form["open"] for form in forms)
    members = service.reader.pages("/v1/members", limit=1000)
    deals = olist_oracle.read_rows(olist_oracle.DEALS_CSV)
    assert {member["name"] for member in members} >= {row["sr_id"] for row in deals} | {row["sdr_id"] for row in deals}
    assert not any(member["active"] or member["email"] for member in members)


@needs_olist
def test_one_of_them_in_full(olist):
    service, _ = olist
    deal = olist_oracle.read_rows(olist_oracle.DEALS_CSV)[0]
    contact = funnel.contact_of(service.reader, f"{deal['mql_id']}@example.com")
    assert contact["stage"] == "customer"
    changes = [item for item in service.reader.pages(f"/v1/contacts/{contact['id']}/timeline")
               if item["type"] == "stage_change"]
    won_at = olist_oracle.format_instant(olist_oracle.instant(deal["won_date"], olist_oracle.zoneinfo.ZoneInfo("Europe/Paris")))
    implied = {change["to"]: change["at"] for change in changes if change["implied"]}
    assert {stage: implied[stage] for stage in olist_oracle.BETWEEN_LEAD_AND_CUSTOMER} == \
        dict.fromkeys(olist_oracle.BETWEEN_LEAD_AND_CUSTOMER, won_at)


@needs_olist
@pytest.mark.parametrize("metric,every,starts", [
    *((metric, every, None) for metric in ("leads_captured", "leads_delivered", "mql_to_sql_rate", "conversion_rate")
      for every in ("month", "quarter")),
    ("leads_captured", "week", "sunday"), ("leads_delivered", "week", "monday"), ("leads_captured", "day", None)])
def test_commitments_over_history(olist, metric, every, starts):
    """Each period's numbers, and the contacts behind one of them, are those that the files alone give."""
    service, _ = olist
    made = service.admin.make("/v1/sla/commitments", {
        "team": "both", "name": f"{metric} {every}", "metric": metric, "at_least": 0.5,
        "period": {"every": every, "starts": starts}})
    path = f"/v1/sla/commitments/{made['id']}"
    service.admin.change(path, {"active": False})  # the other tests look at the status
    answered = service.reader.pages(f"{path}/periods", limit=1000 if every == "day" else 30, to="2019-01-01",
                                    **{"from": "2017-04-01"})
    wanted = olist_oracle.commitment_periods(metric, every, starts)
    found = {one["period"]: (one["numerator"], one["denominator"]) for one in answered
             if one["numerator"] or one["denominator"]}
    assert found == {period: parts[:2] for period, parts in wanted.items()}
    most = max(wanted, key=lambda period: len(wanted[period][2]))
    behind = service.reader.pages(f"{path}/contacts", period=most, limit=1000)
    assert sorted(one["email"].partition("@")[0] for one in behind) == sorted(wanted[most][2])


@needs_olist
def test_the_same_import_twice_changes_nothing(olist):
    service, directory = olist
    before = content(service.database)
    run_import(service.database, "contacts", olist_oracle.MQL_CSV, CONTACTS_MAP, directory, "--historical")
    run_import(service.database, "deals", olist_oracle.DEALS_CSV, DEALS_MAP, directory, "--historical")
    after = content(service.database)
    assert {table for table in before if before[table] != after[table]} == set()


# --- small files ----------------------------------------------------------------------------------


def test_a_dry_run_stores_nothing(database, tmp_path):
    file = write_csv(tmp_path / "people.csv", [["mail", "name"], ["a@example.com", "Zoé"], ["b@example.com", "Léo"]])
    before = content(database)
    out, err = run_import(database, "contacts", file, {"email": "{mail}", "attributes.first_name": "{name}"}, tmp_path,
                          "--dry-run")
    assert "2" in out + err
    assert content(database) == before


def test_rows_that_do_not_fit_are_rejected_with_reasons(fresh, tmp_path):
    file = write_csv(tmp_path / "people.csv", [
        ["mail", "size", "when"], ["good@example.com", "12", "2026-01-02"], ["not an address", "12", "2026-01-02"],
        ["size@example.com", "many", "2026-01-02"], ["when@example.com", "12", "2026-02-30"],
        ["too", "few"], ["fine@example.com", "", "2026-01-02 03:04:05"]])
    run_import(fresh.database, "contacts", file, {
        "email": "{mail}", "attributes.company_size": "{size}", "occurred_at": "{when}"}, tmp_path, expect=5)
    known = {contact["email"]: contact for contact in fresh.reader.pages("/v1/contacts")}
    assert set(known) == {"good@example.com", "fine@example.com"}
    assert known["good@example.com"]["attributes"]["company_size"] == 12
    assert "company_size" not in known["fine@example.com"]["attributes"], "an empty result leaves the field out"
    rejects = rejects_in(tmp_path)
    assert len(rejects) == 5, "a head and four rows"
    assert all(row[-1] for row in rejects[1:]), "each with its reason"


def test_no_row_fits_is_still_some_rows_rejected(database, tmp_path):
    file = write_csv(tmp_path / "people.csv", [["mail"], ["x"], ["y"]])
    run_import(database, "contacts", file, {"email": "{mail}"}, tmp_path, expect=5)


@pytest.mark.parametrize("mapping", [{"email": "{no_such_column}"}, {"email": "{mail"}, {"surprise": "{mail}"}, {},
                                     {"attributes.x": "{mail}"}])
def test_a_map_that_makes_no_sense(database, tmp_path, mapping):
    file = write_csv(tmp_path / "people.csv", [["mail"], ["a@example.com"]])
    _, err = run_import(database, "contacts", file, mapping, tmp_path, expect=None)
    assert err.strip() and database.value("SELECT count(*) FROM contact") == 0


def test_files_that_are_none(database, tmp_path):
    _, err = command("import", "contacts", str(tmp_path / "nothing.csv"), database=database, expect=None)
    assert "nothing.csv" in err
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 10)
    (tmp_path / "quote.csv").write_text('mail\n"a@example.com\n')
    for name in ("empty.csv", "binary.csv", "quote.csv"):
        command("import", "contacts", str(tmp_path / name), database=database, expect=None, cwd=tmp_path)
    assert database.value("SELECT count(*) FROM contact") == 0
    command("import", "planets", str(tmp_path / "quote.csv"), database=database, expect=2)


def test_what_a_person_set_is_kept_and_new_demand_is_live(fresh, tmp_path):
    """Without --historical the import is news: an MQL is handed over and its clock starts when the server learns of it."""
    offer = funnel.make_offer(fresh.admin, kind="demo", journey_step="decision")
    form = funnel.make_form(fresh.admin, offer=offer["slug"])
    file = write_csv(tmp_path / "people.csv", [["mail", "when"], ["demo@example.com", "2026-01-02"]])
    run_import(fresh.database, "contacts", file, {
        "email": "{mail}", "occurred_at": "{when}", "kind": "form_submission", "form": form["slug"]}, tmp_path)
    contact = funnel.contact_of(fresh.reader, "demo@example.com")
    assert contact["stage"] == "mql" and contact["handoff"]["state"] == "open"
    assert contact["handoff"]["opened_at"] > "2026-01-03"


def test_activities(fresh, tmp_path):
    file = write_csv(tmp_path / "done.csv", [["mail", "what", "when"], ["a@example.com", "webinar_attended", "2026-11-01"],
                                             ["a@example.com", "Not A Kind", "2026-11-01"]])
    mapping = {"email": "{mail}", "kind": "{what}", "occurred_at": "{when}"}
    for _ in range(2):
        run_import(fresh.database, "activities", file, mapping, tmp_path, expect=5)
    contact = funnel.contact_of(fresh.reader, "a@example.com")
    done = [item["kind"] for item in fresh.reader.pages(f"/v1/contacts/{contact['id']}/timeline")
            if item["type"] == "activity"]
    assert done == ["webinar_attended"]
