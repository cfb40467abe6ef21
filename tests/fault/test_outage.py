"""PostgreSQL is stopped under load, again and again, in half of the rounds with kill -9 of the server while it is away: what
was acknowledged (201, 202, 303) is stored, once. RELAIS_OUTAGE_ROUNDS says how often (5); the long run is 50 rounds."""

import os
import random
import time

import pytest

from support import funnel, postgres, server as server_module, service as service_module, verdict
from support.load import Load
from support.waiting import wait_until

ROUNDS = int(os.environ.get("RELAIS_OUTAGE_ROUNDS", "5"))
LONG_ROUNDS = 50
SEED = int(os.environ.get("RELAIS_OUTAGE_SEED", "20261121"))
RECOVERY_SECONDS = 120  # generous; how long it took is printed
EACH_PHASE = 100        # acknowledgements to wait for before, and while the database is away
WRITERS = 8


@pytest.fixture
def outage_service(binary, tmp_path):
    """One instance on a PostgreSQL of its own, which may be stopped."""
    cluster = postgres.Cluster()
    made = None
    try:
        database = cluster.start().create_database()
        server_module.command("migrate", database=database)
        made = service_module.Service(database, service_module.create_keys(database), tmp_path)
        yield made.start()
        made.stop()
    finally:
        if made is not None:
            made.end()
        cluster.remove()


def go_on(load, count):
    wanted = load.acknowledged_count() + count
    wait_until(lambda: load.acknowledged_count() >= wanted, RECOVERY_SECONDS, f"{count} more acknowledgements")


def stop_database(cluster, chance):
    """Immediate mode, or kill -9 of the postmaster."""
    if chance.random() < 0.5:
        cluster.stop_at_once()
    else:
        cluster.kill()


def one_round(service, load, chance, kills_server):
    cluster, server = service.database.cluster, service.server
    go_on(load, EACH_PHASE)
    stop_database(cluster, chance)
    go_on(load, EACH_PHASE)  # into the spool
    if kills_server:
        server.kill()
        server.start(wait=False)
        if chance.random() < 0.5:  # it comes back before the database, or after
            go_on(load, EACH_PHASE)
    cluster.start()
    back = time.monotonic()
    if kills_server:
        server.wait_ready()
    go_on(load, EACH_PHASE)
    return time.monotonic() - back


def run(service, rounds):
    chance = random.Random(SEED)
    form = funnel.Desk(service).form["slug"]
    ports = [server.port for server in service.servers]
    setup = service.server.directory / service.server.name / "setup.last"
    wait_until(lambda: setup.exists() and form in setup.read_text(), what="the form on disk")
    seconds = []
    with Load(lambda: ports, form, writers=WRITERS, seed=SEED, pause=0.005, html=0.25) as load:
        for number in range(rounds):
            seconds.append(one_round(service, load, chance, kills_server=number % 2 == 1))
    nobody = service.client()
    wait_until(lambda: nobody.get("/readyz").json() == {"status": "ready", "spooled": 0}, RECOVERY_SECONDS, "an empty spool")
    statuses = {status: sum(one[1] == status for writer in load.writers for one in writer.acknowledged)
                for status in (201, 202, 303)}
    rate = load.acknowledged_count() / load.seconds
    print(f"{rounds} rounds, {load.summary()}, {rate:.0f}/s, {statuses}, back after {max(seconds):.1f} s at most")
    assert load.unexpected() == []
    assert statuses[202] > 0, "some went through the spool"
    violations = verdict.check_all(service, load, form)
    assert violations == []
    return rate


def test_the_database_is_stopped_under_load(outage_service):
    run(outage_service, ROUNDS)


@pytest.mark.long
def test_the_database_is_stopped_fifty_times(outage_service):
    run(outage_service, LONG_ROUNDS)
