"""Reads that wait together are sent together, and each is answered when its own rows are there."""

import threading

import pytest

from support.client import expect
from support.waiting import wait_until


@pytest.fixture
def one_reader(make_service):
    made = make_service(env={"RELAIS_READERS": "1", "RELAIS_OPERATION_TIMEOUT": "PT60S"})
    yield made.start()
    made.stop()
    made.end()
    made.database.drop()


def waiting_for(database, table):
    """The connections whose statement reads the table, which is locked."""
    return [row[0] for row in database.rows("SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                                            "AND wait_event_type = 'Lock' AND query LIKE %s", f"%FROM {table}%")]


def test_one_is_answered_while_the_next_waits_and_loses_its_connection(one_reader):
    answers = {}

    def get(path):
        answers[path] = one_reader.client("admin").get(path)

    def start(path):
        threads.append(threading.Thread(target=get, args=(path,)))
        threads[-1].start()

    threads = []
    queued = 'relais_store_queued{lane="read"}'
    with one_reader.database.connect() as first, one_reader.database.connect() as second:
        first.execute("BEGIN")
        first.execute("LOCK TABLE spend IN ACCESS EXCLUSIVE MODE")
        second.execute("BEGIN")
        second.execute("LOCK TABLE traffic IN ACCESS EXCLUSIVE MODE")
        start("/v1/spend")  # holds the only reader up, until the others wait together
        reader = wait_until(lambda: waiting_for(one_reader.database, "spend"), what="the first at its lock")[0]
        for path, length in (("/v1/quarantine", 1), ("/v1/traffic", 2), ("/v1/leads", 3)):
            start(path)
            wait_until(lambda length=length: f"{queued} {length}\n" in one_reader.nobody.get("/metrics").text, what=f"{path} in the queue")
        first.execute("ROLLBACK")
        wait_until(lambda: len(answers) == 2, what="the first, and the one before the locked table")
        assert sorted(answers) == ["/v1/quarantine", "/v1/spend"]
        wait_until(lambda: reader in waiting_for(one_reader.database, "traffic"), what="the next at its lock")
        one_reader.database.rows("SELECT pg_terminate_backend(%s)", reader)
        wait_until(lambda: not one_reader.database.rows("SELECT FROM pg_stat_activity WHERE pid = %s", reader),
                   what="the connection's end")
        second.execute("ROLLBACK")  # at once: a new connection prepares its statements, which needs the table too
        for thread in threads:
            thread.join(60)
    assert len(answers) == 4
    for answer in answers.values():
        expect(answer, 200)
