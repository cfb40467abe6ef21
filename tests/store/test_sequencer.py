"""The sequencer numbers transactions after their commit: a slow one neither blocks the others nor is skipped."""

import uuid

from support import funnel
from support.waiting import wait_until


def write(connection, count=1):
    """An event_tx with its events, as a writing transaction leaves them; not committed here."""
    tx = connection.execute("INSERT INTO event_tx (count) VALUES (%s) RETURNING id", (count,)).fetchone()[0]
    for ordinal in range(count):
        connection.execute("INSERT INTO event (tx, ordinal, type, contact_id, at, data) VALUES "
                           "(%s, %s, 'contact.created', %s, relais_now(), '{}')", (tx, ordinal, uuid.uuid4()))
    return tx


def position(service, tx):
    return service.database.value("SELECT first_position FROM event_tx WHERE id = %s", tx)


def test_a_transaction_that_commits_late(fresh):
    """A cursor on the sequence would be past it by then: the naive consumer, as a control, misses it."""
    with fresh.database.connect() as slow, fresh.database.connect() as quick:
        slow.autocommit = quick.autocommit = False
        first = write(slow, 2)
        second = write(quick, 3)
        quick.commit()
        assert wait_until(lambda: position(fresh, second), what="its number") == 1, "not blocked by the slow one"
        naive = fresh.database.value("SELECT max(tx) FROM event")
        assert [event["position"] for event in funnel.events_after(fresh.reader, 0)] == [1, 2, 3]
        slow.commit()
        assert wait_until(lambda: position(fresh, first), what="its number") == 4
    assert fresh.database.rows("SELECT tx FROM event WHERE tx > %s", naive) == [], "the naive consumer missed two events"
    page = fresh.reader.read("/v1/events", after=3)
    assert [event["position"] for event in page["data"]] == [4, 5] and page["next_after"] == 5


def test_a_transaction_that_is_rolled_back_leaves_no_gap(fresh):
    with fresh.database.connect() as connection:
        connection.autocommit = False
        for count in range(1, 6):
            write(connection, count)
            connection.rollback()
            write(connection, count)
            connection.commit()
    wait_until(lambda: fresh.database.value("SELECT last FROM feed_head") == 15, what="all numbers")
    events = funnel.events_after(fresh.reader, 0)
    assert [event["position"] for event in events] == list(range(1, 16))


def test_many_at_once_are_numbered_in_the_order_of_their_ids(fresh):
    with fresh.database.connect() as connection, connection.transaction():
        connection.execute("INSERT INTO event_tx (count) SELECT 1 FROM generate_series(1, 3000)")
        connection.execute("INSERT INTO event (tx, ordinal, type, contact_id, at, data) SELECT id, 0, 'contact.created', "
                           "gen_random_uuid(), relais_now(), '{}' FROM event_tx")
    wait_until(lambda: fresh.database.value("SELECT last FROM feed_head") == 3000, what="all numbers")
    assert fresh.database.value("SELECT bool_and(first_position = rank) FROM (SELECT first_position, "
                                "row_number() OVER (ORDER BY id) AS rank FROM event_tx) ranked")
    assert len(funnel.events_after(fresh.reader, 0)) == 3000
