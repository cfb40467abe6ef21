"""kill -9 of a server, of a PostgreSQL backend, of the postmaster, under load: nothing acknowledged is lost, nothing is
stored twice, and service comes back by itself. RELAIS_KILL_ROUNDS says how often (10); the clients log before they send
and after they were answered, and tests/history/checker.py, itself tested, judges."""

import os
import random
import signal

import httpx
import pytest

from support import funnel, postgres, server as server_module, service as service_module, verdict
from support.load import Load
from support.waiting import wait_until

ROUNDS = int(os.environ.get("RELAIS_KILL_ROUNDS", "10"))
DATABASE_ROUNDS = max(2, ROUNDS // 3)
ACKNOWLEDGED_EACH_ROUND = 150
SEED = int(os.environ.get("RELAIS_KILL_SEED", "20261121"))
RECOVERY_SECONDS = 60  # generous; how long it took is printed


def go_on(load, count=ACKNOWLEDGED_EACH_ROUND):
    """Until so many more submissions are acknowledged."""
    wanted = load.acknowledged_count() + count
    wait_until(lambda: load.acknowledged_count() >= wanted, RECOVERY_SECONDS, f"{count} more acknowledgements")


def judge(service, load, form):
    assert load.unexpected() == []
    print(load.summary())
    assert verdict.check_all(service, load, form) == []


def test_kill_9_of_an_instance(make_service):
    service = make_service(instances=2).start()
    chance = random.Random(SEED)
    try:
        form = funnel.Desk(service).form["slug"]
        ports = [server.port for server in service.servers]
        with Load(lambda: ports, form, seed=SEED) as load:
            for _ in range(ROUNDS):
                go_on(load)
                victim = chance.choice(service.servers)
                victim.kill()
                victim.start()
            go_on(load)
        judge(service, load, form)
        service.stop()
    finally:
        service.end()
        service.database.drop()


@pytest.fixture(scope="module")
def own_cluster(binary):
    """A PostgreSQL that may be killed."""
    made = postgres.Cluster()
    try:
        yield made.start()
    finally:
        made.remove()


@pytest.fixture
def own_service(own_cluster, tmp_path):
    database = own_cluster.create_database()
    server_module.command("migrate", database=database)
    keys = service_module.create_keys(database)
    made = service_module.Service(database, keys, tmp_path, instances=2)
    try:
        yield made.start()
        made.stop()
    finally:
        made.end()


def backends(database):
    return [row[0] for row in database.rows(
        "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
        database.name)]


def status(service, path, instance=0, key="reader"):
    """(status, Retry-After) of a GET, whatever happens to it."""
    answer = httpx.get(service.servers[instance].url + path, headers={"Authorization": f"Bearer {service.keys[key]}"},
                       timeout=60, trust_env=False)
    return answer.status_code, answer.headers.get("Retry-After")


def wait_recovered(service):
    for instance in range(len(service.servers)):
        for path in ("/readyz", "/v1/contacts", "/v1/events", "/v1/sla/status"):
            wait_until(lambda: status(service, path, instance)[0] == 200, RECOVERY_SECONDS, f"{path} to come back")
        # What was spooled while the database was away is taken in before it counts as stored.
        nobody = service.client(instance=instance)
        wait_until(lambda: nobody.read("/readyz") == {"status": "ready", "spooled": 0}, RECOVERY_SECONDS, "an empty spool")


def test_kill_9_of_a_backend(own_service):
    """PostgreSQL then ends all its sessions and recovers."""
    chance = random.Random(SEED)
    form = funnel.Desk(own_service).form["slug"]
    ports = [server.port for server in own_service.servers]
    with Load(lambda: ports, form, seed=SEED) as load:
        for _ in range(DATABASE_ROUNDS):
            go_on(load)
            # Submissions go on, into the spool, while PostgreSQL recovers.
            wait_until(own_service.database.cluster.answers, 60, "PostgreSQL")
            wait_until(lambda: backends(own_service.database), 60, "the service's sessions")
            os.kill(chance.choice(backends(own_service.database)), signal.SIGKILL)
            go_on(load, 50)
    wait_until(own_service.database.cluster.answers, 60, "PostgreSQL")
    wait_recovered(own_service)
    judge(own_service, load, form)


def test_end_of_single_sessions(own_service):
    """pg_terminate_backend: one connection after the other is lost, also within a transaction."""
    chance = random.Random(SEED)
    form = funnel.Desk(own_service).form["slug"]
    ports = [server.port for server in own_service.servers]
    with Load(lambda: ports, form, seed=SEED) as load:
        for _ in range(ROUNDS * 3):
            go_on(load, 25)
            own_service.database.rows("SELECT pg_terminate_backend(%s)", chance.choice(backends(own_service.database)))
    wait_recovered(own_service)
    judge(own_service, load, form)


def test_kill_9_of_the_postmaster(own_service):
    cluster = own_service.database.cluster
    form = funnel.Desk(own_service).form["slug"]
    ports = [server.port for server in own_service.servers]
    with Load(lambda: ports, form, seed=SEED, pause=0.02) as load:
        for _ in range(DATABASE_ROUNDS):
            go_on(load)
            cluster.kill()
            for instance in range(2):
                code, retry_after = wait_until(
                    lambda: (lambda answer: answer if answer[0] == 503 else None)(status(own_service, "/v1/contacts", instance)),
                    RECOVERY_SECONDS, "503")
                assert int(retry_after) >= 0
                wait_until(lambda: status(own_service, "/readyz", instance)[0] == 503 or
                           httpx.get(own_service.servers[instance].url + "/readyz", trust_env=False).json().get("status")
                           == "spooling", RECOVERY_SECONDS, "readiness to say so")
                assert status(own_service, "/healthz", instance)[0] == 200, "the process lives"
            cluster.start()
            go_on(load, 50)
            wait_recovered(own_service)
    wait_recovered(own_service)
    judge(own_service, load, form)


def test_start_while_the_database_is_away(own_service):
    """A server that starts first waits for its database or says that it cannot; it never serves without."""
    cluster = own_service.database.cluster
    own_service.stop()
    cluster.kill()
    server = own_service.servers[0]
    server.start(wait=False)
    wait_until(lambda: not server.is_running() or "relais ready" not in server.log_of_this_run(), what="a start")
    if not server.is_running():
        assert server.process.returncode == 4
    cluster.start()
    if server.is_running():
        server.wait_ready()
    else:
        server.start()
    own_service.client("reader").read("/v1/contacts")
