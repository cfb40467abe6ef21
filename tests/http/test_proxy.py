"""Behind the reverse proxies of deploy/, as real processes: whatever is sent to them, Relais sees the requests that they
saw, and nobody gets an answer that is somebody else's. Proved by Relais' own log, which names every request."""

import re
import ssl
import urllib.parse

import httpx
import pytest

import gate_corpus
from support import funnel, proxies
from support.client import Client, expect
from support.waiting import wait_until

REFUSED_BY_PROXIES = {"CR in a chunk extension", "NUL for the CR of a line"}
OK = b'{"status":"ok"}'
OWN_ID = re.compile(rb"^x-request-id: ([0-9a-f-]{36})\r$", re.M | re.I)


@pytest.fixture(scope="module")
def service(make_service):
    made = make_service(env={"RELAIS_LOG_LEVEL": "debug", "RELAIS_TRUSTED_PROXIES": "127.0.0.1",
                             "RELAIS_RATE_LIMIT_IP": "10000/1d",
                             "RELAIS_BASE_URL": f"https://{proxies.CERTIFICATE}"}).start()
    yield made
    made.stop()


@pytest.fixture(scope="module", params=[proxies.Nginx, proxies.Haproxy], ids=lambda kind: kind.name)
def proxy(request, service, tmp_path_factory):
    if request.param.program() is None:
        pytest.skip(f"{request.param.name} is not installed")
    made = request.param(tmp_path_factory.mktemp(request.param.name), service.server.port)
    try:
        yield made.start()
    finally:
        made.end()


class Log:
    """Relais' requests as it logged them, read on from where the last look ended. A request is logged before it counts
    as no longer under way."""

    LOOKING = "looking"

    def __init__(self, service):
        self.service = service
        self.client = Client(service.url, headers={"X-Request-Id": self.LOOKING})
        self.taken = 0

    def metrics(self):
        return expect(self.client.get("/metrics"), 200).text

    def _all(self):
        lines = [line for line in self.service.server.log_lines() if line.get("event") == "request"]
        return [line for line in lines if line["client_request_id"] != self.LOOKING]

    def new_requests(self):
        wait_until(lambda: "\nrelais_http_requests_under_way 1\n" in self.metrics(), what="all requests to be over")
        lines = self._all()
        new, self.taken = lines[self.taken:], len(lines)
        return new


@pytest.fixture(scope="module")
def log(service):
    made = Log(service)
    yield made
    made.client.close()


def talk(connection, first, rest):
    """Sends the first request and reads its answer, then sends the rest and reads to the end."""
    received = b""
    try:
        connection.sendall(first)
        while OK not in received:
            received += connection.recv(65536)
        connection.sendall(rest)
        while piece := connection.recv(65536):
            received += piece
    except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
        pass  # refused before all of it was sent
    finally:
        connection.close()
    return received


def healthz(name, *fields):
    return b"GET /healthz HTTP/1.1\r\nHost: h\r\nX-Request-Id: %s\r\n%s\r\n" % (name.encode(), b"".join(fields))


@pytest.mark.parametrize("case", gate_corpus.CASES, ids=lambda case: case.name)
def test_corpus(service, proxy, log, case):
    """On one connection: a request, the case, a canary. What arrived is at most that, in this order, and each answer is
    the answer to what was asked."""
    log.new_requests()
    received = talk(proxy.connect(), healthz("first"),
                    case.raw + healthz("canary", b"Connection: close\r\n"))
    seen = log.new_requests()
    names = {line["request_id"]: line["client_request_id"] for line in seen}
    arrived = list(names.values())

    assert arrived.count("first") == 1 and arrived.count("canary") <= 1
    may_come = case.is_pipelined or gate_corpus.CANARY not in case.raw
    assert arrived.count(gate_corpus.CANARY_ID) <= may_come, "the canary came out of a body"
    others = [line for line in seen if line["client_request_id"] not in ("first", "canary", gate_corpus.CANARY_ID)]
    assert len(others) <= max(1, case.responses), others
    assert {line["method"] for line in others} <= {"GET", "HEAD", "POST", "CONNECT", "GE[T"}, others

    # Each answer that is Relais' own, by its id: none twice, none for another's question.
    answered = [names.get(found.decode()) for found in OWN_ID.findall(received)]
    assert answered[:1] == ["first"]
    order = [name if name in ("first", gate_corpus.CANARY_ID, "canary") else "case" for name in answered]
    assert order == sorted(order, key=["first", "case", gate_corpus.CANARY_ID, "canary"].index), order
    assert len(answered) == len(set(OWN_ID.findall(received)))
    if "canary" in arrived:
        assert order[-1] == "canary" and OK in received[received.rindex(b"HTTP/1."):]
    if case.status is None and case.name not in REFUSED_BY_PROXIES:
        assert others, "a request like any other gets through"


# --- what is meant to get through -------------------------------------------------------------------


@pytest.fixture
def visitor(proxy):
    """What a browser would see."""
    with httpx.Client(base_url=f"https://127.0.0.1:{proxy.port}", verify=False, trust_env=False, timeout=60) as made:
        yield made


def test_forms_and_api(service, proxy, visitor):
    slug = funnel.make_form(service.admin, open=True)["slug"]
    email = funnel.address()
    path = f"/v1/forms/{slug}/submissions"
    posted = expect(visitor.post(path, data={"email": email, "company": "Zoé & Cie"}), 303)
    assert "<h1>" in expect(visitor.get(urllib.parse.urljoin(path, posted.headers["Location"])), 200).text
    assert funnel.contact_of(service.reader, email)["attributes"]["company"] == "Zoé & Cie"
    key = {"Authorization": f"Bearer {service.keys['admin']}"}
    found = expect(visitor.get("/v1/contacts", params={"email": email}, headers=key), 200)
    assert found.json()["data"][0]["email"] == email
    large = {"activities": [{"email": funnel.address(), "kind": "page_view", "properties": {"x": "y" * 4000}}] * 500}
    answer = expect(visitor.post("/v1/activities", json=large, headers=key), 200)
    assert {result["status"] for result in answer.json()["results"]} == {201}
    polled = expect(visitor.get("/v1/events", params={"after": 0, "types": "contact.merged", "wait": 1}, headers=key), 200)
    assert polled.json()["data"] == []


def test_links_name_the_proxy(service, visitor):
    for _ in range(2):
        service.marketing.make("/v1/contacts", {"email": funnel.address()})
    key = {"Authorization": f"Bearer {service.keys['reader']}"}
    base = f"https://{proxies.CERTIFICATE}"
    page = expect(visitor.get("/v1/contacts?limit=1", headers=key), 200)
    assert page.headers["Link"].startswith(f"<{base}/v1/contacts?limit=1&cursor=")
    assert visitor.get("/v1/contacts").json()["type"] == f"{base}/docs/errors#unauthenticated"


def test_a_client_cannot_choose_its_address(service, proxy, visitor):
    """Each claims another address, and each is counted where it comes from: 127.0.0.1, as the proxy says."""
    def left(**claim):
        answer = visitor.get("/openapi.yaml", headers=claim)
        return int(re.search(r"r=(\d+)", answer.headers["RateLimit"])[1])

    before = left()
    for claim in ({"X-Forwarded-For": "198.51.100.1"}, {"Forwarded": "for=198.51.100.2"},
                  {"X-Forwarded-For": "198.51.100.3, 198.51.100.4"}, {"X-Real-IP": "198.51.100.5"}):
        now = left(**claim)
        assert before - 10 <= now <= before, claim  # of 10,000; one flows back every 9 s
        before = now


def test_what_stays_inside(proxy, visitor):
    for path in ("/metrics", "/metrics?x", "/%6detrics", "/metric%73"):
        assert visitor.get(path).status_code == 403, path
    plain = httpx.get(f"http://127.0.0.1:{proxy.plain_port}/v1/contacts?x=y", headers={"Host": proxies.CERTIFICATE},
                      trust_env=False)
    assert plain.status_code == 308
    assert plain.headers["Location"] == f"https://{proxies.CERTIFICATE}/v1/contacts?x=y"


def test_slow_senders_end_at_the_proxy(service, proxy):
    """Relais never hears of them."""
    before = len(service.server.log_lines())
    for text in (b"GET /healthz HTTP/1.1\r\nHost: h\r\nX: ", HALF_A_BODY):
        connection = proxy.connect()
        connection.sendall(text)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        connection.close()
        assert received == b"" or b" 408 " in received.split(b"\r\n")[0], received
    assert len(service.server.log_lines()) == before


HALF_A_BODY = (b"POST /v1/forms/x/submissions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
               b"Content-Length: 100\r\n\r\n{")
