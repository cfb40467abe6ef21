"""What libmicrohttpd frames loosely is refused: a corpus of requests, byte by byte over raw sockets."""

import re
import socket
import threading

import pytest

import gate_corpus
from support import funnel
from support.client import expect
from support.waiting import wait_until

TIMEOUT_SECONDS = 20
SENTINEL = b"GET /healthz HTTP/1.1\r\nHost: h\r\nX-Sentinel: 1\r\n\r\n"
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


class Wire:
    """A connection, its bytes, and the responses in them."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        self.received = b""
        self.is_closed = False

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all of it was sent

    def receive(self):
        """More bytes, or False at the end."""
        try:
            piece = self.socket.recv(65536)
        except ConnectionResetError:
            piece = b""
        self.is_closed = not piece
        self.received += piece
        return bool(piece)

    def responses(self):
        """[(status, body)] of the complete responses so far."""
        found, rest = [], self.received
        while True:
            head, blank, rest = rest.partition(b"\r\n\r\n")
            status = STATUS_LINE.match(head)
            if not blank or not status:
                return found
            length = re.search(rb"^content-length: *(\d+)\r?$", head, re.IGNORECASE | re.MULTILINE)
            length = int(length[1]) if length else 0
            if len(rest) < length:
                return found
            found.append((int(status[1]), rest[:length], head))
            rest = rest[length:]

    def close(self):
        self.socket.close()


@pytest.fixture
def wire(service):
    made = Wire(service.server.port)
    yield made
    made.close()


@pytest.mark.parametrize("case", gate_corpus.CASES, ids=lambda case: case.name)
def test_corpus(service, wire, case):
    wire.send(case.raw)
    if case.closes:
        while wire.receive():
            pass
    else:
        while len(wire.responses()) < case.responses and wire.receive():
            pass
        assert len(wire.responses()) == case.responses
        wire.send(SENTINEL)
        while len(wire.responses()) < case.responses + 1 and wire.receive():
            pass
        status, body, _ = wire.responses()[-1]
        assert status == 200 and b"ok" in body, "the connection lives, and the next answer is the next request's"
    # A malformed length makes the library write the head of its page twice: the same response.
    answered = STATUS_LINE.findall(wire.received)
    if not case.by_library:
        assert len(answered) == case.responses + (not case.closes)
    first = int(answered[0])
    if case.status is None:
        assert first not in gate_corpus.REFUSALS
    else:
        assert {int(status) for status in answered[:1]} == {case.status}
        assert b"smuggled" not in wire.received
        if not case.by_library:
            status, body, head = wire.responses()[0]
            assert b"application/problem+json" in head and b'"status":%d' % status in body.replace(b" ", b"")


def test_a_dripping_head_is_cut_off(make_service):
    """No sleeps: the server's patience is set short, and we wait for it to hang up."""
    service = make_service(env={"RELAIS_HEADER_TIMEOUT": "PT0.3S", "RELAIS_BODY_TIMEOUT": "PT0.3S"}).start()
    try:
        for beginning in (b"GET /healthz HT", b"POST /v1/contacts HTTP/1.1\r\nHost: h\r\nX-Slow: ",
                          b"POST /v1/forms/x/submissions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                          b"Content-Length: 1000\r\n\r\n{"):
            wire = Wire(service.server.port)
            wire.send(beginning)
            stop = threading.Event()

            def drip():
                while not stop.wait(0.05):
                    try:
                        wire.socket.sendall(b"x")
                    except OSError:
                        return

            dripper = threading.Thread(target=drip)
            dripper.start()
            try:
                while wire.receive():
                    pass
                assert wire.is_closed
            finally:
                stop.set()
                dripper.join()
                wire.close()
        expect(service.nobody.get("/healthz"), 200)
        service.stop()
    finally:
        service.end()


def test_pipelined_requests_are_answered_in_order(service, wire):
    """Also when the first waits for the database and the second does not."""
    key = service.keys["reader"].encode()
    slow = b"GET /v1/contacts HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + key + b"\r\n\r\n"
    missing = b"GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n"
    wire.send((slow + missing + SENTINEL) * 10)
    while len(wire.responses()) < 30 and wire.receive():
        pass
    assert [status for status, _, _ in wire.responses()] == [200, 404, 200] * 10


def test_a_body_in_many_pieces(service, wire):
    form = funnel.make_form(service.admin, open=True)["slug"]
    email = funnel.address()
    body = b'{"email": "%s", "attributes": {"first_name": "Zo\xc3\xa9"}}' % email.encode()
    wire.send(b"POST /v1/forms/%s/submissions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
              b"Transfer-Encoding: chunked\r\n\r\n" % form.encode())
    for byte in body:
        wire.send(b"1\r\n%c\r\n" % byte)
    wire.send(b"0\r\n\r\n")
    while len(wire.responses()) < 1 and wire.receive():
        pass
    assert wire.responses()[0][0] == 201
    assert funnel.contact_of(service.reader, email)["attributes"]["first_name"] == "Zoé"


def test_expect_continue(service, wire):
    wire.send(b"POST /v1/contacts HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + service.keys["marketing"].encode()
              + b"\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    wait_until(lambda: wire.receive() and b"100 Continue" in wire.received, what="100 Continue")
    wire.send(b"{}")
    while b" 422 " not in wire.received and wire.receive():
        pass
    assert b" 422 " in wire.received
