"""Importing, row by row: NDJSON, rows that PostgreSQL refuses, dry runs that come true, imports that are killed."""

import csv
import json
import random
import re
import subprocess

import pytest

from support import funnel, paths, processes
from support.content import content
from support.server import command, environment
from support.waiting import wait_until

ROWS = 4500  # more than two batches of each track


def run_import(database, kind, file, *options, mapping=None, expect=0):
    """What it printed, after checking the exit code. Rejects and results go beside the file."""
    if mapping is not None:
        (file.parent / "map.json").write_text(json.dumps(mapping), encoding="utf-8")
        options += ("--map", file.parent / "map.json")
    out, _ = command("import", kind, file, "--rejects", file.parent / "rejects", "--results", file.parent / "results.csv",
                     *options, database=database, expect=expect, cwd=file.parent, timeout=300)
    return out


def results_of(directory):
    """[(result, reason)] of the rows, after checking that each row is there once."""
    with open(directory / "results.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["row"]) for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        assert bool(row["reason"]) == (row["result"] == "rejected"), row
    return [(row["result"], row["reason"]) for row in rows]


def write_csv(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def write_lines(path, *values):
    path.write_text("".join(f"{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}\n"
                            for value in values), encoding="utf-8")
    return path


# --- NDJSON ---------------------------------------------------------------------------------------


def test_ndjson_says_what_the_api_says(fresh, tmp_path):
    file = write_lines(tmp_path / "people.ndjson", {
        "email": "zoe@example.com", "channel": "event",
        "attributes": {"first_name": "Zoé", "company_size": 5000, "seats": 12, "vip": True, "score_2025": "7", "phone": None},
        "consents": [{"purpose": "marketing_email", "granted": True}, {"purpose": "phone", "granted": False}],
    }, "", {"attributes": {"company": "Atelier\nLéo"}, "email": "leo@example.com"})
    out = run_import(fresh.database, "contacts", file)
    assert "2 imported (2 new contacts)" in out
    zoe = funnel.contact_of(fresh.reader, "zoe@example.com")
    given = {name: zoe["attributes"][name] for name in ("first_name", "company_size", "seats", "vip", "score_2025")}
    assert given == {"first_name": "Zoé", "company_size": 5000, "seats": 12, "vip": True, "score_2025": "7"}
    assert "phone" not in zoe["attributes"] and zoe["channel"] == "event"
    assert {consent["purpose"]: consent["granted"] for consent in zoe["consents"]} == {"marketing_email": True, "phone": False}
    assert funnel.contact_of(fresh.reader, "leo@example.com")["attributes"]["company"] == "Atelier\nLéo"


def test_ndjson_through_a_map(fresh, tmp_path):
    file = write_lines(tmp_path / "done.JSONL", {"who": {"mail": "a"}, "what": "page_view", "at": "2026-11-01T10:00:00Z", "n": 3},
                       {"what": "page_view", "who": {"mail": "b"}, "at": 17})
    out = run_import(fresh.database, "activities", file, expect=5, mapping={
        "email": "{who.mail}@example.com", "kind": "{what}", "occurred_at": "{at}", "properties.pages": "{n}"})
    assert "1 imported" in out and "1 rejected" in out
    contact = funnel.contact_of(fresh.reader, "a@example.com")
    done = [item for item in fresh.reader.pages(f"/v1/contacts/{contact['id']}/timeline") if item["type"] == "activity"]
    assert [(item["kind"], item["properties"]) for item in done] == [("page_view", {"pages": 3})]


def test_ndjson_lines_that_are_none_are_rejected_and_can_be_mended(fresh, tmp_path):
    file = write_lines(tmp_path / "people.ndjson", {"email": "good@example.com"}, "{\"email\": ", "[1]", {"email": "nobody"},
                       "x" * (1024 * 1024 + 1), {"email": "list@example.com", "consents": ["marketing_email"]},
                       {"email": "fine@example.com", "attributes": {"company_size": "many"}})
    run_import(fresh.database, "contacts", file, expect=5)
    results = results_of(tmp_path)
    assert [result for result, _ in results] == ["made"] + 6 * ["rejected"]
    assert "Line 2" in results[1][1] and "Line 5" in results[4][1]
    rejects = [json.loads(line) for line in (tmp_path / "rejects").read_text(encoding="utf-8").splitlines()]
    assert [reject["_reason"] for reject in rejects] == [reason for _, reason in results if reason]
    assert rejects[0]["_text"] == "{\"email\":" and "attributes" in rejects[-1]
    rejects[-1]["attributes"]["company_size"] = 12
    run_import(fresh.database, "contacts", write_lines(tmp_path / "mended.ndjson", rejects[-1]))
    assert funnel.contact_of(fresh.reader, "fine@example.com")["attributes"]["company_size"] == 12


# --- rows that PostgreSQL refuses -----------------------------------------------------------------


def refuse_some(database):
    """A rule that only PostgreSQL knows."""
    database.execute("ALTER TABLE contact ADD CONSTRAINT not_everybody CHECK (email NOT LIKE 'refused%')")


def test_a_row_that_postgresql_refuses_ends_no_import(database, tmp_path):
    refuse_some(database)
    addresses = [f"person{number}@example.com" for number in range(ROWS)]
    wrong = random.Random(7).sample(range(ROWS), 5)
    for number in wrong:
        addresses[number] = f"refused{number}@example.com"
    file = write_csv(tmp_path / "people.csv", [["email"], *([address] for address in addresses)])
    run_import(database, "contacts", file, expect=5)
    results = results_of(tmp_path)
    assert {number for number, (result, _) in enumerate(results) if result == "rejected"} == set(wrong)
    assert all("SQLSTATE 23514" in results[number][1] for number in wrong)
    assert database.value("SELECT count(*) FROM contact") == ROWS - len(wrong)
    assert database.value("SELECT count(*) FROM email_identity") == ROWS - len(wrong), "no address stays without a contact"
    # Every change was told once.
    assert database.value("SELECT count(*) FROM event WHERE type = 'contact.created'") == ROWS - len(wrong)


def test_an_item_that_postgresql_refuses_is_the_only_one(fresh):
    refuse_some(fresh.database)
    items = [{"email": f"{'refused' if number in (3, 77) else 'person'}{number}@example.com", "kind": "page_view"}
             for number in range(100)]
    key = {"Idempotency-Key": "one"}
    answers = [fresh.marketing.post("/v1/activities", {"activities": items}, headers=key) for _ in range(2)]
    for answer in answers:
        assert answer.status_code == 200
        statuses = [result["status"] for result in answer.json()["results"]]
        assert statuses == [422 if number in (3, 77) else 201 for number in range(100)]
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert fresh.database.value("SELECT count(*) FROM activity") == 98
    answer = fresh.marketing.post("/v1/contacts/batch", {"contacts": [{"email": item["email"]} for item in items]})
    assert [result["status"] for result in answer.json()["results"]].count(200) == 98


# --- dry runs -------------------------------------------------------------------------------------


def test_a_dry_run_comes_true(fresh, tmp_path):
    generator = random.Random(11)
    known = [f"known{number}@example.com" for number in range(30)]
    funnel_rows = [{"email": address} for address in known]
    assert fresh.marketing.post("/v1/contacts/batch", {"contacts": funnel_rows}).status_code == 200
    rows = []
    for number in range(ROWS):
        address = generator.choice([*known, f"new{generator.randrange(3000)}@example.com", "not an address"])
        rows.append([address, generator.choice(["page_view", "webinar_attended", "No Kind"]),
                     f"2026-10-{1 + generator.randrange(3):02d}"])
    file = write_csv(tmp_path / "done.csv", [["email", "kind", "occurred_at"], *rows])
    before = content(fresh.database)
    foreseen = run_import(fresh.database, "activities", file, "--dry-run", expect=5)
    promised = results_of(tmp_path)
    assert content(fresh.database) == before
    done = run_import(fresh.database, "activities", file, expect=5)
    assert results_of(tmp_path) == promised
    assert foreseen.replace("would be ", "") == done
    assert {result for result, _ in promised} == {"made", "imported", "known", "rejected"}
    again = run_import(fresh.database, "activities", file, "--dry-run", expect=5)
    assert re.search(r" 0 would be imported \(0 new contacts\)", again)


def test_a_dry_run_of_deals(fresh, tmp_path):
    file = write_csv(tmp_path / "won.csv", [["email", "won_at", "currency"], ["a@example.com", "2026-01-02", "EUR"],
                                            ["b@example.com", "2026-01-02", "EUR"], ["a@example.com", "2026-01-02", "EUR"]])
    assert fresh.marketing.post("/v1/contacts", {"email": "a@example.com"}).status_code == 201
    run_import(fresh.database, "deals", file, "--historical", "--dry-run", expect=5)
    assert [result for result, _ in results_of(tmp_path)] == ["imported", "rejected", "known"]
    assert fresh.database.value("SELECT count(*) FROM deal") == 0


# --- order, and being killed ----------------------------------------------------------------------


def test_what_is_said_about_a_contact_keeps_the_files_order(database, tmp_path):
    """The first channel stays, the last word on an attribute counts: over many batches and all connections."""
    rows = [[f"person{number % 97}@example.com", f"channel-{number}", number] for number in range(ROWS)]
    file = write_csv(tmp_path / "people.csv", [["email", "channel", "attributes.visits"], *rows])
    run_import(database, "contacts", file)
    stored = {row[0]: row[1:] for row in database.rows("SELECT email, channel, attributes->>'visits' FROM contact")}
    assert stored == {f"person{who}@example.com": (f"channel-{who}", str(max(range(who, ROWS, 97)))) for who in range(97)}


STATE = ("SELECT c.email, c.stage::text, c.channel, c.attributes::text, s.grade, "
         "(SELECT string_agg(concat_ws(' ', a.kind, a.form, a.occurred_at, a.id), ',' ORDER BY a.occurred_at, a.id) "
         " FROM activity a WHERE a.contact_id = c.contact_id), "
         "(SELECT count(*) FROM stage_change t WHERE t.contact_id = c.contact_id) "
         "FROM contact c JOIN score s USING (contact_id) ORDER BY c.email")


@pytest.mark.parametrize("form", [None, "fair-2025"])
def test_an_import_that_is_killed_goes_on(make_database, tmp_path, form):
    """kill -9 in the middle, twice, and again: what is stored is what one clean import stores."""
    generator = random.Random(5)
    rows = [[f"person{generator.randrange(6000)}@example.com", f"2025-10-{1 + generator.randrange(28):02d}T08:00:00Z",
             f"Atelier {number % 50}"] for number in range(3 * ROWS)]
    file = write_csv(tmp_path / "people.csv", [["email", "occurred_at", "attributes.company"], *rows])
    mapping = {"email": "{email}", "occurred_at": "{occurred_at}", "attributes.company": "{attributes.company}",
               "kind": "form_submission", "channel": "event"} | ({"form": form} if form else {})
    clean, broken = make_database(), make_database()
    run_import(clean, "contacts", file, "--historical", mapping=mapping)
    for _ in range(2):
        before = broken.value("SELECT count(*) FROM activity")
        process = processes.spawn([paths.binary(), "import", "contacts", file, "--map", tmp_path / "map.json", "--historical",
                                   "--rejects", tmp_path / "rejects", "--database-url", broken.url],
                                  env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path)
        try:
            wait_until(lambda: broken.value("SELECT count(*) FROM activity") > before or process.poll() is not None,
                       what="rows of the import", interval=0.001)
        finally:
            processes.end(process)
    wait_until(lambda: broken.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                                    "AND application_name = 'relais'") == 0, what="the dead import's sessions to end")
    in_already = broken.value("SELECT count(*) FROM activity")
    assert 0 < in_already < clean.value("SELECT count(*) FROM activity"), "it was killed in the middle"
    run_import(broken, "contacts", file, "--historical", mapping=mapping)
    assert [result for result, _ in results_of(tmp_path)].count("known") >= in_already
    assert broken.rows(STATE) == clean.rows(STATE)
    told = "SELECT type, count(*) FROM event WHERE type <> 'score.grade_changed' GROUP BY type ORDER BY type"
    assert broken.rows(told) == clean.rows(told)
    clean.drop()
    broken.drop()


def test_forms_are_made_in_one_transaction(database, tmp_path):
    file = write_csv(tmp_path / "people.csv", [["email", "form", "kind"], *(
        [f"a{number}@example.com", f"page-{number}", "form_submission"] for number in range(300))])
    version = database.value("SELECT version FROM catalog_head")
    out = run_import(database, "contacts", file, "--historical")
    assert "300 forms made" in out
    assert database.value("SELECT version FROM catalog_head") == version + 1
    assert database.value("SELECT count(*) FROM catalog_entry WHERE kind = 'form'") == 300
