"""Access and portability: everything that is held about a person, as JSON and as CSV."""

import csv
import io
import uuid

import pytest

from support import contract, funnel, times
from support.client import expect

YES = [{"purpose": "marketing_email", "granted": True}]


@pytest.fixture(scope="module")
def desk(service):
    return funnel.Desk(service)


@pytest.fixture(scope="module")
def person(service, desk):
    """Somebody with something of everything, and a duplicate."""
    contact, handoff = desk.mql(consents=YES, context={"page_url": "https://www.example.com/guide", "utm_source": "letter"})
    service.marketing.write("/v1/activities", {"email": contact["email"], "kind": "page_view", "properties": {"page": "/prices"}})
    for move in ("accept", "attempts", "qualify", "opportunity", "win"):
        body = {**funnel.MOVE_BODIES[move], **({"note": "She likes trains"} if move == "attempts" else {})}
        funnel.make_move(service.sales, handoff, move, body)
    expect(service.sales.post(f"/v1/handoffs/{handoff['id']}/feedback", {
        "offer": desk.offer["slug"], "found_useful": "yes", "note": "Read it twice"}), 200)
    duplicate = desk.lead(attributes={"city": "Brest"})
    service.marketing.write(f"/v1/contacts/{duplicate['id']}/merge", {"duplicate_of": contact["id"]})
    return service.reader.read(f"/v1/contacts/{contact['id']}"), duplicate, handoff


def export_of(service, contact):
    return service.reader.read(f"/v1/contacts/{contact['id']}/export")


def test_everything_is_there(service, desk, person):
    contact, duplicate, handoff = person
    found = export_of(service, contact)
    assert {**found["contact"], "score": 0} == {**contact, "score": 0}
    assert sorted(one["email"] for one in found["addresses"]) == sorted([contact["email"], duplicate["email"]])
    merged, = found["merged"]
    assert (merged["id"], merged["email"], merged["attributes"]) == (duplicate["id"], duplicate["email"], {"city": "Brest"})
    sources = {one["attribute"]: one["source"] for one in found["sources"]}
    assert sources["job_title"] == "form" and times.parse(found["sources"][0]["at"])
    assert [one["context"].get("utm_source") for one in found["submissions"]] == ["letter", None]
    assert found["submissions"][0]["attributes"]["first_name"] == "Claire"
    assert [one["properties"] for one in found["activities"]] == [{"page": "/prices"}]
    assert {"lead", "mql", "sal", "sql", "opportunity", "customer"} == {one["to"] for one in found["stage_changes"]}
    assert found["handoffs"][0]["gpct"] == funnel.GPCT and found["handoffs"][0]["snapshot"]["contact"]["email"]
    assert [one["note"] for one in found["attempts"]] == ["She likes trains"]
    assert [one["note"] for one in found["feedback"]] == ["Read it twice"]
    assert [one["state"] for one in found["clocks"]] == ["met"]
    assert len(found["deals"]) == 1 and found["quarantined"] == []
    consents = service.reader.read(f"/v1/contacts/{contact['id']}/consents")["data"]
    assert found["consents"] == consents[::-1]


def test_every_moment_is_written_as_everywhere(service, person):
    def moments(value, name=""):
        if isinstance(value, dict):
            for key, one in value.items():
                yield from moments(one, key)
        elif isinstance(value, list):
            for one in value:
                yield from moments(one, name)
        elif value is not None and (name == "at" or name.endswith("_at") or name in ("as_of", "paused_until")):
            yield value

    found = list(moments(export_of(service, person[0])))
    assert len(found) > 30
    for moment in found:
        times.parse(moment)


def test_the_same_as_a_table(service, person):
    contact, duplicate, _ = person
    path = f"/v1/contacts/{contact['id']}/export"
    answer = expect(service.reader.get(path, headers={"Accept": "text/csv"}), 200)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert list(rows[0]) == ["part", "number", "field", "value"]
    values = {(row["part"], row["number"], row["field"]): row["value"] for row in rows}
    assert len(values) == len(rows), "each line is about another value"
    assert values["contact", "1", "email"] == contact["email"]
    assert values["contact", "1", "attributes.first_name"] == "Claire"
    assert values["handoffs", "1", "gpct.goals"] == funnel.GPCT["goals"]
    assert values["submissions", "1", "context.page_url"] == "https://www.example.com/guide"
    assert values["attempts", "1", "note"] == "She likes trains"
    document = export_of(service, contact)
    for part, items in document.items():
        if isinstance(items, list):
            assert {int(row["number"]) for row in rows if row["part"] == part} == set(range(1, len(items) + 1)), part


def test_of_a_merged_contact_it_is_the_survivors(service, person):
    contact, duplicate, _ = person
    answer = expect(service.reader.get(f"/v1/contacts/{duplicate['id']}/export"), 200)
    assert answer.headers["Content-Location"] == f"/v1/contacts/{contact['id']}/export"
    assert answer.json()["contact"]["id"] == contact["id"]


def test_what_waits_in_the_quarantine_is_theirs_too(service, desk):
    contact = desk.lead()
    guarded = funnel.make_form(service.admin, open=True, protection={"honeypot": "fax"})["slug"]
    funnel.submit(service.nobody, guarded, contact["email"], {"fax": "1", "message": "Hello"})
    entry, = export_of(service, contact)["quarantined"]
    assert (entry["form"], entry["email"], entry["attributes"]) == (guarded, contact["email"], {"message": "Hello"})


def test_nobody_has_none(service):
    expect(service.reader.get(f"/v1/contacts/{uuid.uuid4()}/export"), 404)
    assert contract.operation_of("GET", f"/v1/contacts/{uuid.uuid4()}/export").scope == "read"
