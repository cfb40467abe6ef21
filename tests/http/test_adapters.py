"""Submissions from the webhooks of other form tools: what becomes of them, retries, signatures, what is refused."""

import base64
import copy
import hashlib
import hmac
import json
import time
import uuid

import pytest

from support import funnel, paths, times
from support.client import Client, expect, faults

SAMPLES = paths.ROOT / "tests" / "unit" / "data" / "adapters"
REAL_SAMPLES = paths.SHARED_DATA / "form-payloads"
SECRET = "the-secret-of-the-webhook"
ADAPTERS = ("typeform", "tally", "webflow", "gravityforms", "fluentforms", "contactform7")
SUCCESS = {adapter: 200 if adapter == "webflow" else 201 for adapter in ADAPTERS}


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def real_sample(name):
    path = REAL_SAMPLES / name
    if not path.exists():
        pytest.skip(f"{path} is not there: samples of real tools are not part of the project")
    return json.loads(path.read_text(encoding="utf-8"))


def set_email(value, old, new):
    """The sample with another address everywhere."""
    return json.loads(json.dumps(value).replace(old, new))


def path_of(form, adapter):
    return f"/v1/forms/{form['slug']}/submissions/{adapter}"


def send(service, form, adapter, body, client=None, **options):
    """Must be stored; the answer."""
    return expect((client or service.nobody).post(path_of(form, adapter), body, **options), SUCCESS[adapter])


def stored_of(service, email):
    (stored,) = service.reader.pages("/v1/submissions", email=email)
    return stored


@pytest.fixture(scope="module")
def form(service):
    return funnel.make_form(service.admin, open=True)


# --- what becomes of it ---------------------------------------------------------------------------

# adapter, sample, its address, what the contact has then, the context
TAKEN = [
    ("typeform", "typeform_all_types", "zoe@exemple.fr",
     {"first_name": "Zoé", "phone": "+33612345678", "company_size": 250, "country": "FR", "website": "https://www.exemple.fr",
      "topics": "Coûts, Sécurité, Écologie", "crm_id": "C-1042", "avez_vous_deja_un_prestataire": "false"},
     {"utm_source": "newsletter", "utm_medium": "email"}),
    ("typeform", "typeform_groups", "jane@example.com",
     {"first_name": "Jane", "last_name": "van Doe", "company": "Example & Sons", "city": "Lyon",
      "etes_vous_satisfait_prix": "Oui", "etes_vous_satisfait_service": "Parfois"}, {}),
    ("tally", "tally_all_types", "marie@exemple.fr",
     {"first_name": "Marie-Claire", "last_name": "DURAND", "phone": "+33145678901", "company": "Exemple Industrie",
      "company_size": 50, "sujets": "Cloud, Sécurité", "satisfaction": "Prix: Mauvais; Service: Bon, Mauvais"},
     {"utm_campaign": "cloud-2026"}),
    ("webflow", "webflow", "zoe@exemple.fr",
     {"first_name": "Zoé", "last_name": "Lemoine", "phone": "33612345678", "company": "Exemple", "message": "Bonjour"},
     {"utm_source": "google"}),
    ("webflow", "webflow_v1", "zoe@exemple.fr", {"first_name": "Zoé", "last_name": "Lemoine"}, {}),
    ("gravityforms", "gravityforms_entry", "zoe@exemple.fr", {"first_name": "Zoé", "last_name": "Lemoine", "field_3": "Exemple Industrie"},
     {"page_url": "https://www.exemple.fr/contact/?utm_source=google&utm_medium=cpc", "utm_source": "google",
      "utm_medium": "cpc"}),
    ("fluentforms", "fluentforms", "zoe@exemple.fr",
     {"first_name": "Zoé", "last_name": "Lemoine", "phone": "+33 6 12 34 56 78", "city": "Paris", "country": "FR",
      "gdpr_agreement": "on"}, {"page_url": "https://www.exemple.fr/contact/"}),
    ("fluentforms", "fluentforms_entry", "paul@exemple.fr", {"first_name": "Paul", "last_name": "Durand"},
     {"page_url": "https://www.exemple.fr/contact/"}),
    ("typeform", "typeform_colleague", "zoe@exemple.fr", {"first_name": "Zoé", "phone": "+33612345678", "company": "Exemple"}, {}),
    ("webflow", "webflow_v1_envelope", "zoe@exemple.fr", {"first_name": "Zoé", "last_name": "Lemoine"},
     {"page_url": "https://www.exemple.fr/contact?utm_source=bing", "utm_source": "bing"}),
    ("gravityforms", "gravityforms_lists", "lea@exemple.fr",
     {"first_name": "Léa", "last_name": "Martin", "field_4": "Cloud, Sécurité", "field_5": "Nom: Paul; Rang: 2"},
     {"page_url": "https://www.exemple.fr/contact/"}),
    ("fluentforms", "fluentforms_row", "noe@exemple.fr", {"first_name": "Noé", "last_name": "Petit"},
     {"page_url": "https://www.exemple.fr/contact/"}),
    ("contactform7", "contactform7", "elodie@exemple.fr",
     {"first_name": "Élodie", "last_name": "Ñandú", "your_subject": "Demande de devis", "checkbox_42": "Cloud, IA"},
     {"page_url": "https://www.exemple.fr/devis/", "utm_medium": "cpc"}),
]


@pytest.mark.parametrize(("adapter", "name", "address", "attributes", "context"), TAKEN, ids=[case[1] for case in TAKEN])
def test_a_sample_becomes_a_lead(service, form, adapter, name, address, attributes, context):
    email = funnel.address(name)
    send(service, form, adapter, set_email(sample(name), address, email))
    contact = funnel.contact_of(service.reader, email)
    assert contact["stage"] == "lead"
    assert {key: contact["attributes"].get(key) for key in attributes} == attributes
    stored = stored_of(service, email)
    assert stored["context"] == context and stored["form"] == form["slug"]
    # Nothing of the server's or the visitor's machine is kept.
    assert "203.0.113.7" not in json.dumps(stored) and "Mozilla" not in json.dumps(stored)


def test_the_map_says_what_answers_are(service):
    form = funnel.make_form(service.admin, open=True, fields={
        "1.3": "first_name", "1.6": "last_name", "3": "company", "5.1": "consent_marketing_email", "6": "message"})
    email = funnel.address()
    send(service, form, "gravityforms", set_email(sample("gravityforms_entry"), "zoe@exemple.fr", email))
    contact = funnel.contact_of(service.reader, email)
    assert {key: contact["attributes"][key] for key in ("first_name", "last_name", "company", "message")} == {
        "first_name": "Zoé", "last_name": "Lemoine", "company": "Exemple Industrie", "message": "Bonjour,\nmerci"}
    assert contact["may_contact"]["email"] is True


@pytest.mark.parametrize("name", ["newsletter_ok", "f15", "Restons en contact", "restons en contact !"])
def test_a_ticked_box_is_a_consent_where_the_map_says_so(service, name):
    form = funnel.make_form(service.admin, open=True, fields={name: "consent_marketing_email"}, consent_text="Vos e-mails")
    email = funnel.address()
    body = set_email(sample("typeform_all_types"), "zoe@exemple.fr", email)
    send(service, form, "typeform", body)
    assert stored_of(service, email)["consents"] == [{"purpose": "marketing_email", "granted": True}]
    assert funnel.contact_of(service.reader, email)["may_contact"]["email"] is True


def test_without_a_map_nobody_consents(service, form):
    email = funnel.address()
    send(service, form, "typeform", set_email(sample("typeform_all_types"), "zoe@exemple.fr", email))
    assert stored_of(service, email)["consents"] == []


def test_labels_of_attributes_are_known(service, form):
    name = funnel.unique("attribute").replace("-", "_")
    label = funnel.unique("Préférence")
    service.admin.make("/v1/attributes", {"name": name, "type": "text", "label": {"fr": label, "en": "x " + label}})
    email = funnel.address()
    send(service, form, "contactform7", {"email": email, f"Votre {label.upper()} ?": "bleu"})
    assert funnel.contact_of(service.reader, email)["attributes"][name] == "bleu"


def test_misfits_are_kept_and_fail_nothing(service, form):
    email = funnel.address()
    send(service, form, "contactform7", {"email": email, "company_size": "beaucoup", "message": "x" * 5000, "Effectif": "1-5"})
    stored = stored_of(service, email)
    kept = {fault["pointer"]: fault["code"] for fault in stored["ignored"]}
    assert kept["/attributes/company_size"] == "type" and "/attributes/message" in kept
    assert stored["attributes"]["company_size"] == "beaucoup" and stored["attributes"]["message"] == "x" * 5000
    attributes = funnel.contact_of(service.reader, email)["attributes"]
    assert "company_size" not in attributes and "message" not in attributes


def test_of_a_range_the_lower_end_counts(service, form):
    email = funnel.address()
    send(service, form, "contactform7", {"email": email, "Effectif": "Entre 1 000 et 4 999"})
    assert funnel.contact_of(service.reader, email)["attributes"]["company_size"] == 1000
    (fault,) = stored_of(service, email)["ignored"]
    assert fault["pointer"] == "/attributes/company_size" and "Entre 1 000 et 4 999" in fault["detail"]


def test_what_a_form_requires_beside_the_address_is_not_asked_of_a_tool(service):
    form = funnel.make_form(service.admin, open=True, required=["email", "company"])
    email = funnel.address()
    send(service, form, "contactform7", {"email": email})
    (fault,) = stored_of(service, email)["ignored"]
    assert (fault["pointer"], fault["code"]) == ("/attributes/company", "required")


def test_more_answers_than_a_contact_holds(service, form):
    email = funnel.address()
    send(service, form, "contactform7", {"email": email, **{f"f{number}": "x" for number in range(600)}})
    stored = stored_of(service, email)
    assert len(stored["attributes"]) == 200 and len(stored["ignored"]) == 100


def test_form_bodies_of_wordpress(service, form):
    email = funnel.address()
    expect(service.nobody.post(path_of(form, "fluentforms"), data={
        "names[first_name]": "Zoé", "names[last_name]": "Lemoine", "email": email, "checkbox[]": ["Cloud", "IA"],
        "__submission[id]": "7", "__submission[form_id]": "3", "__submission[created_at]": "2026-11-16 10:00:00"}), 201)
    attributes = funnel.contact_of(service.reader, email)["attributes"]
    assert (attributes["first_name"], attributes["last_name"], attributes["checkbox"]) == ("Zoé", "Lemoine", "Cloud, IA")


# --- retries --------------------------------------------------------------------------------------

WITH_IDS = ["typeform_all_types", "typeform_groups", "tally_all_types", "webflow", "webflow_v1", "gravityforms_entry",
            "fluentforms", "fluentforms_entry", "fluentforms_row", "webflow_v1_envelope"]


@pytest.mark.parametrize("name", WITH_IDS)
def test_a_retry_is_the_same_submission(service, name):
    adapter = name.split("_")[0]
    form = funnel.make_form(service.admin, open=True)
    body = sample(name)
    first = send(service, form, adapter, body)
    assert "Idempotency-Replayed" not in first.headers
    if adapter in ("typeform", "tally"):
        body.update(event_id="another", eventId=str(uuid.uuid4()))
    again = send(service, form, adapter, body)
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    assert len(service.reader.pages("/v1/submissions", form=form["slug"])) == 1
    other = funnel.make_form(service.admin, open=True)
    assert "Idempotency-Replayed" not in send(service, other, adapter, body).headers


def test_the_id_of_a_delivery_is_made_with_the_privacy_key(make_service):
    """It stays when somebody is erased, and who has the database finds nobody out by trying: another key, another id."""
    made = make_service(instances=2).start()  # each has made a key of its own
    first, second = made.client(instance=0), made.client(instance=1)
    try:
        form = funnel.make_form(made.admin, open=True)
        body = sample("gravityforms_entry")
        told = [send(made, form, "gravityforms", body, client=client) for client in (first, first, second)]
        assert [answer.headers.get("Idempotency-Replayed") for answer in told] == [None, "true", None]
        assert told[0].json()["id"] == told[1].json()["id"] != told[2].json()["id"]
        made.stop()
    finally:
        made.end()
        made.database.drop()


def test_an_id_of_ones_own(service):
    form = funnel.make_form(service.admin, open=True, fields={"serial": "id"})
    body = {"email": funnel.address(), "serial": "CF7-0042"}
    first = send(service, form, "contactform7", body).json()
    assert send(service, form, "contactform7", body).json() == first
    assert uuid.UUID(first["id"]).version == 8
    assert len(service.reader.pages("/v1/submissions", form=form["slug"])) == 1
    known = str(uuid.uuid4())
    assert send(service, form, "contactform7", {**body, "serial": known}).json()["id"] == known
    changed = service.nobody.post(path_of(form, "contactform7"), {**body, "serial": known, "message": "changed"})
    assert faults(changed) == {"/id": "taken"}


def test_changed_answers_are_a_submission_of_their_own(service):
    """Some tools send a response anew when it was edited; a webhook is not refused for it."""
    form = funnel.make_form(service.admin, open=True)
    body = sample("tally_all_types")
    first = send(service, form, "tally", body).json()
    edited = set_email(body, "Exemple Industrie", "Exemple Industrie SA")
    second = send(service, form, "tally", edited).json()
    assert second["id"] != first["id"]
    assert send(service, form, "tally", body).json() == first
    assert send(service, form, "tally", edited).json() == second


def test_a_retry_after_the_map_was_changed(service):
    form = funnel.make_form(service.admin, open=True)
    body = sample("typeform_groups")
    first = send(service, form, "typeform", body).json()
    service.admin.change(f"/v1/forms/{form['slug']}", {"fields": {"nom": "last_name"}})
    assert send(service, form, "typeform", body).json() == first


def test_without_an_id_every_delivery_counts(service, form):
    body = {"email": funnel.address()}
    ids = {send(service, form, "contactform7", body).json()["id"] for _ in range(2)}
    assert len(ids) == 2


# --- when it happened -----------------------------------------------------------------------------


def typeform_at(moment, email):
    body = set_email(sample("typeform_groups"), "jane@example.com", email)
    body["form_response"].update(submitted_at=moment, token=uuid.uuid4().hex)
    return body


def test_the_tools_time_counts_for_a_day(service, form):
    recent, old = funnel.address(), funnel.address()
    moment = times.ago(hours=5)
    send(service, form, "typeform", typeform_at(moment, recent))
    send(service, form, "typeform", typeform_at("2018-01-18T18:17:02Z", old))
    assert times.parse(stored_of(service, recent)["occurred_at"]) == times.parse(moment)
    stored = stored_of(service, old)
    assert stored["occurred_at"] == stored["received_at"]
    assert [fault["pointer"] for fault in stored["ignored"]] == ["/occurred_at"]


def test_a_secret_key_may_tell_the_past(service, form):
    email = funnel.address()
    send(service, form, "typeform", typeform_at("2018-01-18T18:17:02Z", email), client=service.admin)
    assert stored_of(service, email)["occurred_at"].startswith("2018-01-18T18:17:02")


# --- who may --------------------------------------------------------------------------------------


def test_a_closed_form_needs_a_key_or_a_signature(service):
    form = funnel.make_form(service.admin)
    for adapter in ADAPTERS:
        path = path_of(form, adapter)
        expect(service.nobody.post(path, {}), 401)
        expect(service.reader.post(path, {}), 403)
    send(service, form, "contactform7", {"email": funnel.address()}, client=service.publishable)


def test_a_key_of_another_form(service, form):
    other = funnel.make_form(service.admin)
    key = service.admin.make("/v1/keys", {"name": "one form", "kind": "publishable", "form": other["slug"]})["key"]
    expect(Client(service.url, key).post(path_of(form, "tally"), sample("tally_all_types")), 403)


def signed(adapter, body, secret=SECRET, at=None):
    """The raw body and the headers that the tool sends with it."""
    raw = json.dumps(body, ensure_ascii=False, indent=1).encode()
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    digest = hmac.digest(secret.encode(), raw, "sha256")
    if adapter == "typeform":
        headers["Typeform-Signature"] = "sha256=" + base64.b64encode(digest).decode()
    elif adapter == "tally":
        headers["Tally-Signature"] = base64.b64encode(digest).decode()
    elif adapter == "webflow":
        sent_at = str(int((at or time.time()) * 1000))
        headers["X-Webflow-Timestamp"] = sent_at
        headers["X-Webflow-Signature"] = hmac.new(secret.encode(), sent_at.encode() + b":" + raw, hashlib.sha256).hexdigest()
    else:
        headers["X-Relais-Secret"] = secret
    return raw, headers


def signature_header(adapter):
    return {"typeform": "Typeform-Signature", "tally": "Tally-Signature", "webflow": "X-Webflow-Signature"}.get(
        adapter, "X-Relais-Secret")


FIRST_SAMPLES = {"typeform": ("typeform_groups", "jane@example.com"), "tally": ("tally_all_types", "marie@exemple.fr"),
                 "webflow": ("webflow", "zoe@exemple.fr"), "gravityforms": ("gravityforms_entry", "zoe@exemple.fr"),
                 "fluentforms": ("fluentforms", "zoe@exemple.fr"), "contactform7": ("contactform7", "elodie@exemple.fr")}


@pytest.fixture(scope="module", params=["closed", "open"])
def signed_form(service, request):
    return funnel.make_form(service.admin, open=request.param == "open", adapter_secrets=dict.fromkeys(ADAPTERS, SECRET))


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_signature_opens_the_form_and_nothing_else_does(service, signed_form, adapter):
    name, address = FIRST_SAMPLES[adapter]
    email = funnel.address(adapter)
    body = set_email(sample(name), address, email)
    raw, headers = signed(adapter, body)
    path = path_of(signed_form, adapter)
    unsigned = {key: value for key, value in headers.items() if key != signature_header(adapter)}
    for client in (service.nobody, service.publishable, service.admin):
        missing = expect(client.post(path, content=raw, headers=unsigned), 401)
        assert signature_header(adapter) in missing.json()["detail"]
    _, wrong = signed(adapter, body, secret=SECRET + "x")
    refused = expect(service.nobody.post(path, content=raw, headers=wrong), 403)
    assert signature_header(adapter) in refused.json()["detail"] and SECRET not in refused.text
    if signature_header(adapter) != "X-Relais-Secret":
        expect(service.nobody.post(path, content=raw.replace(b"{", b"{ ", 1), headers=headers), 403)
    assert service.reader.pages("/v1/submissions", email=email) == []
    expect(service.nobody.post(path, content=raw, headers=headers), SUCCESS[adapter])
    stored_of(service, email)


def test_a_signature_is_trusted_with_the_time(service, signed_form):
    email = funnel.address()
    raw, headers = signed("typeform", typeform_at("2018-01-18T18:17:02Z", email))
    expect(service.nobody.post(path_of(signed_form, "typeform"), content=raw, headers=headers), 201)
    assert stored_of(service, email)["occurred_at"].startswith("2018-01-18T18:17:02")


def test_an_old_signature_of_webflow(service, signed_form):
    raw, headers = signed("webflow", sample("webflow"), at=time.time() - 301)
    answer = expect(service.nobody.post(path_of(signed_form, "webflow"), content=raw, headers=headers), 403)
    assert "5 minutes" in answer.json()["detail"]


def test_a_secret_for_one_tool_leaves_the_others(service):
    form = funnel.make_form(service.admin, open=True, adapter_secrets={"typeform": SECRET})
    send(service, form, "contactform7", {"email": funnel.address()})
    expect(service.nobody.post(path_of(form, "typeform"), sample("typeform_groups")), 401)
    service.admin.change(f"/v1/forms/{form['slug']}", {"adapter_secrets": {"typeform": None}})
    send(service, form, "typeform", sample("typeform_groups"))


def test_secrets_are_never_shown(service):
    form = funnel.make_form(service.admin, adapter_secrets={"tally": SECRET})
    assert form["signed_adapters"] == ["tally"] and "adapter_secrets" not in form
    path = f"/v1/forms/{form['slug']}"
    for text in (json.dumps(form), service.admin.get(path).text, service.admin.get("/v1/forms").text,
                 service.admin.patch(path, {"name": "Other"}).text,
                 service.admin.patch(path, {"adapter_secrets": {"webflow": SECRET + "2"}}).text,
                 service.admin.post("/v1/forms", {"slug": funnel.unique(), "name": "x", "adapter_secrets": {"tally": "tiny-17"}}).text):
        assert SECRET not in text and "tiny-17" not in text
    assert service.admin.read(path)["signed_adapters"] == ["tally", "webflow"]
    assert SECRET not in service.server.log()


# --- what is refused, or skipped ------------------------------------------------------------------


def test_nobody_without_an_address(service, form):
    for adapter, body in (("contactform7", {"your-name": "Zoé"}),
                          ("typeform", {"form_response": {"token": "x", "answers": []}}),
                          ("tally", {"data": {"fields": []}}),
                          ("webflow", {"payload": {"data": {}}})):
        answer = service.nobody.post(path_of(form, adapter), body)
        assert faults(answer) == {"/email": "required"}
        assert "`fields`" in answer.json()["errors"][0]["detail"]
    assert faults(service.nobody.post(path_of(form, "contactform7"), {"email": "nobody"})) == {"/email": "format"}


@pytest.mark.parametrize(("adapter", "body"), [
    ("typeform", {"event_type": "form_response_partial", "form_response": {"answers": []}}),
    ("tally", {"eventType": "FORM_PUBLISHED", "data": {}}),
    ("webflow", {"triggerType": "site_publish", "payload": {}})])
def test_other_events_are_skipped(service, adapter, body):
    form = funnel.make_form(service.admin, open=True)
    answer = expect(service.nobody.post(path_of(form, adapter), body), 200).json()
    assert set(answer) == {"skipped"}
    assert service.reader.pages("/v1/submissions", form=form["slug"]) == []


def test_what_no_tool_sends(service, form):
    for adapter in ("typeform", "tally", "webflow"):
        assert list(faults(service.nobody.post(path_of(form, adapter), {"hello": "world"}))) == [""]
        expect(service.nobody.post(path_of(form, adapter), data={"a": "b"}), 415)
    expect(service.nobody.post(path_of(form, "contactform7"), [1]), 422)
    expect(service.nobody.post(path_of(form, "tally"), content=b"{", headers={"Content-Type": "application/json"}), 400)
    expect(service.nobody.post(path_of(form, "tally"), content=b"x", headers={"Content-Type": "text/plain"}), 415)
    missing = expect(service.nobody.post(path_of(form, "jotform"), {}), 404)
    assert "typeform" in missing.json()["detail"]
    expect(service.nobody.post("/v1/forms/there-is-none/submissions/tally", {}), 404)


def test_long_forms(service, form):
    """A form's whole definition comes with each response."""
    body = copy.deepcopy(sample("typeform_groups"))
    email = funnel.address()
    body = set_email(body, "jane@example.com", email)
    body["form_response"]["token"] = uuid.uuid4().hex
    fields = body["form_response"]["definition"]["fields"]
    fields += [{"id": f"q{number}", "ref": str(uuid.uuid4()), "type": "statement", "title": "x" * 200} for number in range(600)]
    assert 128 * 1024 < len(json.dumps(body)) < 256 * 1024
    send(service, form, "typeform", body)
    fields += fields
    expect(service.nobody.post(path_of(form, "typeform"), body), 413)


def test_refusals_are_for_programs(service, form):
    """A plugin that sends a form's body is no visitor."""
    answer = service.nobody.post(path_of(form, "contactform7"), data={"your-name": "Zoé"}, headers={"Accept": "*/*"})
    assert faults(answer) == {"/email": "required"}
    assert answer.headers["content-type"].startswith("application/problem+json")


# --- robots ---------------------------------------------------------------------------------------


def reasons_of(service, form):
    return [entry["reasons"] for entry in service.admin.pages("/v1/quarantine", form=form["slug"])]


def test_a_form_token_is_asked_of_a_tool_that_proves_nothing(service):
    form = funnel.make_form(service.admin, open=True, protection={"token": True}, adapter_secrets={"typeform": SECRET})
    raw, headers = signed("typeform", typeform_at(times.ago(hours=1), funnel.address()))
    expect(service.nobody.post(path_of(form, "typeform"), content=raw, headers=headers), 201)
    send(service, form, "contactform7", {"email": funnel.address()}, client=service.admin)
    assert reasons_of(service, form) == []
    suspect = funnel.address()
    send(service, form, "contactform7", {"email": suspect})
    assert reasons_of(service, form) == [["token_missing"]]
    assert funnel.contact_of(service.reader, suspect) is None


def test_a_question_called_as_the_honeypot_is_a_question(service):
    form = funnel.make_form(service.admin, open=True, protection={"honeypot": True})
    email = funnel.address()
    send(service, form, "contactform7", {"email": email, "homepage": "https://www.exemple.fr"})
    assert reasons_of(service, form) == []
    assert "https://www.exemple.fr" in funnel.contact_of(service.reader, email)["attributes"].values()


def test_disposable_addresses_and_repeats(service):
    form = funnel.make_form(service.admin, open=True, protection={"disposable": True, "repeats": {"more_than": 2}})
    body = sample("typeform_groups")
    for _ in range(4):  # a delivery again is no repeat
        send(service, form, "typeform", body)
    assert reasons_of(service, form) == []
    email = funnel.address()
    for number in range(3):
        send(service, form, "typeform", typeform_at(times.ago(hours=number), email))
    send(service, form, "typeform", typeform_at(times.ago(hours=1), f"{funnel.unique()}@mailinator.com"))
    assert sorted(reasons_of(service, form)) == [["disposable_address"], ["repeated_address"]]


# --- samples of real tools ------------------------------------------------------------------------


def test_the_real_sample_of_typeform(service, form):
    email = funnel.address()
    body = set_email(real_sample("typeform_form_response.json"), "laura@example.com", email)
    first = send(service, form, "typeform", body)
    assert send(service, form, "typeform", body).json() == first.json()
    attributes = funnel.contact_of(service.reader, email)["attributes"]
    assert attributes["first_name"] == "Laura" and attributes["user_id"] == "abc123456"
    assert attributes["readable_ref_picture_choice"] == "London, Sydney"
    assert attributes["readable_ref_number1"] == "5" and attributes["readable_ref_legal"] == "true"
    raw, headers = signed("typeform", body)
    closed = funnel.make_form(service.admin, adapter_secrets={"typeform": SECRET})
    expect(service.nobody.post(path_of(closed, "typeform"), content=raw, headers=headers), 201)


def test_the_real_sample_of_tally(service, form):
    email = funnel.address()
    body = set_email(real_sample("tally_form_response_fr.json"), "camille@example.fr", email)
    first = send(service, form, "tally", body)
    assert send(service, form, "tally", body).json() == first.json()
    attributes = funnel.contact_of(service.reader, email)["attributes"]
    assert attributes["first_name"] == "Camille" and attributes["company"] == "Cabinet Exemple & Associés"
    assert attributes["1_combien_de_collaborateurs_compte_votre_cabinet"] == "Moins de 10"


def test_the_real_sample_of_contact_form_7(service, form):
    email = funnel.address()
    body = set_email(real_sample("contactform7_to_webhook.json"), "jane@example.com", email)
    send(service, form, "contactform7", body)
    contact = funnel.contact_of(service.reader, email)
    assert contact["channel"] == "paid_search"
    assert {key: contact["attributes"][key] for key in ("first_name", "last_name", "your_subject", "your_message")} == {
        "first_name": "Jane", "last_name": "Doe", "your_subject": "Demande de devis",
        "your_message": "Bonjour,\nline 2 with \"quotes\" & <tags>"}
    assert stored_of(service, email)["context"] == {"utm_source": "google", "utm_medium": "cpc"}
