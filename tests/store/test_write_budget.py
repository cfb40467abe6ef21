"""A submission's price in rows and index entries, read from PostgreSQL's own counters.

A known contact's submission writes its activity, its id in the directory, the score, one or two events and its share of
event_tx; a new contact's also its address, its row and its history's first. The feed's bookkeeping is one event_tx row a
transaction, shared by all submissions of a batch, and left out here.
"""

import datetime
from concurrent.futures import ThreadPoolExecutor

from support import funnel
from support.client import expect
from support.waiting import wait_until

POSTS = 200
WRITES = """
    SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::int,
           sum(n_tup_ins * indexes + (n_tup_upd - n_tup_hot_upd) * indexes)::int,
           sum(n_tup_ins) FILTER (WHERE relname = 'activity')::int,
           sum(n_tup_ins + n_tup_upd) FILTER (WHERE relname = 'score')::int
    FROM pg_stat_user_tables AS t
    CROSS JOIN LATERAL (SELECT count(*) AS indexes FROM pg_index WHERE indrelid = t.relid) AS i
    WHERE relname NOT IN ('feed_head', 'event_tx')
"""


def counters(service, submissions):
    """(rows, index entries) when the counters have seen so many submissions: backends report theirs a little later."""

    def seen():
        rows, entries, activities, scores = service.database.rows(WRITES)[0]
        return (rows, entries) if activities == submissions and scores == submissions else None

    return wait_until(seen, interval=0.3, what=f"{submissions} submissions in the counters")


def post(service, form, addresses):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda address: service.nobody.post(
            f"/v1/forms/{form['slug']}/submissions", {"email": address}).status_code, addresses))
    assert set(answers) == {201}


def test_what_a_submission_writes(fresh):
    offer = funnel.make_offer(fresh.admin, journey_step="awareness")
    form = funnel.make_form(fresh.admin, offer=offer["slug"], open=True)
    addresses = [funnel.address() for _ in range(POSTS)]
    measured = []
    before = (0, 0)
    for number in (0, 1, 2, 3):  # nobody; new contacts; their grade changes; nothing but the submission
        if number > 0:
            post(fresh, form, addresses)
            after = counters(fresh, number * POSTS)
        else:
            after = fresh.database.rows(WRITES)[0][:2]
        measured.append(((after[0] - before[0]) / POSTS, (after[1] - before[1]) / POSTS))
        before = after
    for what, (rows, entries) in zip(("new", "known, grade changed", "known"), measured[1:]):
        print(f"{what}: {rows:.2f} rows, {entries:.2f} index entries, and a share of event_tx")
    assert measured[1][0] <= 9, "a new contact writes at most 10 rows with its share of event_tx"
    rows, entries = measured[3]
    assert rows <= 5 and entries <= 6.5, "at most 6 rows and 7 index entries with its share of event_tx"


INDEX_READS = """
    SELECT indexrelname, idx_tup_read::float8 / idx_scan FROM pg_stat_user_indexes
    WHERE idx_scan > 0
      AND relname IN ('contact', 'email_identity', 'score', 'activity', 'activity_key', 'stage_change', 'handoff')
"""


def post_late(service, address):
    """What comes late makes the score be worked out again, from the contact's whole history."""
    yesterday = (service.database.now() - datetime.timedelta(days=1)).isoformat()
    late = {"email": address, "kind": "page_view", "occurred_at": yesterday}
    assert service.admin.post("/v1/activities", late).json()["results"][0]["status"] == 201


def test_rows_are_found_by_their_key_in_a_database_without_statistics(fresh):
    """Plans that are made once are made while the tables are empty, when any index is as short as the key: it must not
    be walked for every row ever after."""
    offer = funnel.make_offer(fresh.admin, journey_step="awareness")
    form = funnel.make_form(fresh.admin, offer=offer["slug"], open=True)
    addresses = [funnel.address() for _ in range(POSTS)]
    post(fresh, form, addresses[:1])
    post_late(fresh, addresses[0])
    for _ in (1, 2, 3):
        post(fresh, form, addresses)
    for address in addresses[:20]:
        post_late(fresh, address)
    written = 3 * POSTS + 1 + 21
    wait_until(lambda: fresh.database.value("SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'activity'") == written,
               interval=0.3, what=f"{written} activities in the counters")
    reads = dict(fresh.database.rows(INDEX_READS))
    assert "score_pkey" in reads and "activity_pkey" in reads
    assert {name: mean for name, mean in reads.items() if mean > 5} == {}


def test_a_changed_contact_makes_no_index_entry(fresh):
    """There is room for its new version on its page."""
    contacts = [{"email": funnel.address(), "attributes": {"company": "Atelier", "first_name": "Camille"}} for _ in range(400)]
    few = [{**contact, "attributes": {"company": "Bureau"}} for contact in contacts[::20]]

    def updates():
        return fresh.database.rows("SELECT n_tup_upd::int, n_tup_hot_upd::int FROM pg_stat_user_tables WHERE relname = 'contact'")[0]

    for items in (contacts, few):
        before = updates()
        for result in expect(fresh.marketing.post("/v1/contacts/batch", {"contacts": items}), 200).json()["results"]:
            assert result["status"] in (200, 201)
    seen = wait_until(lambda: updates() if updates()[0] - before[0] == len(few) else None, interval=0.3, what="the updates")
    assert seen[1] - before[1] == len(few)
