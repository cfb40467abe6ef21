"""Form posts while the database is away: kept on disk, answered 202, taken in once and in order when it is back."""

import os
import signal
import stat
import time
import uuid

import httpx
import pytest

from support import funnel, postgres, server as server_module, service as service_module, times
from support.client import Client, expect, faults
from support.crowd import at_once
from support.waiting import wait_until


@pytest.fixture(scope="module")
def own_cluster(binary):
    """A PostgreSQL that may be stopped."""
    made = postgres.Cluster()
    try:
        yield made.start()
    finally:
        made.remove()


@pytest.fixture(scope="module")
def own_template(own_cluster):
    database = own_cluster.create_database()
    server_module.command("migrate", database=database)
    return database.name, service_module.create_keys(database)


@pytest.fixture
def make(own_cluster, own_template, tmp_path):
    """make(instances=1, env=None): a started service on the PostgreSQL that may be stopped."""
    made = []

    def build(instances=1, env=None):
        if not own_cluster.is_running():
            own_cluster.start()
        database = own_cluster.create_database(own_template[0])
        service = service_module.Service(database, own_template[1], tmp_path, instances, env)
        made.append(service)
        return service.start()

    try:
        yield build
        for service in made:
            service.stop()  # and no sanitizer had anything to say
    finally:
        for service in made:
            service.end()
        if not own_cluster.is_running():
            own_cluster.start()
        for service in made:
            service.database.drop()


class Outage:
    """`with Outage(service):` the database is away; at its end it is back, and the spools are drained."""

    def __init__(self, service, kill=False):
        self.service = service
        self.kill = kill

    def __enter__(self):
        cluster = self.service.database.cluster
        cluster.kill() if self.kill else cluster.stop_at_once()
        return self

    def __exit__(self, *failure):
        self.service.database.cluster.start()
        if failure[0] is None:
            wait_drained(self.service)


def readiness(service, instance=0):
    answer = httpx.get(service.servers[instance].url + "/readyz", timeout=60, trust_env=False)
    return answer.json() if answer.status_code == 200 else {"status": answer.status_code}


def wait_drained(service):
    for instance, server in enumerate(service.servers):
        if server.is_running():
            wait_until(lambda: readiness(service, instance) == {"status": "ready", "spooled": 0}, 60, "an empty spool")


def submission(service, receipt):
    return service.reader.read(f"/v1/submissions/{receipt['id']}")


def wait_saved(service, slug, instance=0):
    """Until this form is in the last known set-up of an instance, also one that is idle."""
    server = service.servers[instance]
    file = server.directory / server.name / "setup.last"
    return wait_until(lambda: file.exists() and slug in file.read_text() and file.read_text(), what=f"{slug} on disk")


def queued(response):
    receipt = expect(response, 202).json()
    assert receipt["queued"] is True
    return receipt


def metric(service, name):
    for line in httpx.get(service.url + "/metrics", timeout=60, trust_env=False).text.splitlines():
        if line.startswith(f"relais_{name} "):
            return float(line.split()[1])
    raise AssertionError(name)


def spool_files(service, instance=0):
    server = service.servers[instance]
    return sorted((server.directory / server.name / "spool").glob("*"))


# --- what is said about it ------------------------------------------------------------------------


def test_clients_are_told_one_sentence_and_the_log_knows_the_cause(make):
    service = make()
    server = service.servers[0]

    def logged(event):
        return [line for line in server.log_lines() if line["event"] == event]

    with Outage(service):
        wait_until(lambda: logged("database_away"), what="the outage in the log")
        for ask in (lambda: service.reader.get("/v1/contacts"), lambda: service.reader.get("/v1/events"),
                    lambda: service.marketing.post("/v1/contacts", {"email": funnel.address()}),
                    lambda: service.admin.post("/v1/members", {"name": "Sami", "team": "sales"})):
            answer = expect(ask(), 503)
            assert answer.json()["detail"] == "The database is away. Try again in a moment."
            assert int(answer.headers["Retry-After"]) >= 1
    wait_until(lambda: logged("database_back"), what="its end in the log")
    (away,), (back,) = logged("database_away"), logged("database_back")
    assert (away["level"], back["level"]) == ("warn", "info") and "connect" in away["cause"].lower()
    assert not logged("database_unusable"), "the cause is told once"


# --- kept and taken in ----------------------------------------------------------------------------


def test_a_post_is_kept_and_taken_in_once(make):
    service = make()
    desk = funnel.Desk(service, url="https://www.example.com/guide.pdf")
    path = f"/v1/forms/{desk.form['slug']}/submissions"
    email = funnel.address()
    with Outage(service):
        receipt = queued(service.nobody.post(path, {"email": email, "attributes": funnel.VP}))
        assert receipt["offer_url"] == "https://www.example.com/guide.pdf"
        assert readiness(service) == {"status": "spooling", "spooled": 1}
        assert metric(service, "spool_waiting") == 1 and metric(service, "spooling") == 1
        answer = expect(service.reader.get("/v1/contacts"), 503)
        assert int(answer.headers["Retry-After"]) >= 0
    stored = submission(service, receipt)
    assert stored["received_at"] == receipt["received_at"] == stored["occurred_at"]
    contact = funnel.contact_of(service.reader, email)
    assert contact["stage"] == "mql" and contact["score"]["grade"] == "A2"
    handoff = service.reader.read(f"/v1/handoffs/{contact['handoff']['id']}")
    clock = handoff["clocks"][0]
    assert times.parse(clock["started_at"]) > times.parse(receipt["received_at"]), "a clock starts when it is taken in"
    events = [event for event in funnel.events_after(service.reader, 0) if event["type"] == "submission.received"]
    assert [event["data"]["submission_id"] for event in events] == [receipt["id"]]
    assert metric(service, "spool_drained_total") == 1 and metric(service, "spool_waiting") == 0
    assert [file.name for file in spool_files(service)] == ["progress"]


def test_html_forms_are_kept_like_json(make):
    service = make()
    form = funnel.make_form(service.admin, open=True, fields={"your_job": "job_title"})
    redirecting = funnel.make_form(service.admin, open=True, redirect_url="https://www.example.com/merci")
    path, redirected = (f"/v1/forms/{one['slug']}/submissions" for one in (form, redirecting))
    emails = [funnel.address() for _ in range(4)]
    with Outage(service):
        answer = expect(service.nobody.post(path, data={"email": emails[0], "your_job": "VP IT", "company_size": "x"}), 303)
        thanks = expect(service.nobody.get(str(answer.url.join(answer.headers["Location"]))), 200)
        assert thanks.headers["content-type"].startswith("text/html")
        went_on = expect(service.nobody.post(redirected, data={"email": emails[1]}), 303)
        assert went_on.headers["Location"] == "https://www.example.com/merci"
        expect(service.nobody.post(path, data={"email": emails[2], "company": "L’Œuf"},
                                   files={"cv": ("cv.pdf", b"%PDF \x00\xff", "application/pdf")}), 303)
        queued(service.nobody.post(path, data={"email": emails[3]}, headers={"Accept": "application/json"}))
    stored = [service.reader.pages("/v1/submissions", email=email) for email in emails]
    assert [len(one) for one in stored] == [1, 1, 1, 1]
    assert stored[0][0]["attributes"] == {"job_title": "VP IT", "company_size": "x"}
    assert stored[2][0]["attributes"] == {"company": "L’Œuf"}


def test_posts_of_other_tools_are_kept_too(make):
    """A page that posts as to HubSpot is answered as always; a tool's webhook with what it takes for success."""
    service = make()
    form = funnel.make_form(service.admin, open=True, hubspot_guid=str(uuid.uuid4()))
    emails = [funnel.address() for _ in range(3)]
    hubspot = f"/submissions/v3/integration/submit/1/{form['hubspot_guid']}"
    webflow = f"/v1/forms/{form['slug']}/submissions/webflow"
    with Outage(service):
        page = expect(service.nobody.post(hubspot, {"fields": [{"name": "email", "value": emails[0]},
                                                               {"name": "firstname", "value": "Zoé"}]}), 200)
        assert "inlineMessage" in page.json()
        expect(service.nobody.post(hubspot, {"fields": [{"name": "firstname", "value": "Zoé"}]}), 400)
        hook = {"triggerType": "form_submission",
                "payload": {"name": "Guide", "siteId": "1", "data": {"Email": emails[1], "First name": "Ada"},
                            "submittedAt": times.ago(minutes=1), "id": "65f0c6a52d0e4c5e9a397d9d", "formId": "2"}}
        answer = expect(service.nobody.post(webflow, hook), 200).json()
        assert answer["queued"] is True
        assert expect(service.nobody.post(webflow, hook), 200).json() == answer, "a delivery that is repeated"
        tally = {"eventType": "FORM_RESPONSE", "createdAt": times.ago(minutes=1), "data": {
            "submissionId": "Zx81Kq", "formId": "wMkXyZ", "createdAt": times.ago(minutes=1),
            "fields": [{"key": "q1", "label": "Email", "type": "INPUT_EMAIL", "value": emails[2]}]}}
        queued(service.nobody.post(f"/v1/forms/{form['slug']}/submissions/tally", tally))
        assert readiness(service)["spooled"] == 3
    stored = [service.reader.pages("/v1/submissions", email=email) for email in emails]
    assert [len(one) for one in stored] == [1, 1, 1]
    assert stored[0][0]["attributes"]["first_name"] == "Zoé" and stored[1][0]["id"] == answer["id"]


def test_posts_of_one_contact_keep_their_order(make):
    service = make()
    desk = funnel.Desk(service)
    email = funnel.address()
    with Outage(service):
        kept = [queued(service.nobody.post(f"/v1/forms/{desk.form['slug']}/submissions",
                                           {"email": email, "attributes": {"first_name": f"N{number}"}}))["id"]
                for number in range(12)]
    told = [event["data"]["submission_id"] for event in funnel.events_after(service.reader, 0)
            if event["type"] == "submission.received"]
    assert told == kept
    assert funnel.contact_of(service.reader, email)["attributes"]["first_name"] == "N11"


def test_what_belongs_behind_a_kept_post_waits_with_it(make):
    """While something of a contact waits, its next post does not overtake it; other contacts' posts go their way."""
    service = make(env={"RELAIS_INGEST_WRITERS": "1"})
    desk = funnel.Desk(service)
    path = f"/v1/forms/{desk.form['slug']}/submissions"
    email = funnel.address()
    with Outage(service):
        first = queued(service.nobody.post(path, {"email": email}))
    assert [stored["id"] for stored in service.reader.pages("/v1/submissions", email=email)] == [first["id"]]
    # The contact is held, so the drain of the next outage cannot end; others are let through.
    second_outage = Outage(service)
    second_outage.__enter__()
    kept = queued(service.nobody.post(path, {"email": email}))
    service.database.cluster.start()
    with service.database.connect() as connection:
        connection.autocommit = False
        owner = postgres.hold_contact(connection, email)
        wait_until(lambda: metric(service, "spooling") == 0 and metric(service, "spool_waiting") == 1, what="the database")
        behind = queued(service.nobody.post(path, {"email": email}))
        # Nobody is erased while a post of theirs may still come in.
        expect(service.admin.delete(f"/v1/contacts/{owner}"), 503)
        connection.rollback()
    wait_drained(service)
    told = [event["data"]["submission_id"] for event in funnel.events_after(service.reader, 0)
            if event["type"] == "submission.received"]
    assert told == [first["id"], kept["id"], behind["id"]]
    expect(service.nobody.post(path, {"email": email}), 201)


def test_an_occurred_at_is_judged_by_when_the_post_came(make):
    service = make()
    desk = funnel.Desk(service)
    path = f"/v1/forms/{desk.form['slug']}/submissions"
    with Outage(service):
        receipt = queued(service.nobody.post(path, {"email": funnel.address(), "occurred_at": times.ago(hours=23)}))
        assert faults(service.nobody.post(path, {"email": funnel.address(), "occurred_at": times.ago(hours=25)})) == \
            {"/occurred_at": "range"}
    stored = submission(service, receipt)
    assert times.parse(stored["received_at"]) > times.parse(stored["occurred_at"])


# --- who may, and what is refused -----------------------------------------------------------------


def test_keys_and_forms_are_known_without_the_database(make):
    service = make()
    closed = funnel.make_form(service.admin)
    path = f"/v1/forms/{closed['slug']}/submissions"
    assert service.publishable.key
    clients = {name: service.client(name) for name in ("publishable", "submitter", "admin", "reader")}
    with Outage(service):
        kept = [queued(clients[name].post(path, {"email": funnel.address()})) for name in ("publishable", "submitter", "admin")]
        for nobody in (service.nobody, clients["reader"], Client(service.url, "relais_sk_unknown")):
            expect(nobody.post(path, {"email": funnel.address()}), 503)
        expect(service.nobody.post("/v1/forms/unknown/submissions", {"email": funnel.address()}), 503)
    for receipt in kept:
        assert submission(service, receipt)["form"] == closed["slug"]


def test_what_is_wrong_is_told_and_not_kept(make):
    service = make()
    form = funnel.make_form(service.admin, open=True, required=["email", "company"])
    path = f"/v1/forms/{form['slug']}/submissions"
    with Outage(service):
        assert faults(service.nobody.post(path, {"email": "nonsense"})) == {"/email": "format", "/attributes/company": "required"}
        page = expect(service.nobody.post(path, data={"email": "a@example.com"}), 422)
        assert page.headers["content-type"].startswith("text/html")
        expect(service.nobody.post(path, content=b"{", headers={"Content-Type": "application/json"}), 400)
        expect(service.nobody.post(path, content=b"x", headers={"Content-Type": "text/plain"}), 415)
        assert readiness(service) == {"status": "spooling", "spooled": 0}


def test_scripts_of_other_origins_see_the_answer(make):
    service = make()
    form = funnel.make_form(service.admin, open=True, allowed_origins=["https://www.example.com"])
    path = f"/v1/forms/{form['slug']}/submissions"
    origin = {"Origin": "https://www.example.com"}
    with Outage(service):
        answer = service.nobody.post(path, {"email": funnel.address()}, headers=origin)
        queued(answer)
        assert answer.headers["Access-Control-Allow-Origin"] == origin["Origin"]


# --- repeats --------------------------------------------------------------------------------------


def test_a_double_click_on_a_form_without_script(make):
    """Both clicks while the database is away, also on two instances; and one before, one then."""
    service = make(instances=2, env={"RELAIS_PRIVACY_KEY": "the same on all instances"})
    desk = funnel.Desk(service)
    path = f"/v1/forms/{desk.form['slug']}/submissions"
    wait_saved(service, desk.form["slug"], instance=1)
    both, before = ({"email": funnel.address()} for _ in range(2))
    accept = {"Accept": "application/json"}
    known = expect(service.nobody.post(path, data=before, headers=accept), 201).json()["id"]
    # As if by a clock that is ten seconds ahead: so the second click may come up to twenty seconds later.
    service.database.execute("UPDATE activity_key SET id = %s, received_at = received_at + interval '10 seconds' WHERE id = %s",
                             uuid.UUID(int=uuid.UUID(known).int + (10_000 << 80)), known)
    with Outage(service):
        wait_until(lambda: time.time() % 10 < 5, what="a moment in which no slot of ten seconds ends")
        clicks = [queued(client.post(path, data=both, headers=accept))
                  for client in (service.nobody, service.nobody, service.client(instance=1))]
        assert clicks[0] == clicks[1] and {click["id"] for click in clicks} == {clicks[0]["id"]}
        queued(service.nobody.post(path, data=before, headers=accept))
    stored = [service.reader.pages("/v1/submissions", email=fields["email"]) for fields in (both, before)]
    assert [[one["id"] for one in found] for found in stored] == [[clicks[0]["id"]], [known]]


def test_repeats_of_an_id(make):
    service = make()
    desk = funnel.Desk(service)
    path = f"/v1/forms/{desk.form['slug']}/submissions"
    before = {"id": str(uuid.uuid4()), "email": funnel.address()}
    body = {"id": str(uuid.uuid4()), "email": funnel.address()}
    stored = expect(service.nobody.post(path, before), 201).json()
    with Outage(service):
        first = service.nobody.post(path, body)
        assert queued(first)["id"] == body["id"] and "Idempotency-Replayed" not in first.headers
        again = service.nobody.post(path, body)
        assert queued(again) == first.json() and again.headers["Idempotency-Replayed"] == "true"
        assert faults(service.nobody.post(path, {**body, "email": funnel.address()})) == {"/id": "taken"}
        queued(service.nobody.post(path, before))  # it is stored already, which nobody knows now
        assert readiness(service)["spooled"] == 2
    replayed = expect(service.nobody.post(path, body), 201)
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert replayed.json() == {key: value for key, value in first.json().items() if key != "queued"}
    assert expect(service.nobody.post(path, before), 201).json() == stored
    for one in (before, body):
        assert len(service.reader.pages("/v1/submissions", email=one["email"])) == 1
    assert faults(service.nobody.post(path, {**body, "email": funnel.address()})) == {"/id": "taken"}


def test_repeats_of_an_idempotency_key(make):
    service = make()
    desk = funnel.Desk(service)
    path = f"/v1/forms/{desk.form['slug']}/submissions"
    keys = [{"Idempotency-Key": funnel.unique("try")} for _ in range(2)]
    bodies = [{"email": funnel.address()} for _ in range(2)]
    publishable = service.publishable
    stored = expect(publishable.post(path, bodies[0], headers=keys[0]), 201).json()
    with Outage(service):
        first = queued(publishable.post(path, bodies[1], headers=keys[1]))
        again = publishable.post(path, bodies[1], headers=keys[1])
        assert queued(again) == first and again.headers["Idempotency-Replayed"] == "true"
        expect(publishable.post(path, bodies[0], headers=keys[1]), 422)
        queued(publishable.post(path, bodies[0], headers=keys[0]))  # stored already
    for body, headers, receipt in zip(bodies, keys, (stored, first)):
        answer = expect(publishable.post(path, body, headers=headers), 201)
        assert answer.json()["id"] == receipt["id"] and answer.headers["Idempotency-Replayed"] == "true"
        assert len(service.reader.pages("/v1/submissions", email=body["email"])) == 1


@pytest.mark.concurrency
def test_many_at_once(make):
    service = make()
    desk = funnel.Desk(service)
    path = f"/v1/forms/{desk.form['slug']}/submissions"
    shared = {"id": str(uuid.uuid4()), "email": funnel.address()}

    def submit(number):
        client = Client(service.url)
        own = [queued(client.post(path, {"email": f"crowd{number}-{count}@example.com"}))["id"] for count in range(10)]
        return own + [queued(client.post(path, shared))["id"]]

    with Outage(service):
        receipts = at_once(submit, 12)
        assert readiness(service)["spooled"] == 121
    ids = {one for mine in receipts for one in mine}
    stored = [row[0] for row in service.database.rows("SELECT id::text FROM activity WHERE form = %s", desk.form["slug"])]
    assert len(stored) == 121 and set(stored) == ids


# --- what fits no more ----------------------------------------------------------------------------


def quarantined(service):
    return service.database.rows("SELECT submission_id::text, reasons, email, payload IS NOT NULL, raw, received_at "
                                 "FROM quarantine ORDER BY quarantine_id")


def edit(service, slug, change):
    """Changes a form behind the back of the service, as another instance would have done."""
    with service.database.connect() as connection, connection.transaction():
        connection.execute(f"UPDATE catalog_entry SET {change} WHERE kind = 'form' AND slug = %s", (slug,))
        connection.execute("UPDATE catalog_head SET version = version + 1")


def test_what_fits_no_more_goes_into_quarantine(make):
    service = make()
    gone, stricter, fine = (funnel.make_form(service.admin, open=True)["slug"] for _ in range(3))
    emails = [funnel.address() for _ in range(3)]
    outage = Outage(service)
    outage.__enter__()
    kept = [queued(service.nobody.post(f"/v1/forms/{slug}/submissions", {"email": email}))
            for slug, email in zip((gone, stricter, fine), emails)]
    service.server.terminate()
    service.server.wait_end()
    service.database.cluster.start()
    edit(service, gone, "slug = slug || '-old', body = jsonb_set(body::jsonb, '{slug}', to_jsonb(slug || '-old'))::json")
    edit(service, stricter, "body = jsonb_set(body::jsonb, '{required}', '[\"email\", \"company\"]')::json")
    service.server.start()
    wait_drained(service)
    assert submission(service, kept[2])["form"] == fine
    first, second = quarantined(service)
    assert (first[0], first[1], first[3]) == (kept[0]["id"], ["invalid_at_drain"], False)
    assert emails[0].encode() in bytes(first[4])
    assert (second[0], second[1], second[2], second[3], second[4]) == \
        (kept[1]["id"], ["invalid_at_drain"], emails[1], True, None)
    assert [times.parse(receipt["received_at"]) for receipt in kept[:2]] == [first[5], second[5]]
    assert metric(service, "spool_refused") == 0
    (entry,) = service.reader.read("/v1/quarantine", form=stricter)["data"]
    service.marketing.write(f"/v1/quarantine/{entry['id']}/release", {})
    released = submission(service, kept[1])
    assert released["received_at"] == kept[1]["received_at"]
    assert funnel.contact_of(service.reader, emails[1])["stage"] == "lead"


def test_a_webhook_that_fits_no_more_is_read_by_its_adapter_when_it_is_released(make):
    service = make()
    form = funnel.make_form(service.admin, open=True)["slug"]
    email = funnel.address()
    body = {"eventType": "FORM_RESPONSE", "data": {"responseId": "abc1", "fields": [
        {"key": "q1", "label": "Company", "type": "INPUT_TEXT", "value": "Ateliers Dupont"},
        {"key": "q2", "label": "Your address", "type": "INPUT_EMAIL", "value": email}]}}
    wait_saved(service, form)
    with Outage(service):
        queued(service.nobody.post(f"/v1/forms/{form}/submissions/tally", body))
        service.server.terminate()
        service.server.wait_end()
    edit(service, form, "slug = 'away', body = jsonb_set(body::jsonb, '{slug}', '\"away\"')::json")
    service.server.start()
    wait_drained(service)
    (aside,) = quarantined(service)
    assert (aside[1], aside[3]) == (["invalid_at_drain"], False)
    edit(service, "away", f"slug = '{form}', body = jsonb_set(body::jsonb, '{{slug}}', '\"{form}\"')::json")
    (entry,) = service.reader.pages("/v1/quarantine")
    service.marketing.write(f"/v1/quarantine/{entry['id']}/release", {})
    contact = funnel.contact_of(service.reader, email)
    assert contact["attributes"]["company"] == "Ateliers Dupont"


def test_an_id_that_was_taken_meanwhile(make):
    """Two instances, one database: what one spooled, the other has stored with other content by then."""
    service = make(instances=2)
    desk = funnel.Desk(service)
    wait_saved(service, desk.form["slug"], instance=1)
    path = f"/v1/forms/{desk.form['slug']}/submissions"
    taken = {"id": str(uuid.uuid4()), "email": funnel.address()}
    other = {**taken, "email": funnel.address()}
    with Outage(service):
        queued(service.nobody.post(path, taken))
        queued(service.client(instance=1).post(path, other))
    stored = service.database.rows("SELECT e.email_key FROM activity a JOIN email_identity e USING (contact_id)")
    aside = quarantined(service)
    assert len(stored) == 1 and len(aside) == 1
    assert {stored[0][0], aside[0][2]} == {taken["email"], other["email"]}
    assert aside[0][0] != taken["id"]


# --- starting and stopping ------------------------------------------------------------------------


def test_a_start_while_the_database_is_away(make):
    service = make()
    desk = funnel.Desk(service)
    path = f"/v1/forms/{desk.form['slug']}/submissions"
    emails = [funnel.address() for _ in range(3)]
    wait_saved(service, desk.form["slug"])
    with Outage(service, kill=True):
        kept = [queued(service.nobody.post(path, {"email": emails[0]}))]
        service.server.terminate()
        service.server.wait_end()
        service.server.start(wait=False)
        wait_until(lambda: "relais spooling on" in service.server.log_of_this_run(), what="a start without the database")
        assert "relais ready on" not in service.server.log_of_this_run()
        kept.append(queued(service.nobody.post(path, {"email": emails[1]})))
        service.server.kill()
        service.server.start(wait=False)
        wait_until(lambda: "relais spooling on" in service.server.log_of_this_run(), what="a start without the database")
        kept.append(queued(service.nobody.post(path, {"email": emails[2]})))
        assert readiness(service) == {"status": "spooling", "spooled": 3}
        expect(service.nobody.post("/v1/forms/unknown/submissions", {"email": emails[0]}), 503)
        expect(service.reader.get("/v1/contacts"), 503)
    service.server.wait_ready()
    assert [len(service.reader.pages("/v1/submissions", email=email)) for email in emails] == [1, 1, 1]
    assert funnel.contact_of(service.reader, emails[0])["stage"] == "lead"


def test_a_first_start_needs_the_database(own_cluster, tmp_path):
    port = postgres.free_port()
    _, err = server_module.command("serve", "--listen", "127.0.0.1:0", "--data-dir", tmp_path, "--database-url",
                                   f"postgresql://postgres@127.0.0.1:{port}/relais", expect=4)
    assert "database" in err.lower()


def test_a_migration_runs_when_the_database_comes(make, own_cluster):
    """A server that started without its database finds an empty one: it makes it whole."""
    service = make()
    form = funnel.make_form(service.admin, open=True)
    wait_saved(service, form["slug"])
    service.server.terminate()
    service.server.wait_end()
    own_cluster.stop_at_once()
    service.server.start(wait=False)
    wait_until(lambda: "relais spooling on" in service.server.log_of_this_run(), what="a start without the database")
    email = funnel.address()
    receipt = queued(service.nobody.post(f"/v1/forms/{form['slug']}/submissions", {"email": email}))
    own_cluster.start()
    service.server.wait_ready()
    wait_drained(service)
    assert submission(service, receipt)["email"] == email


def test_files_are_for_us_alone(make):
    service = make()
    desk = funnel.Desk(service)
    directory = service.server.directory / service.server.name
    text = wait_saved(service, desk.form["slug"])
    for key in service.keys.values():
        assert key not in text, "hashes only"
    with Outage(service):
        queued(service.nobody.post(f"/v1/forms/{desk.form['slug']}/submissions", {"email": funnel.address()}))
        files = [directory / "setup.last", *spool_files(service)]
        assert len(files) == 3
        for file in files:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
        assert stat.S_IMODE((directory / "spool").stat().st_mode) == 0o700


def test_a_second_server_takes_over_the_spool(make, tmp_path):
    """As in an upgrade: the new one starts on the same data directory while the old one still runs."""
    service = make()
    desk = funnel.Desk(service)
    path = f"/v1/forms/{desk.form['slug']}/submissions"
    second = server_module.Server(service.database, service.server.directory, service.server.name)
    second.log_path = service.server.directory / "second.log"
    second.start()
    try:
        with Outage(service):
            kept = [queued(service.nobody.post(path, {"email": funnel.address()}))]
            nobody = Client(second.url)
            wait_until(lambda: nobody.post(path, {"email": funnel.address()}).status_code == 503, what="the outage's notice")
            service.server.terminate()
            service.server.wait_end()
            kept.append(queued(wait_until(lambda: (lambda answer: answer if answer.status_code == 202 else None)(
                nobody.post(path, {"email": funnel.address()})), what="the spool")))
            service.servers[0] = second
        reader = Client(second.url, service.keys["reader"])
        for receipt in kept:
            reader.read(f"/v1/submissions/{receipt['id']}")
    finally:
        second.end()


def test_a_full_spool(make):
    service = make(env={"RELAIS_SPOOL_BYTES_MAX": "1 MiB"})
    desk = funnel.Desk(service)
    path = f"/v1/forms/{desk.form['slug']}/submissions"
    with Outage(service):
        kept, answer = 0, None
        for number in range(200):
            answer = service.nobody.post(path, {"email": f"full{number}@example.com", "attributes": {"company": "x" * 4000,
                                                "city": "y" * 4000, "industry": "z" * 4000}})
            if answer.status_code != 202:
                break
            kept += 1
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 0
        assert readiness(service) == {"status": 503}
        assert 40 < kept < 100
    assert service.database.value("SELECT count(*) FROM activity") == kept
    expect(service.nobody.post(path, {"email": funnel.address()}), 201)


def test_without_a_spool(make):
    service = make(env={"RELAIS_SPOOL_BYTES_MAX": "0"})
    desk = funnel.Desk(service)
    with Outage(service):
        expect(service.nobody.post(f"/v1/forms/{desk.form['slug']}/submissions", {"email": funnel.address()}), 503)
        assert readiness(service) == {"status": 503}


def test_logs_hold_no_personal_data(make):
    service = make(env={"RELAIS_LOG_LEVEL": "debug"})
    desk = funnel.Desk(service)
    with Outage(service):
        queued(service.nobody.post(f"/v1/forms/{desk.form['slug']}/submissions",
                                   {"email": "jeanne.canary@example.com", "attributes": {"company": "Canary"}}))
    service.server.stop()
    log = service.server.log_of_this_run().lower()
    assert "spool_drained" in log and "database_back" in log
    assert "canary" not in log and "example.com" not in log


def test_doctor_tells_what_waits(make):
    service = make()
    desk = funnel.Desk(service)
    directory = service.server.directory / service.server.name
    with Outage(service):
        queued(service.nobody.post(f"/v1/forms/{desk.form['slug']}/submissions", {"email": funnel.address()}))
        out, _ = server_module.command("doctor", "--data-dir", directory, database=service.database, expect=4)
        assert "spool      ok: 1 form post waits" in out
    out, _ = server_module.command("doctor", "--data-dir", directory, database=service.database)
    assert "spool      ok" in out


def test_a_stopped_database_is_an_outage_too(make):
    """SIGSTOP: connections stay, nothing answers. The first posts wait for the deadline, then the spool takes over."""
    service = make(env={"RELAIS_OPERATION_TIMEOUT": "PT1S"})
    desk = funnel.Desk(service)
    path = f"/v1/forms/{desk.form['slug']}/submissions"
    cluster = service.database.cluster
    pids = cluster.pids()
    emails = [funnel.address() for _ in range(4)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        answers = at_once(lambda number: Client(service.url).post(path, {"email": emails[number]}), 3)
        assert [answer.status_code for answer in answers] == [202, 202, 202]
        queued(service.nobody.post(path, {"email": emails[3]}))
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    wait_drained(service)
    assert [len(service.reader.pages("/v1/submissions", email=email)) for email in emails] == [1, 1, 1, 1]
