"""HubSpot's way of posting a form: a page that posts to HubSpot today only changes the host name."""

import copy
import json
import time
import uuid

import pytest

from support import funnel, paths
from support.client import Client, expect
from support.times import parse

SAMPLE = paths.ROOT / "tests" / "unit" / "data" / "adapters" / "hubspot.json"
REAL_SAMPLE = paths.SHARED_DATA / "form-payloads" / "hubspot_v3_submit.json"
ORIGIN = "https://www.exemple.fr"
PORTAL = "1234567"


def path_of(guid, secure=False):
    return f"/submissions/v3/integration/{'secure/' if secure else ''}submit/{PORTAL}/{guid}"


def sample(email):
    return json.loads(SAMPLE.read_text(encoding="utf-8").replace("zoe@exemple.fr", email))


def body_of(email, **values):
    return {"fields": [{"objectTypeId": "0-1", "name": name, "value": value} for name, value in {"email": email, **values}.items()]}


def make_form(service, **fields):
    return funnel.make_form(service.admin, **{"open": True, "hubspot_guid": str(uuid.uuid4()), **fields})


def stored_of(service, email):
    (stored,) = service.reader.pages("/v1/submissions", email=email)
    return stored


def refusal(response, status=400):
    """Its errors: [(type, message)]."""
    answer = expect(response, status).json()
    assert answer["status"] == "error" and answer["message"]
    assert answer["correlationId"] == response.headers["x-request-id"]
    assert response.headers["content-type"].startswith("application/json")
    return [(error["errorType"], error["message"]) for error in answer.get("errors", [])]


@pytest.fixture(scope="module")
def form(service):
    return make_form(service)


@pytest.fixture(scope="module")
def path(form):
    return path_of(form["hubspot_guid"])


# --- what becomes of it ---------------------------------------------------------------------------


def test_a_submission_becomes_a_lead(service, form, path):
    email = funnel.address()
    submitted_at = time.time() - 60
    answer = expect(service.nobody.post(path, {**sample(email), "submittedAt": str(int(submitted_at * 1000))}), 200)
    assert set(answer.json()) == {"inlineMessage"}
    contact = funnel.contact_of(service.reader, email)
    assert contact["stage"] == "lead" and contact["channel"] == "paid_search"
    wanted = {"first_name": "Zoé", "last_name": "Lemoine", "company": "Exemple Industrie", "website": "exemple.fr",
              "job_title": "VP IT", "company_size": 1000, "country": "FR", "budget_range": "10k;20k"}
    assert {key: contact["attributes"].get(key) for key in wanted} == wanted
    stored = stored_of(service, email)
    assert stored["form"] == form["slug"]
    assert stored["context"] == {"page_url": "https://www.exemple.fr/devis?utm_source=google&utm_medium=cpc",
                                 "utm_source": "google", "utm_medium": "cpc"}
    assert abs(parse(stored["occurred_at"]).timestamp() - submitted_at) < 0.01
    # The cookie and the visitor's address are for a tracker that is not here.
    assert "6f453d92" not in json.dumps(stored) and "203.0.113.7" not in json.dumps(stored)


def test_the_other_properties_of_hubspot(service, path):
    email = funnel.address()
    values = {"firstname": "Zoé", "phone": "+33 1 45 67 89 01", "website": "https://www.exemple.fr", "city": "Lyon",
              "industry": "INFORMATION_TECHNOLOGY_AND_SERVICES", "numemployees": "25-50", "company": "Exemple", "zip": "69002",
              "state": "Rhône", "message": "Bonjour"}
    expect(service.nobody.post(path, body_of(email, **values)), 200)
    attributes = funnel.contact_of(service.reader, email)["attributes"]
    assert {key: attributes.get(key) for key in ("first_name", "phone", "website", "city", "industry", "company_size", "company",
                                                 "message")} == {
        "first_name": "Zoé", "phone": "+33 1 45 67 89 01", "website": "https://www.exemple.fr", "city": "Lyon",
        "industry": "INFORMATION_TECHNOLOGY_AND_SERVICES", "company_size": 25, "company": "Exemple", "message": "Bonjour"}
    assert attributes["state"] == "Rhône"


def test_old_and_repeated_posts(service, form, path):
    """HubSpot knows no ids: each post counts. What was submitted long ago counts as of now, without a secret key."""
    email = funnel.address()
    body = {**body_of(email), "submittedAt": "1517927174000"}
    expect(service.nobody.post(path, body), 200)
    stored = stored_of(service, email)
    assert stored["occurred_at"] == stored["received_at"]
    assert [fault["pointer"] for fault in stored["ignored"]] == ["/occurred_at"]
    expect(service.admin.post(path, body), 200)
    found = service.reader.pages("/v1/submissions", email=email)
    assert sorted(one["occurred_at"][:4] for one in found)[0] == "2018" and len(found) == 2


def test_an_idempotency_key(service, path):
    email = funnel.address()
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = expect(service.publishable.post(path, body_of(email), headers=headers), 200)
    again = expect(service.publishable.post(path, body_of(email), headers=headers), 200)
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    stored_of(service, email)
    refusal(service.publishable.post(path, body_of(funnel.address()), headers=headers))


def test_the_map_says_what_fields_are(service):
    form = make_form(service, fields={"courriel": "email", "budget": "amount", "0-2/name": "parent_company"})
    email = funnel.address()
    body = {"fields": [{"name": "courriel", "value": email}, {"name": "budget", "value": "20k"},
                       {"objectTypeId": "0-2", "name": "0-2/name", "value": "Exemple"}]}
    expect(service.nobody.post(path_of(form["hubspot_guid"]), body), 200)
    attributes = funnel.contact_of(service.reader, email)["attributes"]
    assert attributes["amount"] == "20k" and attributes["parent_company"] == "Exemple" and "company" not in attributes


def test_values_that_are_no_text(service, path):
    email = funnel.address()
    expect(service.nobody.post(path, body_of(email, numemployees=250, agreed=True, note=None, empty="")), 200)
    attributes = funnel.contact_of(service.reader, email)["attributes"]
    assert attributes["company_size"] == 250 and attributes["agreed"] == "true"
    assert "note" not in attributes and "empty" not in attributes


# --- consents -------------------------------------------------------------------------------------


def consents_of(service, email):
    return {one["purpose"]: one["granted"] for one in stored_of(service, email)["consents"]}


def legal(**options):
    return {"legalConsentOptions": options}


def test_consents_by_purpose(service, path):
    email = funnel.address()
    expect(service.nobody.post(path, {**body_of(email), **legal(consent={
        "consentToProcess": True, "text": "Nous traitons vos données.",
        "communications": [{"value": True, "subscriptionTypeId": 999, "text": "Vos e-mails"}]})}), 200)
    assert consents_of(service, email) == {"data_processing": True, "marketing_email": True}
    contact = funnel.contact_of(service.reader, email)
    assert contact["may_contact"]["email"] is True
    given = service.reader.read(f"/v1/contacts/{contact['id']}/consents")["data"]
    assert {one["text"] for one in given} == {"Nous traitons vos données.\nVos e-mails"}


def test_a_no_among_several_is_the_last_word(service, path):
    email = funnel.address()
    expect(service.nobody.post(path, {**body_of(email), **legal(consent={"communications": [
        {"value": False, "subscriptionTypeId": 1, "text": "a"}, {"value": True, "subscriptionTypeId": 2, "text": "b"}]})}), 200)
    assert funnel.contact_of(service.reader, email)["may_contact"]["email"] is False


def test_subscriptions_by_the_map(service):
    form = make_form(service, fields={"subscription_999": "consent_marketing_email", "subscription_1000": "consent_events"})
    email = funnel.address()
    expect(service.nobody.post(path_of(form["hubspot_guid"]), sample(email)), 200)
    assert consents_of(service, email) == {"data_processing": True, "marketing_email": True, "events": False}


def test_a_legitimate_interest(service, path):
    email = funnel.address()
    expect(service.nobody.post(path, {**body_of(email), **legal(legitimateInterest={
        "value": True, "subscriptionTypeId": 999, "legalBasis": "CUSTOMER", "text": "Vous êtes client."})}), 200)
    assert consents_of(service, email) == {"legitimate_interest": True}
    assert funnel.contact_of(service.reader, email)["may_contact"]["email"] is False


def test_no_consent_to_processing(service, path):
    email = funnel.address()
    body = {**body_of(email), **legal(consent={"consentToProcess": False, "text": "x"})}
    ((kind, _),) = refusal(service.nobody.post(path, body))
    assert kind == "MISSING_PROCESSING_CONSENT"
    assert funnel.contact_of(service.reader, email) is None


# --- what comes back ------------------------------------------------------------------------------


def test_thanks_in_the_visitors_language_with_the_offer(service):
    offer = funnel.make_offer(service.admin, title="Coûts & <risques>", url="https://www.exemple.fr/guide.pdf?a=1&b=2")
    form = make_form(service, offer=offer["slug"])
    for language, words in (("fr", "Merci"), ("en", "Thank you")):
        answer = expect(service.nobody.post(path_of(form["hubspot_guid"]), body_of(funnel.address()),
                                            headers={"Accept-Language": language}), 200).json()
        assert set(answer) == {"inlineMessage"} and words in answer["inlineMessage"]
        assert '<a href="https://www.exemple.fr/guide.pdf?a=1&amp;b=2">' in answer["inlineMessage"]
        assert "Coûts &amp; &lt;risques&gt;" in answer["inlineMessage"]


def test_a_redirect(service):
    form = make_form(service, redirect_url="https://www.exemple.fr/merci")
    answer = expect(service.nobody.post(path_of(form["hubspot_guid"]), body_of(funnel.address())), 200)
    assert answer.json() == {"redirectUri": "https://www.exemple.fr/merci"}


def test_scripts_of_allowed_pages(service):
    form = make_form(service, allowed_origins=[ORIGIN])
    path = path_of(form["hubspot_guid"])
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    answer = expect(service.nobody.request("OPTIONS", path, headers={"Origin": ORIGIN, **preflight}), 204)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "content-type" in answer.headers["Access-Control-Allow-Headers"].lower()
    for body, status in ((body_of(funnel.address()), 200), (body_of("nobody"), 400), ({}, 400)):
        answer = expect(service.nobody.post(path, body, headers={"Origin": ORIGIN}), status)
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    other = {"Origin": "https://other.example"}
    for answer in (service.nobody.request("OPTIONS", path, headers={**other, **preflight}),
                   service.nobody.post(path, body_of(funnel.address()), headers=other)):
        assert "Access-Control-Allow-Origin" not in answer.headers


# --- which form, and who may ----------------------------------------------------------------------


def test_the_form_by_guid_slug_or_id(service):
    guid = str(uuid.uuid4())
    form = make_form(service, hubspot_guid=guid.upper())
    assert form["hubspot_guid"] == guid
    for name in (guid, guid.upper(), form["slug"], form["id"]):
        email = funnel.address()
        expect(service.nobody.post(path_of(name), body_of(email)), 200)
        assert stored_of(service, email)["form"] == form["slug"]
    other = service.admin.post("/v1/forms", {"slug": funnel.unique(), "name": "x", "hubspot_guid": guid})
    assert [(one["pointer"], one["code"]) for one in expect(other, 422).json()["errors"]] == [("/hubspot_guid", "duplicate")]
    service.admin.change(f"/v1/forms/{form['slug']}", {"hubspot_guid": None})
    refusal(service.nobody.post(path_of(guid), body_of(funnel.address())), 404)
    make_form(service, hubspot_guid=guid)


def test_a_closed_form_needs_a_key(service):
    form = make_form(service, open=False)
    path = path_of(form["hubspot_guid"])
    refusal(service.nobody.post(path, body_of(funnel.address())), 401)
    refusal(service.reader.post(path, body_of(funnel.address())), 403)
    expect(service.publishable.post(path, body_of(funnel.address())), 200)


def test_the_secure_path_needs_a_key_also_for_open_forms(service, form):
    path = path_of(form["hubspot_guid"], secure=True)
    refusal(service.nobody.post(path, body_of(funnel.address())), 401)
    refusal(service.reader.post(path, body_of(funnel.address())), 403)
    refusal(Client(service.url, "relais_sk_wrong").post(path, body_of(funnel.address())), 401)
    expect(service.admin.post(path, body_of(funnel.address())), 200)


# --- what is refused ------------------------------------------------------------------------------


def test_nobody_without_an_address(service, path):
    for body in ({"fields": []}, body_of(""), body_of(None), {"fields": [{"name": "firstname", "value": "Zoé"}]}):
        assert refusal(service.nobody.post(path, body)) == [
            ("REQUIRED_FIELD", "Error in 'fields.email'. Required field 'email' is missing")]
    ((kind, message),) = refusal(service.nobody.post(path, body_of("nobody@")))
    assert kind == "INVALID_EMAIL" and message.startswith("Error in 'fields.email'. ")


def test_what_the_form_requires_by_the_pages_own_name(service):
    form = make_form(service, required=["email", "job_title", "company_size", "budget"], fields={"budget__c": "budget"})
    found = refusal(service.nobody.post(path_of(form["hubspot_guid"]), body_of(funnel.address(), jobtitle="VP IT")))
    assert found == [("REQUIRED_FIELD", f"Error in 'fields.{name}'. Required field '{name}' is missing")
                     for name in ("numemployees", "budget__c")]


def test_values_that_do_not_fit_are_kept(service, path):
    email = funnel.address()
    expect(service.nobody.post(path, body_of(email, numemployees="plenty")), 200)
    stored = stored_of(service, email)
    assert [fault["pointer"] for fault in stored["ignored"]] == ["/attributes/company_size"]
    assert stored["attributes"]["company_size"] == "plenty"


def test_bodies_that_are_none(service, path):
    json_type = {"Content-Type": "application/json"}
    assert refusal(service.nobody.post(path, content=b'{"fields": [', headers=json_type)) == []
    for body in ({}, {"fields": {"email": "zoe@exemple.fr"}}, {"fields": None}):
        refusal(service.nobody.post(path, body))
    refusal(service.nobody.post(path, content=b"[]", headers=json_type))
    refusal(service.nobody.post(path, content=b"x", headers={"Content-Type": "text/plain"}), 415)
    refusal(service.nobody.post(path, {"fields": [], "pad": "x" * 70000}), 413)
    refusal(service.nobody.post(path, body_of(funnel.address()), params={"unknown": "1"}))
    refusal(service.nobody.post(path_of(uuid.uuid4()), body_of(funnel.address())), 404)


def test_odd_members_fail_nothing(service, path):
    odd = [None, 1, "x", [], {}, {"name": 5, "value": 1}, {"value": "x"}, {"name": "", "value": "x"}, {"name": "/", "value": "x"}]
    body = body_of(funnel.address())
    body["fields"] += odd
    expect(service.nobody.post(path, body), 200)
    for name in ("context", "legalConsentOptions", "submittedAt"):
        for value in (None, 1, "x", [], {}, [None], {"consent": 1}, {"consent": {"communications": [1, {"value": 1}]}},
                      {"pageUri": {}}):
            expect(service.nobody.post(path, {**copy.deepcopy(body_of(funnel.address())), name: value}), 200)


# --- robots ---------------------------------------------------------------------------------------


def reasons_of(service, form):
    return [entry["reasons"] for entry in service.admin.pages("/v1/quarantine", form=form["slug"])]


def test_the_forms_rules_against_robots_count_here_too(service):
    form = make_form(service, protection={"honeypot": "nickname", "token": {"at_least": "PT0S"}})
    path = path_of(form["hubspot_guid"])
    token = service.nobody.read(f"/v1/forms/{form['slug']}/token")["token"]
    expect(service.nobody.post(path, body_of(funnel.address(), form_token=token, nickname="")), 200)
    assert reasons_of(service, form) == []
    token = service.nobody.read(f"/v1/forms/{form['slug']}/token")["token"]
    expect(service.nobody.post(path, body_of(funnel.address(), form_token=token, nickname="Bob")), 200)
    expect(service.nobody.post(path, body_of(funnel.address())), 200)
    assert sorted(reasons_of(service, form)) == [["honeypot"], ["token_missing"]]


# --- the sample that HubSpot's documentation gives ------------------------------------------------


def test_the_sample_of_the_documentation(service, path):
    if not REAL_SAMPLE.exists():
        pytest.skip(f"{REAL_SAMPLE} is not there: samples of real tools are not part of the project")
    email = funnel.address()
    body = json.loads(REAL_SAMPLE.read_text(encoding="utf-8").replace("example@example.com", email))
    expect(service.nobody.post(path, body), 200)
    contact = funnel.contact_of(service.reader, email)
    assert contact["attributes"]["first_name"] == "Jeff" and contact["may_contact"]["email"] is True
    stored = stored_of(service, email)
    assert stored["context"] == {"page_url": "www.example.com/page"}
    assert {one["purpose"] for one in stored["consents"]} == {"data_processing", "marketing_email"}
