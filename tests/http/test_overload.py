"""More than there is room for: refused at once, and what was taken is stored."""

import json
import re
import socket
import threading

import pytest

from support import contract, funnel, postgres, server, service as service_module
from support.client import expect
from support.waiting import wait_until

QUEUE_ITEMS = 16
BODY_BYTES = 600_000


@pytest.fixture(scope="module")
def small(make_service):
    """One writer who takes one at a time, a short queue, room for the bodies of one large request."""
    made = make_service(env={"RELAIS_INGEST_WRITERS": "1", "RELAIS_BATCH_ITEMS": "1", "RELAIS_QUEUE_ITEMS": str(QUEUE_ITEMS),
                             "RELAIS_OPERATION_TIMEOUT": "PT60S", "RELAIS_BODY_TIMEOUT": "PT60S",
                             "RELAIS_BODY_BATCH_BYTES_MAX": "1048576", "RELAIS_BODIES_IN_FLIGHT_BYTES_MAX": "1048576"})
    yield made.start()
    made.stop()
    made.end()
    made.database.drop()


def test_a_full_queue(small):
    form = funnel.make_form(small.marketing, open=True)
    addresses = [funnel.address() for _ in range(QUEUE_ITEMS + 20)]
    answers = {}

    def submit(address):
        client = small.client()
        answers[address] = client.post(f"/v1/forms/{form['slug']}/submissions", {"email": address})

    threads = [threading.Thread(target=submit, args=(address,)) for address in addresses]
    with small.database.connect() as holder, holder.transaction():
        holder.execute("LOCK TABLE activity IN ACCESS EXCLUSIVE MODE")
        for thread in threads:
            thread.start()
        # The writer has one at most and the queue is full of others: the rest has its answer while these still wait.
        wait_until(lambda: len(answers) >= len(addresses) - QUEUE_ITEMS - 1, what="the refusals")
        for answer in list(answers.values()):
            expect(answer, 503)
            contract.check_problem(answer)
            assert int(answer.headers["Retry-After"]) >= 1
        expect(small.nobody.get("/healthz"), 200)
    for thread in threads:
        thread.join(60)
    assert {answer.status_code for answer in answers.values()} == {201, 503}
    taken = {address for address, answer in answers.items() if answer.status_code == 201}
    assert len(taken) >= QUEUE_ITEMS, "there was room for so many"
    stored = {row[0] for row in small.database.rows("SELECT email_key FROM email_identity")}
    assert stored == taken, "nothing that was refused, nothing else"
    refused = set(addresses) - taken
    submit(min(refused))
    expect(answers[min(refused)], 201)


def head_of(client, length):
    return (f"POST /v1/contacts/batch HTTP/1.1\r\nHost: h\r\nAuthorization: {'Bearer ' + client.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n").encode()


def test_no_room_for_another_body(small):
    body = json.dumps({"contacts": [{"email": funnel.address()}]}).encode().ljust(BODY_BYTES)
    with socket.create_connection(("127.0.0.1", small.server.port), timeout=60) as first:
        first.sendall(head_of(small.marketing, BODY_BYTES) + body[:-1])
        held = f"relais_http_bodies_in_flight_bytes {BODY_BYTES - 1}\n"
        wait_until(lambda: held in small.nobody.get("/metrics").text, what="the first body")
        with socket.create_connection(("127.0.0.1", small.server.port), timeout=60) as second:
            second.sendall(head_of(small.marketing, BODY_BYTES) + body)
            answer = second.recv(65536)
        assert answer.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: " in answer
        first.sendall(body[-1:])
        assert first.recv(65536).startswith(b"HTTP/1.1 200 ")
    wait_until(lambda: "relais_http_bodies_in_flight_bytes 0" in small.nobody.get("/metrics").text, what="the room")


def of_bulk_lane(service, *metrics):
    """Of one look at them."""
    text = expect(service.nobody.get("/metrics"), 200).text
    return [int(re.search(rf'^relais_{metric}{{lane="bulk"}} (\d+)$', text, re.MULTILINE).group(1)) for metric in metrics]


def test_a_full_list_travels_alone(make_service):
    """Of several lists that wait a writer takes one, so that the next writer has one too."""
    made = make_service(env={"RELAIS_BULK_WRITERS": "1", "RELAIS_OPERATION_TIMEOUT": "PT60S"}).start()
    clients = [made.client("marketing") for _ in range(3)]
    answers = []

    def post_list(client):
        body = {"contacts": [{"email": funnel.address()} for _ in range(1000)]}
        answers.append(client.post("/v1/contacts/batch", body))

    def batches_and_operations():
        return of_bulk_lane(made, "store_batches_total", "store_operations_total")

    before = batches_and_operations()
    threads = [threading.Thread(target=post_list, args=(client,)) for client in clients]
    with made.database.connect() as holder, holder.transaction():
        holder.execute("LOCK TABLE contact IN ACCESS EXCLUSIVE MODE")
        for thread in threads:
            thread.start()
        wait_until(lambda: of_bulk_lane(made, "store_queued") == [len(clients) - 1], what="lists behind one under way")
    for thread in threads:
        thread.join(60)
    assert len(answers) == len(clients)
    for answer in answers:
        assert {result["status"] for result in expect(answer, 200).json()["results"]} == {201}
    batches, operations = (now - then for now, then in zip(batches_and_operations(), before))
    assert batches == operations >= len(clients), "a batch each"
    made.stop()
    made.end()
    made.database.drop()


def test_somebody_reads_while_a_contact_is_locked(service):
    """Forms give way to who reads, all but one worker of them; and when that one is held up the others go on."""
    form = funnel.make_form(service.marketing, open=True)
    path = f"/v1/forms/{form['slug']}/submissions"
    locked = funnel.address()
    expect(service.nobody.post(path, {"email": locked}), 201)
    answers, is_over = {}, threading.Event()

    def submit(address):
        answers[address] = service.client().post(path, {"email": address})

    def read():
        client = service.client("reader")
        while not is_over.is_set():
            expect(client.get("/v1/leads"), 200)

    threads = [threading.Thread(target=submit, args=(locked,)), threading.Thread(target=read)]
    with service.database.connect() as holder, holder.transaction():
        postgres.hold_contact(holder, locked)
        for thread in threads:
            thread.start()
        wait_until(lambda: service.database.rows("SELECT FROM pg_stat_activity WHERE datname = current_database() "
                                                 "AND wait_event_type = 'Lock'"), what="the worker at the locked contact")
        for _ in range(20):
            address = funnel.address()
            submit(address)
            expect(answers[address], 201)
        is_over.set()
        assert locked not in answers, "it is still locked"
    for thread in threads:
        thread.join(60)
    expect(answers[locked], 201)


def test_no_room_for_the_locks_of_a_list(binary, tmp_path):
    """A PostgreSQL with room for few locks: a long list is answered 503, nothing of it is stored, and everything else goes
    on; the doctor says what to do."""
    cluster = postgres.Cluster({"max_locks_per_transaction": "10", "max_connections": "20"})
    try:
        cluster.start()
        database = cluster.create_database()
        server.command("migrate", database=database)
        made = service_module.Service(database, service_module.create_keys(database), tmp_path).start()
        contacts = [{"email": funnel.address()} for _ in range(1000)]
        for result in expect(made.marketing.post("/v1/contacts/batch", {"contacts": contacts}), 200).json()["results"]:
            assert result["status"] == 201
        known = [{**contact, "attributes": {"company": "Atelier"}} for contact in contacts]
        refused = made.marketing.post("/v1/contacts/batch", {"contacts": known})
        assert refused.status_code == 503 and "Retry-After" in refused.headers
        assert made.database.value("SELECT count(*) FROM contact WHERE attributes ? 'company'") == 0
        expect(made.marketing.post("/v1/contacts/batch", {"contacts": known[:30]}), 200)
        assert made.database.value("SELECT count(*) FROM contact WHERE attributes ? 'company'") == 30
        out, _ = server.command("doctor", database=made.database, expect=4)
        assert re.search(r"^locks +FAILED: room for 200, .* max_locks_per_transaction", out, re.M)
        made.stop()
        made.end()
    finally:
        cluster.remove()
