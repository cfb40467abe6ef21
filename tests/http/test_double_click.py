"""A browser's own form post has no id. The same again within ten seconds is the visitor's second click, on whichever
instance; anything else, and anything later, is another submission."""

import datetime
import time
import uuid

import pytest

from support import funnel, times
from support.client import Client, expect
from support.crowd import at_once
from support.waiting import wait_until

SLOT_SECONDS = 10  # DOUBLE_CLICK_SECONDS
FILE = {"cv": ("cv.txt", b"text", "text/plain")}
BODIES = pytest.mark.parametrize("body", [{}, {"files": FILE}], ids=["urlencoded", "multipart"])
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
AS_JSON = {"Accept": "application/json"}


ENVIRONMENT = {"RELAIS_PRIVACY_KEY": "the same on all instances", "RELAIS_TRUSTED_PROXIES": "127.0.0.1"}


@pytest.fixture(scope="module")
def service(make_service):
    made = make_service(instances=2, env=ENVIRONMENT).start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def form(service):
    offer = funnel.make_offer(service.admin, url="https://www.example.com/guide.pdf")
    return funnel.make_form(service.admin, open=True, offer=offer["slug"])


def path_of(form):
    return f"/v1/forms/{form['slug']}/submissions"


def fields_of(**more):
    return {"email": funnel.address("zoe"), "first_name": "Zoé", "page_url": "https://www.example.com/guide", **more}


def post(client, form, fields, status=303, headers=None, **body):
    return expect(client.post(path_of(form), data=fields, headers={**FIREFOX, **(headers or {})}, **body), status)


def stored(service, fields):
    return service.reader.pages("/v1/submissions", email=fields["email"])


# --- one ------------------------------------------------------------------------------------------


@BODIES
def test_a_double_click_is_one_submission(service, form, body):
    fields = fields_of(consent_marketing_email="on")
    first = post(service.nobody, form, fields, **body)
    again = post(service.nobody, form, fields, **body)
    assert again.headers["Location"] == first.headers["Location"] and "receipt=" in first.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"
    (one,) = stored(service, fields)
    told = [event for event in funnel.events_after(service.reader, 0)
            if event["type"] == "submission.received" and event["contact_id"] == one["contact_id"]]
    assert len(told) == 1


def test_both_are_told_the_same_receipt(service, form):
    fields = fields_of()
    first, again = (post(service.nobody, form, fields, 201, headers=AS_JSON).json() for _ in range(2))
    assert first == again and [one["id"] for one in stored(service, fields)] == [first["id"]]
    assert uuid.UUID(first["id"]).version == 8


@pytest.mark.concurrency
def test_clicks_at_the_same_moment_on_two_instances(service, form):
    fields = fields_of()
    answers = at_once(lambda number: post(Client(service.servers[number % 2].url), form, fields), 12)
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert len(stored(service, fields)) == 1


def test_the_token_of_a_page_that_was_clicked_twice_is_not_used_twice(service):
    form = funnel.make_form(service.admin, open=True, protection={
        "token": {"at_least": "PT0S", "at_most": "P1D"}, "repeats": {"more_than": 1, "within": "PT1H"}, "honeypot": "fax"})
    token = service.nobody.read(f"/v1/forms/{form['slug']}/token")["token"]
    fields = fields_of(form_token=token, fax="")
    for _ in range(2):
        post(service.nobody, form, fields)
    assert len(stored(service, fields)) == 1 and service.reader.pages("/v1/quarantine", form=form["slug"]) == []
    robot = fields_of(fax="555")
    for _ in range(2):
        post(service.nobody, form, robot)
    assert stored(service, robot) == [] and len(service.reader.pages("/v1/quarantine", form=form["slug"])) == 1


# --- another --------------------------------------------------------------------------------------


@pytest.mark.parametrize("changed", [{"first_name": "Zoë"}, {"page_url": "https://www.example.com/other"}, {"company": "Cie"},
                                     {"utm_source": "letter"}, {"consent_marketing_email": "on"}, {"company_size": "many"}],
                         ids=lambda changed: next(iter(changed)))
def test_with_anything_changed_it_is_another_one(service, form, changed):
    fields = fields_of()
    post(service.nobody, form, fields)
    assert "Idempotency-Replayed" not in post(service.nobody, form, {**fields, **changed}).headers
    assert len(stored(service, fields)) == 2


def test_another_visitor_and_another_form_are_other_ones(service, form):
    fields = fields_of()
    other = funnel.make_form(service.admin, open=True)
    house, neighbour = {"X-Forwarded-For": "2001:db8:1:1::7"}, {"X-Forwarded-For": "2001:db8:1:2::7"}
    for count, (to, headers) in enumerate([(form, {}), (form, {"User-Agent": "curl"}), (form, {"User-Agent": ""}), (other, {}),
                                           (form, house), (form, neighbour), (form, {"X-Forwarded-For": "203.0.113.7"}),
                                           (form, {"X-Forwarded-For": "203.0.113.8"})], start=1):
        assert "Idempotency-Replayed" not in post(service.nobody, to, fields, headers=headers).headers
        assert len(stored(service, fields)) == count
    # One household has a /64, as rate limits see it.
    again = post(service.nobody, form, fields, headers={"X-Forwarded-For": "2001:db8:1:1:ffff::1"})
    assert again.headers["Idempotency-Replayed"] == "true" and len(stored(service, fields)) == count


def test_who_can_say_what_a_repeat_is_says_it(service, form):
    """JSON, an id, an Idempotency-Key, a secret key, another form tool."""
    fields = fields_of()
    for _ in range(2):
        expect(service.nobody.post(path_of(form), {"email": fields["email"]}), 201)
        post(service.nobody, form, {**fields, "id": str(uuid.uuid4())})
        post(service.publishable, form, fields, headers={"Idempotency-Key": funnel.unique("try")})
        post(service.client("submitter"), form, fields)
        expect(service.nobody.post(path_of(form) + "/fluentforms", data={"email": fields["email"]}), 201)
    assert len(stored(service, fields)) == 10
    for _ in range(2):
        post(service.publishable, form, fields)
    assert len(stored(service, fields)) == 11, "a publishable key stands in a page"


# --- time -----------------------------------------------------------------------------------------


class Clicked:
    """A form posted once, as if so many slots before now: the time in the id is all that says so."""

    def __init__(self, service, form, slots, seconds):
        wait_until(lambda: time.time() % SLOT_SECONDS < 5, what="a moment in which this slot does not end")
        self.fields = fields_of()
        self.receipt = post(service.nobody, form, self.fields, 201, headers=AS_JSON).json()
        self.id = str(uuid.UUID(int=uuid.UUID(self.receipt["id"]).int - (slots * SLOT_SECONDS * 1000 << 80)))
        service.database.execute("UPDATE activity_key SET id = %s, received_at = received_at - %s WHERE id = %s",
                                 self.id, datetime.timedelta(seconds=seconds), self.receipt["id"])


@pytest.mark.parametrize("slots", [1, -1], ids=["before", "after"])
def test_two_clicks_at_the_edge_of_a_slot_are_one(service, form, slots):
    """Also when the second comes to an instance whose clock is behind."""
    clicked = Clicked(service, form, slots, seconds=SLOT_SECONDS - 2)
    again = post(service.nobody, form, clicked.fields, 201, headers=AS_JSON)
    assert again.json()["id"] == clicked.id and again.headers["Idempotency-Replayed"] == "true"
    assert len(stored(service, clicked.fields)) == 1


@pytest.mark.parametrize("slots,seconds", [(1, SLOT_SECONDS + 1), (2, 0), (6, 60)])
def test_the_same_later_is_another_one(service, form, slots, seconds):
    clicked = Clicked(service, form, slots, seconds)
    again = post(service.nobody, form, clicked.fields, 201, headers=AS_JSON)
    assert again.json()["id"] != clicked.id and "Idempotency-Replayed" not in again.headers
    told = {event["data"]["submission_id"] for event in funnel.events_after(service.reader, 0)
            if event["type"] == "submission.received"}
    assert {clicked.receipt["id"], again.json()["id"]} <= told


def test_the_time_in_an_id_is_when_it_came(service, form):
    """So that what is above is what happens."""
    receipt = post(service.nobody, form, fields_of(), 201, headers=AS_JSON).json()
    at_ms = uuid.UUID(receipt["id"]).int >> 80
    assert at_ms % (SLOT_SECONDS * 1000) == 0
    assert abs(at_ms / 1000 - times.parse(receipt["received_at"]).timestamp()) < 2 * SLOT_SECONDS


def test_a_click_that_an_instance_was_killed_after_is_known_to_the_others(service, form):
    fields = fields_of()
    post(service.client(instance=1), form, fields)
    service.servers[1].kill()
    try:
        assert post(service.nobody, form, fields).headers["Idempotency-Replayed"] == "true"
        assert len(stored(service, fields)) == 1
    finally:
        service.servers[1].start()
