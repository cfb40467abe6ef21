"""The commands: exit codes, what goes to standard output, and the first run without any database."""

import json
import re
import signal

import httpx
import pytest

from support import contract, funnel, processes
from support.client import Client
from support.server import READY, command, complaint, environment
from support.waiting import wait_until


def test_usage():
    for arguments in ([], ["dance"], ["serve", "--no-such"], ["key"], ["key", "create"], ["import", "contacts"], ["jsonlogic"],
                      ["migrate", "surplus"], ["version", "surplus"], ["--version", "surplus"], ["routes", "surplus"],
                      ["version", "--help", "surplus"], ["help", "surplus"], ["--help", "surplus"], ["doctor", "surplus"],
                      ["healthcheck", "surplus"], ["config", "surplus"], ["epoch", "bump", "surplus"],
                      ["erasures", "export", "surplus"], ["key", "create", "surplus"], ["jsonlogic", "{}", "{}", "surplus"],
                      ["import", "contacts", "file.csv", "surplus"], ["serve", "surplus"]):
        out, err = command(*arguments, expect=2)
        assert err.strip() and not out


def test_version():
    out, _ = command("version")
    assert re.match(r"relais \d+\.\d+\.\d+", out)
    assert command("--version")[0] == out
    assert command("version", "--help")[0] == "Usage: relais version\n"


def test_key_create_prints_only_the_key(database):
    out, _ = command("key", "create", "--name", "CRM", "--scope", "read,sales", database=database)
    assert re.fullmatch(r"relais_sk_[A-Za-z0-9_-]{20,}\n", out)
    for scopes in ("root", "read,root", "", ","):
        out, err = command("key", "create", "--name", "CRM", "--scope", scopes, database=database, expect=2)
        assert not out and err.strip()


def test_a_key_made_while_the_server_runs_works_at_once(service):
    out, _ = command("key", "create", "--name", "new", "--scope", "read", database=service.database)
    wait_until(lambda: Client(service.url, out.strip()).get("/v1/organisation").status_code == 200, what="the key")


def test_the_database_cannot_be_reached(cluster):
    out, err = command("migrate", "--database-url", cluster.url("there_is_none"), expect=4)
    assert not out and "there_is_none" in err
    out, err = command("migrate", "--database-url", "postgresql://postgres:secret@127.0.0.1:1/x", expect=4)
    assert "secret" not in err


def test_doctor_tells_what_is_wrong(fresh, cluster):
    desk = funnel.Desk(fresh)
    for _ in range(3):
        desk.lead()
    wait_until(lambda: fresh.database.value("SELECT count(*) FROM event_tx WHERE first_position IS NOT NULL") >= 3,
               what="the feed")
    out, _ = command("doctor", database=fresh.database)
    assert re.search(r"^database +ok$", out, re.M) and re.search(r"^schema +ok$", out, re.M)
    assert re.search(r"^locks +ok: room for \d+$", out, re.M)
    assert re.search(r"^feed +ok: positions 1 to \d+, 0 gaps, 0 torn", out, re.M)

    out, _ = command("doctor", "--database-url", "postgresql://postgres:secret@127.0.0.1:1/x", expect=4)
    assert re.search(r"^database +FAILED", out, re.M) and "schema" not in out and "secret" not in out

    fresh.database.execute("DELETE FROM event WHERE tx = (SELECT min(tx) FROM event)")
    out, _ = command("doctor", database=fresh.database, expect=4)
    assert re.search(r"^feed +FAILED: .* 1 torn", out, re.M)
    fresh.database.execute("DELETE FROM event_tx WHERE first_position = (SELECT max(first_position) FROM event_tx)")
    out, _ = command("doctor", database=fresh.database, expect=4)
    assert re.search(r"^feed +FAILED: .* 1 gaps, 1 torn", out, re.M)


def test_epoch_bump_sends_consumers_to_a_snapshot(fresh):
    page = fresh.reader.read("/v1/events")
    out, _ = command("epoch", "bump", database=fresh.database)
    answer = fresh.reader.get(f"/v1/events?after=0&epoch={page['epoch']}")
    assert answer.status_code == 410
    assert answer.json()["epoch"] == out.strip() != page["epoch"]
    command("epoch", database=fresh.database, expect=2)


@pytest.mark.parametrize("rule,data,result", [
    ({"==": [1, 1]}, None, True), ({"var": "a.b"}, {"a": {"b": 7}}, 7), ({"in": ["x", ["x", "y"]]}, None, True),
    ({"<=": [250, {"var": "n"}, 999]}, {"n": 300}, True), ({"missing": ["a", "b"]}, {"a": 1}, ["b"])])
def test_jsonlogic(rule, data, result):
    arguments = [json.dumps(rule)] + ([json.dumps(data)] if data is not None else [])
    out, _ = command("jsonlogic", *arguments)
    assert json.loads(out) == result


@pytest.mark.parametrize("rule", ['{"no_such": 1}', '{"throw": "x"}', '{"+": ["x"]}'])
def test_jsonlogic_that_fails(rule):
    out, err = command("jsonlogic", rule, expect=1)
    assert not out and err.strip()


def test_the_first_run_needs_no_database(binary, tmp_path):
    """serve with nothing but a data directory; commands beside it; kill -9 and again; at the end nothing is left running."""
    data = tmp_path / "data"
    log_path = tmp_path / "log"

    def start():
        log_path.write_text("")
        with open(log_path, "ab") as log:
            server = processes.spawn([binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", data], stdout=log, stderr=log,
                                     death_signal=signal.SIGTERM, env=environment())

        def ready():
            assert server.poll() is None, log_path.read_text()
            return READY.search(log_path.read_text())

        return server, wait_until(ready, 120, "the first run")[1]

    server, url = start()
    try:
        out, _ = command("key", "create", "--name", "me", "--scope", "admin", "--data-dir", str(data))
        key = out.strip()
        form = funnel.make_form(Client(url, key), open=True)["slug"]
        email = funnel.address()
        funnel.submit(Client(url), form, email)
        server.kill()
        server.wait(30)
        server, url = start()
        assert funnel.contact_of(Client(url, key), email) is not None
        postmaster = int((data / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
        assert complaint(log_path.read_text()) is None
        wait_until(lambda: not processes.is_alive(postmaster), what="PostgreSQL's end")
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, trust_env=False)
    finally:
        processes.end(server)


def test_mistyping_the_data_directory_makes_nothing(tmp_path):
    command("key", "create", "--name", "me", "--scope", "admin", "--data-dir", str(tmp_path / "typo"), expect=None)
    assert not (tmp_path / "typo").exists()


def test_the_routes_are_the_contracts():
    out, _ = command("routes")
    routes = [json.loads(line) for line in out.splitlines()]
    assert {(route["method"], route["path"], route["operation_id"], route["scope"], route["body_limit"]) for route in routes} == {
        (operation.method, operation.path, operation.id, operation.scope, operation.body_limit)
        for operation in contract.operations()}
