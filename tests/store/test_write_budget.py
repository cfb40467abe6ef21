"""A submission's price in rows and index entries, read from PostgreSQL's own counters.

A known contact's submission writes its activity, its id in the directory, the score, one or two events and its share of
event_tx; a new contact's also its identity, its row and its history's first. The sequencer's numbering is counted with
it: nothing is written that is not in these numbers.
"""

from concurrent.futures import ThreadPoolExecutor

from support import funnel
from support.waiting import wait_until

POSTS = 200
WRITES = """
    SELECT sum(n_tup_ins + n_tup_upd + n_tup_del),
           sum(n_tup_ins * indexes + (n_tup_upd - n_tup_hot_upd) * indexes)
    FROM pg_stat_user_tables AS t
    CROSS JOIN LATERAL (SELECT count(*) AS indexes FROM pg_index WHERE indrelid = t.relid) AS i
"""
FEED = "relname NOT IN ('feed_head', 'event_tx')"


def counters(service, condition="true"):
    service.database.value("SELECT pg_stat_clear_snapshot()")
    rows, entries = service.database.rows(f"{WRITES} WHERE {condition}")[0]
    return int(rows), int(entries)


def settled(service, condition):
    """The counters when nothing is under way any more: backends report theirs when they are idle for a moment."""
    seen = []

    def is_still():
        seen.append(counters(service, condition))
        return len(seen) > 5 and len(set(seen[-5:])) == 1

    wait_until(is_still, interval=0.4, what="the counters to settle")
    return seen[-1]


def price(service, form, addresses):
    """Rows and index entries a submission, the feed's bookkeeping per transaction apart."""
    rows, entries = settled(service, FEED)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda address: service.nobody.post(
            f"/v1/forms/{form['slug']}/submissions", {"email": address}).status_code, addresses))
    assert set(answers) == {201}
    rows_after, entries_after = settled(service, FEED)
    return (rows_after - rows) / len(addresses), (entries_after - entries) / len(addresses)


def test_what_a_submission_writes(fresh):
    offer = funnel.make_offer(fresh.admin, journey_step="awareness")
    form = funnel.make_form(fresh.admin, offer=offer["slug"], open=True)
    addresses = [funnel.address() for _ in range(POSTS)]

    rows, entries = price(fresh, form, addresses)
    print(f"new contact: {rows:.2f} rows, {entries:.2f} index entries beside the feed's share")
    assert rows <= 9 and entries <= 12

    rows, entries = price(fresh, form, addresses)
    print(f"known contact: {rows:.2f} rows, {entries:.2f} index entries beside the feed's share")
    assert rows <= 5 and entries <= 7
