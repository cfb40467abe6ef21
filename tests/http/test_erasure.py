"""Erasure on request: nothing tells who it was, the figures stay, and only the person can come back."""

import json
import os
import stat
import subprocess
import uuid

import pytest

from support import funnel, times, verdict
from support.client import expect, faults
from support.crowd import at_once
from support.server import Server, command
from support.waiting import wait_until

KEY = "5f2b0c4e9a7d4c1f8e3b6a5d4c3b2a19"
YES = [{"purpose": "marketing_email", "granted": True}]


@pytest.fixture(scope="module")
def desk(service):
    return funnel.Desk(service)


def erase(service, contact):
    return expect(service.admin.delete(f"/v1/contacts/{contact['id']}"), 200).json()


def upsert(service, email, **fields):
    return service.marketing.post("/v1/contacts", {"email": email, **fields})


def is_suppressed(answer):
    return answer.status_code == 422 and faults(answer) == {"/email": "suppressed"}


# --- what is left ---------------------------------------------------------------------------------


def test_an_erased_contact_is_gone(service, desk):
    contact, handoff = desk.mql(consents=YES)
    submission, = service.reader.pages("/v1/submissions", email=contact["email"])
    line = erase(service, contact)
    assert (line["contact_id"], line["contact_ids"]) == (contact["id"], [contact["id"]])
    assert line["erased"] == {"contacts": 1, "addresses": 1, "submissions": 1, "activities": 0, "consents": 1, "handoffs": 1,
                              "attempts": 0, "feedback": 0, "deals": 0, "quarantined": 0}
    assert len(line["hashes"]) == 1 and line["actor"].startswith("key:")
    path = f"/v1/contacts/{contact['id']}"
    for rest in ("", "/timeline", "/score", "/consents", "/touches", "/export"):
        answer = expect(service.admin.get(path + rest), 410)
        assert contact["email"] not in answer.text
    expect(service.reader.get(f"/v1/submissions/{submission['id']}"), 410)
    expect(service.marketing.patch(path, {"attributes": {"city": "Lyon"}}), 410)
    for rest, body in (("/merge", {"duplicate_of": desk.lead()["id"]}), ("/decide", {"decision": "stay"}),
                       ("/requalify", {"reason": "x"}), ("/consents", {"purpose": "phone", "granted": True})):
        expect(service.marketing.post(path + rest, body), 410)
    expect(service.sales.post(path + "/deals", {"kind": "new", "amount": 1, "currency": "EUR"}), 410)
    expect(funnel.try_move(service.sales, handoff, "accept"), 410)
    expect(service.marketing.post(f"/v1/contacts/{desk.lead()['id']}/merge", {"duplicate_of": contact["id"]}), 410)
    result, = service.marketing.write("/v1/activities", {"contact_id": contact["id"], "kind": "page_view"})["results"]
    assert result["status"] == 422


def test_nobody_finds_it(service, desk):
    contact, _ = desk.mql()
    lead = desk.lead()
    for one in (contact, lead):
        erase(service, one)
    erased = {contact["id"], lead["id"]}
    assert service.reader.read("/v1/contacts", email=contact["email"])["data"] == []
    assert service.reader.read("/v1/submissions", email=contact["email"])["data"] == []
    assert service.reader.read("/v1/submissions", contact_id=contact["id"])["data"] == []
    assert not erased & {one["id"] for one in service.reader.pages("/v1/contacts", limit=1000)}
    assert not erased & {one["id"] for one in service.reader.pages("/v1/contacts", q=contact["email"])}
    assert not erased & {one["contact_id"] for one in service.reader.pages("/v1/submissions", limit=1000)}
    for order in ("newest", "hottest", "due"):
        for parameters in ({}, {"stage": "mql"}, {"reached": "mql"}):
            leads = service.reader.pages("/v1/leads", order=order, limit=1000, **parameters)
            assert not erased & {one["id"] for one in leads}


def test_the_handoff_stays_and_tells_nobody(service, desk):
    contact, handoff = desk.mql()
    for move in ("accept", "attempts", "qualify", "lose"):
        body = {**funnel.MOVE_BODIES[move], **({"note": "Call Claire's assistant"} if move in ("attempts", "lose") else {})}
        handoff = funnel.make_move(service.sales, handoff, move, body)
    erase(service, contact)
    left = service.reader.read(f"/v1/handoffs/{handoff['id']}")
    assert left["contact"]["email"] is None and left["contact"]["attributes"] == {}
    assert (left["gpct"], left["note"], left["attempts"][0]["note"]) == (None, None, None)
    for kept in ("state", "reason", "opened_at", "contacted_at", "closed_at", "score", "clocks", "deal"):
        assert left[kept] == handoff[kept], kept


def test_erasing_again_answers_the_same(service, desk):
    contact = desk.lead()
    etag = service.reader.get(f"/v1/contacts/{contact['id']}").headers["ETag"]
    line = erase(service, contact)
    assert erase(service, contact) == line
    again = service.admin.delete(f"/v1/contacts/{contact['id']}", headers={"If-Match": etag})
    assert expect(again, 200).json() == line
    assert [one for one in service.admin.pages("/v1/erasures") if one["contact_id"] == contact["id"]] == [line]
    expect(service.admin.delete(f"/v1/contacts/{uuid.uuid4()}"), 404)
    expect(service.marketing.delete(f"/v1/contacts/{desk.lead()['id']}"), 403)


def test_a_stale_version_is_not_erased(service, desk):
    contact = desk.lead()
    path = f"/v1/contacts/{contact['id']}"
    etag = service.reader.get(path).headers["ETag"]
    service.marketing.change(path, {"attributes": {"city": "Lyon"}})
    expect(service.admin.delete(path, headers={"If-Match": etag}), 412)
    expect(service.reader.get(path), 200)


def test_the_list_of_erasures_is_paged(service, desk):
    erased = [erase(service, desk.lead()) for _ in range(3)]
    listed = service.admin.pages("/v1/erasures", limit=1)
    assert listed[:3] == erased[::-1]
    expect(service.reader.get("/v1/erasures"), 403)


def test_everybody_merged_into_it_is_erased_with_all_addresses(service, desk):
    survivor, duplicate, third = desk.lead(), desk.lead(), desk.lead()
    old = survivor["email"]
    service.marketing.change(f"/v1/contacts/{survivor['id']}", {"email": funnel.address("new")})
    for one, into in ((third, duplicate), (duplicate, survivor)):
        service.marketing.write(f"/v1/contacts/{one['id']}/merge", {"duplicate_of": into["id"]})
    new = service.reader.read(f"/v1/contacts/{survivor['id']}")["email"]
    line = erase(service, third)
    assert line["contact_id"] == survivor["id"] and len(line["hashes"]) == 4
    assert sorted(line["contact_ids"]) == sorted(one["id"] for one in (survivor, duplicate, third))
    for one in (survivor, duplicate, third):
        expect(service.reader.get(f"/v1/contacts/{one['id']}"), 410)
    for email in (old, new, duplicate["email"], third["email"]):
        assert is_suppressed(upsert(service, email))


def test_the_feed_tells_it_without_a_name(service, desk):
    contact, handoff = desk.mql()
    verdict.wait_numbered(service)
    after = service.reader.read("/v1/events")["last"]
    erase(service, contact)
    erase(service, contact)
    verdict.wait_numbered(service)
    told = funnel.events_after(service.reader, after)
    assert [event["type"] for event in told] == ["sla.cancelled", "handoff.rejected", "contact.erased"]
    assert {event["contact_id"] for event in told} == {contact["id"]}
    assert told[1]["data"]["reason"] == "erased" and told[2]["data"] == {}


# --- coming back ----------------------------------------------------------------------------------


def test_nobody_else_brings_an_erased_address_back(service, desk, tmp_path):
    contact = desk.lead()
    email = contact["email"]
    erase(service, contact)
    assert is_suppressed(upsert(service, email))
    assert is_suppressed(upsert(service, f"  {email.upper()} "))
    results = service.marketing.write("/v1/contacts/batch", {"contacts": [
        {"email": email}, {"email": funnel.address()}]})["results"]
    assert [one["status"] for one in results] == [422, 201]
    assert results[0]["error"]["errors"][0]["code"] == "suppressed"
    results = service.marketing.write("/v1/activities", {"activities": [
        {"email": email, "kind": "page_view"}, {"email": funnel.address(), "kind": "page_view"}]})["results"]
    assert [one["status"] for one in results] == [422, 201]
    assert results[0]["error"]["errors"][0]["code"] == "suppressed"
    other = desk.lead()
    assert is_suppressed(service.marketing.patch(f"/v1/contacts/{other['id']}", {"email": email}))
    assert service.reader.read("/v1/contacts", email=email)["data"] == []
    assert service.reader.read("/v1/contacts", email=other["email"])["data"] != []


def test_an_import_leaves_the_erased_out(service, desk, tmp_path):
    contact = desk.lead()
    erase(service, contact)
    other = funnel.address()
    file = tmp_path / "people.csv"
    file.write_text(f"email,attributes.city\n{contact['email']},Lyon\n{other},Nantes\n")
    data_dir = service.directory / service.server.name
    out, _ = command("import", "contacts", file, "--data-dir", data_dir, database=service.database, expect=5)
    assert "1 imported" in out and "1 rejected" in out
    rejects = (tmp_path / "people.csv.rejects.csv").read_text()
    assert "erased on request" in rejects and other not in rejects
    assert service.reader.read("/v1/contacts", email=contact["email"])["data"] == []
    # Without the key nobody knows who was erased.
    _, errors = command("import", "contacts", file, "--data-dir", tmp_path, database=service.database, expect=3)
    assert "RELAIS_PRIVACY_KEY_FILE" in errors


def test_the_persons_own_submission_makes_a_new_contact(service, desk):
    contact, _ = desk.mql(consents=YES)
    erase(service, contact)
    demo = funnel.Desk(service, kind="demo", journey_step="decision")
    new = demo.lead(contact["email"], consents=[{"purpose": "phone", "granted": True}])
    assert new["id"] != contact["id"] and new["stage"] == "mql", "nobody who asks for a demo is dropped"
    assert [consent["purpose"] for consent in new["consents"]] == ["phone"], "the old consent does not count"
    assert new["attributes"].get("company") is None and new["created_at"] > contact["created_at"]
    assert len(service.reader.pages("/v1/submissions", email=contact["email"])) == 1
    expect(upsert(service, contact["email"], attributes={"city": "Lyon"}), 200)
    expect(service.reader.get(f"/v1/contacts/{contact['id']}"), 410)
    erase(service, new)
    assert is_suppressed(upsert(service, contact["email"]))


def test_a_repeat_of_an_erased_submission_brings_nobody_back(service, desk):
    body = {"id": str(uuid.uuid4()), "email": funnel.address(), "attributes": {"first_name": "Claire"}}
    path = f"/v1/forms/{desk.form['slug']}/submissions"
    first = service.nobody.make(path, body)
    erase(service, funnel.contact_of(service.reader, body["email"]))
    again = expect(service.nobody.post(path, body), 201)
    assert again.json() == first and again.headers["Idempotency-Replayed"] == "true"
    assert service.reader.read("/v1/contacts", email=body["email"])["data"] == []


# --- the key --------------------------------------------------------------------------------------


def test_the_key_is_made_at_the_first_start_for_this_account_alone(service):
    path = service.directory / service.server.name / "privacy.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().strip()) == 64
    out, _ = command("doctor", "--data-dir", path.parent, database=service.database)
    assert "privacy    ok: key " in out


def test_all_instances_need_the_same_key(make_service):
    made = make_service(instances=2)
    try:
        made.start()
        first, second = made.client("admin", 0), made.client("admin", 1)
        form = funnel.make_form(first, open=True)["slug"]
        path = f"/v1/forms/{form}/submissions"
        emails = [funnel.address() for _ in range(3)]
        for email in emails:
            first.make(path, {"email": email})
        contacts = [funnel.contact_of(first, email) for email in emails]
        expect(first.delete(f"/v1/contacts/{contacts[0]['id']}"), 200)
        # The second has made a key of its own meanwhile: it can tell nobody any more, so it lets nobody new in …
        answer = expect(second.delete(f"/v1/contacts/{contacts[1]['id']}"), 409)
        assert "RELAIS_PRIVACY_KEY_FILE" in answer.json()["detail"]
        expect(second.post("/v1/contacts", {"email": emails[0]}), 409)
        expect(second.post("/v1/contacts", {"email": funnel.address()}), 409)
        expect(second.post("/v1/contacts", {"email": emails[1]}), 200)
        # … but by a form.
        second.make(path, {"email": emails[0]})
        data_dir = made.directory / made.servers[1].name
        out, _ = command("doctor", "--data-dir", data_dir, database=made.database, expect=4)
        assert "privacy    FAILED" in out
        made.servers[1].terminate()
        made.servers[1].wait_end()
        wrong = Server(made.database, made.directory, "wrong", {"RELAIS_PRIVACY_KEY": KEY}).start(wait=False)
        assert wrong.process.wait(60) == 3 and "All instances need the same one" in wrong.log()
        os.replace(made.directory / made.servers[0].name / "privacy.key", data_dir / "privacy.key")
        made.servers[1].start()
        expect(second.delete(f"/v1/contacts/{contacts[1]['id']}"), 200)
        made.stop()
    finally:
        made.end()
        made.database.drop()


def test_a_key_that_is_none_is_refused(make_database, tmp_path):
    database = make_database()
    server = Server(database, tmp_path, env={"RELAIS_PRIVACY_KEY": "short"}).start(wait=False)
    assert server.process.wait(60) == 3 and "openssl rand -hex 32" in server.log()
    (tmp_path / "key").write_text(KEY + "\n")
    server = Server(database, tmp_path, env={"RELAIS_PRIVACY_KEY_FILE": str(tmp_path / "key")}).start()
    server.terminate()
    server.wait_end()
    assert not (tmp_path / "server" / "privacy.key").exists()
    database.drop()


# --- an older backup ------------------------------------------------------------------------------


def test_erasures_are_done_again_on_an_older_backup(make_service, cluster, tmp_path):
    made = make_service(env={"RELAIS_PRIVACY_KEY": KEY})
    backup = None
    try:
        made.start()
        desk = funnel.Desk(made)
        (kept, gone, survivor, duplicate) = [desk.lead(attributes=funnel.VP) for _ in range(4)]
        made.server.terminate()
        made.server.wait_end()
        backup = cluster.create_database(template=made.database.name)
        made.server.start()
        later = desk.lead()  # the backup does not know of this one
        made.marketing.write(f"/v1/contacts/{duplicate['id']}/merge", {"duplicate_of": survivor["id"]})
        for one in (gone, survivor, later):
            erase(made, one)
        listed = made.admin.pages("/v1/erasures")
        file = made.directory / made.server.name / "erasures.ndjson"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert [json.loads(line) for line in file.read_text().splitlines()] == listed[::-1]
        out, _ = command("erasures", "export", database=made.database)
        assert [json.loads(line) for line in out.splitlines()] == listed
        for one in (gone, survivor, duplicate, later):
            assert one["email"] not in out
        _, errors = command("erasures", "replay", file, "--data-dir", tmp_path, database=backup, expect=3)
        assert "There is no privacy key" in errors
        _, errors = command("erasures", "replay", file, database=backup, expect=1, env={"RELAIS_PRIVACY_KEY": KEY[::-1]})
        assert "Line 1" in errors and "another privacy key" in errors
        key = {"RELAIS_PRIVACY_KEY": KEY}
        out, _ = command("erasures", "replay", file, database=backup, env=key)
        assert out == "2 erased again, 1 not there\n"
        out, _ = command("erasures", "replay", file, database=backup, env=key)
        assert out == "0 erased again, 3 not there\n"
        restored = make_service(env=key, database=backup)
        restored.start()
        for one in (gone, survivor, duplicate):
            expect(restored.reader.get(f"/v1/contacts/{one['id']}"), 410)
        for one in (gone, survivor, duplicate, later):
            assert is_suppressed(upsert(restored, one["email"]))
        assert restored.reader.read(f"/v1/contacts/{kept['id']}")["email"] == kept["email"]
        restored.stop()
        made.stop()
    finally:
        made.end()
        made.database.drop()
        if backup is not None:
            backup.drop()


@pytest.mark.parametrize("line, why", [
    ("nonsense", "not JSON"), ("{}", "another privacy key"), ('{"key": "@"}', "`hashes`"),
    ('{"key": "@", "hashes": ["zz"]}', "64 hexadecimal"), ('{"key": "@", "hashes": ["%s"]}' % ("a" * 64), "`contact_ids`"),
    ('{"key": "@", "hashes": ["%s"], "contact_ids": ["x"]}' % ("a" * 64), "not a UUID")])
def test_a_list_that_is_none_is_refused(database, tmp_path, line, why):
    key = {"RELAIS_PRIVACY_KEY": KEY}
    out, _ = command("doctor", database=database, env=key)
    fingerprint = out.split("privacy    ok: key ")[1][:16]
    file = tmp_path / "list"
    file.write_text("\n" + line.replace("@", fingerprint) + "\n")
    _, errors = command("erasures", "replay", file, database=database, env=key, expect=1)
    assert "Line 2" in errors and why in errors


# --- the figures ----------------------------------------------------------------------------------


def settled_status(service):
    """The status as it is now: it may be a second old."""
    asked_at = times.text(service.database.now())
    return wait_until(lambda: (status := service.reader.read("/v1/sla/status"))["as_of"] >= asked_at and status, 10,
                      "a status of now")


def figures(service):
    """Every report, byte for byte but for the time at which it was made."""
    found = {}
    for accept in ("application/json", "text/csv"):
        for path in ("/v1/reports/channels", "/v1/reports/funnel", "/v1/reports/response_times",
                     "/v1/reports/response_times?by=form", "/v1/reports/breaches", "/v1/reports/breaches?by=rep"):
            found[path, accept] = expect(service.reader.get(path, headers={"Accept": accept}), 200).content
    status = settled_status(service)
    found["status"] = json.dumps({name: value for name, value in status.items() if name not in ("as_of", "next_change_at")})
    found["clocks"] = json.dumps(service.reader.pages("/v1/sla/clocks", limit=1000))
    found["handoffs"] = sorted((one["id"], one["state"]) for one in service.reader.pages("/v1/handoffs", limit=1000))
    for table in ("contact", "activity", "stage_change", "handoff", "attempt", "feedback", "deal", "sla_clock", "consent"):
        found[table] = service.database.value(f"SELECT count(*) FROM {table}")
    return found


def test_reports_are_what_they_were_byte_for_byte(fresh):
    desks = [funnel.Desk(fresh), funnel.Desk(fresh, journey_step="awareness"),
             funnel.Desk(fresh, kind="demo", journey_step="decision")]
    erased = []
    for state in ("won", "lost", "recycled", "rejected"):
        for _ in range(2):
            handoff = desks[0].handoff_in(state, fresh.admin)
            erased.append({"id": handoff["contact_id"]})
    for medium in ("cpc", "email", "social", ""):
        for desk in desks[:2]:
            erased.append(desk.lead(context={"utm_medium": medium}))
            desk.lead(context={"utm_medium": medium})
    one, other = desks[1].lead(context={"utm_medium": "cpc"}), desks[1].lead()
    fresh.marketing.write(f"/v1/contacts/{one['id']}/merge", {"duplicate_of": other["id"]})
    fresh.sales.make(f"/v1/contacts/{other['id']}/deals", {"kind": "new", "amount": 4200, "currency": "EUR"})
    erased.append(other)
    history = [{"email": funnel.address(), "kind": "form_submission", "occurred_at": times.ago(days=days),
                "channel": "event", "properties": {"x": days}} for days in range(5)]
    fresh.admin.write("/v1/activities", {"activities": history, "historical": True})
    erased += [funnel.contact_of(fresh.reader, activity["email"]) for activity in history]
    before = figures(fresh)
    for contact in erased:
        erase(fresh, contact)
    after = figures(fresh)
    assert after == before
    assert len(fresh.reader.pages("/v1/contacts", limit=1000)) == before["contact"] - len(erased) - 1


def test_an_open_promise_is_excused_and_counts_for_nothing(fresh):
    desk = funnel.Desk(fresh)
    running, _ = desk.mql()
    before = fresh.reader.read("/v1/sla/status")["first_contact"]
    assert before["running"] == 1
    erase(fresh, running)
    wait_until(lambda: fresh.reader.read("/v1/sla/status")["first_contact"] == {**before, "running": 0}, 10, "the status")


# --- at the same time -----------------------------------------------------------------------------


@pytest.mark.concurrency
def test_erasures_and_submissions_of_one_address_at_the_same_time(make_service):
    """Two instances: whatever comes before an erasure is erased with it, whatever comes later is a new contact's."""
    rounds, senders = 12, 6
    made = make_service(instances=2, env={"RELAIS_PRIVACY_KEY": KEY})
    try:
        made.start()
        form = funnel.Desk(made).form["slug"]
        clients = [made.client("admin", number % 2) for number in range(senders + 2)]
        email = funnel.address()
        sent = []

        def act(number):
            client = clients[number]
            for _ in range(rounds):
                if number < senders:
                    identity = str(uuid.uuid4())
                    answer = client.post(f"/v1/forms/{form}/submissions", {
                        "id": identity, "email": email, "attributes": {"first_name": f"canary-{identity}"}})
                    assert answer.status_code == 201, answer.text
                    sent.append(identity)
                else:
                    contact = funnel.contact_of(client, email)
                    if contact is not None:
                        assert client.delete(f"/v1/contacts/{contact['id']}").status_code == 200
                    # 410: it was there, and erased before the answer was read.
                    assert upsert(made, email).status_code in (200, 410, 422)

        at_once(act, senders + 2)
        verdict.wait_numbered(made)
        database = made.database
        stored = [row[0] for row in database.rows("SELECT id::text FROM activity_key WHERE scope = %s", form)]
        assert sorted(stored) == sorted(sent), "every acknowledged submission is there once"
        assert len(sent) == senders * rounds
        assert database.value("SELECT count(*) FROM activity") == len(sent)
        live = database.rows("SELECT contact_id FROM contact WHERE email IS NOT NULL")
        assert len(live) <= 1
        assert database.rows("SELECT contact_id FROM email_identity") == live
        assert database.value("SELECT count(*) FROM contact") == database.value("SELECT count(*) FROM erasure") + len(live)
        assert database.rows("SELECT a.id FROM activity a JOIN contact c USING (contact_id) "
                             "WHERE c.email IS NULL AND a.payload <> '{}'") == []
        assert database.rows("SELECT a.id FROM activity a JOIN contact c USING (contact_id) "
                             "WHERE c.email IS NOT NULL AND a.payload = '{}'") == []
        told = funnel.events_after(made.reader, 0)
        erased = [event["contact_id"] for event in told if event["type"] == "contact.erased"]
        assert len(erased) == len(set(erased)) == database.value("SELECT count(*) FROM erasure")
        for contact_id in erased:
            kinds = [event["type"] for event in told if event["contact_id"] == contact_id]
            assert kinds[-1] == "contact.erased", "nothing happens to somebody who is gone"
        made.stop()
    finally:
        made.end()
        made.database.drop()


# --- canaries -------------------------------------------------------------------------------------


class Canaries:
    """Strings that are found nowhere else. `kept` ones are stored until the erasure; the others never are."""

    def __init__(self):
        self.kept, self.passing = [], []

    def __call__(self, is_kept=True):
        canary = f"canary{uuid.uuid4().hex}"
        (self.kept if is_kept else self.passing).append(canary)
        return canary

    def address(self):
        return f"{self()}@example.com"

    def submitted(self):
        """Every claim of a form stays with its submission."""
        known = {name: self() for name in ("first_name", "last_name", "phone", "company", "industry", "job_title", "city",
                                           "website")}
        return {**known, self(): self()}

    def attributes(self, prefix):
        """Of a CRM only the last word is kept."""
        return {f"{prefix}_{number}": self() for number in range(4)}

    def context(self):
        return {name: self() for name in ("page_url", "referrer", "utm_source", "utm_campaign", "utm_content", "utm_term",
                                          "utm_medium")}

    def properties(self):
        return {self(): self(), "deep": {self(): [self(), {"x": self()}]}}


def plant(service, canary):
    """Something of everything that people can write, on several contacts: the contacts to erase."""
    desk = funnel.Desk(service)
    form = desk.form["slug"]
    path = f"/v1/forms/{form}/submissions"
    erased = []
    for number in range(6):
        email = canary.address()
        for consents in (YES, []):
            service.nobody.make(path, {"email": email, "attributes": canary.submitted(), "context": canary.context(),
                                       "consents": consents})
        fields = {"email": email, "message": canary(), canary(): canary(), **canary.context(), "company_size": canary()}
        answer = service.nobody.post(path, data=fields)
        assert answer.status_code < 400, answer.text
        answer = service.nobody.post(path, files={name: (None, value) for name, value in
                                                  {"email": email, "question": canary()}.items()})
        assert answer.status_code < 400, answer.text
        service.marketing.write("/v1/activities", {"activities": [
            {"email": email, "kind": "page_view", "properties": canary.properties()} for _ in range(2)]})
        contact = funnel.contact_of(service.reader, email)
        erased.append(contact)
        one = f"/v1/contacts/{contact['id']}"
        service.marketing.write("/v1/contacts", {"email": email, "attributes": {**funnel.VP, **canary.attributes("upsert")}},
                                headers={"Idempotency-Key": canary(False)})
        service.marketing.write("/v1/contacts/batch", {"contacts": [{"email": email, "attributes": canary.attributes("batch")}]})
        service.marketing.change(one, {"attributes": canary.attributes("patch"), "email": canary.address()})
        for granted in (True, False, True):
            service.sales.make(f"{one}/consents", {"purpose": "phone", "granted": granted, "text": canary(), "note": canary()})
        funnel.submit(service.nobody, form, email, {**funnel.VP, canary(): canary()}, consents=YES)
        contact = service.reader.read(one)
        handoff = contact["handoff"] if contact["handoff"] and contact["handoff"]["state"] == "open" else \
            service.sales.make("/v1/handoffs", {"contact_id": contact["id"], "reason": canary()})
        funnel.make_move(service.sales, handoff, "accept")
        funnel.make_move(service.sales, handoff, "pause", {"until": times.ahead(days=9), "reason": canary(number == 4)})
        if number != 4:
            funnel.make_move(service.sales, handoff, "resume")
            funnel.make_move(service.sales, handoff, "attempts", {"channel": "call", "outcome": "reached", "note": canary()})
        expect(service.sales.post(f"/v1/handoffs/{handoff['id']}/feedback", {
            "offer": desk.offer["slug"], "found_useful": "yes", "note": canary()}), 200)
        if number not in (3, 4):
            gpct = {name: canary() for name in ("goals", "plans", "challenges", "timeline")}
            funnel.make_move(service.sales, handoff, "qualify", {"gpct": gpct, "note": canary()})
        last = {0: "win", 1: "lose", 2: "recycle", 3: "reject"}.get(number)
        if last is not None:
            body = {} if last == "win" else {"reason": "other", "note": canary()}
            funnel.make_move(service.sales, handoff, last, body)
        if last == "reject":
            service.marketing.write(f"{one}/requalify", {"reason": canary()})
        if last in ("recycle", "lose"):
            service.sales.make("/v1/handoffs", {"contact_id": contact["id"], "reason": canary()})
    guarded = funnel.make_form(service.admin, open=True, protection={"honeypot": "fax"})["slug"]
    last = service.reader.read(f"/v1/contacts/{erased[-1]['id']}")["email"]
    for _ in range(2):  # waits in the quarantine
        service.nobody.make(f"/v1/forms/{guarded}/submissions", {
            "email": last, "attributes": {"fax": "1", "message": canary()}, "context": canary.context()})
    email = canary.address()
    for _ in range(2):  # comes under review, which a person decides
        service.nobody.make(path, {"email": email, "attributes": {"hobby": canary()}})
    reviewed = funnel.contact_of(service.reader, email)
    service.marketing.write(f"/v1/contacts/{reviewed['id']}/decide", {"decision": "mql", "note": canary()})
    service.marketing.write(f"/v1/contacts/{reviewed['id']}/merge", {"duplicate_of": erased[5]["id"]})
    for path, parameters in (("/v1/contacts", {"q": canary(False)}), ("/v1/contacts", {"email": f"{canary(False)}@example.com"}),
                             ("/v1/submissions", {"email": f"{canary(False)}@example.com"})):
        service.reader.read(path, **parameters)
    faults(service.marketing.post("/v1/contacts", {"email": f"{canary(False)} no address", "attributes": {"x": [canary(False)]}}))
    return erased


def dump_of(service):
    cluster = service.database.cluster
    done = subprocess.run([cluster.bin / "pg_dump", "--data-only", "--inserts", service.database.url], check=True,
                          capture_output=True, text=True)
    return done.stdout


def test_no_canary_is_left(fresh, tmp_path):
    canary = Canaries()
    erased = plant(fresh, canary)
    imported = canary.address()
    file = tmp_path / "people.csv"
    file.write_text(f"email,occurred_at,kind,attributes.note\n{imported},2026-01-05T10:00:00Z,page_view,{canary()}\n")
    data_dir = fresh.directory / fresh.server.name
    command("import", "contacts", file, "--historical", "--data-dir", data_dir, database=fresh.database)
    erased.append(funnel.contact_of(fresh.reader, imported))
    before = dump_of(fresh)
    missing = [one for one in canary.kept if one not in before]
    assert missing == [], "what is planted is stored at first"
    assert len(canary.kept) + len(canary.passing) >= 500
    told = json.dumps([fresh.reader.read(f"/v1/contacts/{contact['id']}/export") for contact in erased])
    assert [one for one in canary.kept if one not in told] == [], "what is stored is told to whoever asks what is held"
    print(f"{len(canary.kept)} canaries stored, {len(canary.passing)} passing")
    for contact in erased:
        erase(fresh, contact)
    verdict.wait_numbered(fresh)
    told = json.dumps(funnel.events_after(fresh.reader, 0))
    seen = {"dump": dump_of(fresh), "log": fresh.server.log(), "feed": told,
            "metrics": fresh.nobody.get("/metrics").text,
            "list": (data_dir / "erasures.ndjson").read_text(),
            "database's log": fresh.database.cluster.log_path.read_text(errors="replace")}
    for where, text in seen.items():
        left = [one for one in canary.kept + canary.passing if one in text.lower()]
        assert left == [], f"{where}: {len(left)} of {len(canary.kept)}"
    # Ids that were made from the address do not tell it either; those of form posts are made with the privacy key.
    assert fresh.database.rows("SELECT id FROM activity WHERE get_byte(uuid_send(id), 6) >> 4 = 8 AND payload IS NULL") == []
