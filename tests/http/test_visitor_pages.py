"""What a visitor reads after sending an HTML form: thanks or what to correct, in French or English, whatever goes
wrong."""

import html
import re
import uuid

import pytest

from support import funnel
from support.client import expect
from support.waiting import wait_until

FRENCH = {"Accept-Language": "fr-FR,fr;q=0.9,en;q=0.5"}
ENGLISH = {"Accept-Language": "en-GB,en;q=0.9"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(scope="module")
def desk(service):
    return funnel.Desk(service, url="https://www.example.com/guide.pdf?a=1&b=2", title="L’« A & B » <i>")


def path_of(form, query=""):
    return f"/v1/forms/{form['slug']}/submissions{query}"


def language_of(page):
    return re.search(r'<html lang="(\w+)">', page.text)[1]


def heading_of(page):
    (heading,) = re.findall(r"<h1>(.*?)</h1>", page.text)
    return heading.replace("\u00a0", " ")


def text_of(page):
    """What is read, without tags."""
    body = page.text.partition("</head>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).replace("\u00a0", " ").split())


def inputs_of(page):
    """name → attributes of each input that is sent."""
    found = {}
    for tag in re.findall(r"<(?:input|textarea|select)\b[^>]*>", page.text):
        attributes = {name: html.unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        found[attributes["name"]] = {**attributes, "required": " required" in tag, "checked": " checked" in tag}
    return found


def thanks_after(service, form, data=None, query="", headers=FRENCH):
    """The page that a browser ends on."""
    posted = expect(service.nobody.post(path_of(form, query), data=data or {"email": funnel.address()}, headers=headers), 303)
    return expect(service.nobody.get(f"/v1/forms/{form['slug']}/{posted.headers['Location']}", headers=headers), 200)


def check_page(page):
    """Nothing to fetch, no script, and a policy that would refuse both."""
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy and "base-uri 'none'" in policy
    assert page.headers["cache-control"] == "no-store" and page.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script|<link|<img|@import|url\(", page.text)
    assert len(page.content) < 16_000


# --- thanks ---------------------------------------------------------------------------------------


def test_the_thank_you_page_has_an_address_of_its_own(service, desk):
    page = thanks_after(service, desk.form)
    check_page(page)
    assert (language_of(page), heading_of(page)) == ("fr", "Merci !")
    assert 'href="https://www.example.com/guide.pdf?a=1&amp;b=2"' in page.text
    assert "Télécharger « L’« A & B » <i> »" in text_of(page)
    assert "form-action 'none'" in page.headers["content-security-policy"]


def test_only_who_has_posted_sees_the_offer(service, desk):
    for receipt in ("", "?receipt=", "?receipt=0", "?receipt=" + "0" * 32):
        page = expect(service.nobody.get(f"/v1/forms/{desk.form['slug']}/thanks{receipt}", headers=ENGLISH), 200)
        assert heading_of(page) == "Thank you!" and "guide.pdf" not in page.text
    other = funnel.make_form(service.admin, open=True, offer=desk.offer["slug"])
    location = expect(service.nobody.post(path_of(desk.form), data={"email": funnel.address()}), 303).headers["Location"]
    assert "guide.pdf" in service.nobody.get(f"/v1/forms/{desk.form['slug']}/{location}").text
    assert "guide.pdf" not in service.nobody.get(f"/v1/forms/{other['slug']}/{location}").text


def test_a_form_without_an_offer_only_says_thanks(service):
    form = funnel.make_form(service.admin, open=True)
    posted = expect(service.nobody.post(path_of(form), data={"email": funnel.address()}), 303)
    assert posted.headers["Location"] == "thanks"
    page = thanks_after(service, form, headers=ENGLISH)
    check_page(page)
    assert (language_of(page), heading_of(page)) == ("en", "Thank you!") and "<a " not in page.text


def test_the_answers_language(service):
    form = funnel.make_form(service.admin, open=True)

    def seen(query="", **headers):
        pages = (thanks_after(service, form, query=query, headers=headers),
                 expect(service.nobody.post(path_of(form, query), data={"email": "x"}, headers=headers), 422))
        (language,) = {language_of(page) for page in pages}
        return language

    assert seen() == "fr", "the organisation's"
    assert seen(**{"Accept-Language": "de, it;q=0.5"}) == "fr"
    assert seen(**{"Accept-Language": "frr;q=1, en;q=0.1"}) == "en"
    assert seen(**ENGLISH) == "en" and seen(**FRENCH) == "fr"
    assert seen("?lang=en", **FRENCH) == "en" and seen("?lang=fr", **ENGLISH) == "fr"
    service.admin.change("/v1/organisation", {"locale": "en"})
    try:
        assert seen() == "en" and seen(**{"Accept-Language": "de"}) == "en" and seen(**FRENCH) == "fr"
    finally:
        service.admin.change("/v1/organisation", {"locale": "fr"})


def test_the_organisation_is_named_and_escaped(service, desk):
    service.admin.change("/v1/organisation", {"name": "<b>Dupont & Fils"})
    try:
        assert "&lt;b&gt;Dupont &amp; Fils" in thanks_after(service, desk.form).text
    finally:
        service.admin.change("/v1/organisation", {"name": ""})


def test_pages_may_stand_in_a_frame_of_the_forms_sites(service):
    form = funnel.make_form(service.admin, open=True, allowed_origins=["https://www.example.com", "https://a.test:8443"])
    policy = thanks_after(service, form).headers["content-security-policy"]
    assert policy.endswith("frame-ancestors https://www.example.com https://a.test:8443")
    policy = thanks_after(service, funnel.make_form(service.admin, open=True)).headers["content-security-policy"]
    assert policy.endswith("frame-ancestors 'none'")


# --- to be corrected ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long_form(service):
    service.admin.make("/v1/attributes", {"name": "sites", "type": "choice", "choices": ["1", "2 à 5", "plus"],
                                          "label": {"fr": "Nombre de sites", "en": "Number of sites"}})
    return funnel.make_form(service.admin, open=True, fields={"societe": "company"},
                            required=["email", "first_name", "company", "company_size", "sites", "shoe_size"],
                            consent_text="J’accepte\nde recevoir <la> lettre.")


def test_each_fault_names_its_field_in_the_visitors_language(service, long_form):
    faults = {
        "fr": ["L’adresse e-mail n’a pas de « @ ».", "Remplissez « Prénom ».", "Remplissez « Entreprise ».",
               "Remplissez « Effectif ».", "Choisissez une réponse pour « Nombre de sites ».", "Remplissez « Shoe size »."],
        "en": ["The e-mail address has no '@'.", "Fill in “First name”.", "Fill in “Company”.", "Fill in “Company size”.",
               "Choose an answer for “Number of sites”.", "Fill in “Shoe size”."]}
    for language, sentences in faults.items():
        page = expect(service.nobody.post(path_of(long_form, f"?lang={language}"), data={"email": "zoe"}), 422)
        check_page(page)
        assert language_of(page) == language
        for sentence in sentences:
            assert text_of(page).count(sentence) == 2, f"above and beside the field: {sentence}"
        for word in ("This form needs", "/attributes", "first_name ") + (("The e-mail",) if language == "fr" else ()):
            assert word not in text_of(page)


def test_a_refused_form_comes_back_filled_in(service, long_form):
    answers = {"email": "zoe@exemple", "first_name": "Zoé \"<&'>", "societe": "L’Œuf\r\n& Cie", "company_size": "douze",
               "sites": "2 à 5", "consent_marketing_email": "yes", "consent_phone": "on", "utm_source": "news", "own-field": "x",
               "job_title": "VP"}
    page = expect(service.nobody.post(path_of(long_form), data=answers, headers=FRENCH), 422)
    check_page(page)
    inputs = inputs_of(page)
    assert inputs["email"]["value"] == "zoe@exemple" and inputs["email"]["aria-invalid"] == "true"
    assert inputs["first_name"]["value"] == answers["first_name"] and "aria-invalid" not in inputs["first_name"]
    assert inputs["company_size"]["value"] == "douze" and inputs["company_size"]["type"] == "text"
    assert "L’Œuf\r\n&amp; Cie</textarea>" in page.text and inputs["societe"]["data-name"] == "company"
    assert '<option selected>2 à 5</option>' in page.text
    assert inputs["consent_marketing_email"]["checked"] and "de recevoir &lt;la&gt; lettre." in page.text
    assert inputs["job_title"]["type"] == "text" and not inputs["job_title"]["required"]
    for hidden in ("consent_phone", "utm_source", "own-field"):
        assert (inputs[hidden]["type"], inputs[hidden]["value"]) == ("hidden", answers[hidden])
    assert inputs["shoe_size"]["required"] and inputs["shoe_size"]["aria-describedby"] in page.text
    uuid.UUID(inputs["id"]["value"])


def test_nobody_is_made_to_consent_by_a_page_that_comes_back(service):
    """A hidden field beside a box that was left empty is no consent."""
    form = funnel.make_form(service.admin, open=True, consent_text="Vos e-mails")
    path = f"/v1/forms/{form['slug']}/submissions"
    for sent, is_ticked in ((["0"], False), (["0", "on"], True), (["on", "0"], True), ([], False)):
        answer = expect(service.nobody.post(path, data={"email": "zoe@exemple", "consent_marketing_email": sent}), 422)
        (box,) = re.findall(r'<input name="consent_marketing_email"[^>]*>', answer.text)
        assert (" checked" in box) == is_ticked, sent


def test_a_second_field_does_not_undo_a_correction(service):
    form = funnel.make_form(service.admin, open=True)
    path = f"/v1/forms/{form['slug']}/submissions"
    answer = expect(service.nobody.post(path, data={"email": ["zoe@exemple", "zoe@exemple"], "E-mail": "x"}), 422)
    assert answer.text.count('type="email"') == 1
    email = funnel.address()
    expect(service.nobody.post(path, data={"email": [email, "zoe@exemple"], "E-mail": "x"}), 303)
    assert len(service.reader.pages("/v1/submissions", email=email)) == 1


def test_the_page_that_came_back_can_be_sent(service, long_form):
    email = funnel.address()
    answers = {"email": "nobody", "first_name": "Zoé", "societe": "Cie", "company_size": "12", "sites": "1", "shoe_size": "39",
               "utm_source": "news"}
    inputs = inputs_of(expect(service.nobody.post(path_of(long_form), data=answers), 422))
    again = {name: given["value"] for name, given in inputs.items() if "value" in given and given["type"] != "checkbox"}
    # A select's choice is not in its tag.
    again |= {"email": email, "sites": "1"}
    first = expect(service.nobody.post(path_of(long_form), data=again), 303)
    twice = expect(service.nobody.post(path_of(long_form), data=again), 303)
    assert "Idempotency-Replayed" not in first.headers and twice.headers["Idempotency-Replayed"] == "true"
    (stored,) = service.reader.pages("/v1/submissions", email=email)
    assert stored["attributes"] == {"first_name": "Zoé", "company": "Cie", "company_size": 12, "sites": "1", "shoe_size": "39"}
    assert stored["context"]["utm_source"] == "news" and stored["consents"] == []


def test_an_answer_that_does_not_fit_is_an_answer(service, long_form):
    """Kept with the submission; an HTML form does not fail for it, not even where one is required."""
    answers = {"email": funnel.address(), "first_name": "Z", "societe": "C", "company_size": "douze", "sites": "sept",
               "shoe_size": "39"}
    expect(service.nobody.post(path_of(long_form), data=answers), 303)
    (stored,) = service.reader.pages("/v1/submissions", email=answers["email"])
    assert {fault["pointer"] for fault in stored["ignored"]} == {"/attributes/company_size", "/attributes/sites"}
    assert (stored["attributes"]["company_size"], stored["attributes"]["sites"]) == ("douze", "sept")
    blank = {**answers, "company_size": "  "}
    page = expect(service.nobody.post(path_of(long_form), data=blank, headers=FRENCH), 422)
    assert "Remplissez « Effectif »." in text_of(page)


def test_an_id_that_is_taken_is_replaced(service):
    form = funnel.make_form(service.admin, open=True)
    fields = {"id": str(uuid.uuid4()), "email": funnel.address(), "city": "Lyon"}
    expect(service.nobody.post(path_of(form), data=fields), 303)
    page = expect(service.nobody.post(path_of(form), data={**fields, "city": "Paris"}, headers=FRENCH), 422)
    assert "déjà parvenu" in text_of(page)
    inputs = inputs_of(page)
    assert inputs["id"]["value"] != fields["id"] and inputs["city"]["value"] == "Paris"
    expect(service.nobody.post(path_of(form), data={name: given["value"] for name, given in inputs.items()}), 303)
    assert len(service.reader.pages("/v1/submissions", email=fields["email"])) == 2
    page = expect(service.nobody.post(path_of(form), data={**fields, "id": "7"}, headers=ENGLISH), 422)
    assert "The page sent something" in text_of(page)


# --- whatever goes wrong --------------------------------------------------------------------------


@pytest.mark.parametrize("headers, back", [(FRENCH, "Revenez à la page précédente"), (ENGLISH, "Go back one page")])
def test_every_refusal_is_a_page_of_its_status(service, headers, back):
    closed = path_of(funnel.make_form(service.admin))
    form = path_of(funnel.make_form(service.admin, open=True))
    email = {"email": funnel.address()}
    answers = {
        401: service.nobody.post(closed, data=email, headers=headers),
        403: service.reader.post(closed, data=email, headers=headers),
        404: service.nobody.post("/v1/forms/there-is-none/submissions", data=email, headers=headers),
        413: service.nobody.post(form, data={**email, "x": "y" * 70_000}, headers=headers),
        400: service.nobody.post(form, content="email=%ff%fe", headers={
            **headers, "Content-Type": "application/x-www-form-urlencoded"}),
        415: service.nobody.post(form, content="email=x", headers={**headers, **BROWSER, "Content-Type": "text/plain"}),
    }
    for status, page in answers.items():
        check_page(expect(page, status))
        assert back in text_of(page) and language_of(page) == ("fr" if headers is FRENCH else "en"), status
    assert answers[401].headers["WWW-Authenticate"]
    page = expect(service.nobody.get("/v1/forms/there-is-none/thanks", headers=headers), 404)
    check_page(page)


def test_a_parameter_that_the_forms_address_must_not_have(service):
    form = funnel.make_form(service.admin, open=True)
    for query in ("?lang=de", "?x=1"):
        page = expect(service.nobody.post(path_of(form, query), data={"email": funnel.address()}, headers=FRENCH), 422)
        check_page(page)


def test_what_could_not_be_stored_is_kept_on_the_page(make_service):
    """The database does not answer in time and there is no spool: nothing has to be written again."""
    service = make_service(env={"RELAIS_OPERATION_TIMEOUT": "PT1S", "RELAIS_SPOOL_BYTES_MAX": "0"})
    try:
        service.start()
        form = funnel.make_form(service.admin, open=True)
        answers = {"email": funnel.address(), "city": "L’Œuf <&> \"x\"", "utm_source": "news"}
        with service.database.connect() as connection, connection.transaction():
            connection.execute("LOCK TABLE contact, email_identity IN ACCESS EXCLUSIVE MODE")
            page = expect(service.nobody.post(path_of(form), data=answers, headers=ENGLISH), 503)
        check_page(page)
        assert page.headers["Retry-After"] and heading_of(page) == "One moment, please"
        inputs = inputs_of(page)
        again = {name: given["value"] for name, given in inputs.items()}
        assert {given["type"] for given in inputs.values()} == {"hidden"}
        assert again == {**answers, "id": str(uuid.UUID(again["id"]))}
        wait_until(lambda: service.nobody.post(path_of(form), data=again, headers=ENGLISH).status_code == 303,
                   what="the service to go on")
        (stored,) = service.reader.pages("/v1/submissions", email=answers["email"])
        assert stored["id"] == again["id"] and stored["attributes"] == {"city": answers["city"]}
        service.stop()
    finally:
        service.end()
        service.database.drop()


def test_scripts_get_documents(service):
    form = funnel.make_form(service.admin, open=True)
    for options in ({"json": {"email": "x"}}, {"data": {"email": "x"}, "headers": {"Accept": "application/json"}},
                    {"json": {"email": "x"}, "headers": BROWSER}):
        response = expect(service.nobody.request("POST", path_of(form), **options), 422)
        assert response.headers["content-type"] == "application/problem+json"
    response = service.nobody.post("/v1/forms/there-is-none/submissions", {"email": "x"}, headers=FRENCH)
    assert expect(response, 404).headers["content-type"] == "application/problem+json"


def test_scripts_get_the_visitors_sentences_on_demand(service, long_form):
    body = {"email": "zoe", "attributes": {"first_name": 3, "company": "y" * 5000, "company_size": "x", "sites": "sept"},
            "context": {"utm_nothing": "x"}}
    document = expect(service.nobody.post(path_of(long_form, "?lang=fr"), body), 422).json()
    details = {error["pointer"]: error["detail"].replace("\u00a0", " ") for error in document["errors"]}
    assert details == {
        "/email": "L’adresse e-mail n’a pas de « @ ».",
        "/attributes/first_name": "Corrigez « Prénom » : cette réponse ne convient pas.",
        "/attributes/company": "Raccourcissez « Entreprise » : 4 000 caractères au plus.",
        "/attributes/company_size": "« Effectif » est un nombre, par exemple 250.",
        "/attributes/sites": "Choisissez une des réponses proposées pour « Nombre de sites ».",
        "/attributes/shoe_size": "Remplissez « Shoe size ».",
        "/context/utm_nothing": "La page a envoyé quelque chose que ce formulaire ne prend pas (/context/utm_nothing).",
    }
    assert document["status"] == 422 and document["detail"] == "Plusieurs réponses sont à corriger."
    one = expect(service.nobody.post(path_of(funnel.make_form(service.admin, open=True), "?lang=fr"), {"email": "x"}), 422).json()
    assert one["detail"].replace("\u00a0", " ") == "L’adresse e-mail n’a pas de « @ »."
    plain = expect(service.nobody.post(path_of(long_form), body, headers=FRENCH), 422).json()
    assert "The e-mail address has no '@'." in {error["detail"] for error in plain["errors"]}


def test_another_origins_script_may_read_every_refusal(service):
    origin = {"Origin": "https://www.example.com"}
    form = path_of(funnel.make_form(service.admin, allowed_origins=[origin["Origin"]]))
    wrong_type = {**origin, "Content-Type": "text/plain"}
    for status, response in ((401, service.nobody.post(form, {"email": "x"}, headers=origin)),
                             (415, service.nobody.post(form, content="x", headers=wrong_type)),
                             (400, service.nobody.post(form, content="{", headers={**origin, "Content-Type": "application/json"})),
                             (413, service.nobody.post(form, {"x": "y" * 70_000}, headers=origin)),
                             (422, service.publishable.post(form, {"email": "x"}, headers=origin)),
                             (422, service.publishable.post(form + "?x=1", {"email": "x"}, headers=origin))):
        assert expect(response, status).headers["Access-Control-Allow-Origin"] == origin["Origin"]
        assert "Access-Control-Allow-Credentials" not in response.headers
