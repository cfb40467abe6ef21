"""Forms on somebody's own site, as a visitor's browser has them: pages of another origin, with and without script."""

import re
import urllib.parse

import pytest

from support import funnel
from support.browser import barriers
from support.client import expect
from support.waiting import wait_until

HEAD = '<!doctype html><html><head><meta charset="utf-8"><title>Site</title><link rel="icon" href="data:,"></head><body>'


def snippet(client, form, **query):
    return expect(client.get(f"/v1/forms/{form['slug']}/embed", params=query), 200).text


@pytest.fixture(scope="module")
def offer(service):
    return funnel.make_offer(service.admin, url="https://www.example.com/guide.pdf", title="Le guide du cloud")


class Visit:
    """A form on a page of the site, and somebody who fills it in."""

    def __init__(self, service, site, make_page, offer, *, form=None, where=None, policy=None, html=None, locale="fr-FR",
                 query="", key=None, page=None, **embed):
        self.service = service
        origins = {"allowed_origins": [site.origin]}
        self.form = funnel.make_form(service.admin, **{"open": True, "offer": offer["slug"], **origins, **(form or {})})
        text = snippet(service.admin, self.form, **{"lang": "fr", **embed})
        if key is not None:
            text = text.replace("relais_pk_…", key)
        headers = {"Content_Security_Policy": policy.format(relais=service.url)} if policy else {}
        self.address = site.put(where or f"/{self.form['slug']}", HEAD + (html or "{}").replace("{}", text), **headers)
        self.email = funnel.address("zoe")
        self.page = page or make_page(locale)
        self.posts = []
        self.page.on("request", lambda request: self.posts.append(request) if request.method == "POST" else None)
        self.page.goto(self.address + query)

    def fill(self, **answers):
        for label, answer in {"Adresse e-mail": self.email, **answers}.items():
            self.page.get_by_label(label).fill(answer)
        return self

    def send(self, name="Envoyer"):
        self.page.get_by_role("button", name=name).click()
        return self

    def wait_for(self, text):
        self.page.get_by_text(text).filter(visible=True).first.wait_for()
        return self

    def stored(self, email=None):
        return self.service.reader.pages("/v1/submissions", email=email or self.email)

    @property
    def is_at_home(self):
        return self.page.url.partition("?")[0] == self.address

    @property
    def is_on_thanks(self):
        return re.search(rf"/v1/forms/{self.form['slug']}/thanks\?lang=fr&receipt=\w+(#|$)", self.page.url) is not None


@pytest.fixture
def visit(service, site, make_page, offer):
    return lambda **options: Visit(service, site, make_page, offer, **options)


# --- without script -------------------------------------------------------------------------------


def test_a_plain_form_leads_to_thanks_and_the_offer(visit):
    visitor = visit().fill().send().wait_for("Nous avons bien reçu votre demande.")
    assert visitor.is_on_thanks and visitor.page.title().replace("\u00a0", " ") == "Merci !"
    assert visitor.page.locator("html").get_attribute("lang") == "fr"
    link = visitor.page.get_by_role("link", name="Télécharger")
    assert link.get_attribute("href") == "https://www.example.com/guide.pdf"
    assert len(visitor.stored()) == 1 and visitor.page.errors == []


def test_a_second_click_on_a_plain_form_while_the_first_is_under_way(visit, service):
    """The browser drops the first answer and posts again; the service has both."""
    def metric(name):
        metrics = expect(service.nobody.get("/metrics"), 200).text
        return sum(int(line.split()[-1]) for line in metrics.splitlines() if line.startswith(f"relais_{name}"))

    visitor = visit().fill()
    with service.database.connect() as connection:
        connection.autocommit = False
        connection.execute("LOCK TABLE activity_key IN ACCESS EXCLUSIVE MODE")  # the first click waits here
        visitor.page.evaluate("""() => {
            const button = document.querySelector("form button");
            setTimeout(() => button.click(), 1);
            setTimeout(() => button.click(), 500);
        }""")
        wait_until(lambda: metric("http_requests_under_way") == 3, what="both posts, beside the question")
        connection.rollback()
    visitor.wait_for("Nous avons bien reçu votre demande.")
    assert visitor.is_on_thanks and len(visitor.stored()) == 1


def test_a_reload_of_the_thank_you_page_posts_nothing(visit):
    visitor = visit().fill().send().wait_for("Merci")
    visitor.page.reload()
    visitor.wait_for("Merci")
    assert visitor.is_on_thanks and len(visitor.posts) == 1 and len(visitor.stored()) == 1


def test_what_is_refused_is_corrected_where_it_is_shown(visit):
    visitor = visit(form={"required": ["email", "first_name", "company"], "consent_text": "J’accepte la lettre."})
    page = visitor.page
    visitor.fill(**{"Prénom": "Zoé \"L’Œuf\" <b>", "Entreprise": "  "})
    page.get_by_label("Adresse e-mail").fill("zoe@exemple")
    page.get_by_label("J’accepte la lettre.").check()
    visitor.send().wait_for("Vérifiez vos réponses")
    assert page.get_by_label("Prénom").input_value() == "Zoé \"L’Œuf\" <b>"
    assert page.get_by_label("J’accepte la lettre.").is_checked()
    email = page.get_by_label("Adresse e-mail")
    assert email.get_attribute("aria-invalid") == "true" and email.input_value() == "zoe@exemple"
    described = page.locator(f"#{email.get_attribute('aria-describedby')}")
    assert "n’a pas de point après le «\u00a0@\u00a0»" in described.inner_text()
    # The list above leads to the field.
    page.get_by_role("link", name="Remplissez «\u00a0Entreprise\u00a0».").click()
    assert page.evaluate("document.querySelector(':target').name") == "company"
    visitor.fill(Entreprise="Cie").send().wait_for("Nous avons bien reçu votre demande.")
    assert visitor.is_on_thanks
    (stored,) = visitor.stored()
    assert stored["attributes"] == {"first_name": "Zoé \"L’Œuf\" <b>", "company": "Cie"}
    assert stored["consents"] == [{"purpose": "marketing_email", "granted": True}]


def test_the_page_before_still_has_what_was_written(visit):
    visitor = visit(form={"required": ["email", "first_name"]})
    visitor.fill(**{"Prénom": "Zoé"})
    visitor.page.get_by_label("Adresse e-mail").fill("zoe@exemple")
    visitor.send().wait_for("Vérifiez vos réponses")
    visitor.page.go_back()
    assert visitor.is_at_home
    wait_until(lambda: visitor.page.get_by_label("Prénom").input_value() == "Zoé", what="the form as it was left")
    visitor.fill().send().wait_for("Merci")
    assert visitor.is_on_thanks and len(visitor.stored()) == 1


def test_a_corrected_form_may_lead_to_the_sites_own_page(visit, site):
    """The page to correct on has a policy about where forms may go, and the whole way counts."""
    there = site.put("/merci", HEAD + "<h1>Chez nous</h1>")
    visitor = visit(form={"redirect_url": there})
    visitor.page.get_by_label("Adresse e-mail").fill("zoe@exemple")
    visitor.send().wait_for("n’a pas de point")
    visitor.fill().send().wait_for("Chez nous")
    assert visitor.page.url == there and len(visitor.stored()) == 1


def test_a_redirect_goes_to_the_sites_own_page(visit, site):
    there = site.put("/merci", HEAD + "<h1>Chez nous</h1>")
    for kind in ("html", "script"):
        visitor = visit(form={"redirect_url": there + "?x=1"}, type=kind).fill().send().wait_for("Chez nous")
        assert visitor.page.url == there + "?x=1" and len(visitor.stored()) == 1


def test_an_english_visitor_on_a_page_without_a_language(visit, service):
    visitor = visit(locale="en-GB", html="{}", lang="en")
    # A page written by hand, before it asked for a language.
    visitor.page.evaluate("document.forms[0].action = document.forms[0].action.split('?')[0]")
    visitor.page.get_by_label("E-mail address").fill("zoe")
    visitor.page.evaluate("document.forms[0].noValidate = true")
    visitor.send("Send").wait_for("Please check your answers")
    assert visitor.page.locator("html").get_attribute("lang") == "en"
    visitor.wait_for("The e-mail address has no '@'.")
    visitor.page.get_by_label("E-mail address").fill(visitor.email)
    visitor.send("Send").wait_for("Thank you!")


# --- with script ----------------------------------------------------------------------------------


def test_the_script_sends_without_leaving_the_page(visit, site):
    came_from = site.put("/news", HEAD + "<a href='/guide?utm_source=lettre&utm_medium=email&x=1#part'>go</a>")
    visitor = visit(type="script", where="/guide", fields="first_name,company_size",
                    form={"consent_text": "J’accepte la lettre."})
    visitor.page.goto(came_from)
    visitor.page.get_by_role("link", name="go").click()
    visitor.fill(**{"Prénom": "Zoé", "Effectif": "5000"})
    visitor.page.get_by_label("J’accepte la lettre.").check()
    visitor.page.evaluate("addEventListener('relais:sent', (event) => { window.told = event.detail; })")
    visitor.send().wait_for("Merci")
    page = visitor.page
    assert visitor.is_at_home and not page.get_by_role("button").is_visible()
    link = page.get_by_role("link", name="Télécharger «\u00a0Le guide du cloud\u00a0»")
    assert link.get_attribute("href") == "https://www.example.com/guide.pdf"
    assert page.evaluate("document.activeElement.className") == "relais-thanks"
    assert page.evaluate("window.told") == {"form": visitor.form["slug"]}
    (post,) = visitor.posts
    assert post.headers["content-type"] == "application/json" and "cookie" not in post.headers
    (stored,) = visitor.stored()
    assert stored["id"] == post.post_data_json["id"]
    assert stored["attributes"] == {"first_name": "Zoé", "company_size": 5000}
    assert stored["consents"] == [{"purpose": "marketing_email", "granted": True}]
    assert stored["context"] == {"page_url": visitor.address + "?utm_source=lettre&utm_medium=email&x=1",
                                 "referrer": came_from, "utm_source": "lettre", "utm_medium": "email"}
    assert page.errors == []


def test_fields_of_the_pages_own(visit):
    visitor = visit(type="script").fill()
    visitor.page.evaluate("""document.forms[0].insertAdjacentHTML("afterbegin", `
      <input type=radio name=plan value=small><input type=radio name=plan value=large checked><input type=radio name=plan value=none>
      <input type=checkbox name=topics value=Cloud checked><input type=checkbox name=topics value=IA checked>
      <input type=checkbox name=topics value=Web><input type=checkbox name=urgent checked>
      <select name=sites multiple><option selected>Lyon<option>Paris<option selected>Nice</select>
      <input type=hidden name=consent_a value=0><input type=checkbox name=consent_a value=agreed checked>
      <input type=hidden name=consent_b value=0><input type=checkbox name=consent_b>
      <input type=file name=brief><input type=submit name=go value=OK>`)""")
    visitor.send().wait_for("Merci")
    (stored,) = visitor.stored()
    assert stored["attributes"] == {"plan": "large", "topics": "Cloud, IA", "urgent": True, "sites": "Lyon, Nice"}
    assert stored["consents"] == [{"purpose": "a", "granted": True}, {"purpose": "b", "granted": False}]


def test_nobody_is_refused_for_what_the_page_asks(visit):
    visitor = visit(type="script").fill()
    visitor.page.evaluate("""document.forms[0].insertAdjacentHTML("afterbegin", `
      <input name="Your idea" value="Cloud"><select name=company_size><option selected>10-49</select>`)""")
    visitor.send().wait_for("Merci")
    (stored,) = visitor.stored()
    assert stored["attributes"] == {"your_idea": "Cloud", "company_size": 10} and visitor.is_on_thanks


def test_who_typed_the_address_came_directly(visit):
    """On a page whose policy names this service where the README says, and nothing else."""
    visitor = visit(type="script", policy="default-src 'none'; img-src data:; style-src {relais}; script-src {relais}; "
                                          "connect-src {relais}; form-action {relais}").fill().send().wait_for("Merci")
    assert visitor.is_at_home and visitor.page.errors == []
    (stored,) = visitor.stored()
    assert stored["context"] == {"page_url": visitor.address, "referrer": ""} and stored["channel"] == "direct"


def test_a_double_click_is_one_submission(visit):
    visitor = visit(type="script").fill()
    visitor.page.get_by_role("button").dblclick()
    visitor.page.evaluate("document.forms[0].requestSubmit()")
    visitor.wait_for("Merci")
    visitor.page.evaluate("document.forms[0].requestSubmit()")
    visitor.page.reload()
    assert len(visitor.posts) == 1 and len(visitor.stored()) == 1


def test_thanks_that_the_page_does_not_have_come_from_the_service(visit):
    visitor = visit(type="script").fill()
    visitor.page.evaluate("document.querySelector('.relais-thanks').remove()")
    visitor.send().wait_for("Nous avons bien reçu votre demande.")
    assert visitor.is_on_thanks and len(visitor.posts) == 2 and len(visitor.stored()) == 1


def test_who_comes_back_may_send_again(visit, site):
    visitor = visit(type="script", form={"redirect_url": site.put("/merci", HEAD + "<h1>Chez nous</h1>")})
    visitor.fill().send().wait_for("Chez nous")
    visitor.page.go_back()
    first, visitor.email = visitor.email, funnel.address("again")
    visitor.fill().send().wait_for("Chez nous")
    assert len(visitor.stored(first)) == len(visitor.stored()) == 1


def test_sent_twice_by_the_browser_is_one_submission(visit):
    """The id that the script makes goes along even where its own sending is passed by; other answers get another."""
    visitor = visit(type="script")
    page = visitor.page
    ids = [page.evaluate("document.querySelector('[name=id]').value")]
    for email in ("someone@example.com", visitor.email):
        page.get_by_label("Adresse e-mail").fill(email)
        ids.append(page.evaluate("document.querySelector('[name=id]').value"))
    assert len(set(ids)) == 3
    page.evaluate("""() => { const form = document.forms[0], body = new URLSearchParams(new FormData(form));
        return Promise.all([1, 2, 3].map(() => fetch(form.action, {method: "POST", mode: "no-cors", body}))); }""")
    visitor.send().wait_for("Merci")
    (stored,) = visitor.stored()
    assert stored["id"] == ids[-1]


def test_what_is_wrong_is_shown_beside_the_field(visit):
    visitor = visit(type="script", form={"required": ["email", "first_name", "company"]})
    page = visitor.page
    visitor.fill(**{"Prénom": "Zoé", "Entreprise": "   "})
    email = page.get_by_label("Adresse e-mail")
    email.fill("zoe@exemple")
    visitor.send().wait_for("n’a pas de point après le")
    assert visitor.is_at_home and page.evaluate("document.activeElement.name") == "email"
    for label, sentence in (("Adresse e-mail", "exemple.fr"), ("Entreprise", "Remplissez «\u00a0Entreprise\u00a0».")):
        field = page.get_by_label(label)
        assert field.get_attribute("aria-invalid") == "true"
        assert sentence in page.locator(f"#{field.get_attribute('aria-describedby')}").inner_text()
    assert page.get_by_label("Prénom").get_attribute("aria-invalid") is None
    assert barriers(page, context=".relais-form") == []
    visitor.fill(Entreprise="Cie").send().wait_for("Merci")
    assert page.locator(".relais-error").count() == 0
    (stored,) = visitor.stored()
    assert stored["attributes"] == {"first_name": "Zoé", "company": "Cie"}
    assert visitor.posts[0].post_data_json["id"] != visitor.posts[1].post_data_json["id"]


def test_a_visitor_without_script_is_served_as_well(visit, browser):
    context = browser.new_context(locale="fr-FR", java_script_enabled=False)
    try:
        visitor = visit(type="script", page=context.new_page()).fill().send().wait_for("Nous avons bien reçu votre demande.")
        assert visitor.is_on_thanks and len(visitor.stored()) == 1
    finally:
        context.close()


@pytest.mark.parametrize("options", [
    {"form": {"allowed_origins": ["https://elsewhere.example.com"]}},
    {"form": {"allowed_origins": None}},
    {"policy": "default-src 'none'; script-src {relais}; connect-src 'none'; form-action {relais}"},
    {"policy": "default-src 'none'; script-src 'none'; form-action {relais}"},
], ids=["another origin", "no origin", "a policy against fetch", "a policy against the script"])
def test_where_the_script_may_not_send_the_browser_does(visit, options):
    visitor = visit(type="script", **options).fill().send().wait_for("Nous avons bien reçu votre demande.")
    assert visitor.is_on_thanks and len(visitor.stored()) == 1


def test_an_answer_that_is_lost_is_one_submission(visit):
    """The first post arrives and its answer does not: the browser sends the same again."""
    visitor = visit(type="script", fields="first_name,company_size,city", query="?utm_source=x",
                    form={"consent_text": "J’accepte la lettre."})

    def lose(route):
        if route.request.method == "POST" and route.request.resource_type == "fetch":
            assert route.fetch().status == 201
            route.abort()
        else:
            route.fallback()

    visitor.page.route("**/submissions**", lose)
    visitor.fill(**{"Prénom": "Zoé", "Effectif": "12.5", "Ville": "Œuf & Cie"})
    visitor.page.get_by_label("J’accepte la lettre.").check()
    with visitor.page.expect_response(lambda response: response.status == 303) as led_on:
        visitor.send()
    visitor.wait_for("Nous avons bien reçu votre demande.")
    assert led_on.value.headers["idempotency-replayed"] == "true"
    assert visitor.is_on_thanks and len(visitor.stored()) == 1


def test_a_busy_service_is_asked_again(visit):
    visitor = visit(type="script").fill()
    refused = []

    def refuse_once(route):
        if route.request.method != "POST" or refused:
            return route.fallback()
        refused.append(route.request.post_data_json["id"])
        return route.fulfill(status=503, json={"detail": "busy"}, headers={
            "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After", "Retry-After": "1"})

    visitor.page.route("**/submissions**", refuse_once)
    visitor.send().wait_for("Merci")
    (stored,) = visitor.stored()
    assert visitor.is_at_home and refused == [stored["id"]]


def test_a_proxys_error_page_does_not_end_it(visit):
    visitor = visit(type="script").fill()
    visitor.page.route("**/submissions**", lambda route: route.fulfill(
        status=502, content_type="text/html", body="<h1>Bad Gateway", headers={"Access-Control-Allow-Origin": "*"})
        if route.request.resource_type == "fetch" else route.fallback())
    visitor.send().wait_for("Nous avons bien reçu votre demande.")
    assert visitor.is_on_thanks and len(visitor.stored()) == 1


def test_a_form_that_needs_a_key(visit, service):
    key = service.admin.make("/v1/keys", {"name": "site", "kind": "publishable"})["key"]
    visitor = visit(type="script", form={"open": False}, key=key).fill().send().wait_for("Merci")
    assert visitor.is_at_home and len(visitor.stored()) == 1
    sentence = "La page ne peut pas l’envoyer ainsi."
    visitor = visit(type="script", form={"open": False}, key="").fill().send().wait_for(sentence)
    assert visitor.is_at_home and visitor.stored() == []
    visitor = visit(type="script", form={"open": False}).fill().send().wait_for(sentence)
    assert visitor.posts[-1].response().status == 401, "what the owner of the page forgot to fill in"


def test_two_forms_on_one_page_and_names_that_a_form_element_has_itself(visit, service, site):
    for name in ("action", "elements", "dataset", "hidden"):
        service.admin.post("/v1/attributes", {"name": name, "type": "text", "label": f"Champ {name}"})
    other = funnel.make_form(service.admin, open=True, allowed_origins=[site.origin])
    second = snippet(service.admin, other, type="script", lang="fr").replace("Adresse e-mail", "Autre adresse")
    visitor = visit(type="script", html="{}" + second,
                    form={"required": ["email", "action", "elements", "dataset", "hidden"]})
    visitor.page.get_by_label("Autre adresse").fill(visitor.email)
    visitor.page.get_by_role("button").nth(1).click()
    visitor.wait_for("Merci")
    assert [stored["form"] for stored in visitor.stored()] == [other["slug"]]
    visitor.fill(**{f"Champ {name}": name for name in ("action", "elements", "dataset", "hidden")})
    visitor.page.get_by_role("button").first.click()
    visitor.page.get_by_role("link", name="Télécharger").wait_for()
    assert visitor.is_at_home and len(visitor.posts) == 2
    assert {stored["form"] for stored in visitor.stored()} == {visitor.form["slug"], other["slug"]}


# --- against robots -------------------------------------------------------------------------------

GUARDED = {"honeypot": "fax", "token": {"at_least": "PT0S", "at_most": "P1D"}, "disposable": True}


def held(visitor):
    """The reasons of what is in quarantine for this form."""
    return [entry["reasons"] for entry in visitor.service.reader.pages("/v1/quarantine", form=visitor.form["slug"])]


def test_a_person_is_no_robot(visit):
    visitor = visit(type="script", form={"protection": GUARDED})
    field = visitor.page.locator("[name=form_token]")
    wait_until(lambda: field.input_value(), what="the token, before anybody has done anything")
    visitor.fill().send().wait_for("Merci")
    assert len(visitor.stored()) == 1 and held(visitor) == []
    (post,) = visitor.posts
    assert len(post.post_data_json["form_token"]) == 64 and "fax" not in post.post_data_json["attributes"]


def test_a_person_whose_form_goes_without_the_script_is_none_either(visit):
    visitor = visit(type="script", form={"protection": GUARDED, "allowed_origins": None})
    visitor.fill().send().wait_for("Nous avons bien reçu votre demande.")
    # The token cannot be read from there: somebody has to look at it, nothing is lost.
    assert visitor.is_on_thanks and held(visitor) == [["token_missing"]]
    plain = visit(form={"protection": {"honeypot": "fax"}}).fill().send().wait_for("Nous avons bien reçu votre demande.")
    assert len(plain.stored()) == 1 and held(plain) == []


def test_a_token_is_fetched_when_the_rule_came_after_the_snippet(visit, service):
    visitor = visit(type="script")
    assert visitor.page.locator("[name=form_token]").input_value() == ""
    service.admin.change(f"/v1/forms/{visitor.form['slug']}", {"protection": GUARDED})
    with visitor.page.expect_response("**/token") as answered:
        visitor.page.get_by_label("Adresse e-mail").focus()
    assert answered.value.status == 200
    wait_until(lambda: visitor.page.locator("[name=form_token]").input_value(), what="the token")
    visitor.fill().send().wait_for("Merci")
    assert len(visitor.stored()) == 1 and held(visitor) == []


@pytest.mark.parametrize("kind", ["html", "script"])
def test_a_robot_fills_in_everything(visit, kind):
    visitor = visit(type=kind, form={"protection": {"honeypot": "fax"}})
    assert not visitor.page.get_by_label("Laissez ce champ vide").is_visible()
    visitor.fill().page.evaluate("document.querySelector('[name=fax]').value = '01 23 45 67 89'")
    visitor.send().wait_for("Nous avons bien reçu votre demande.")
    assert visitor.stored() == [] and held(visitor) == [["honeypot"]]


# --- what browsers ask first ----------------------------------------------------------------------


def test_a_script_of_another_origin_is_let_in_exactly(service, site, make_page):
    """The preflight as a browser does it; and it never sends or takes cookies."""
    form = funnel.make_form(service.admin, open=True, allowed_origins=[site.origin])
    post = """([url, credentials]) => fetch(url, {method: "POST", credentials, headers: {"Content-Type": "application/json"},
              body: '{"email": "zoe@example.com"}'}).then((answer) => answer.status, () => "refused")"""
    url = f"{service.url}/v1/forms/{form['slug']}/submissions"
    page = make_page()
    page.goto(site.put("/script", HEAD))
    assert page.evaluate(post, [url, "omit"]) == 201
    assert page.evaluate(post, [url, "include"]) == "refused", "no credentials, ever"
    parts = urllib.parse.urlsplit(site.origin)
    page.goto(f"http://127.0.0.1:{parts.port}/script")
    assert page.evaluate(post, [url, "omit"]) == "refused", "the same machine under another name is another origin"
    read = "(url) => fetch(url).then(() => 'read', () => 'refused')"
    page.goto(f"{site.origin}/script")
    for path in ("/v1/contacts", "/healthz", f"/v1/forms/{form['slug']}/embed"):
        assert page.evaluate(read, service.url + path) == "refused", "nothing else is shared"
