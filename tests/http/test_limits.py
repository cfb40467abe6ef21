"""Rate limits: who is counted, what an answer says about it, and 429; who asks when proxies stand between.

A limit per day with a burst makes tests exact: nothing flows back into a bucket while they run."""

import re

import pytest

from support import funnel
from support.client import expect
from support.waiting import wait_until

PER_DAY = 86400


def limited(make_service, **env):
    return make_service(env={f"RELAIS_{name.upper()}": value for name, value in env.items()}).start()


@pytest.fixture
def start(make_service):
    """start(rate_limit_ip="3/1d", …): a server with these settings."""
    made = []

    def make(**env):
        made.append(limited(make_service, **env))
        return made[-1]

    yield make
    for service in made:
        service.stop()


def told(answer):
    """(policy, left, seconds) of the RateLimit field; None when there is none."""
    field = answer.headers.get("RateLimit")
    if field is None:
        assert "RateLimit-Policy" not in answer.headers
        return None
    policy, left, seconds = re.fullmatch(r'"(\w+)";r=(\d+);t=(\d+)', field).groups()
    assert answer.headers["RateLimit-Policy"].startswith(f'"{policy}";')
    return policy, int(left), int(seconds)


def refused(answer, seconds):
    problem = expect(answer, 429).json()
    assert problem["type"].endswith("/docs/errors#rate_limited") and str(seconds) in problem["detail"]
    assert answer.headers["Retry-After"] == str(seconds)
    assert told(answer)[1:] == (0, seconds)
    return problem


def test_no_limit_at_first(service):
    assert told(service.nobody.get("/openapi.yaml")) is None
    assert told(service.admin.get("/v1/keys")) is None


def test_an_address_has_a_limit(start):
    service = start(rate_limit_ip="3/1d")
    nobody = service.nobody
    for left in (2, 1, 0):
        answer = expect(nobody.get("/openapi.yaml"), 200)
        # What is left is meant to last: a third of a day each; with none left, until there is one.
        assert told(answer) == ("ip", left, (left or 1) * PER_DAY // 3)
        assert answer.headers["RateLimit-Policy"] == f'"ip";q=3;w={PER_DAY}'
    refused(nobody.get("/openapi.yaml"), PER_DAY // 3)
    # Nothing else is looked at: not the path, not the method, not the key.
    for answer in (nobody.get("/nothing"), nobody.delete("/openapi.yaml"), nobody.get("/v1/contacts"),
                   nobody.get("/v1/contacts", headers={"Authorization": "Bearer relais_sk_wrong"})):
        refused(answer, PER_DAY // 3)


def test_who_counts_against_an_address(start):
    service = start(rate_limit_ip="3/1d")
    wrong = {"Authorization": "Bearer relais_sk_" + "x" * 49}
    assert told(expect(service.nobody.get("/v1/contacts", headers=wrong), 401))[1] == 2
    assert told(expect(service.publishable.get("/v1/contacts"), 403))[1] == 1, "a publishable key stands in web pages"
    assert told(expect(service.nobody.get("/nothing"), 404))[1] == 0
    expect(service.publishable.post("/v1/forms/x/submissions", {"email": funnel.address()}), 429)
    # An office's programs have keys of their own; who watches the service is not counted.
    assert told(expect(service.admin.get("/v1/keys"), 200)) is None
    for path in ("/healthz", "/readyz"):
        assert told(expect(service.nobody.get(path), 200)) is None
    metrics = expect(service.admin.get("/metrics"), 200).text
    assert 'relais_rate_limited_total{limit="ip"} 1\n' in metrics
    assert 'relais_rate_limited_total{limit="key"} 0\n' in metrics


def test_a_key_has_a_limit(start):
    service = start(rate_limit_key="10/1d burst 3")
    for left in (2, 1, 0):
        answer = expect(service.marketing.post("/v1/contacts", {"email": funnel.address()}), 201)
        assert told(answer)[:2] == ("key", left)
        assert answer.headers["RateLimit-Policy"] == f'"key";q=10;w={PER_DAY};relais-burst=3'
    refused(service.marketing.post("/v1/contacts", {"email": funnel.address()}), PER_DAY // 10)
    # What comes before it in the order of errors, and what comes behind it.
    expect(service.marketing.get("/nothing"), 404)
    expect(service.marketing.delete("/v1/contacts"), 405)
    expect(service.marketing.get("/v1/keys"), 403)
    refused(service.marketing.request("POST", "/v1/contacts", content=b"x", headers={"Content-Type": "text/plain"}),
            PER_DAY // 10)
    refused(service.marketing.request("POST", "/v1/contacts", content=b"x" * 70_000,
                                      headers={"Content-Type": "application/json"}), PER_DAY // 10)
    refused(service.marketing.post("/v1/contacts", {"email": 1}), PER_DAY // 10)
    # Each key has its own; without a key there is no limit here.
    assert told(expect(service.admin.get("/v1/contacts"), 200))[1] == 2
    assert told(expect(service.nobody.get("/v1/contacts"), 401)) is None


def test_every_kind_of_answer_says_it(start):
    service = start(rate_limit_key="1000/1s")
    etag = expect(service.admin.get("/v1/sla/status"), 200).headers["ETag"]
    for answer in (service.admin.get("/v1/contacts"),
                   service.admin.get("/v1/sla/status", headers={"If-None-Match": etag}),
                   service.admin.get("/v1/leads", headers={"Accept": "text/csv"}),
                   service.admin.post("/v1/contacts", {"email": funnel.address()}),
                   service.admin.post("/v1/contacts", {"email": 1}),
                   service.admin.request("POST", "/v1/contacts", content=b"x" * 70_000,
                                         headers={"Content-Type": "application/json"}),
                   service.admin.get(f"/v1/contacts/{funnel.unique()}"),
                   service.admin.get("/nothing")):
        policy, left, _ = told(answer)
        assert policy == "key" and 0 <= left < 1000, answer


def test_it_flows_back(start):
    service = start(rate_limit_ip="2/1s")
    wait_until(lambda: service.nobody.get("/openapi.yaml").status_code == 429, what="429")
    answer = service.nobody.get("/openapi.yaml")
    if answer.status_code == 429:
        assert answer.headers["Retry-After"] == "1"
    wait_until(lambda: service.nobody.get("/openapi.yaml").status_code == 200, what="room again")


def test_429_is_never_an_idempotent_requests_first_answer(start):
    service = start(rate_limit_key="5/1s")
    count = 0

    def post():
        return service.marketing.post("/v1/contacts", {"email": f"idem-{count}@example.com"},
                                      headers={"Idempotency-Key": f"key-{count}"})

    while post().status_code != 429:
        count += 1
        assert count < 10_000
    answer = wait_until(lambda: (again := post()).status_code != 429 and again, what="room again")
    expect(answer, 201)
    assert "Idempotency-Replayed" not in answer.headers
    answer = wait_until(lambda: (again := post()).status_code != 429 and again, what="room again")
    assert answer.headers["Idempotency-Replayed"] == "true"


def test_a_browser_sees_a_page_and_a_script_may_read_it(start):
    service = start(rate_limit_ip="1/1d")
    origin = "https://www.example.com"
    form = funnel.make_form(service.admin, open=True, allowed_origins=[origin])["slug"]
    path = f"/v1/forms/{form}/submissions"
    expect(service.nobody.post(path, {"email": funnel.address()}), 201)
    page = expect(service.nobody.request("POST", path, data={"email": funnel.address()},
                                         headers={"Accept-Language": "fr"}), 429)
    assert page.headers["Content-Type"].startswith("text/html") and "Trop d’envois" in page.text
    assert page.headers["Retry-After"] == str(PER_DAY) and told(page) == ("ip", 0, PER_DAY)
    answer = service.nobody.post(path, {"email": funnel.address()}, headers={"Origin": origin})
    refused(answer, PER_DAY)
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
    contacts = service.reader.read("/v1/contacts")["data"]
    assert len(contacts) == 1, "nothing else was stored"


# --- proxies ----------------------------------------------------------------------------------------


def statuses(client, count, **headers):
    return [client.get("/openapi.yaml", headers=headers).status_code for _ in range(count)]


def test_anybody_may_claim_an_address(start):
    service = start(rate_limit_ip="2/1d")
    for number in (1, 2):
        expect(service.nobody.get("/openapi.yaml", headers={"X-Forwarded-For": f"198.51.100.{number}"}), 200)
    expect(service.nobody.get("/openapi.yaml", headers={"X-Forwarded-For": "198.51.100.3"}), 429)


def test_a_trusted_proxy_is_believed(start):
    service = start(rate_limit_ip="2/1d", trusted_proxies="127.0.0.0/8, 10.0.0.0/8", log_level="debug")
    nobody = service.nobody
    assert statuses(nobody, 3, **{"X-Forwarded-For": "198.51.100.1"}) == [200, 200, 429]
    assert statuses(nobody, 1, **{"X-Forwarded-For": "6.6.6.6, 198.51.100.1, 10.1.2.3"}) == [429]
    assert statuses(nobody, 1, **{"X-Forwarded-For": "198.51.100.2", "Forwarded": "for=198.51.100.1"}) == [200]
    # Of IPv6 one /64 is one party.
    assert statuses(nobody, 2, **{"X-Forwarded-For": "2001:db8:0:1::1"}) == [200, 200]
    assert statuses(nobody, 1, **{"X-Forwarded-For": "2001:db8:0:1:ffff::2"}) == [429]
    assert statuses(nobody, 1, **{"X-Forwarded-For": "2001:db8:0:2::1"}) == [200]
    assert statuses(nobody, 3) == [200, 200, 429], "the proxy itself"
    service.server.stop()
    log = service.server.log()
    for address in ("198.51.100", "2001:db8", "6.6.6.6"):
        assert address not in log


def test_the_other_header(start):
    service = start(rate_limit_ip="2/1d", trusted_proxies="127.0.0.1", forwarded_header="forwarded")
    nobody = service.nobody
    assert statuses(nobody, 3, Forwarded='for="[2001:db8::1]:4711";proto=https') == [200, 200, 429]
    assert statuses(nobody, 1, Forwarded="for=198.51.100.2", **{"X-Forwarded-For": "2001:db8::1"}) == [200]


# --- the service's own name -------------------------------------------------------------------------


def test_urls_begin_with_the_base_url(start):
    base = "https://leads.example.com/relais"
    service = start(base_url=base)
    for answer in (service.admin.get("/nothing"), service.admin.get("/%2e%2e/x"), service.nobody.get("/v1/contacts"),
                   service.admin.request("POST", "/v1/contacts", content=b"x" * 70_000,
                                         headers={"Content-Type": "application/json"})):
        assert answer.json()["type"].startswith(base + "/docs/errors#"), answer.text
    made = service.admin.post("/v1/contacts", {"email": funnel.address()})
    assert made.headers["Location"] == f"{base}/v1/contacts/{made.json()['id']}"
    form = service.admin.post("/v1/forms", {"slug": funnel.unique("form"), "name": "x"})
    assert form.headers["Location"] == f"{base}/v1/forms/{form.json()['slug']}"
    handoff = service.admin.post("/v1/handoffs", {"contact_id": made.json()["id"], "reason": "asked"})
    assert handoff.headers["Location"] == f"{base}/v1/handoffs/{handoff.json()['id']}"
    service.admin.make("/v1/contacts", {"email": funnel.address()})
    page = expect(service.admin.get("/v1/contacts?limit=1&q=example.com"), 200)
    link = re.fullmatch(r'<([^>]*)>; rel="next"', page.headers["Link"])[1]
    assert link.startswith(f"{base}/v1/contacts?limit=1&q=example.com&cursor=")
    following = expect(service.admin.get(link.removeprefix(base)), 200)
    assert following.json()["data"][0]["id"] != page.json()["data"][0]["id"]


def test_a_link_holds_what_a_browser_does_not_escape(service):
    for number in range(2):
        service.marketing.make("/v1/contacts", {"email": funnel.address(), "attributes": {"company": "a>b|c"}})
    page = expect(service.reader.http.request("GET", service.url + "/v1/contacts?q=a>b|c&limit=1"), 200)
    link = re.fullmatch(r'<([^<>|"]*)>; rel="next"', page.headers["Link"])[1]
    assert "q=a%3Eb%7Cc" in link
    assert len(expect(service.reader.get(link), 200).json()["data"]) == 1
