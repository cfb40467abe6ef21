"""Server-sent events as a client reads them: WHATWG HTML, "Interpreting an event stream"."""

import dataclasses
import http.client
import json
import socket
import threading
import urllib.parse

from support.waiting import GENEROUS_SECONDS, wait_until


@dataclasses.dataclass
class Event:
    id: str
    kind: str
    data: object


class Refused(Exception):
    """An answer that is no stream."""

    def __init__(self, status, headers, body):
        super().__init__(status, body)
        self.status, self.headers, self.body = status, headers, body

    @property
    def problem(self):
        return json.loads(self.body)


class Stream:
    """One connection, read by a thread of its own as fast as it comes (or `is_paused`: not at all until `go_on`)."""

    def __init__(self, url, key=None, path="/v1/events/stream", last_id=None, buffer_bytes=None, is_paused=False, **parameters):
        place = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(place.hostname, place.port, timeout=GENEROUS_SECONDS)
        if buffer_bytes is not None:  # before the handshake, which offers the window
            self.connection._create_connection = lambda address, *_: connect(address, buffer_bytes)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        query = urllib.parse.urlencode(parameters)
        self.connection.request("GET", path + ("?" + query if query else ""), headers=headers)
        self.socket = self.connection.sock
        self.response = self.connection.getresponse()
        if self.response.status != 200:
            body = self.response.read()
            self.connection.close()
            raise Refused(self.response.status, self.response.headers, body)
        assert self.response.headers["Content-Type"] == "text/event-stream"
        self.events = []
        self.comments = []
        self.last_id = last_id
        self.retry = None
        self.has_begun = threading.Event()  # the first block has come
        self.has_ended = threading.Event()
        self.was_whole = False              # it ended in order
        self.may_read = threading.Event()
        if not is_paused:
            self.may_read.set()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def go_on(self):
        self.may_read.set()

    def _run(self):
        try:
            self.may_read.wait()
            self._read()
            # http.client takes a lost connection between two chunks for an end as well.
            self.was_whole = self.response.isclosed() or self.response.chunk_left is None
        except (OSError, http.client.HTTPException, ValueError):
            pass
        finally:
            self.has_ended.set()

    def _read(self):
        identity, kind, data = self.last_id or "", "", []
        while line := self.response.readline():
            line = line.decode().rstrip("\n")
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                self.last_id = identity
                self.has_begun.set()
                if data:
                    self.events.append(Event(identity, kind or "message", json.loads("\n".join(data))))
                kind, data = "", []
            elif not name:
                self.comments.append(value)
            elif name == "id":
                identity = value
            elif name == "event":
                kind = value
            elif name == "data":
                data.append(value)
            elif name == "retry":
                self.retry = int(value)

    def wait_begun(self):
        assert self.has_begun.wait(GENEROUS_SECONDS), "the stream did not begin"
        return self

    def wait_events(self, count, what="events"):
        wait_until(lambda: len(self.events) >= count or self.has_ended.is_set(), what=what)
        assert len(self.events) >= count, f"the stream ended after {len(self.events)} of {count} events"
        return self.events

    def wait_end(self):
        assert self.has_ended.wait(GENEROUS_SECONDS), "the stream did not end"

    def close(self):
        """Hangs up."""
        self.may_read.set()
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(GENEROUS_SECONDS)
        self.response.close()
        self.connection.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def connect(address, buffer_bytes):
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    made.settimeout(GENEROUS_SECONDS)
    made.connect(address)
    return made
