"""Load: threads that submit a form as fast as they are answered, and remember what they sent and what was answered.

Each submission has an id. A thread logs it as attempted before it sends and as acknowledged after the answer came; when
the answer does not come it sends the same submission again, to the next instance, until it is answered."""

import http.client
import json
import random
import threading
import time
import urllib.parse
import uuid

from history.checker import Writes

ACKNOWLEDGED = (201, 202, 303)
JSON = "application/json"
HTML_FORM = "application/x-www-form-urlencoded"
PATIENCE_SECONDS = 0.02  # between two tries while a server is away


class Writer(threading.Thread):
    """Submits for its own contacts, one at a time, so that the order of each contact's submissions is known."""

    def __init__(self, number, ports, form, stop, seed, contacts=5, new_contacts=0.1, pause=0.0,
                 html=0.0):
        super().__init__(daemon=True)
        self.number = number
        self.ports = ports  # () -> ports of the instances that should be running
        self.form = form
        self.stopping = stop
        self.random = random.Random(f"{seed}-{number}")
        self.contacts = [f"w{number}-{index}@example.com" for index in range(contacts)]
        self.new_contacts = new_contacts
        self.pause = pause      # seconds between an answer and the next submission
        self.html = html        # the share that is posted as a browser does
        self.attempted = []     # (id, e-mail) in the order of sending
        self.acknowledged = []  # (id, status)
        self.unanswered = 0     # tries that failed without an answer
        self.refused = 0        # 503
        self.unexpected = []
        self.connection = None
        self.turn = number

    def run(self):
        while not self.stopping.is_set():
            one = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
            email = (f"w{self.number}-{one}@example.com" if self.random.random() < self.new_contacts
                     else self.random.choice(self.contacts))
            size = self.random.randrange(9000)
            if self.html > 0 and self.random.random() < self.html:
                body, kind = urllib.parse.urlencode({"id": one, "email": email, "company_size": size}), HTML_FORM
            else:
                body, kind = json.dumps({"id": one, "email": email, "attributes": {"company_size": size}}), JSON
            self.attempted.append((one, email))
            status = self._send_until_answered(body, kind)
            if status is not None:
                self.acknowledged.append((one, status))
            time.sleep(self.pause)
        self._drop()

    def _send_until_answered(self, body, kind):
        """The status of a 2xx; None when the test ended meanwhile."""
        while True:
            status, retry_after = self._try(body, kind)
            if status in ACKNOWLEDGED:
                return status
            if status == 503 and retry_after is not None:
                self.refused += 1
            elif status is None:
                self.unanswered += 1
            else:
                self.unexpected.append((status, body))
                return None
            if self.stopping.is_set():
                return None
            time.sleep(PATIENCE_SECONDS)

    def _try(self, body, kind):
        try:
            if self.connection is None:
                ports = self.ports()
                self.turn += 1
                self.connection = http.client.HTTPConnection("127.0.0.1", ports[self.turn % len(ports)], timeout=30)
            self.connection.request("POST", f"/v1/forms/{self.form}/submissions", body,
                                    {"Content-Type": kind})
            answer = self.connection.getresponse()
            answer.read()
            if answer.headers.get("Connection", "").lower() == "close":
                self._drop()
            return answer.status, answer.headers.get("Retry-After")
        except (OSError, http.client.HTTPException):
            self._drop()
            return None, None

    def _drop(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Load:
    """`with Load(…) as load:` submits until the block ends."""

    def __init__(self, ports, form, writers=8, seed=1, **options):
        self.stop = threading.Event()
        self.writers = [Writer(number, ports, form, self.stop, seed, **options) for number in range(writers)]

    def __enter__(self):
        self.started_at = time.monotonic()
        for writer in self.writers:
            writer.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for writer in self.writers:
            writer.join(60)
            assert not writer.is_alive()
        self.seconds = time.monotonic() - self.started_at

    def acknowledged_count(self):
        return sum(len(writer.acknowledged) for writer in self.writers)

    def unexpected(self):
        return [one for writer in self.writers for one in writer.unexpected]

    def writes(self):
        return Writes({one for writer in self.writers for one, _ in writer.attempted},
                      {one for writer in self.writers for one, _ in writer.acknowledged})

    def numbered(self):
        """Submission id → (contact's address, how many-th submission of it)."""
        numbers, found = {}, {}
        for writer in self.writers:
            for one, email in writer.attempted:
                numbers[email] = numbers.get(email, 0) + 1
                found[one] = (email, numbers[email])
        return found

    def summary(self):
        return (f"{self.acknowledged_count()} acknowledged in {self.seconds:.1f} s, "
                f"{sum(writer.unanswered for writer in self.writers)} tries unanswered, "
                f"{sum(writer.refused for writer in self.writers)} refused with 503")
