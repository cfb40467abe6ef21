"""Errors: each code, its document, the order in which things are checked, and bodies that are not JSON."""

import datetime
import gzip
import json
import socket
import uuid

import pytest

from support import contract, funnel
from support.client import Client, expect, faults
from support.crowd import at_once
from support.waiting import wait_until


def raw_json(client, text, path="/v1/contacts", **headers):
    """POST of exactly these bytes as JSON."""
    content = text if isinstance(text, bytes) else text.encode()
    return client.request("POST", path, content=content, headers={"Content-Type": "application/json", **headers})


# --- not JSON -------------------------------------------------------------------------------------

NOT_JSON = {
    "empty": "", "white space": "  \n", "half": '{"email": "a@example.com"', "two": "{} {}", "trailing comma": '{"a": 1,}',
    "comment": "{} // x", "single quotes": "{'email': 1}", "bare word": "nope", "NaN": '{"a": NaN}', "hex": '{"a": 0x10}',
    "leading zero": '{"a": 01}', "plus": '{"a": +1}', "control byte in a string": '{"email": "a\nb"}',
    "lone surrogate": '{"email": "\\ud800"}', "bad escape": '{"email": "\\x41"}',
    "NUL escaped": '{"email": "a\\u0000b@example.com"}', "NUL byte": b'{"email": "a\0b"}', "NUL after": b"{}\0",
    "duplicate key": '{"email": "a@example.com", "email": "b@example.com"}',
    "duplicate key inside": '{"email": "a@example.com", "attributes": {"city": "x", "city": "y"}}',
    "overlong UTF-8": b'{"email": "\xc0\xaf"}', "cut UTF-8": b'{"email": "\xe2\x82"}', "surrogate in UTF-8": b'{"email": "\xed\xa0\x80"}',
    "Latin-1": '{"email": "é@example.com"}'.encode("latin-1"), "UTF-16": '{"email": "a@example.com"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"email": "a@example.com"}',
    "integer of 2^63": '{"email": "a@example.com", "attributes": {"n": 9223372036854775808}}',
    "integer of -2^63-1": '{"email": "a@example.com", "attributes": {"n": -9223372036854775809}}',
    "real beyond double": '{"email": "a@example.com", "attributes": {"n": 1e400}}',
    "33 levels": '{"email": "a@example.com", "properties": ' + "[" * 33 + "]" * 33 + "}",
    "100,000 levels": "[" * 60_000,
}


@pytest.mark.parametrize("text", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_a_body_that_is_not_json_is_400(service, text):
    problem = expect(raw_json(service.marketing, text), 400).json()
    assert "errors" not in problem
    if isinstance(text, str) and "example.com" in text:
        assert "example.com" not in problem["detail"], "errors never carry an address"


def test_the_largest_integers(service):
    """What every reader of JSON reads right; beyond it a number would change on its way."""
    for number in (2**53 - 1, -(2**53 - 1)):
        made = service.marketing.make("/v1/contacts", {"email": funnel.address(), "attributes": {"n": number}})
        assert made["attributes"]["n"] == number
    for number in (2**63 - 1, -2**63):
        body = {"email": funnel.address(), "attributes": {"n": number}}
        assert list(faults(service.marketing.post("/v1/contacts", body))) == ["/attributes/n"]


def test_depth_of_32_is_taken(service):
    nested = json.loads("[" * 28 + "]" * 28)
    answer = service.marketing.write("/v1/activities", {"email": funnel.address(), "kind": "page_view",
                                                        "properties": {"x": nested}})
    assert answer["results"][0]["status"] == 201


def test_text_survives(service):
    text = "é 😀 ‏ \u2028 \u00ad \ufeff \x01\x1f \\ / \" ' < & \t\r\n end"
    email = funnel.address()
    contact = service.marketing.make("/v1/contacts", {"email": email, "attributes": {"company": text}})
    assert contact["attributes"]["company"] == text
    assert funnel.contact_of(service.reader, email)["attributes"]["company"] == text


# --- each code ------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [
    None, "Bearer", "Bearer x", "Basic dXNlcjpwYXNz", "relais_sk_x", "Bearer relais_sk_" + "x" * 40,
    "Bearer relais_sk_" + "x" * 7000, "Bearer ü", "bearer nothing at all", "Bearer a b"])
def test_401(service, header):
    headers = {"Authorization": header.encode()} if header else {}
    answer = expect(service.nobody.get("/v1/contacts", headers=headers), 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_scheme_is_case_insensitive(service):
    headers = {"Authorization": f"bearer {service.keys['reader']}"}
    expect(service.nobody.get("/v1/contacts", headers=headers), 200)


def test_a_key_with_one_wrong_character_is_401(service):
    key = service.keys["reader"]
    for place in (len("relais_sk_"), len(key) // 2, len(key) - 1):
        wrong = key[:place] + ("A" if key[place] != "A" else "B") + key[place + 1:]
        expect(Client(service.url, wrong).get("/v1/contacts"), 401)


@pytest.mark.parametrize("path", ["/v2/contacts", "/v1", "/v1/", "/v1/contact", "/v1/contacts/", "/v1//contacts", "//",
                                  "/V1/contacts", "/v1/contacts/x/y/z", "/v1/handoffs/x/dance", "/.env", "/v1/contacts%2f"])
def test_404_without_a_key(service, path):
    expect(service.nobody.get(path), 404)


@pytest.mark.parametrize("path", sorted({operation.path for operation in contract.operations()}))
def test_405_names_what_is_allowed(service, path):
    concrete = path.replace("{id}", str(uuid.uuid4())).replace("{slug}", "x").replace("{name}", "x").replace("{version}", "1")
    methods = contract.methods_of(concrete)
    allowed = methods | ({"HEAD"} if "GET" in methods else set())
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"):
        if method in methods:
            continue
        answer = expect(service.nobody.request(method, concrete), 405)
        named = {one.strip() for one in answer.headers["Allow"].split(",")}
        assert named - {"OPTIONS"} == allowed, f"{method} {path}"


@pytest.mark.parametrize("path", ["/healthz", "/v1/contacts", "/v1/leads", "/openapi.yaml", "/v1/sla/status"])
def test_head_is_answered_wherever_get_is(service, path):
    get, head = service.reader.get(path), service.reader.request("HEAD", path)
    assert head.status_code == get.status_code == 200 and head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]
    expect(service.nobody.request("HEAD", "/v1/contacts"), 401)


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/xml", "application/jsonx", "json", ";", "a/b/c",
                                        "application/x-www-form-urlencoded"])
def test_415(service, media_type):
    headers = {"Content-Type": media_type} if media_type else {}
    answer = service.marketing.request("POST", "/v1/contacts", content=b'{"email": "a@example.com"}', headers=headers)
    expect(answer, 415)


def test_415_of_an_encoding(service):
    body = b'{"email": "encoded@example.com"}'
    for coding, status in [("gzip", 415), ("identity, br", 415), ("Identity", 201)]:
        headers = {"Content-Type": "application/json", "Content-Encoding": coding}
        sent = gzip.compress(body) if status == 415 else body
        answer = expect(service.marketing.request("POST", "/v1/contacts", content=sent, headers=headers), status)
        assert status == 201 or "Content-Encoding" in answer.json()["detail"]


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8",
                                        'application/json; charset="utf-8"'])
def test_json_by_any_of_its_names(service, media_type):
    body = json.dumps({"email": funnel.address()}).encode()
    expect(service.marketing.request("POST", "/v1/contacts", content=body, headers={"Content-Type": media_type}), 201)


def test_413(service):
    for operation, client, limit in (("/v1/contacts", service.marketing, 65536),
                                     ("/v1/contacts/batch", service.marketing, 8 << 20)):
        below = b'{"email": "a@example.com"}'.ljust(limit)
        assert raw_json(client, below, operation).status_code != 413
        expect(raw_json(client, below + b" ", operation), 413)


def test_413_as_configured(make_service):
    service = make_service(env={"RELAIS_BODY_FORM_BYTES_MAX": "2 KiB", "RELAIS_BODY_BATCH_BYTES_MAX": "80 KiB"}).start()
    form = funnel.make_form(service.admin, open=True)["slug"]
    path = f"/v1/forms/{form}/submissions"
    try:
        for client, operation, limit in ((service.nobody, path, 2 << 10), (service.marketing, "/v1/activities", 80 << 10),
                                         (service.marketing, "/v1/contacts", 64 << 10), (service.nobody, f"{path}/tally", 256 << 10)):
            assert raw_json(client, b"{}".ljust(limit), operation).status_code != 413
            expect(raw_json(client, b"{}".ljust(limit) + b" ", operation), 413)
    finally:
        service.stop()


def test_a_form_may_be_larger_when_the_settings_say_so(make_service):
    service = make_service(env={"RELAIS_BODY_FORM_BYTES_MAX": "512 KiB"}).start()
    form = funnel.make_form(service.admin, open=True)["slug"]
    try:
        answers = {"email": funnel.address(), **{f"field_{number}": "é" * 2000 for number in range(40)}}
        expect(service.nobody.post(f"/v1/forms/{form}/submissions", data=answers), 303)  # each é is six bytes
        (stored,) = service.reader.pages("/v1/submissions", email=answers["email"])
        assert stored["attributes"] == {name: answers[name] for name in answers if name != "email"}
    finally:
        service.stop()


def test_413_without_a_length(service):
    def chunks():
        for _ in range(40):
            yield b" " * 4096

    answer = service.marketing.request("POST", "/v1/contacts", content=chunks(), headers={"Content-Type": "application/json"})
    expect(answer, 413)


def test_422_has_every_fault(service):
    answer = service.marketing.post("/v1/contacts", {"email": "x", "attributes": {"company_size": "x", "country": 5},
                                                     "stage": "vip", "nonsense": 1, "consents": [{"purpose": "a"}]})
    assert set(faults(answer)) >= {"/email", "/attributes/company_size", "/stage", "/nonsense", "/consents/0/granted"}
    for body in ([], 1, "x", None, True):
        expect(raw_json(service.marketing, json.dumps(body)), 422)


def test_pointers_are_escaped(service):
    assert "/a~1b~0c" in faults(service.marketing.post("/v1/contacts", {"email": funnel.address(), "a/b~c": 1}))


def test_unknown_query_parameters_are_422_everywhere(service):
    for operation in contract.operations():
        if operation.method != "GET" or "{" in operation.path:
            continue
        expect(service.admin.get(operation.path, params={"surprise": "1"}), 422)


def test_no_such_moment(service):
    for moment in ("2026-13-01T00:00:00Z", "2026-11-31T00:00:00Z", "2026-11-16T24:01:00Z", "2026-11-16T10:00:00",
                   "16/11/2026", "now", 1794821400, "2026-11-16T10:00:00+25:00"):
        (result,) = service.marketing.write("/v1/activities", {"activities": [
            {"email": funnel.address(), "kind": "page_view", "occurred_at": moment}]})["results"]
        assert result["status"] == 422, moment


@pytest.mark.parametrize("query", ["limit=%zz", "q=%ff", "q=%00", "q=%c0%af", "limit", "=", "&&&", "q=a;b", "%6cimit=1"])
def test_odd_queries(service, query):
    assert service.reader.get(f"/v1/contacts?{query}").status_code in (200, 400, 422)
    assert service.reader.get("/v1/contacts?q=%00").status_code in (400, 422)


def test_long_things(service):
    expect(service.reader.get("/v1/contacts", params={"q": "x" * 201}), 422)
    expect(service.nobody.get("/" + "x" * 5000), 404)
    # Beyond its own memory the library answers, in its own words.
    client = service.client(checks=False)
    assert client.get("/v1/contacts?q=" + "x" * 20_000).status_code in (414, 431)
    assert client.get("/healthz", headers={"X-Long": "x" * 20_000}).status_code == 431
    service.nobody.read("/healthz")


# --- the order of checks --------------------------------------------------------------------------


def test_the_order(service):
    """404/405, 401, 403, 415, 413, 400, 422."""
    bad = {"content": b"{" + b" " * 70_000, "headers": {"Content-Type": "text/plain"}}
    expect(service.nobody.request("POST", "/v1/nothing", **bad), 404)
    expect(service.nobody.request("PUT", "/v1/contacts", **bad), 405)
    expect(service.nobody.request("POST", "/v1/contacts?surprise=1", **bad), 401)
    expect(service.reader.request("POST", "/v1/contacts?surprise=1", **bad), 403)
    expect(service.marketing.request("POST", "/v1/contacts?surprise=1", **bad), 415)
    bad["headers"]["Content-Type"] = "application/json"
    expect(service.marketing.request("POST", "/v1/contacts?surprise=1", **bad), 413)
    expect(service.marketing.request("POST", "/v1/contacts?surprise=1", content=b"{", headers=bad["headers"]), 400)
    expect(service.marketing.request("POST", "/v1/contacts?surprise=1", content=b"{}", headers=bad["headers"]), 422)
    unknown = uuid.uuid4()
    expect(service.marketing.request("PATCH", f"/v1/contacts/{unknown}", content=b"{", headers=bad["headers"]), 400)
    expect(service.marketing.patch(f"/v1/contacts/{unknown}", {"surprise": 1}), 422)
    expect(service.marketing.patch(f"/v1/contacts/{unknown}", {}), 404)


# --- idempotency ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "é".encode()])
def test_an_idempotency_key_that_is_none(service, key):
    answer = service.marketing.post("/v1/contacts", {"email": funnel.address()}, headers={"Idempotency-Key": key})
    assert answer.status_code in (400, 422)


def test_faults_are_not_kept_as_the_answer_of_a_write_that_never_was(service):
    """Refused input stored nothing: with the same key the corrected body is another body, or is taken."""
    headers = {"Idempotency-Key": funnel.unique("fix")}
    expect(service.marketing.post("/v1/contacts", {"email": "x"}, headers=headers), 422)
    assert service.marketing.post("/v1/contacts", {"email": funnel.address()}, headers=headers).status_code in (201, 422)


def check_twins(answers):
    """Of requests with one Idempotency-Key at the same time: one is done, the others get its answer or are told to wait."""
    done = [answer for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 409}, [answer.text for answer in answers]
    assert len({answer.json()["id"] for answer in done}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in done) == 1
    refused = [answer for answer in answers if answer.status_code == 409]
    assert all("Retry-After" in answer.headers for answer in refused), [answer.text for answer in refused]


@pytest.mark.concurrency
def test_twins_in_flight(service):
    before = len(service.reader.pages("/v1/offers", limit=1000))
    for number in range(5):
        headers = {"Idempotency-Key": funnel.unique("twin")}
        body = {"slug": funnel.unique("twin"), "title": "T", "kind": "ebook", "journey_step": "awareness"}
        check_twins(at_once(lambda _: service.client("marketing").post("/v1/offers", body, headers=headers), 8))
        assert len(service.reader.pages("/v1/offers", limit=1000)) == before + number + 1


def test_twins_on_two_instances(make_service):
    two = make_service(instances=2).start()
    try:
        contact = funnel.Desk(two).lead()
        path = f"/v1/contacts/{contact['id']}/deals"
        clients = [two.client("sales", number % 2) for number in range(8)]
        body = {"kind": "renewal", "amount": 100, "currency": "EUR"}
        for _ in range(40):
            headers = {"Idempotency-Key": funnel.unique("twin")}
            check_twins(at_once(lambda which: clients[which].post(path, body, headers=headers), 8))
        deals = [item for item in two.reader.pages(f"/v1/contacts/{contact['id']}/timeline") if item["type"] == "deal"]
        assert len(deals) == 40
        two.stop()
    finally:
        two.end()


def test_an_idempotency_key_is_kept_for_a_day(fresh):
    headers = {"Idempotency-Key": "monday"}
    first, second = {"email": funnel.address()}, {"email": funnel.address()}
    expect(fresh.marketing.post("/v1/contacts", first, headers=headers), 201)
    fresh.database.move_clock(datetime.timedelta(hours=23))
    fresh.server.stop()
    fresh.server.start()  # a new one looks at once for what is too old
    expect(fresh.marketing.post("/v1/contacts", second, headers=headers), 422)
    answer = expect(fresh.marketing.post("/v1/contacts", first, headers=headers), 201)
    assert answer.headers["Idempotency-Replayed"] == "true"
    fresh.database.move_clock(datetime.timedelta(hours=25))
    fresh.server.stop()
    fresh.server.start()
    wait_until(lambda: fresh.marketing.post("/v1/contacts", second, headers=headers).status_code == 201, what="its end")


def test_the_pages_of_problems(service):
    """Each `type` points at an anchor of the page that explains it."""
    page = expect(service.nobody.get("/docs/errors"), 200).text
    answers = [service.nobody.get("/v1/contacts"), service.reader.post("/v1/contacts", {}), service.nobody.get("/nothing"),
               service.nobody.request("PUT", "/healthz"), raw_json(service.marketing, "{"),
               service.marketing.post("/v1/contacts", {}), service.reader.get("/v1/events?after=9000000"),
               service.marketing.request("POST", "/v1/contacts", content=b"x")]
    slugs = {answer.json()["type"].rsplit("#", 1)[1] for answer in answers}
    assert len(slugs) == 8
    for slug in slugs:
        assert f'id="{slug}"' in page, slug


def test_a_client_that_goes_away_harms_nobody(service):
    """Half a head, half a body, and a reset in the middle."""
    body = b'{"email": "a@example.com"}'
    head = (b"POST /v1/contacts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + service.keys["marketing"].encode()
            + b"\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n")
    for sent in (b"GET /v1/con", head, head + body[:5], head + body):
        with socket.create_connection(("127.0.0.1", service.server.port)) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            connection.sendall(sent)
    service.reader.read("/v1/contacts")
