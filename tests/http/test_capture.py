"""Form submissions: who may submit, in what encodings, what is answered, what becomes of the contact."""

import json
import uuid

import pytest

from support import funnel, paths, times
from support.client import Client, expect, faults
from support.crowd import at_once


@pytest.fixture(scope="module")
def desk(service):
    return funnel.Desk(service, url="https://www.example.com/guide.pdf")


@pytest.fixture(scope="module")
def path(desk):
    return f"/v1/forms/{desk.form['slug']}/submissions"


def submissions_of(service, email):
    return service.reader.pages("/v1/submissions", email=email)


# --- JSON -----------------------------------------------------------------------------------------


def test_json_gets_a_receipt(service, desk, path):
    email = funnel.address()
    receipt = service.nobody.make(path, {"email": email})
    assert receipt["offer_url"] == "https://www.example.com/guide.pdf"
    (stored,) = submissions_of(service, email)
    assert stored["id"] == receipt["id"] and stored["received_at"] == receipt["received_at"]
    assert (stored["form"], stored["offer"], stored["email"]) == (desk.form["slug"], desk.offer["slug"], email)
    assert service.reader.read(f"/v1/submissions/{receipt['id']}") == stored


def test_a_form_without_an_offer_has_no_url(service):
    form = funnel.make_form(service.admin, open=True)
    assert funnel.submit(service.nobody, form["slug"])["offer_url"] is None


def test_the_answer_never_tells_whether_the_contact_was_known(service, path):
    body = {"email": funnel.address(), "attributes": funnel.VP}
    first, second = (expect(service.nobody.post(path, body), 201) for _ in range(2))
    assert set(first.json()) == set(second.json()) and set(first.headers) == set(second.headers)


@pytest.mark.parametrize("chosen", [
    "3f0c6a52-5d0e-4c5e-9a39-7d9d1a2b3c08",                         # version 4
    "0199f3a9-11c2-7d3e-a5f6-0a1b2c3d4e03",                         # version 7
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",                         # version 1
    "6BA7B811-9DAD-11D1-80B4-00C04FD430C8"])                        # the same id as any reader of UUIDs sees it
def test_an_id_of_the_clients_own_makes_a_repeat_harmless(service, path, chosen):
    body = {"id": chosen, "email": funnel.address("twice"), "attributes": {"first_name": "Zoé"}}
    first = expect(service.nobody.post(path, body), 201)
    assert first.json()["id"] == chosen.lower()
    assert "Idempotency-Replayed" not in first.headers
    again = expect(service.nobody.post(path, body), 201)
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    assert len(submissions_of(service, body["email"])) == 1
    changed = {**body, "attributes": {"first_name": "Zoë"}}
    expect(service.nobody.post(path, changed), 422)
    assert len(submissions_of(service, body["email"])) == 1


def test_the_same_id_on_another_form_is_another_submission(service, path):
    other = funnel.make_form(service.admin, open=True)
    body = {"id": str(uuid.uuid4()), "email": funnel.address()}
    expect(service.nobody.post(path, body), 201)
    response = expect(service.nobody.post(f"/v1/forms/{other['slug']}/submissions", body), 201)
    assert "Idempotency-Replayed" not in response.headers
    assert len(submissions_of(service, body["email"])) == 2


def test_two_posts_without_an_id_are_two_submissions(service, path):
    body = {"email": funnel.address(), "attributes": {"first_name": "Zoé"}}
    ids = {service.nobody.make(path, body)["id"] for _ in range(2)}
    assert {stored["id"] for stored in submissions_of(service, body["email"])} == ids and len(ids) == 2


def test_an_idempotency_key_works_with_a_key(service, path):
    headers = {"Idempotency-Key": funnel.unique("try")}
    body = {"email": funnel.address()}
    first = expect(service.publishable.post(path, body, headers=headers), 201)
    again = expect(service.publishable.post(path, body, headers=headers), 201)
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    expect(service.publishable.post(path, {"email": funnel.address()}, headers=headers), 422)
    assert len(submissions_of(service, body["email"])) == 1


@pytest.mark.concurrency
def test_the_same_id_sent_at_once_is_stored_once(service, path):
    body = {"id": str(uuid.uuid4()), "email": funnel.address("race")}
    answers = at_once(lambda _: Client(service.url).post(path, body), 12)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert len(submissions_of(service, body["email"])) == 1


@pytest.mark.concurrency
def test_a_new_address_sent_at_once_makes_one_contact(service, path):
    email = funnel.address("crowd")
    ids = {receipt["id"] for receipt in at_once(lambda _: Client(service.url).make(path, {"email": email}), 16)}
    assert len(ids) == 16
    stored = submissions_of(service, email)
    assert {one["id"] for one in stored} == ids
    assert len({one["contact_id"] for one in stored}) == 1
    events = [event for event in funnel.events_after(service.reader, 0)
              if event["type"] == "submission.received" and event["contact_id"] == stored[0]["contact_id"]]
    assert sum(event["data"]["contact_created"] for event in events) in (0, 1)


# --- HTML forms -----------------------------------------------------------------------------------


def test_urlencoded_is_led_to_a_thank_you_page(service, path):
    email = funnel.address()
    page = expect(service.nobody.post(path, data={"email": email, "first_name": "Zoé", "company_size": "5000",
                                                  "consent_marketing_email": "on", "utm_source": "newsletter",
                                                  "page_url": "https://www.example.com/x"}), 303)
    assert page.headers["Location"].startswith("thanks")
    (stored,) = submissions_of(service, email)
    assert stored["attributes"]["first_name"] == "Zoé" and stored["attributes"]["company_size"] == 5000
    assert stored["context"]["utm_source"] == "newsletter"
    assert stored["consents"] == [{"purpose": "marketing_email", "granted": True}]
    contact = funnel.contact_of(service.reader, email)
    assert contact["attributes"]["company_size"] == 5000 and contact["may_contact"]["email"] is True


def test_a_browser_goes_on_to_the_forms_page(service):
    form = funnel.make_form(service.admin, open=True, redirect_url="https://www.example.com/merci?x=1")
    path = f"/v1/forms/{form['slug']}/submissions"
    for body in ({"data": {"email": funnel.address()}},
                 {"data": {"email": funnel.address()}, "files": {"cv": ("cv.txt", b"text", "text/plain")}}):
        response = expect(service.nobody.post(path, **body), 303)
        assert response.headers["Location"] == "https://www.example.com/merci?x=1"


def test_multipart_is_the_same_form(service, path):
    email = funnel.address()
    expect(service.nobody.post(path, data={"email": email, "first_name": "Zoé", "company": "L’Œuf & Cie"},
                               files={"cv": ("cv.pdf", b"%PDF-1.4 \x00\xff", "application/pdf")}), 303)
    (stored,) = submissions_of(service, email)
    assert stored["attributes"] == {"first_name": "Zoé", "company": "L’Œuf & Cie"}


@pytest.mark.parametrize("body", [{"data": {}}, {"data": {}, "files": {"cv": ("cv.txt", b"text", "text/plain")}}])
def test_an_html_form_that_accepts_json_is_answered_like_json(service, path, body):
    body["data"] = {"email": funnel.address()}
    receipt = expect(service.nobody.post(path, headers={"Accept": "application/json"}, **body), 201).json()
    assert set(receipt) == {"id", "received_at", "offer_url"}


def test_a_forms_own_names(service):
    form = funnel.make_form(service.admin, open=True, fields={"your-email": "email", "taille": "company_size"})
    email = funnel.address()
    expect(service.nobody.post(f"/v1/forms/{form['slug']}/submissions",
                               data={"your-email": email, "taille": "300", "city": "Lyon"}), 303)
    assert funnel.contact_of(service.reader, email)["attributes"]["company_size"] == 300
    (stored,) = submissions_of(service, email)
    assert stored["attributes"]["city"] == "Lyon"


def test_faults_of_an_html_form_are_a_page_of_the_same_status(service, path):
    response = expect(service.nobody.post(path, data={"email": "<script>alert(1)</script>"}), 422)
    assert response.headers["content-type"].startswith("text/html")
    assert "<script>" not in response.text


def test_values_that_do_not_fit_do_not_fail_an_html_form(service, path):
    email = funnel.address()
    expect(service.nobody.post(path, data={"email": email, "company_size": "a lot", "first_name": "Zoé"}), 303)
    (stored,) = submissions_of(service, email)
    (fault,) = stored["ignored"]
    assert fault["pointer"].endswith("/company_size")
    assert "a lot" in json.dumps(stored)
    attributes = funnel.contact_of(service.reader, email)["attributes"]
    assert "company_size" not in attributes and attributes["first_name"] == "Zoé"


def test_nothing_that_a_visitor_wrote_is_lost(service, path):
    """Boxes of a group, names that are none of ours, ranges; a box and the hidden field for an empty one."""
    email = funnel.address()
    expect(service.nobody.post(path, data={
        "E-mail": email, "Votre prénom": "Zoé", "topics[]": ["Cloud", "IA"], "plan": ["a", "b"], "Send Me": "1",
        "company_size": "1 000 – 4 999", "consent_marketing_email": ["on", "0"], "g-recaptcha-response": "03AF" * 200}), 303)
    (stored,) = submissions_of(service, email)
    assert stored["attributes"] == {"first_name": "Zoé", "topics": "Cloud, IA", "plan": "a, b", "send_me": "1",
                                    "company_size": 1000}
    assert stored["consents"] == [{"purpose": "marketing_email", "granted": True}]
    (fault,) = stored["ignored"]
    assert fault["pointer"] == "/attributes/company_size" and "1 000 – 4 999" in fault["detail"]
    assert funnel.contact_of(service.reader, email)["attributes"]["company_size"] == 1000


def test_values_that_do_not_fit_fail_a_json_client(service, path):
    body = {"email": funnel.address(), "attributes": {"company_size": "a lot"}}
    assert list(faults(service.nobody.post(path, body))) == ["/attributes/company_size"]
    assert submissions_of(service, body["email"]) == []


def test_a_html_repeat_with_an_id_is_harmless(service, path):
    fields = {"id": str(uuid.uuid4()), "email": funnel.address()}
    expect(service.nobody.post(path, data=fields), 303)
    assert expect(service.nobody.post(path, data=fields), 303).headers["Idempotency-Replayed"] == "true"
    assert len(submissions_of(service, fields["email"])) == 1


def test_the_same_id_on_two_forms_is_two_submissions(service):
    forms = [funnel.make_form(service.admin, open=True)["slug"] for _ in range(2)]
    chosen, email = str(uuid.uuid4()), funnel.address()
    for form in forms:
        assert funnel.submit(service.nobody, form, email, {"city": form}, id=chosen)["id"] == chosen
    for form in forms:
        stored = service.reader.read(f"/v1/submissions/{chosen}", form=form)
        assert (stored["form"], stored["attributes"]) == (form, {"city": form})
    assert service.reader.read(f"/v1/submissions/{chosen}")["form"] == forms[1], "the later"
    assert {one["form"] for one in submissions_of(service, email)} == set(forms)
    other = funnel.make_form(service.admin, open=True)["slug"]
    expect(service.reader.get(f"/v1/submissions/{chosen}", params={"form": other}), 404)


@pytest.mark.parametrize("said,code", [("France", "FR"), ("allemagne", "DE"), ("CÔTE D’IVOIRE", "CI"), ("uk", "GB"),
                                       (" be ", "BE"), ("U.S.A.", "US"), ("Deutschland", "DE")])
def test_a_form_understands_what_people_call_their_country(service, path, said, code):
    email = funnel.address()
    expect(service.nobody.post(path, data={"email": email, "country": said}), 303)
    assert funnel.contact_of(service.reader, email)["attributes"]["country"] == code
    by_script = funnel.address()
    expect(service.nobody.post(path, {"email": by_script, "attributes": {"country": said}}), 201)
    assert funnel.contact_of(service.reader, by_script)["attributes"]["country"] == code


def test_a_country_that_nobody_knows_stays_with_the_submission(service, path):
    email = funnel.address()
    expect(service.nobody.post(path, data={"email": email, "country": "Atlantide"}), 303)
    (stored,) = submissions_of(service, email)
    assert stored["attributes"]["country"] == "Atlantide"
    assert [fault["pointer"] for fault in stored["ignored"]] == ["/attributes/country"]
    assert "country" not in funnel.contact_of(service.reader, email)["attributes"]


def test_a_program_sends_a_countrys_code(service, path):
    for said, hint in (("France", "FR"), ("XX", "FR"), ("UK", "GB"), ("FRA", "FR")):
        answer = service.marketing.post("/v1/contacts", {"email": funnel.address(), "attributes": {"country": said}})
        assert faults(answer) == {"/attributes/country": "format"}
        assert hint in answer.json()["errors"][0]["detail"]
    body = {"email": funnel.address(), "attributes": {"country": "Atlantide"}}
    assert faults(service.nobody.post(path, body)) == {"/attributes/country": "format"}
    for said, known in (("fr", "FR"), ("", None), (None, None)):
        contact = service.marketing.post("/v1/contacts", {"email": funnel.address(), "attributes": {"country": said}})
        assert expect(contact, 201).json()["attributes"].get("country") == known


# --- who may, from where --------------------------------------------------------------------------


def test_a_closed_form_needs_a_key(service):
    form = funnel.make_form(service.admin)
    path = f"/v1/forms/{form['slug']}/submissions"
    body = {"email": funnel.address()}
    expect(service.nobody.post(path, body), 401)
    expect(service.reader.post(path, body), 403)
    expect(service.sales.post(path, body), 403)
    expect(service.publishable.post(path, body), 201)
    expect(service.admin.post(path, body), 201)


def test_a_key_may_be_bound_to_one_form(service):
    mine, other = (funnel.make_form(service.admin)["slug"] for _ in range(2))
    key = service.admin.make("/v1/keys", {"name": "one form", "kind": "publishable", "form": mine})["key"]
    client = Client(service.url, key)
    expect(client.post(f"/v1/forms/{mine}/submissions", {"email": funnel.address()}), 201)
    expect(client.post(f"/v1/forms/{other}/submissions", {"email": funnel.address()}), 403)


def test_an_unknown_form_is_404(service):
    expect(service.nobody.post("/v1/forms/there-is-none/submissions", {"email": funnel.address()}), 404)


def test_a_publishable_key_reads_nothing(service, path):
    email = funnel.address()
    service.publishable.make(path, {"email": email})
    for what in ("/v1/contacts", f"/v1/contacts?email={email}", "/v1/submissions", "/v1/leads", "/v1/events", "/v1/forms",
                 "/v1/keys"):
        expect(service.publishable.get(what), 403)
    expect(service.publishable.post("/v1/contacts", {"email": email}), 403)


def test_a_page_of_an_allowed_origin_may_post(service):
    origin = "https://www.example.com"
    form = funnel.make_form(service.admin, open=True, allowed_origins=[origin])
    path = f"/v1/forms/{form['slug']}/submissions"
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    answer = expect(service.nobody.request("OPTIONS", path, headers={"Origin": origin, **preflight}), 204)
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    allowed = {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "idempotency-key"} <= allowed
    answer = expect(service.nobody.post(path, {"email": funnel.address()}, headers={"Origin": origin}), 201)
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    for other in ("https://www.example.com.evil.test", "http://www.example.com", "null"):
        answer = service.nobody.request("OPTIONS", path, headers={"Origin": other, **preflight})
        assert "Access-Control-Allow-Origin" not in answer.headers
        answer = service.nobody.post(path, {"email": funnel.address()}, headers={"Origin": other})
        assert "Access-Control-Allow-Origin" not in answer.headers
    answer = service.reader.get("/v1/contacts", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers


# --- validation -----------------------------------------------------------------------------------


def test_required_fields(service):
    form = funnel.make_form(service.admin, open=True, required=["email", "company", "first_name"])
    path = f"/v1/forms/{form['slug']}/submissions"
    body = {"attributes": {"first_name": "   "}}
    assert set(faults(service.nobody.post(path, body))) == {"/email", "/attributes/company", "/attributes/first_name"}
    expect(service.nobody.post(path, data={"email": funnel.address()}), 422)
    expect(service.nobody.post(path, {"email": funnel.address(), "attributes": {"first_name": "Z", "company": "X"}}), 201)


@pytest.mark.parametrize("email", ["", "x", "@example.com", "a@", "a@b@example.com", "a b@example.com", "a@exa mple.com",
                                   "a@-example-.com", "x" * 65 + "@example.com", "a@" + "x" * 250 + ".com",
                                   "a\n@example.com", 7, ["a@example.com"]])
def test_an_address_that_is_none(service, path, email):
    assert "/email" in faults(service.nobody.post(path, {"email": email}))


def test_the_address_is_trimmed_and_lower_cased(service, path):
    email = funnel.address()
    service.nobody.make(path, {"email": f" {email.upper()}\t"})
    assert len(submissions_of(service, email)) == 1
    assert funnel.contact_of(service.reader, email.upper())["email"] == email


def test_all_faults_at_once(service, path):
    body = {"email": "x", "name": "x", "attributes": {"company_size": "x", "first_name": "y" * 5000},
            "context": {"utm_source": 3, "utm_nothing": "x"}, "consents": [{"purpose": "Not A Slug", "granted": "yes"}],
            "occurred_at": "yesterday", "id": "x"}
    assert set(faults(service.nobody.post(path, body))) == {
        "/email", "/name", "/attributes/company_size", "/attributes/first_name", "/context/utm_source",
        "/context/utm_nothing", "/consents/0/purpose", "/consents/0/granted", "/occurred_at", "/id"}


def test_the_time_it_happened(service, path):
    def post(client, at):
        return client.post(path, {"email": funnel.address(), "occurred_at": at})

    expect(post(service.nobody, times.ago(hours=23)), 201)
    expect(post(service.nobody, times.ahead(minutes=4)), 201)
    for client, at in ((service.nobody, times.ahead(minutes=6)), (service.nobody, times.ago(hours=25)),
                       (service.publishable, times.ago(hours=25)), (service.admin, times.ahead(minutes=6)),
                       (service.admin, "1999-12-31T23:59:59Z"), (service.admin, "2026-02-30T00:00:00Z"),
                       (service.admin, "2026-01-01")):
        assert list(faults(post(client, at))) == ["/occurred_at"]
    expect(post(service.admin, "2020-02-29T10:00:00+01:00"), 201)


def test_an_offset_is_understood(service, path):
    email = funnel.address()
    service.admin.make(path, {"email": email, "occurred_at": "2024-06-30T23:30:00.123456-05:30"})
    (stored,) = submissions_of(service, email)
    assert stored["occurred_at"] == "2024-07-01T05:00:00.123Z"


def test_limits(service, path):
    email = funnel.address()
    many = {f"a{number}": 1 for number in range(101)}
    assert "/attributes" in faults(service.nobody.post(path, {"email": email, "attributes": many}))
    assert "/attributes/x" in faults(service.nobody.post(path, {"email": email, "attributes": {"x": ["list"]}}))
    assert "/attributes/Not A Name" in faults(
        service.nobody.post(path, {"email": email, "attributes": {"Not A Name": 1}}))
    expect(service.nobody.post(path, {"email": email, "attributes": {"x": "y" * 70_000}}), 413)


def naughty_strings():
    path = paths.SHARED_DATA / "blns" / "blns.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


@pytest.mark.skipif(naughty_strings() is None, reason="../shared/data/blns is not here")
def test_naughty_strings_are_stored_as_they_are(service, path):
    email = funnel.address()
    refused = []
    for text in naughty_strings():
        response = service.nobody.post(path, {"email": email, "attributes": {"company": text}})
        if response.status_code != 201:
            assert response.status_code in (400, 422), response.text
            refused.append(text)
            continue
        stored = service.reader.read(f"/v1/submissions/{response.json()['id']}")
        assert stored["attributes"].get("company", "").strip() == text.strip()
    # Only what no text may hold: U+0000.
    assert all("\0" in text for text in refused), refused
    service.reader.read(f"/v1/contacts/{stored['contact_id']}")


@pytest.mark.skipif(naughty_strings() is None, reason="../shared/data/blns is not here")
def test_naughty_strings_as_fields_of_an_html_form(service, path):
    email = funnel.address()
    for text in naughty_strings():
        response = service.nobody.post(path, data={"email": email, "company": text, "website": text})
        assert response.status_code in (303, 400, 422), text
        response = service.nobody.post(path, data={"email": text})
        assert response.status_code in (303, 400, 422), text
        assert "<script" not in response.text.lower()


# --- what becomes of the contact ------------------------------------------------------------------


def test_a_form_fills_blanks_and_renews_what_a_form_set(service, desk):
    email = funnel.address()
    contact = desk.lead(email, {"first_name": "Zoé", "company": "Old"})
    desk.submit(email, {"company": "New", "city": "Lyon"})
    attributes = funnel.contact_of(service.reader, email)["attributes"]
    assert (attributes["first_name"], attributes["company"], attributes["city"]) == ("Zoé", "New", "Lyon")
    assert funnel.contact_of(service.reader, email)["id"] == contact["id"]


def test_a_form_never_overwrites_what_a_person_or_crm_set(service, desk):
    email = funnel.address()
    contact = desk.lead(email, {"job_title": "Intern", "company": "Form"})
    service.marketing.change(f"/v1/contacts/{contact['id']}", {"attributes": {"job_title": "VP IT"}})
    desk.submit(email, {"job_title": "Student", "company": "Form again"})
    attributes = funnel.contact_of(service.reader, email)["attributes"]
    assert (attributes["job_title"], attributes["company"]) == ("VP IT", "Form again")
    claims = [stored["attributes"]["job_title"] for stored in submissions_of(service, email)]
    assert claims == ["Student", "Intern"], "every claim stays visible"
    upserted = funnel.address()
    service.marketing.make("/v1/contacts", {"email": upserted, "attributes": {"company": "CRM"}})
    desk.submit(upserted, {"company": "Form"})
    assert funnel.contact_of(service.reader, upserted)["attributes"]["company"] == "CRM"


@pytest.mark.parametrize("empty", ["", "   ", None])
def test_an_empty_value_never_overwrites(service, desk, empty):
    email = funnel.address()
    desk.submit(email, {"company": "Kept"})
    desk.submit(email, {"company": empty})
    assert funnel.contact_of(service.reader, email)["attributes"]["company"] == "Kept"


def test_an_older_claim_of_a_form_does_not_win(service, desk):
    email = funnel.address()
    desk.submit(email, {"company": "Newer"}, occurred_at=times.ago(minutes=1))
    desk.submit(email, {"company": "Older"}, occurred_at=times.ago(hours=2))
    assert funnel.contact_of(service.reader, email)["attributes"]["company"] == "Newer"


def test_the_first_channel_stays(service, desk):
    email = funnel.address()
    contact = desk.lead(email, context={"utm_source": "google", "utm_medium": "cpc"})
    assert contact["channel"] == "paid_search"
    again = desk.lead(email, context={"utm_source": "news", "utm_medium": "email"})
    assert again["channel"] == "paid_search"
    assert submissions_of(service, email)[0]["channel"] == "email", "the submission has its own"


def test_a_form_makes_prospects_or_leads_and_never_lowers_a_stage(service):
    newsletter = funnel.make_form(service.admin, open=True, makes="prospect", activity="subscription")["slug"]
    guide = funnel.make_form(service.admin, open=True)["slug"]
    email = funnel.address()
    stages = []
    for form in (newsletter, guide, newsletter):
        funnel.submit(service.nobody, form, email)
        stages.append(funnel.contact_of(service.reader, email)["stage"])
    assert stages == ["prospect", "lead", "lead"]
    assert service.reader.read("/v1/leads", limit=1000)["data"][0]["email"] == email


def test_submissions_can_be_found(service, desk):
    email = funnel.address()
    contact = desk.lead(email)
    for filters in ({"email": email}, {"contact_id": contact["id"]}):
        assert [stored["email"] for stored in service.reader.read("/v1/submissions", **filters)["data"]] == [email]
    assert email in [stored["email"] for stored in service.reader.pages("/v1/submissions", form=desk.form["slug"])]
    other = funnel.make_form(service.admin, open=True)["slug"]
    assert service.reader.read("/v1/submissions", form=other)["data"] == []
    expect(service.reader.get(f"/v1/submissions/{uuid.uuid4()}"), 404)


# --- the default model's promises -----------------------------------------------------------------


def test_nothing_known_but_two_downloads_is_for_review(service, desk):
    email = funnel.address()
    desk.submit(email)
    contact = desk.lead(email)
    assert (contact["score"]["decision"], contact["stage"], contact["handoff"]) == ("review", "lead", None)


def test_the_vp_with_only_the_newsletter_is_nurtured(service):
    newsletter = funnel.make_form(service.admin, open=True, makes="prospect", activity="subscription")["slug"]
    email = funnel.address()
    funnel.submit(service.nobody, newsletter, email, funnel.VP)
    contact = funnel.contact_of(service.reader, email)
    assert (contact["score"]["grade"], contact["score"]["decision"], contact["stage"]) == ("A4", "nurture", "prospect")


@pytest.mark.parametrize("kind", ["demo", "buying_guide", "trial", "quote"])
def test_who_asks_for_it_is_handed_over_at_once(service, kind):
    desk = funnel.Desk(service, kind=kind, journey_step="decision")
    contact = desk.lead(attributes=funnel.STUDENT)
    assert contact["stage"] == "mql"
    assert service.reader.read(f"/v1/handoffs/{contact['handoff']['id']}")["trigger"]["kind"] == "at_once"


def test_a_student_without_a_demand_never_is(service, desk):
    email = funnel.address("student")
    for _ in range(6):
        contact = desk.lead(email, funnel.STUDENT)
    assert contact["stage"] == "lead" and contact["handoff"] is None
