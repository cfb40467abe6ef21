"""Every breach, warning and step of escalation is told once, and never too early: by three instances, whoever is killed,
while PostgreSQL is restarted, and when a host's clock jumps by an hour. Meanwhile a rep keeps some of the promises at the
last moment; tests/history/checker.py, itself tested, judges. RELAIS_SCHEDULER_ROUNDS says how often (5); the long run is
60 kills and 10 restarts. How late each was is printed; what it has to be is measured by ./dev bench sla."""

import datetime
import email.utils
import os
import random

import httpx
import pytest

from support import jumps, postgres, server as server_module, service as service_module, times
from support.promises import Crowd
from support.waiting import wait_until

ROUNDS = int(os.environ.get("RELAIS_SCHEDULER_ROUNDS", "5"))
SEED = int(os.environ.get("RELAIS_SCHEDULER_SEED", "20261122"))
LONG_KILLS, LONG_RESTARTS = 60, 10
INSTANCES = 3
BREACHES = 6  # to wait for between two faults
HOUR = datetime.timedelta(hours=1)
NOW = datetime.timedelta()
CATCH_UP_SECONDS = 30  # generous: sanitizers, and other tests beside


@pytest.fixture
def own_cluster(binary):
    """A PostgreSQL that may be ended; not started yet."""
    made = postgres.Cluster()
    try:
        yield made
    finally:
        made.remove()


@pytest.fixture
def three(own_cluster, tmp_path):
    """Three instances on it; not started yet either."""
    database = own_cluster.start().create_database()
    server_module.command("migrate", database=database)
    made = service_module.Service(database, service_module.create_keys(database), tmp_path, INSTANCES)
    try:
        yield made
    finally:
        made.end()


# --- kills and restarts ---------------------------------------------------------------------------


def kill(service, number):
    victim = service.servers[number % INSTANCES]
    victim.kill()
    victim.start()


def restart(service, number):
    """Fast, or in immediate mode: sessions are cut, and the next start recovers."""
    cluster = service.database.cluster
    (cluster.stop if number % 2 == 0 else cluster.stop_at_once)()
    cluster.start()


def run(service, kills, restarts):
    faults = [(kill, number) for number in range(kills)] + [(restart, number) for number in range(restarts)]
    random.Random(SEED).shuffle(faults)
    slowest = 0.0
    with Crowd(service, SEED) as crowd:
        for fault, number in faults:
            crowd.wait_breaches(BREACHES)
            fault(service, number)
            slowest = max(slowest, crowd.seconds_to_catch_up())
        crowd.wait_breaches(BREACHES)
    print(f"{kills} kills and {restarts} restarts; nothing was due any more {slowest:.1f} s later at most")
    assert crowd.judge() == []
    service.stop()
    assert slowest < CATCH_UP_SECONDS


def test_whoever_is_killed_each_breach_is_flagged_once(three):
    run(three.start(), kills=max(1, ROUNDS * 2 // 3), restarts=max(2, ROUNDS // 3))


@pytest.mark.long
def test_sixty_kills_and_ten_restarts(three):
    run(three.start(), LONG_KILLS, LONG_RESTARTS)


# --- clocks that jump -----------------------------------------------------------------------------


def shown_by(server):
    """The host's time as a server has it: the Date of an answer."""
    answer = httpx.get(server.url + "/healthz", timeout=60, trust_env=False)
    return email.utils.parsedate_to_datetime(answer.headers["Date"])


def is_ahead(at, ahead):
    return abs(at - times.utc_now() - ahead) < HOUR / 2


def test_a_jump_of_a_services_host_does_not_matter(make_service, tmp_path):
    """Deadlines are the database's: instances whose hosts disagree by two hours flag the same clocks at the same time."""
    service = make_service(instances=INSTANCES)
    clocks = [jumps.HostClock(tmp_path / f"clock-{number}") for number in range(INSTANCES)]
    for server, clock in zip(service.servers, clocks):
        server.env = clock.environment()
    service.start()
    try:
        with Crowd(service, SEED) as crowd:
            for number, ahead in [(0, HOUR), (1, -HOUR), (0, -HOUR), (1, NOW)]:
                crowd.wait_breaches(BREACHES)
                clocks[number].jump(ahead)
                wait_until(lambda: is_ahead(shown_by(service.servers[number]), ahead), what="the jump")
            crowd.wait_breaches(BREACHES)
        assert crowd.judge() == []
        late = service.database.value("SELECT max(extract(epoch FROM breached_at - due_at)) FROM sla_clock")
        assert late < CATCH_UP_SECONDS, "no clock waited for an hour that a host had lost"
        service.stop()
    finally:
        service.end()
        service.database.drop()


@pytest.fixture
def database_clock(own_cluster):
    """The clock by which that PostgreSQL lives, and all that it starts."""
    clock = jumps.HostClock(own_cluster.directory / "clock")
    own_cluster.env = clock.environment(is_cached=False)  # all sessions jump together
    return clock


def test_when_the_databases_host_jumps(database_clock, three):
    """Its clock is the only one. An hour ahead: what falls due by it is flagged at once; an hour back: nothing is flagged
    again, what was started by the later time waits for it, and what is started now has its seconds. Once, in any case."""
    service, database = three.start(), three.database
    with Crowd(service, SEED) as crowd:
        for ahead in (HOUR, NOW, HOUR):
            crowd.wait_breaches(BREACHES)
            database_clock.jump(ahead)
            assert is_ahead(database.now(), ahead), "the database has jumped"
            seconds = crowd.seconds_to_catch_up()
            print(f"{ahead} ahead: nothing was due any more {seconds:.2f} s later")
            assert seconds < CATCH_UP_SECONDS
        crowd.wait_breaches(BREACHES)
    assert crowd.judge() == []
    service.stop()
