"""Agreements: proposed by one side, signed by both, in force when the day has come, once; nothing changes inside a
period, and nobody changes a promise alone."""

import datetime
import hashlib
import html.parser
import json
import zoneinfo

import pytest

from support import funnel, paths
from support.client import Client, expect, faults
from support.waiting import wait_until

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
LEADS = {"team": "marketing", "name": "50 leads chaque lundi", "metric": "leads_delivered", "at_least": 50,
         "period": {"every": "week", "starts": "monday"}}
CONTACT = {"name": "Premier contact", "kind": "first_contact", "target": "PT24H"}
BLNS = paths.SHARED_DATA / "blns" / "blns.json"


@pytest.fixture(scope="module")
def service(service):
    return service.at_noon()


@pytest.fixture
def fresh(fresh):
    return fresh.at_noon()


def today(service):
    return service.database.now().astimezone(PARIS).date()


def day(service, ahead=0):
    return (today(service) + datetime.timedelta(days=ahead)).isoformat()


def propose(service, client=None, **fields):
    body = {"effective_on": day(service, 1), "commitments": [LEADS], "policies": [CONTACT], **fields}
    return (client or service.marketing).make("/v1/sla/agreements", body)


def sign(service, agreement, team, **fields):
    member = funnel.make_member(service.admin, team=team, role="manager", name=f"{team} manager")
    return service.sales.post(f"/v1/sla/agreements/{agreement['version']}/sign", {"member": member["id"], **fields})


def sign_both(service, agreement, teams=("marketing", "sales")):
    for team in teams:
        signed = expect(sign(service, agreement, team), 200).json()
    return signed


def read(service, version, instance=0):
    return service.client("reader", instance).read(f"/v1/sla/agreements/{version}")


def wait_state(service, version, state):
    return wait_until(lambda: (lambda it: it if it["state"] == state else None)(
        service.reader.read(f"/v1/sla/agreements/{version}")), what=f"version {version} to be {state}")


def put_in_force(service, **fields):
    """A version that counts from today, signed by both."""
    agreement = propose(service, effective_on=day(service), **fields)
    sign_both(service, agreement)
    return wait_state(service, agreement["version"], "in_force")


def move_to(service, date, time=datetime.time(0, 0, 5)):
    """The clock of the database to just after the day began in Paris."""
    service.database.move_clock_to(datetime.datetime.combine(date, time, PARIS))


def move_to_thursday(service):
    """Noon, far from the ends of days and weeks; and which day it is."""
    thursday = today(service) + datetime.timedelta(days=(3 - today(service).weekday()) % 7 or 7)
    move_to(service, thursday, datetime.time(12))
    return thursday


def events(service, kind, count, version=None):
    """So many at least: the feed follows within a second."""
    def look():
        found = [one["data"] for one in funnel.events_after(service.reader, 0) if one["type"] == f"agreement.{kind}"]
        return [data for data in found if version in (None, data["version"])]
    return wait_until(lambda: (lambda found: found if len(found) >= count else None)(look()), what=f"{count} × {kind}")


# --- drafts ---------------------------------------------------------------------------------------


def test_a_draft_holds_what_it_says(service):
    asked = {"name": "Accord de l’hiver", "note": "Un essai.", "scoring_model": 1}
    answer = expect(service.marketing.post("/v1/sla/agreements", {
        **asked, "effective_on": day(service, 3), "commitments": [LEADS], "policies": [CONTACT]}), 201)
    draft = answer.json()
    assert answer.headers["Location"] == f"/v1/sla/agreements/{draft['version']}"
    assert asked.items() <= draft.items() and draft["state"] == "draft" and draft["signatures"] == []
    (commitment,), (policy,) = draft["commitments"], draft["policies"]
    assert LEADS.items() <= commitment.items() and CONTACT.items() <= policy.items()
    assert draft["definitions"]["mql"]["label"]["fr"].startswith("Lead qualifié")
    assert draft["proposed_by"].startswith("key:")
    assert service.reader.read(f"/v1/sla/agreements/{draft['version']}") == draft
    assert draft in service.reader.pages("/v1/sla/agreements", limit=2)
    # Nothing is promised yet.
    assert commitment["id"] not in [one["id"] for one in service.reader.pages("/v1/sla/commitments")]
    assert draft["takes_effect"][0]["change"] == "added"


def test_what_a_draft_does_not_mention_is_as_it_is(fresh):
    commitment = fresh.admin.make("/v1/sla/commitments", LEADS)
    draft = fresh.sales.make("/v1/sla/agreements", {"effective_on": day(fresh)})
    assert [one["id"] for one in draft["commitments"]] == [commitment["id"]]
    assert [one["id"] for one in draft["policies"]] == [funnel.policy_of(fresh.reader)["id"]]
    assert (draft["scoring_model"], draft["takes_effect"][0]["change"]) == (1, "unchanged")
    # A promise about the same thing takes the old one's place; an id with a field changes that field.
    stricter = fresh.sales.make("/v1/sla/agreements", {"effective_on": day(fresh), "commitments": [{**LEADS, "at_least": 60}]})
    assert (stricter["commitments"][0]["id"], stricter["takes_effect"][0]["change"]) == (commitment["id"], "changed")
    named = fresh.sales.make("/v1/sla/agreements", {
        "effective_on": day(fresh), "commitments": [{"id": commitment["id"], "capacity": 80}]})
    assert named["commitments"][0]["at_least"] == 50 and named["commitments"][0]["capacity"] == 80
    assert [one["version"] for one in fresh.reader.pages("/v1/sla/agreements")] == [3, 2, 1]


def test_drafts_are_refused_with_all_their_faults(service):
    answer = service.marketing.post("/v1/sla/agreements", {
        "effective_on": "2020-01-01", "scoring_model": 99, "funnel": 1, "surprise": 1,
        "commitments": ["0199df00-0001-7000-8000-00000000dead", 5, {**LEADS, "metric": "luck"}, LEADS, {**LEADS, "at_least": -1}],
        "policies": [{**CONTACT, "target": "soon"}]})
    assert faults(answer).keys() >= {"/effective_on", "/scoring_model", "/funnel", "/surprise", "/commitments/0",
                                     "/commitments/1", "/commitments/2/metric", "/commitments/4/at_least",
                                     "/policies/0/target"}
    assert faults(service.marketing.post("/v1/sla/agreements", {"effective_on": day(service), "commitments": [],
                                                                "policies": []})) == {"/commitments": "too_few"}
    for field in ("signatures", "text", "act", "in_force_at"):
        assert faults(service.marketing.post("/v1/sla/agreements", {"effective_on": day(service), field: {}})) == {
            f"/{field}": "unknown"}
    expect(service.reader.post("/v1/sla/agreements", {"effective_on": day(service)}), 403)


def test_a_draft_changes_until_somebody_signs(service):
    draft = propose(service)
    path = f"/v1/sla/agreements/{draft['version']}"
    etag = service.reader.get(path).headers["ETag"]
    changed = service.sales.change(path, {"effective_on": day(service, 9), "name": "Plus tard"}, headers={"If-Match": etag})
    assert changed["effective_on"] == day(service, 9)
    assert changed["commitments"] == draft["commitments"]  # the same ids, too
    expect(service.sales.patch(path, {"name": "x"}, headers={"If-Match": etag}), 412)
    assert faults(service.sales.patch(path, {"state": "in_force"})) == {"/state": "unknown"}
    expect(sign(service, draft, "marketing"), 200)
    refused = expect(service.sales.patch(path, {"name": "y"}), 409).json()
    assert "One side has signed" in refused["detail"]


def test_withdrawn_is_over(service):
    draft = propose(service)
    path = f"/v1/sla/agreements/{draft['version']}"
    expect(sign(service, draft, "sales"), 200)
    assert service.marketing.write(f"{path}/withdraw")["state"] == "withdrawn"
    for answer in (sign(service, draft, "marketing"), service.marketing.post(f"{path}/withdraw"),
                   service.marketing.patch(path, {"name": "z"})):
        assert "withdrawn" in expect(answer, 409).json()["detail"]
    both = propose(service, effective_on=day(service, 300))
    sign_both(service, both)
    assert "Both sides" in expect(service.marketing.post(f"/v1/sla/agreements/{both['version']}/withdraw"), 409).json()["detail"]
    expect(service.marketing.post("/v1/sla/agreements/2000000000/withdraw"), 404)


PLAN = {"revenue_target": 120000000, "average_deal": 1500000, "marketing_share": 0.6, "cycle_days": 45,
        "period": {"from": "2027-01-01", "to": "2027-04-01"},
        "rates": {"lead_mql": 0.3, "mql_sal": 0.8, "sal_sql": 0.5, "sql_opportunity": 0.5, "opportunity_customer": 0.25}}


def test_a_plan_becomes_a_draft(fresh):
    promised = fresh.reader.write("/v1/plan", PLAN)["as_commitments"]
    taken = fresh.marketing.make("/v1/sla/agreements", {"effective_on": day(fresh, 1), "commitments": promised})
    options = {"headers": {"Idempotency-Key": "plan-1"}}
    planned = fresh.marketing.make("/v1/sla/agreements", {"effective_on": day(fresh, 1), "plan": PLAN}, **options)
    for draft in (taken, planned):
        assert len(draft["commitments"]) == len(promised) > 0
        for asked, kept in zip(promised, draft["commitments"]):
            assert {**asked, "period": asked["period"]["every"]}.items() <= {**kept, "period": kept["period"]["every"]}.items()
    again = expect(fresh.marketing.post("/v1/sla/agreements", {"effective_on": day(fresh, 1), "plan": PLAN}, **options), 201)
    assert again.headers["Idempotency-Replayed"] == "true" and again.json()["version"] == planned["version"] == 2
    refused = fresh.marketing.post("/v1/sla/agreements", {
        "effective_on": day(fresh, 1), "commitments": [], "plan": {**PLAN, "marketing_share": 7}})
    assert faults(refused).keys() == {"/commitments", "/plan/marketing_share"}


# --- signing --------------------------------------------------------------------------------------


def test_a_manager_of_each_team_signs_once(service):
    draft = propose(service, effective_on=day(service, 300))
    path = f"/v1/sla/agreements/{draft['version']}/sign"
    first = expect(sign(service, draft, "sales"), 200).json()
    assert first["state"] == "partly_signed"
    (signature,) = first["signatures"]
    assert (signature["team"], signature["name"]) == ("sales", "sales manager")
    again = expect(sign(service, draft, "sales"), 409).json()
    assert "Sales has signed" in again["detail"] and "marketing" in again["detail"]
    for fields in ({"team": "sales"}, {"team": "management", "role": "manager"},
                   {"team": "marketing", "role": "manager", "active": False}):
        member = funnel.make_member(service.admin, **fields)
        assert "/member" in faults(service.sales.post(path, {"member": member["id"]}))
    assert faults(service.sales.post(path)) == {"/member": "required"}
    assert expect(sign(service, draft, "marketing"), 200).json()["state"] == "signed"
    told = events(service, "signed", 2, draft["version"])
    assert [one["team"] for one in told] == ["sales", "marketing"]
    assert told[0]["member_id"] == signature["member"]


def test_a_key_signs_as_its_member(service):
    draft = propose(service, effective_on=day(service, 300))
    path = f"/v1/sla/agreements/{draft['version']}/sign"
    manager = funnel.make_member(service.admin, team="marketing", role="manager", name="Julie M.")
    rep = funnel.make_member(service.admin, team="marketing")
    clients = [Client(service.url, service.admin.make("/v1/keys", {
        "name": "k", "scopes": ["marketing"], "member": member["id"]})["key"]) for member in (manager, rep)]
    assert "manager" in expect(clients[1].post(path, {}), 403).json()["detail"]
    assert faults(clients[0].post(path, {"member": rep["id"]})) == {"/member": "not_allowed"}
    assert clients[0].write(path)["signatures"][0]["name"] == "Julie M."
    for client in clients:
        client.close()


def test_a_signature_holds_the_texts_digest(service):
    draft = propose(service, effective_on=day(service, 300), name="Le texte")
    expect(sign(service, draft, "marketing"), 200)
    # Neither another definition nor another reason changes what somebody has signed.
    service.admin.change("/v1/funnel", {"stages": {"mql": {"definition": {"fr": "Autre chose.", "en": "Something else."}}}})
    (signature,) = read(service, draft["version"])["signatures"]
    for language in ("fr", "en"):
        text = service.reader.get(f"/v1/sla/agreements/{draft['version']}/text?lang={language}",
                                  headers={"Accept": "text/plain"})
        assert hashlib.sha256(text.content).hexdigest() == signature["text_sha256"][language]
    assert "Autre chose" not in service.reader.get(f"/v1/sla/agreements/{draft['version']}/text?lang=fr").text


# --- in force -------------------------------------------------------------------------------------


@pytest.mark.parametrize("teams", [("marketing", "sales"), ("sales", "marketing")])
def test_in_force_when_both_have_signed_and_the_day_has_come(fresh, teams):
    expect(fresh.reader.get("/v1/sla/agreements/current"), 404)
    monday = move_to_thursday(fresh) + datetime.timedelta(days=4)
    daily = {**LEADS, "name": "3 par jour", "metric": "leads_captured", "at_least": 3, "period": {"every": "day"}}
    start = monday - datetime.timedelta(days=1)  # in the middle of a week
    draft = propose(fresh, effective_on=start.isoformat(), commitments=[LEADS, daily])
    expected = {one["name"]: one["from"] for one in draft["takes_effect"]}
    assert expected == {LEADS["name"]: monday.isoformat(), daily["name"]: start.isoformat()}
    signed = sign_both(fresh, draft, teams)
    assert signed["state"] == "signed"
    expect(fresh.reader.get("/v1/sla/agreements/current"), 404)
    move_to(fresh, start)
    in_force = wait_state(fresh, 1, "in_force")
    current = fresh.reader.read("/v1/sla/agreements/current")
    assert current["version"] == 1 and current["in_force_at"] is not None
    policies = [one["name"] for one in fresh.reader.pages("/v1/sla/policies") if one["active"]]
    assert policies == [CONTACT["name"]]  # what it lists is all there is
    assert [one["name"] for one in fresh.reader.pages("/v1/sla/commitments")] == [daily["name"]]
    move_to(fresh, monday)
    found = wait_until(lambda: (lambda list: list if len(list) == 2 else None)(
        {one["name"]: one for one in fresh.reader.pages("/v1/sla/commitments")}), what="both commitments")
    assert all(one["active"] for one in found.values())
    assert {one["id"] for one in found.values()} == {one["id"] for one in in_force["commitments"]}
    assert [one["applied"] for one in fresh.reader.read("/v1/sla/agreements/current")["takes_effect"]] == [True, True]
    assert events(fresh, "in_force", 1) == [{"version": 1, "replaces": None}]


def test_signed_late_nothing_changes_inside_a_period(fresh):
    """The day has come already: policies count at once, a commitment with its next period."""
    monday = move_to_thursday(fresh) + datetime.timedelta(days=4)
    weekly = fresh.admin.make("/v1/sla/commitments", LEADS)
    draft = propose(fresh, effective_on=day(fresh), commitments=[{"id": weekly["id"], "at_least": 60}])
    sign_both(fresh, draft)
    (effect,) = wait_state(fresh, 1, "in_force")["takes_effect"]
    assert effect == {"commitment": weekly["id"], "name": LEADS["name"], "change": "changed", "from": monday.isoformat(),
                      "applied": False, "problem": None}
    assert fresh.reader.read(f"/v1/sla/commitments/{weekly['id']}")["at_least"] == 50
    move_to(fresh, monday)
    wait_until(lambda: fresh.reader.read(f"/v1/sla/commitments/{weekly['id']}")["at_least"] == 60, what="the new target")
    # It counts for the period that began with that day.
    made_at = fresh.database.value("SELECT made_at FROM commitment_definition WHERE commitment_id = %s AND version = 2", weekly["id"])
    assert made_at == datetime.datetime.combine(monday, datetime.time(), PARIS)


def test_nobody_changes_a_promise_alone(fresh):
    weekly = fresh.admin.make("/v1/sla/commitments", LEADS)
    other = fresh.admin.make("/v1/sla/commitments", {**LEADS, "name": "Autre", "metric": "leads_captured"})
    put_in_force(fresh, commitments=[weekly["id"]], policies=None)
    policy = funnel.policy_of(fresh.reader)
    for path in (f"/v1/sla/commitments/{weekly['id']}", f"/v1/sla/policies/{policy['id']}"):
        refused = expect(fresh.admin.patch(path, {"name": "x"}), 409).json()
        assert "agreement 1" in refused["detail"] and "POST /v1/sla/agreements" in refused["detail"]
    hasty = {"name": "Un mois", "kind": policy["kind"], "target": "P30D", "position": policy["position"]}
    refused = expect(fresh.admin.post("/v1/sla/policies", hasty), 409).json()
    assert policy["name"] in refused["detail"] and "POST /v1/sla/agreements" in refused["detail"]
    behind = fresh.admin.make("/v1/sla/policies", {**hasty, "position": policy["position"] + 1})
    expect(fresh.admin.patch(f"/v1/sla/policies/{behind['id']}", {"position": 1}), 409)
    fresh.admin.make("/v1/sla/policies", {**hasty, "kind": "acceptance"})
    fresh.admin.change(f"/v1/sla/commitments/{other['id']}", {"name": "Encore autre"})
    fresh.admin.make("/v1/sla/commitments", {**LEADS, "name": "De plus", "metric": "fit_share", "at_least": 0.5})


def test_the_next_version_replaces_the_one_in_force(fresh):
    first = put_in_force(fresh)
    path = "/v1/sla/agreements"
    second = propose(fresh, effective_on=day(fresh), name="Deux", policies=[{**CONTACT, "target": "PT4H"}],
                     commitments=[{**LEADS, "metric": "leads_captured", "name": "Captés"}])
    differences = fresh.reader.read(f"{path}/2/differences")
    assert (differences["version"], differences["from"]) == (2, 1)
    changes = {(one["kind"], one["change"]) for one in differences["data"]}
    assert {("commitment", "added"), ("commitment", "removed"), ("policy", "added"), ("policy", "removed")} <= changes
    assert all("\u00a0" in one["words"]["fr"] for one in differences["data"])
    assert fresh.reader.read(f"{path}/2/differences", **{"from": 2})["data"] == []
    assert faults(fresh.reader.get(f"{path}/2/differences", params={"from": 9})) == {"?from": "reference"}
    sign_both(fresh, second)
    wait_state(fresh, 2, "in_force")
    assert wait_state(fresh, 1, "ended")["ended_at"] is not None
    assert events(fresh, "in_force", 2) == [{"version": 1, "replaces": None}, {"version": 2, "replaces": 1}]
    active = [one["target"] for one in fresh.reader.pages("/v1/sla/policies") if one["active"]]
    assert active == ["PT4H"] and first["policies"][0]["target"] == "PT24H"


def test_the_models_change_needs_an_agreement(fresh):
    definition = fresh.admin.read("/v1/scoring/models/1")
    draft = fresh.marketing.make("/v1/scoring/models", {
        key: definition[key] for key in ("name", "fit", "interest", "decision", "mql_at_once")})
    put_in_force(fresh, scoring_model=draft["version"])
    assert fresh.reader.read(f"/v1/scoring/models/{draft['version']}")["state"] == "active"
    desk = funnel.Desk(fresh)
    assert desk.mql()[0]["score"]["model"] == draft["version"]


@pytest.mark.concurrency
def test_three_instances_put_it_in_force_once_through_kills(make_service):
    made = make_service(instances=3)
    try:
        made.start().at_noon()
        agreement = propose(made, effective_on=day(made, 1), commitments=[{**LEADS, "period": {"every": "day"}}])
        sign_both(made, agreement)
        made.servers[0].kill()  # who took the signatures is gone
        reader = made.client("reader", 1)
        move_to(made, today(made) + datetime.timedelta(days=1))
        made.servers[0].start(wait=False)
        wait_until(lambda: reader.read(f"/v1/sla/agreements/{agreement['version']}")["state"] == "in_force")
        made.servers[0].wait_ready()
        for server in made.servers[1:]:
            server.kill()
            server.start()
        told = made.client("reader", 2)
        wait_until(lambda: [one for one in funnel.events_after(told, 0) if one["type"] == "agreement.in_force"])
        kinds = [one["type"] for one in funnel.events_after(told, 0)]
        assert kinds.count("agreement.in_force") == 1 and kinds.count("agreement.signed") == 2
        assert made.database.value("SELECT count(*) FROM catalog_entry WHERE kind = 'commitment'") == 1
        assert made.database.value("SELECT max(version) FROM catalog_entry WHERE kind = 'commitment'") == 1
        made.stop()
    finally:
        made.end()
        made.database.drop()


# --- the text -------------------------------------------------------------------------------------


class Page(html.parser.HTMLParser):
    """The tags that open, and the text of it all."""

    def __init__(self, source):
        super().__init__()
        self.tags = []
        self.text = ""
        self.language = None
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "html":
            self.language = dict(attributes)["lang"]

    def handle_data(self, data):
        self.text += data


def page_of(service, version, language, **headers):
    answer = expect(service.reader.get(f"/v1/sla/agreements/{version}/text?lang={language}",
                                       headers={"Accept": "text/html", **headers}), 200)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer, Page(answer.text)


def test_the_text_is_a_page_in_both_languages(service):
    draft = propose(service, name="Accord de l’hiver")
    for language, words in (("fr", ["s’engage à remettre aux ventes au moins 50 leads qualifiés (MQL) chaque semaine",
                                    "dans les 24\u00a0h", "Pour le marketing", "En attente de signature", "Qui agit"]),
                            ("en", ["promises to hand at least 50 qualified leads (MQLs) to sales every week",
                                    "within 24\u00a0h", "For marketing", "Not signed yet", "Who acts"])):
        answer, page = page_of(service, draft["version"], language)
        assert page.language == language and page.tags.count("h1") == 1 and "script" not in page.tags
        assert "script-src" not in answer.headers["content-security-policy"]
        assert [word for word in words if word not in page.text] == []
    plain = expect(service.reader.get(f"/v1/sla/agreements/{draft['version']}/text?lang=fr",
                                      headers={"Accept": "text/plain"}), 200)
    assert plain.headers["content-type"] == "text/plain; charset=utf-8" and "<" not in plain.text
    expect(service.reader.get("/v1/sla/agreements/2000000000/text"), 404)


def test_naughty_names_stay_text(service):
    if not BLNS.exists():
        pytest.skip("../shared/data/blns is not beside the project")
    naughty = [text for text in json.loads(BLNS.read_text()) if 0 < len(text.strip()) <= 150 and "\x00" not in text]
    for begin in range(0, len(naughty), 40):
        names = []
        for text in naughty[begin:begin + 40]:
            name = "".join(c for c in text if c.isprintable() or c == " ").strip()
            if name:
                names.append(name)
        draft = propose(service, note="\n".join(names), commitments=[{**LEADS, "name": name, "filter": {"==": [{"var": "channel"}, name]}} for name in names])
        _, page = page_of(service, draft["version"], "en")
        assert set(page.tags) <= {"html", "head", "meta", "title", "style", "body", "nav", "a", "main", "p", "h1", "h2", "ul",
                                  "li", "dl", "dt", "dd", "code"}
        assert [name for name in names if name not in page.text] == []
        service.marketing.write(f"/v1/sla/agreements/{draft['version']}/withdraw")
