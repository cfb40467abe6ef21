"""The snippets that people paste into their pages, and the script that one of them loads. What a browser makes of them is
tests/browser's."""

import html.parser

import pytest

from support import funnel
from support.client import Client, expect


class Snippet(html.parser.HTMLParser):
    """The tags of a snippet, each with its attributes; texts apart."""

    VOID = {"input", "br", "link"}

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == [], "every tag is closed"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def named(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def fields(self):
        """Names of what can be filled in, in order."""
        return [attributes["name"] for name, attributes in self.tags if name in ("input", "select", "textarea")]

    @property
    def text(self):
        return " ".join(" ".join(self.texts).replace("\u00a0", " ").split())


def snippet_of(client, form, **query):
    response = expect(client.get(f"/v1/forms/{form['slug']}/embed", params=query), 200)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Snippet(response.text)


@pytest.fixture(scope="module")
def form(service):
    offer = funnel.make_offer(service.admin, url="https://www.example.com/guide.pdf", title="L’« A & B » <i>")
    return funnel.make_form(service.admin, open=True, offer=offer["slug"], required=["email", "first_name", "company_size"],
                            consent_text="J’accepte <tout> & plus.\nVraiment.")


def test_the_plain_snippet_has_the_forms_fields(service, form):
    snippet = snippet_of(service.nobody, form, lang="fr")
    (tag,) = snippet.named("form")
    assert tag["action"] == f"{service.url}/v1/forms/{form['slug']}/submissions?lang=fr" and tag["method"] == "post"
    assert snippet.fields() == ["email", "first_name", "company_size", "consent_marketing_email"]
    assert "script" not in dict(snippet.tags) and "id" not in snippet.fields(), "the page is the same for everybody"
    email, first_name, company_size, consent = snippet.named("input")
    assert (email["type"], email["autocomplete"]) == ("email", "email") and "required" in email
    assert (first_name["type"], first_name["autocomplete"]) == ("text", "given-name") and "required" in first_name
    assert company_size["type"] == "number" and "required" in company_size
    assert consent["type"] == "checkbox" and "required" not in consent and "checked" not in consent
    assert {label["for"] for label in snippet.named("label") if "for" in label} == {
        email["id"], first_name["id"], company_size["id"]}
    assert snippet.text == "Adresse e-mail Prénom Effectif J’accepte <tout> & plus. Vraiment. Envoyer"


def test_labels_in_english_and_by_what_is_asked_for(service, form):
    english = "E-mail address First name Company size J’accepte <tout> & plus. Vraiment. Send"
    assert snippet_of(service.nobody, form, lang="en").text == english
    response = service.nobody.get(f"/v1/forms/{form['slug']}/embed", headers={"Accept-Language": "en"})
    assert Snippet(response.text).text == english and "lang=en" in response.text


def test_more_fields_in_the_order_asked_for(service, form):
    service.admin.make("/v1/attributes", {"name": "sites", "type": "choice", "choices": ["1", "2 à 5", "<6"],
                                          "label": {"fr": "Nombre de sites", "en": "Number of sites"}})
    service.admin.make("/v1/attributes", {"name": "trial", "type": "boolean", "label": "Essai"})
    service.admin.make("/v1/attributes", {"name": "since", "type": "date", "label": "Depuis"})
    snippet = snippet_of(service.nobody, form, lang="fr", fields="company,sites,trial,since,company")
    assert snippet.fields() == ["email", "first_name", "company_size", "company", "sites", "trial", "since",
                                "consent_marketing_email"]
    assert "required" not in snippet.named("select")[0] and "Nombre de sites (facultatif)" in snippet.text
    assert "1 2 à 5 <6" in snippet.text
    types = {attributes["name"]: attributes["type"] for attributes in snippet.named("input")}
    assert (types["trial"], types["since"], types["company"]) == ("checkbox", "date", "text")
    snippet = snippet_of(service.nobody, form, fields="first_name,company,email")
    assert snippet.fields()[:4] == ["company_size", "first_name", "company", "email"]
    response = expect(service.nobody.get(f"/v1/forms/{form['slug']}/embed?fields=compagny"), 422)
    assert response.json()["errors"][0]["pointer"] == "?fields"


def test_a_style_sheet_goes_with_it_unless_it_is_not_wanted(service, form):
    for kind in ("html", "script"):
        (link,) = snippet_of(service.nobody, form, type=kind).named("link")
        assert link == {"rel": "stylesheet", "href": f"{service.url}/embed.css"}
        assert snippet_of(service.nobody, form, type=kind, style="none").named("link") == []
        text = service.nobody.get(f"/v1/forms/{form['slug']}/embed?type={kind}").text
        assert "<style" not in text and "style=" not in text, "nothing that a strict policy forbids"
    expect(service.nobody.get(f"/v1/forms/{form['slug']}/embed?style=gothic"), 422)
    first = expect(service.nobody.get("/embed.css"), 200)
    assert first.headers["content-type"] == "text/css; charset=utf-8" and ".relais-form" in first.text
    assert first.headers["cross-origin-resource-policy"] == "cross-origin"
    expect(service.nobody.get("/embed.css", headers={"If-None-Match": first.headers["ETag"]}), 304)


def test_their_name_where_ours_means_something_else(service):
    form = funnel.make_form(service.admin, open=True, required=["email", "company"],
                            fields={"company": "industry", "societe": "company"})
    snippet = snippet_of(service.nobody, form)
    assert snippet.fields() == ["email", "societe"]
    assert snippet.named("input")[1]["data-name"] == "company"


def test_the_script_snippet_is_the_same_form_and_a_script(service, form):
    snippet = snippet_of(service.nobody, form, type="script", lang="fr")
    (tag,) = snippet.named("form")
    assert tag["data-relais"] == form["slug"] and "data-key" not in tag and "data-redirect" not in tag
    (script,) = snippet.named("script")
    assert script["src"] == f"{service.url}/embed.js" and "defer" in script
    assert snippet.fields() == ["email", "first_name", "company_size", "consent_marketing_email"]
    assert "Merci ! Nous avons bien reçu votre demande. Télécharger « L’« A & B » <i> »" in snippet.text
    assert "guide.pdf" not in str(snippet.tags), "who has not posted does not see where it is"
    there = funnel.make_form(service.admin, open=True, redirect_url="https://www.example.com/merci?a=1&b=2")
    (tag,) = snippet_of(service.nobody, there, type="script").named("form")
    assert tag["data-redirect"] == "https://www.example.com/merci?a=1&b=2"


def test_a_form_that_is_not_open_is_shown_to_who_may_read(service):
    form = funnel.make_form(service.admin)
    path = f"/v1/forms/{form['slug']}/embed?type=script"
    expect(service.nobody.get(path), 401)
    expect(Client(service.url, "relais_sk_nonsense").get(path), 401)
    for client in (service.publishable, service.sales):
        expect(client.get(path), 403)
    for client in (service.reader, service.admin):
        assert "data-key" in Snippet(expect(client.get(path), 200).text).named("form")[0]
    conflict = expect(service.reader.get(f"/v1/forms/{form['slug']}/embed"), 409).json()
    assert "type=script" in conflict["detail"]


def test_a_form_with_rules_against_robots(service):
    guarded = funnel.make_form(service.admin, open=True, protection={"honeypot": "fax", "token": True})
    conflict = expect(service.nobody.get(f"/v1/forms/{guarded['slug']}/embed"), 409).json()
    assert "type=script" in conflict["detail"]
    snippet = snippet_of(service.nobody, guarded, type="script", lang="fr")
    assert "data-token" in snippet.named("form")[0] and snippet.fields() == ["email", "fax"]
    honeypot = snippet.named("input")[1]
    assert (honeypot["autocomplete"], honeypot["tabindex"]) == ("off", "-1") and "required" not in honeypot
    assert "hidden" in snippet.named("div")[1] and "Laissez ce champ vide" in snippet.text
    service.admin.make("/v1/attributes", {"name": "fax", "type": "text", "label": "Fax"})
    expect(service.nobody.get(f"/v1/forms/{guarded['slug']}/embed?type=script&fields=fax"), 422)
    trapped = funnel.make_form(service.admin, open=True, protection={"honeypot": True})
    assert snippet_of(service.nobody, trapped).fields() == ["email", "homepage"]


def test_what_there_is_not(service, form):
    expect(service.nobody.get("/v1/forms/there-is-none/embed"), 404)
    for query in ("type=pdf", "lang=de", "x=1", "fields=Not A Slug"):
        expect(service.nobody.get(f"/v1/forms/{form['slug']}/embed?{query}"), 422)


def test_the_script(service):
    script = expect(service.nobody.get("/embed.js"), 200)
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert script.headers["x-content-type-options"] == "nosniff" and "max-age" in script.headers["cache-control"]
    assert len(script.content) < 12_000 and "eval" not in script.text and "innerHTML" not in script.text
    same = service.nobody.get("/embed.js", headers={"If-None-Match": script.headers["ETag"]})
    assert expect(same, 304).content == b""


def test_addresses_begin_with_the_base_url(make_service):
    service = make_service(env={"RELAIS_BASE_URL": "https://relais.example.com/r"})
    try:
        service.start()
        form = funnel.make_form(service.admin, open=True)
        snippet = snippet_of(service.nobody, form, type="script")
        assert snippet.named("form")[0]["action"].startswith("https://relais.example.com/r/v1/forms/")
        assert snippet.named("script")[0]["src"] == "https://relais.example.com/r/embed.js"
        service.stop()
    finally:
        service.end()
        service.database.drop()
