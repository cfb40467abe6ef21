"""What the operator sees: health, readiness, metrics, logs, start and stop."""

import json
import shutil
import subprocess
import threading

import httpx
import pytest

from support import funnel, paths, postgres
from support.client import expect
from support.server import command, complaint
from support.waiting import wait_until


def test_health_and_readiness(service):
    assert service.nobody.read("/healthz") == {"status": "ok"}
    assert service.nobody.read("/readyz")["status"] == "ready"


@pytest.mark.concurrency
def test_metrics(service):
    desk = funnel.Desk(service)
    desk.handoff_in("won")
    service.nobody.get("/nothing")
    answer = expect(service.nobody.get("/metrics"), 200)
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'operation="submitForm",status="201"' in answer.text.replace('", ', '",')
    assert "example.com" not in answer.text and desk.form["slug"] not in answer.text
    for line in answer.text.splitlines():
        assert line.startswith("#") or line.startswith("relais_"), line


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_metrics_as_prometheus_likes_them(service):
    text = service.nobody.get("/metrics").content
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=60)
    assert checked.returncode == 0, checked.stderr.decode()


@pytest.fixture
def talkative(make_service):
    """A server that logs all it can."""
    made = make_service(env={"RELAIS_LOG_LEVEL": "debug"}).start()
    yield made
    made.end()


def test_logs_are_json_lines_without_personal_data(talkative):
    service = talkative
    email = "jeanne.doe+secret@example.com"
    desk = funnel.Desk(service)
    desk.submit(email, {"first_name": "Jeanne", "company": "Canary Industries"})
    contact = funnel.contact_of(service.reader, email)
    service.marketing.change(f"/v1/contacts/{contact['id']}", {"attributes": {"last_name": "Canary"}})
    service.reader.read("/v1/contacts", q="Canary Industries")
    service.nobody.post(f"/v1/forms/{desk.form['slug']}/submissions", {"email": "bad canary@example.com"})
    service.nobody.get(f"/v1/contacts?email={email}")
    service.nobody.get(f"/nothing/{email}")
    service.server.stop()
    lines = [line for line in service.server.log_of_this_run().splitlines() if line]
    assert len(lines) > 8
    for line in lines:
        if not line.startswith("relais ready on"):
            json.loads(line)
    log = "\n".join(lines).lower()
    for word in ("jeanne", "canary", "example.com", *(key.lower() for key in service.keys.values())):
        assert word not in log, word


def test_a_log_line_for_each_request(talkative):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answers = [talkative.reader.get("/v1/organisation", headers={"traceparent": trace, "X-Request-Id": "mine-1"}),
               talkative.nobody.get("/v1/organisation", headers={"traceparent": trace, "X-Request-Id": "mine-1"})]
    talkative.server.stop()
    for answer in answers:
        request_id = answer.headers["X-Request-Id"]
        (line,) = [line for line in talkative.server.log_lines() if line.get("request_id") == request_id]
        assert (line["operation"], line["status"]) == ("getOrganisation", answer.status_code)
        assert (line["traceparent"], line["client_request_id"]) == (trace, "mine-1")


# --- starting -------------------------------------------------------------------------------------


def test_what_cannot_start_says_why(database, cluster, tmp_path):
    def fails(expected, *arguments, env=None):
        _, err = command("serve", "--data-dir", str(tmp_path), *arguments, env=env, expect=expected)
        assert err.strip()
        return err

    fails(2, "--no-such-option")
    fails(2, "--listen", "nonsense", "--database-url", database.url)
    fails(3, "--database-url", database.url, env={"RELAIS_LISTEN": "nonsense"})
    assert "RELAIS_LISTEN" in fails(3, "--database-url", database.url, env={"RELAIS_LISTENN": "127.0.0.1:0"})
    fails(4, "--listen", "127.0.0.1:0", "--database-url", cluster.url("there_is_none"))


def test_a_taken_port(service, database, tmp_path):
    _, err = command("serve", "--listen", f"127.0.0.1:{service.server.port}", "--data-dir", str(tmp_path),
                     database=database, expect=None)
    assert str(service.server.port) in err
    service.reader.read("/v1/organisation")


def test_unsafe_durability_is_refused(binary, tmp_path):
    """An acknowledged submission must be on disk."""
    careless = postgres.Cluster({"fsync": "off"})
    try:
        _, err = command("serve", "--listen", "127.0.0.1:0", "--data-dir", str(tmp_path),
                         database=careless.start().create_database(), expect=4)
        assert "fsync" in err
    finally:
        careless.remove()


def test_a_newer_schema_is_refused(database, tmp_path):
    with database.connect() as connection:
        columns = [row[0] for row in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'schema_migration'")]
        others = ", ".join(column for column in columns if column != "version")
        connection.execute(f"INSERT INTO schema_migration (version, {others}) "
                           f"SELECT 9999, {others} FROM schema_migration ORDER BY version DESC LIMIT 1")
    _, err = command("serve", "--listen", "127.0.0.1:0", "--data-dir", str(tmp_path), database=database, expect=None)
    assert "newer" in err.lower()
    _, err = command("migrate", database=database, expect=None)
    assert "newer" in err.lower()


def test_migrating_twice_changes_nothing(database):
    before = database.rows("SELECT * FROM schema_migration ORDER BY version")
    command("migrate", database=database)
    assert database.rows("SELECT * FROM schema_migration ORDER BY version") == before


def test_five_instances_start_on_an_empty_database(cluster, make_service):
    """Migrations run once."""
    empty = cluster.create_database()
    five = make_service(instances=5, database=empty)
    try:
        five.start()
        versions = [row[0] for row in empty.rows("SELECT version FROM schema_migration ORDER BY version")]
        expected = len(list((paths.ROOT / "migrations").glob("*.sql")))
        assert versions == list(range(1, expected + 1))
        five.stop()
    finally:
        five.end()


# --- stopping -------------------------------------------------------------------------------------


@pytest.mark.concurrency
def test_sigterm_under_load_fails_no_request(make_service):
    """Connections may be refused once it is stopping; what was taken is answered well."""
    service = make_service().start()
    desk = funnel.Desk(service)
    acknowledged, failed = [], []
    path = f"/v1/forms/{desk.form['slug']}/submissions"
    started = threading.Barrier(9)

    def submit(number):
        with httpx.Client(base_url=service.url, trust_env=False, timeout=60) as client:
            for count in range(100_000):
                if count == 5:
                    started.wait(60)
                email = f"drain-{number}-{count}@example.com"
                try:
                    answer = client.post(path, json={"email": email})
                except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
                    failed.append((email, error))
                    return
                if answer.status_code == 503:
                    assert "Retry-After" in answer.headers
                    return
                assert answer.status_code == 201, answer.text
                acknowledged.append(email)
                if answer.headers.get("connection") == "close":
                    return

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    started.wait(60)
    service.server.terminate()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    service.server.wait_end()
    # A closed keep-alive connection is no failed request only if nothing of it was done.
    stored = {row[0] for row in service.database.rows("SELECT email_key FROM email_identity")}
    assert set(acknowledged) <= stored and len(acknowledged) >= 40
    assert [error for email, error in failed if email in stored] == []
    assert not [error for _, error in failed if not isinstance(error, httpx.ConnectError)], failed
    assert complaint(service.server.log()) is None


@pytest.mark.concurrency
def test_a_stop_ends_those_who_wait(make_service):
    service = make_service().start()
    answers = []
    listener = service.client("reader", checks=False)
    thread = threading.Thread(target=lambda: answers.append(listener.get("/v1/events", params={"wait": 30})))
    thread.start()
    wait_until(lambda: "relais_" in service.nobody.get("/metrics").text, what="the server")
    service.server.terminate()
    thread.join(40)
    service.server.wait_end()
    assert answers == [] or answers[0].status_code in (200, 503)


def test_two_signals_are_as_good_as_one(make_service):
    service = make_service().start()
    service.server.terminate()
    if service.server.is_running():
        service.server.terminate()
    service.server.wait_end()
