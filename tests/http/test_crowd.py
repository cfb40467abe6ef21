"""A table full of connections that want nothing, or do not get on with it: whoever has something to say gets in."""

import contextlib
import re
import socket
import threading

import pytest

from support import funnel
from support.client import Client, expect
from support.waiting import wait_until

CONNECTIONS_MAX = 60
ANSWERED = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
HEAD = b"GET /v1/contacts HTTP/1.1\r\nHost: h\r\nX-Slow: "
BODY = (b"POST /v1/forms/x/submissions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        b"Content-Length: 60000\r\n\r\n{")


@pytest.fixture
def crowded(make_service):
    made = make_service(env={"RELAIS_CONNECTIONS_MAX": str(CONNECTIONS_MAX), "RELAIS_HEADER_TIMEOUT": "PT2S",
                             "RELAIS_BODY_TIMEOUT": "PT4S"}).start()
    yield made
    made.stop()


def connect(service, text=b""):
    made = socket.create_connection(("127.0.0.1", service.server.port), timeout=60)
    made.sendall(text)
    if text is ANSWERED:
        assert made.recv(65536).startswith(b"HTTP/1.1 200")
    return made


def has_ended(connection):
    """The server hung up: at the end of what it sent, or with a reset because we sent on."""
    try:
        connection.setblocking(False)
        return connection.recv(65536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@contextlib.contextmanager
def dripping(connections):
    """One byte each every 0.1 s, for as long as it lasts."""
    stop = threading.Event()

    def drip():
        while not stop.wait(0.1):
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.send(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def metric(service, name):
    text = service.nobody.get("/metrics").text
    return float(re.search(rf"^relais_{name} (\S+)$", text, re.M)[1])


def submit(service, form):
    """From a new connection each time, as visitors come."""
    client = Client(service.url)
    try:
        return expect(client.post(f"/v1/forms/{form}/submissions", {"email": funnel.address()}), 201)
    finally:
        client.close()


@pytest.mark.concurrency
def test_a_live_form_among_idle_and_dripping_connections(crowded):
    form = funnel.make_form(crowded.admin, open=True)["slug"]
    idle = [connect(crowded, ANSWERED) for _ in range(CONNECTIONS_MAX // 3)]
    silent = [connect(crowded) for _ in range(CONNECTIONS_MAX // 3)]
    drips = [connect(crowded, text) for text in [HEAD, BODY] * (CONNECTIONS_MAX // 6)]
    assert len(idle + silent + drips) == CONNECTIONS_MAX
    with dripping(drips):
        for _ in range(5):
            submit(crowded, form)
        # Drips end, however alive they look; nobody waits for a place any more.
        wait_until(lambda: all(map(has_ended, drips)), what="the end of the drips")
        submit(crowded, form)
    assert any(map(has_ended, idle + silent)), "somebody made room"
    assert metric(crowded, "http_shed_total") >= 1
    assert metric(crowded, "http_slow_senders_total") >= 1
    assert metric(crowded, "http_connections_max") == CONNECTIONS_MAX
    for connection in idle + silent + drips:
        connection.close()


def test_nobody_is_ended_while_there_is_room(crowded):
    idle = [connect(crowded, ANSWERED) for _ in range(CONNECTIONS_MAX // 2)]
    drip = connect(crowded, HEAD)
    wait_until(lambda: has_ended(drip), what="the end of the drip")  # after its 2 s
    assert not any(map(has_ended, idle))
    assert metric(crowded, "http_shed_total") == 0
    for connection in [*idle, drip]:
        connection.close()


def test_who_waits_for_an_answer_is_not_ended(crowded):
    """All places are long polls: the next one has to wait for one of them, and then gets in."""
    request = (f"GET /v1/events?after=0&types=contact.merged&wait=3 HTTP/1.1\r\nHost: h\r\n"
               f"Authorization: Bearer {crowded.keys['reader']}\r\n\r\n").encode()
    waiting = [connect(crowded, request) for _ in range(CONNECTIONS_MAX)]
    late = connect(crowded, b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert late.recv(65536).startswith(b"HTTP/1.1 200")
    for connection in waiting:
        assert connection.recv(65536).startswith(b"HTTP/1.1 200"), "each got its answer"
        connection.close()
    late.close()
