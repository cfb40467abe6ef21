"""The change feed as server-sent events: each event once and in order, whatever happens to connection, instance, database
or key; and one read for all who listen."""

import random
import re
import threading
import time
import uuid

import pytest

from support import contract, events, funnel, postgres, server as server_module, service as service_module, verdict
from support.client import expect
from support.waiting import wait_until

ABOUT_A_BEAT = 15


def open_stream(service, instance=0, key="reader", **options):
    return events.Stream(service.servers[instance].url, service.keys[key], **options)


def feed_of(service):
    verdict.wait_numbered(service)
    return funnel.events_after(service.reader, 0)


def check_same(received, feed, epoch):
    assert [event.data for event in received] == feed
    for event in received:
        assert event.id == f"{epoch}:{event.data['position']}"
        assert event.kind == event.data["type"]


def metric(service, name, instance=0):
    text = service.client(instance=instance).get("/metrics").text
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"relais_{name} "))


def reads(service):
    return metric(service, 'store_operations_total{lane="read"}')


def make_events(database, transactions, each=1, data_bytes=100):
    """Numbered events by hand: quick, and many."""
    with database.connect() as connection, connection.transaction():
        last = connection.execute("SELECT last FROM feed_head FOR UPDATE").fetchone()[0]
        connection.execute("""
            WITH made AS (INSERT INTO event_tx (count, first_position)
                          SELECT %(each)s, %(last)s + (n - 1) * %(each)s + 1 FROM generate_series(1, %(count)s) AS n
                          RETURNING id, first_position)
            INSERT INTO event (tx, ordinal, type, contact_id, at, data)
            SELECT made.id, o, 'contact.updated', gen_random_uuid(), now(), json_build_object('fields',
                   json_build_array(repeat('x', %(bytes)s)))
            FROM made, generate_series(0, %(each)s - 1) AS o""",
                           {"each": each, "last": last, "count": transactions, "bytes": data_bytes})
        connection.execute("UPDATE feed_head SET last = last + %s", (transactions * each,))
    return last + transactions * each


@pytest.fixture(scope="module")
def desk(service):
    """With some events told already."""
    made = funnel.Desk(service)
    made.handoff_in("won")
    made.lead()
    return made


@pytest.fixture(scope="module")
def epoch(service):
    return service.reader.read("/v1/events")["epoch"]


def test_what_was_and_what_comes(service, desk, epoch):
    before = feed_of(service)
    with open_stream(service) as stream:
        stream.wait_events(len(before))
        check_same(stream.events, before, epoch)
        assert stream.retry > 0
        assert stream.response.headers["Cache-Control"] == "no-store"
        desk.handoff_in("lost")
        feed = feed_of(service)
        assert len(feed) > len(before)
        check_same(stream.wait_events(len(feed)), feed, epoch)
    for event in stream.events:
        contract.check_value(contract.schema_named("Event"), event.data, event.kind)


def test_from_a_position_on(service, desk, epoch):
    feed = feed_of(service)
    middle = len(feed) // 2
    with open_stream(service, after=middle, epoch=epoch) as stream:
        assert stream.wait_begun().last_id.startswith(epoch)
        check_same(stream.wait_events(len(feed) - middle), feed[middle:], epoch)
    # The header is newer than the query of the page that asks again.
    with open_stream(service, after=0, last_id=f"{epoch}:{middle + 1}") as stream:
        check_same(stream.wait_events(len(feed) - middle - 1), feed[middle + 1:], epoch)
    with open_stream(service, after=len(feed)) as stream:
        assert stream.wait_begun().last_id == f"{epoch}:{len(feed)}"
        assert stream.events == []


@pytest.mark.parametrize("types", ["handoff.opened", "contact.stage_changed,handoff.won", "contact.erased"])
def test_types(service, desk, epoch, types):
    wanted = types.split(",")
    with open_stream(service, types=types) as stream, open_stream(service) as whole:
        desk.handoff_in("won")
        feed = feed_of(service)
        whole.wait_events(len(feed))
        fitting = [event for event in feed if event["type"] in wanted]
        check_same(stream.wait_events(len(fitting)), fitting, epoch)


def test_what_is_refused(service, desk, epoch):
    last = len(feed_of(service))
    for given in ({"after": last + 1}, {"epoch": str(uuid.uuid4())}, {"last_id": f"{uuid.uuid4()}:0"},
                  {"last_id": f"{epoch}:{last + 1}"}):
        with pytest.raises(events.Refused) as refused:
            open_stream(service, **given)
        assert refused.value.status == 410, given
        problem = refused.value.problem
        assert (problem["epoch"], problem["first"], problem["last"]) == (epoch, 1, last)
    for given in ({"last_id": "7"}, {"last_id": f"{epoch}:-1"}, {"after": -1}, {"types": "lead.lost"}, {"limit": 5},
                  {"wait": 5}):
        with pytest.raises(events.Refused) as refused:
            open_stream(service, **given)
        assert refused.value.status == 422, given
    for key, status in (("submitter", 403), (None, 401)):
        with pytest.raises(events.Refused) as refused:
            events.Stream(service.url, service.keys[key] if key else None)
        assert refused.value.status == status


def test_head(service, desk):
    answer = expect(service.reader.request("HEAD", "/v1/events/stream"), 200)
    assert answer.headers["content-type"] == "text/event-stream" and answer.content == b""
    assert expect(service.reader.request("HEAD", "/v1/events/stream", params={"after": 10**9}), 410).content == b""


@pytest.mark.concurrency
def test_many_listen_and_one_reads(service, desk, epoch):
    """Two hundred streams hear everything; the database is asked once for all of them."""
    count, rounds = 200, 10
    last = len(feed_of(service))
    streams = [open_stream(service, after=last, **({"types": "submission.received"} if number % 4 == 0 else {}))
               for number in range(count)]
    try:
        for stream in streams:
            stream.wait_begun()
        before = reads(service)
        for _ in range(rounds):
            desk.submit()
        feed = feed_of(service)[last:]
        received = [event for event in feed if event["type"] == "submission.received"]
        assert len(received) == rounds
        for number, stream in enumerate(streams):
            expected = received if number % 4 == 0 else feed
            check_same(stream.wait_events(len(expected)), expected, epoch)
        # A few for each submission's events, one a second for the clock, and this test's own; not one for each stream.
        assert reads(service) - before < 100
    finally:
        for stream in streams:
            stream.close()
    wait_until(lambda: metric(service, "streams") == 0, what="the end of those who hung up")


def without_time(document):
    return {name: value for name, value in document.items() if name != "as_of"}


@pytest.mark.concurrency
def test_the_status_whenever_it_changes(fresh):
    """At once, and then each change; for fifty screens one read."""
    desk = funnel.Desk(fresh)
    screens = [open_stream(fresh, path="/v1/sla/status/stream") for _ in range(50)]
    try:
        for screen in screens:
            assert screen.wait_events(1)[0].data["first_contact"]["running"] == 0
        before, begin = reads(fresh), time.monotonic()
        _, handoff = desk.mql()
        for screen in screens:
            wait_until(lambda one=screen: one.events[-1].data["first_contact"]["running"] == 1, what="the change")
        funnel.make_move(fresh.admin, handoff, "attempts")
        for screen in screens:
            wait_until(lambda one=screen: one.events[-1].data["first_contact"]["met_rate_30d"] == 1, what="the change")
        # Some for this test's own requests; a few a second for the status, whoever listens.
        assert reads(fresh) - before < 20 + 10 * (time.monotonic() - begin)
        last = screens[0].events[-1]
        assert last.kind == "status"
        answer = fresh.reader.get("/v1/sla/status", headers={"If-None-Match": last.id})
        assert answer.status_code == 304 and without_time(last.data) == without_time(fresh.reader.read("/v1/sla/status"))
        with open_stream(fresh, path="/v1/sla/status/stream", last_id=last.id) as back:
            back.wait_begun()
            desk.mql()
            assert back.wait_events(1)[0].data["first_contact"]["running"] == 1
    finally:
        for screen in screens:
            screen.close()
    for screen in screens:
        told = [event.id for event in screen.events]
        assert all(one != other for one, other in zip(told, told[1:])), "nothing is told twice"
    wait_until(lambda: metric(fresh, "streams") == 0, what="the end of those who hung up")


class Dropping(threading.Thread):
    """A client whose connection breaks all the time: it comes back, to any instance, with the last id it saw."""

    def __init__(self, number, service, stop):
        super().__init__(daemon=True)
        self.random = random.Random(f"dropping-{number}")
        self.service, self.stopping = service, stop
        self.events, self.last_id, self.drops, self.failures = [], None, 0, []

    def run(self):
        try:
            while not self.stopping.is_set():
                self.listen()
        except Exception as error:  # noqa: BLE001 the test shows it
            self.failures.append(error)

    def listen(self):
        wanted, patience = self.random.choice([0, 1, 2, 5, 20]), self.random.random() / 2
        with open_stream(self.service, self.random.randrange(len(self.service.servers)), last_id=self.last_id) as stream:
            until = time.monotonic() + patience
            wait_until(lambda: len(stream.events) >= wanted or time.monotonic() > until, interval=0.002)
        # What came until the connection was down counts, and nothing else.
        self.events += stream.events
        self.last_id = stream.last_id if stream.has_begun.is_set() else self.last_id
        self.drops += 1


@pytest.mark.concurrency
def test_what_a_dropping_client_sees_is_the_feed(make_service):
    service = make_service(instances=2).start()
    stop = threading.Event()
    clients = [Dropping(number, service, stop) for number in range(4)]
    try:
        desk = funnel.Desk(service)
        for client in clients:
            client.start()
        for number in range(40):
            funnel.submit(service.client(instance=number % 2), desk.form["slug"], attributes=funnel.VP)
        feed = feed_of(service)
        wait_until(lambda: all(client.drops > 10 or client.failures for client in clients), 60, "drops")
        stop.set()
        for client in clients:
            client.join(60)
            assert client.failures == []
            with open_stream(service, last_id=client.last_id) as stream:
                rest = stream.wait_events(len(feed) - len(client.events))
            assert [event.data for event in client.events + rest] == feed
        service.stop()
    finally:
        stop.set()
        service.end()
        service.database.drop()


def test_a_slow_reader_gets_all_of_it_and_holds_up_nobody(fresh):
    last = make_events(fresh.database, 4000, each=2, data_bytes=300)
    wait_until(lambda: fresh.reader.read("/v1/events")["last"] == last, what="the feed")
    with open_stream(fresh, buffer_bytes=4096, is_paused=True) as slow, open_stream(fresh) as quick:
        quick.wait_events(last)
        assert [event.data["position"] for event in quick.events] == list(range(1, last + 1))
        last = make_events(fresh.database, 100)
        quick.wait_events(last)
        slow.go_on()
        slow.wait_events(last)
    assert [event.data for event in slow.events] == [event.data for event in quick.events]


def test_a_rare_type_far_behind(fresh):
    """Found without reading the whole feed event by event; an id without an event then says how far it was looked."""
    desk = funnel.Desk(fresh)
    desk.lead()
    feed = feed_of(fresh)
    last = make_events(fresh.database, 25_000)
    wait_until(lambda: fresh.reader.read("/v1/events")["last"] == last, what="the feed")
    epoch = fresh.reader.read("/v1/events")["epoch"]
    before = reads(fresh)
    with open_stream(fresh, types="submission.received") as stream:
        check_same(stream.wait_events(1), [event for event in feed if event["type"] == "submission.received"], epoch)
        desk.lead()
        stream.wait_events(2)
        assert reads(fresh) - before < 60
        last = fresh.reader.read("/v1/events", limit=1)["last"]
        wait_until(lambda: stream.comments, ABOUT_A_BEAT + 15, "a sign of life")
        assert stream.last_id == f"{epoch}:{last}" and len(stream.events) == 2
    # An hour of listening is no request that took an hour.
    wait_until(lambda: metric(fresh, "streams") == 0, what="the end")
    text = fresh.nobody.get("/metrics").text
    in_time, all_of_them = (re.search(rf'^relais_http_request_duration_seconds_bucket{{le="{bound}"}} (\d+)$', text, re.M)[1]
                            for bound in ("5", "\\+Inf"))
    assert in_time == all_of_them


def test_a_new_epoch_ends_it(fresh):
    desk = funnel.Desk(fresh)
    desk.lead()
    feed = feed_of(fresh)
    with open_stream(fresh) as stream, open_stream(fresh, types="contact.erased") as quiet:
        stream.wait_events(len(feed))
        quiet.wait_begun()
        made, _ = server_module.command("epoch", "bump", database=fresh.database)
        for one in (stream, quiet):
            one.wait_end()
            assert one.events[-1].kind == "gone" and one.was_whole
            gone = one.events[-1].data
            assert (gone["epoch"], gone["first"], gone["last"]) == (made.strip(), 1, len(feed))
        assert [event.data for event in stream.events[:-1]] == feed
    with pytest.raises(events.Refused) as refused:
        open_stream(fresh, last_id=stream.last_id)
    assert refused.value.status == 410
    with open_stream(fresh) as again:
        again.wait_events(len(feed))
        desk.lead()
        again.wait_events(len(feed) + 1)


@pytest.mark.concurrency
def test_a_key_that_is_taken_away_ends_it(make_service):
    """Deleted through one instance, noticed by the other."""
    service = make_service(instances=2).start()
    try:
        made = service.admin.make("/v1/keys", {"name": "screen", "scopes": ["read"]})
        with events.Stream(service.servers[1].url, made["key"]) as stream, open_stream(service, instance=1) as other:
            stream.wait_begun()
            other.wait_begun()
            expect(service.admin.delete(f"/v1/keys/{made['id']}"), 204)
            stream.wait_end()
            assert stream.was_whole
            funnel.Desk(service).lead()
            other.wait_events(1)
        with pytest.raises(events.Refused) as refused:
            events.Stream(service.url, made["key"])
        assert refused.value.status == 401
        service.stop()
    finally:
        service.end()
        service.database.drop()


@pytest.mark.concurrency
def test_a_stop_ends_streams_in_order(make_service):
    service = make_service(instances=2).start()
    try:
        desk = funnel.Desk(service)
        desk.lead()
        feed = feed_of(service)
        streams = [open_stream(service) for _ in range(20)]
        for stream in streams:
            stream.wait_events(len(feed))
        screen = open_stream(service, path="/v1/sla/status/stream")
        screen.wait_events(1)
        service.server.terminate()
        screen.wait_end()
        assert screen.was_whole
        screen.close()
        for stream in streams:
            stream.wait_end()
            assert stream.was_whole
            stream.close()
        service.server.wait_end()
        # The other instance goes on where this one ended.
        funnel.submit(service.client(instance=1), desk.form["slug"])
        with open_stream(service, instance=1, last_id=streams[0].last_id) as stream:
            assert stream.wait_events(1)[0].data["position"] == len(feed) + 1
        service.stop()
    finally:
        service.end()
        service.database.drop()


def test_no_more_than_there_may_be(make_service):
    service = make_service(env={"RELAIS_STREAMS_MAX": "2"}).start()
    try:
        first, second = open_stream(service), open_stream(service)
        with pytest.raises(events.Refused) as refused:
            open_stream(service)
        assert refused.value.status == 503 and refused.value.headers["Retry-After"]
        assert "RELAIS_STREAMS_MAX" in refused.value.problem["detail"]
        assert metric(service, "streams") == 2 and metric(service, "streams_refused_total") == 1
        first.close()
        wait_until(lambda: metric(service, "streams") == 1, what="a place")
        open_stream(service).close()
        second.close()
        service.stop()
    finally:
        service.end()
        service.database.drop()


def test_the_database_goes_away_and_comes_back(binary, tmp_path):
    """Streams stay open meanwhile, and go on."""
    cluster = postgres.Cluster()
    try:
        cluster.start()
        database = cluster.create_database()
        server_module.command("migrate", database=database)
        service = service_module.Service(database, service_module.create_keys(database), tmp_path)
        try:
            service.start()
            desk = funnel.Desk(service)
            desk.lead()
            feed = feed_of(service)
            with open_stream(service) as stream:
                stream.wait_events(len(feed))
                cluster.kill()
                with pytest.raises(events.Refused) as refused:
                    open_stream(service)
                assert refused.value.status == 503
                cluster.start()
                kept = service.nobody.post(f"/v1/forms/{desk.form['slug']}/submissions", {"email": funnel.address()})
                assert kept.status_code in (201, 202), kept.text  # 202: it was kept until the database is back
                stream.wait_events(len(feed) + 1)
                feed = feed_of(service)
                stream.wait_events(len(feed))
                assert [event.data for event in stream.events] == feed
            service.stop()
        finally:
            service.end()
    finally:
        cluster.remove()


def test_a_deleted_transaction_at_the_beginning(fresh):
    """Retention: a position that is no longer kept is a 410."""
    desk = funnel.Desk(fresh)
    for _ in range(3):
        desk.lead()
    feed = feed_of(fresh)
    with fresh.database.connect() as connection, connection.transaction():
        gone = [row[0] for row in connection.execute("SELECT id FROM event_tx ORDER BY first_position LIMIT 1")]
        count = connection.execute("SELECT sum(count) FROM event_tx WHERE id = ANY(%s)", (gone,)).fetchone()[0]
        connection.execute("DELETE FROM event WHERE tx = ANY(%s)", (gone,))
        connection.execute("DELETE FROM event_tx WHERE id = ANY(%s)", (gone,))
    with pytest.raises(events.Refused) as refused:
        open_stream(fresh)
    assert (refused.value.status, refused.value.problem["first"]) == (410, count + 1)
    with open_stream(fresh, after=count) as stream:
        assert [event.data for event in stream.wait_events(len(feed) - count)] == feed[count:]
