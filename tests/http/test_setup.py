"""Setting up: each kind of thing is made, read by slug and id, changed, listed, refused with all its faults."""

import uuid

import pytest

from support import funnel, times
from support.client import Client, expect, faults
from support.waiting import wait_until

JOURNEY = {"kind": "ebook", "journey_step": "awareness", "title": "T"}
CALENDAR_HOURS = {"monday": [["09:00", "12:30"], ["14:00", "18:00"]]}


class Kind:
    """One kind of thing: where it lives, how to make one, how it is addressed, what may change, what is refused."""

    def __init__(self, path, body, changes, bad, name=None, taken=True):
        self.path = path
        self.body = body        # () -> a right body
        self.changes = changes  # what to PATCH; the answer must show it
        self.bad = bad          # (body, pointers of its faults)
        self.name = name        # the field that is in URLs, else the id
        self.taken = taken      # is a second one of the same name refused?

    def __repr__(self):
        return self.path.removeprefix("/v1/")


def slugged(**fields):
    return lambda: {"slug": funnel.unique("s"), **fields}


KINDS = [
    Kind("/v1/attributes", lambda: {"name": funnel.unique("a"), "type": "choice", "choices": ["x", "y"],
                                    "label": {"fr": "Étiquette", "en": "Label"}},
         {"label": {"fr": "Autre", "en": "Other"}, "choices": ["x", "y", "z"]},
         ({"name": "Not A Name", "type": "colour", "surprise": 1}, {"/name", "/type", "/surprise"}), name="name"),
    Kind("/v1/offers", slugged(**JOURNEY), {"title": "Changed", "audience": "sales", "summary": "S", "url": None},
         ({"slug": "Ü", "kind": "x", "journey_step": "y", "url": "javascript:alert(1)", "audience": "z"},
          {"/slug", "/kind", "/journey_step", "/url", "/audience", "/title"}), name="slug"),
    Kind("/v1/forms", slugged(name="F"), {"name": "Changed", "open": True, "makes": "prospect", "fields": {"mail": "email"},
                                          "required": ["email", "company"], "redirect_url": "https://www.example.com/x",
                                          "allowed_origins": ["https://www.example.com"], "consent_text": "I agree."},
         ({"slug": "", "makes": "customer", "offer": "there-is-none", "campaign": "there-is-none", "open": "yes",
           "allowed_origins": ["https://www.example.com/path"], "protection": {"walls": True}},
          {"/slug", "/name", "/makes", "/offer", "/campaign", "/open", "/allowed_origins/0", "/protection/walls"}),
         name="slug"),
    Kind("/v1/campaigns", slugged(name="C", starts_on="2026-11-01", ends_on="2026-12-31"),
         {"name": "Changed", "goal": "150 MQL", "budget": 2000000, "currency": "EUR", "persona": "DSI"},
         ({"slug": "x" * 65, "name": "C", "starts_on": "2026-02-30", "ends_on": "tomorrow", "budget": -1},
          {"/slug", "/starts_on", "/ends_on", "/budget"}), name="slug"),
    Kind("/v1/members", lambda: {"name": "M", "email": funnel.address("member"), "team": "sales"},
         {"name": "Changed", "role": "manager", "weekly_capacity": 30, "active": False, "time_zone": "Europe/Paris"},
         ({"name": "", "email": "x", "team": "legal", "role": "boss", "time_zone": "Mars/Olympus"},
          {"/name", "/email", "/team", "/role", "/time_zone"}), taken=False),
    Kind("/v1/reasons", lambda: {"code": funnel.unique("r"), "kind": "recycle", "label": {"fr": "R", "en": "R"}},
         {"label": {"fr": "Changé", "en": "Changed"}, "active": False},
         ({"code": "Not A Slug", "kind": "divorce", "active": 1}, {"/code", "/kind", "/active"})),
    Kind("/v1/sla/policies", lambda: {"name": funnel.unique("P"), "kind": "acceptance", "target": "PT4H", "position": 500},
         {"name": "Changed", "target": "PT8H", "warn_at": [0.25], "active": False, "position": 501},
         ({"name": "", "kind": "speed", "target": "soon", "position": 0, "warn_at": [0]},
          {"/name", "/kind", "/target", "/position", "/warn_at/0"}), taken=False),
    Kind("/v1/sla/calendars", lambda: {"name": funnel.unique("K"), "time_zone": "Europe/Paris", "hours": CALENDAR_HOURS},
         {"name": "Changed", "holidays": "FR-57", "exceptions": [{"date": "2026-12-24", "hours": [["09:00", "12:00"]]}]},
         ({"name": "K", "time_zone": "Mars/Olympus", "hours": {"monday": [["18:00", "09:00"]], "funday": []},
           "holidays": "XX"}, {"/time_zone", "/hours/monday/0", "/hours/funday", "/holidays"}), taken=False),
]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=repr)


@each_kind
def test_make_read_list(service, kind):
    body = kind.body()
    made = expect(service.admin.post(kind.path, body), 201)
    thing = made.json()
    assert made.headers["Location"] == f"{kind.path}/{thing[kind.name] if kind.name else thing['id']}"
    assert body.items() <= thing.items() or "label" in body
    assert uuid.UUID(thing["id"]).version == 7
    assert thing["created_at"] == thing["updated_at"]
    for address in {thing["id"], thing[kind.name or "id"]}:
        read = expect(service.reader.get(f"{kind.path}/{address}"), 200)
        assert read.json() == thing and read.headers["ETag"] == made.headers["ETag"]
    assert service.reader.read(kind.path, limit=1)["data"] == [thing], "newest first"
    assert thing in service.reader.pages(kind.path, limit=7)


@each_kind
def test_change(service, kind):
    made = expect(service.admin.post(kind.path, kind.body()), 201)
    path = f"{kind.path}/{made.json()['id']}"
    version = made.headers["ETag"]
    changed = expect(service.admin.patch(path, kind.changes, headers={"If-Match": version}), 200)
    assert kind.changes.items() <= changed.json().items()
    follows = {"updated_at"} | ({"consent_version"} if "consent_text" in kind.changes else set())
    follows |= {"notify"} if "role" in kind.changes else set()  # what is usual for the role
    kept = {name: value for name, value in made.json().items() if name not in kind.changes and name not in follows}
    assert {name: changed.json()[name] for name in kept} == kept, "what is left out stays"
    assert changed.headers["ETag"] != version
    assert service.reader.read(path) == changed.json()
    expect(service.admin.patch(path, kind.changes, headers={"If-Match": version}), 412)
    expect(service.admin.patch(path, {"surprise": 1}), 422)
    expect(service.admin.patch(path, {"id": str(uuid.uuid4())}), 422)


@each_kind
def test_all_faults_at_once(service, kind):
    body, pointers = kind.bad
    assert set(faults(service.admin.post(kind.path, body))) == pointers
    expect(service.admin.post(kind.path, []), 422)


@each_kind
def test_a_taken_name_is_409_with_the_one_that_has_it(service, kind):
    body = kind.body()
    first = service.admin.make(kind.path, body)
    answer = service.admin.post(kind.path, body)
    if kind.taken:
        assert expect(answer, 409).json()["existing"] == first["id"]
    else:
        assert expect(answer, 201).json()["id"] != first["id"]


@each_kind
def test_what_is_not_there_is_404(service, kind):
    unknown = str(uuid.uuid4())
    expect(service.reader.get(f"{kind.path}/{unknown}"), 404)
    expect(service.admin.patch(f"{kind.path}/{unknown}", {}), 404)


@each_kind
def test_a_repeat_with_an_idempotency_key(service, kind):
    body = kind.body()
    headers = {"Idempotency-Key": funnel.unique("make")}
    first = expect(service.admin.post(kind.path, body, headers=headers), 201)
    again = expect(service.admin.post(kind.path, body, headers=headers), 201)
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    expect(service.admin.post(kind.path, kind.body(), headers=headers), 422)


def test_what_a_fresh_database_holds(fresh):
    reader = fresh.reader
    organisation = reader.read("/v1/organisation")
    assert (organisation["time_zone"], organisation["currency"], organisation["locale"], organisation["week_starts_on"]) == \
        ("Europe/Paris", "EUR", "fr", "monday")
    assert {(one["name"], one["type"]) for one in reader.read("/v1/attributes")["data"]} == {
        (name, "text") for name in ("first_name", "last_name", "phone", "company", "industry", "job_title", "country",
                                    "city", "website")} | {("company_size", "number")}
    codes = {}
    for reason in reader.pages("/v1/reasons", limit=5):
        codes.setdefault(reason["kind"], set()).add(reason["code"])
    assert codes == {
        "recycle": {"not_ready", "no_budget", "no_need_now", "no_decision_power", "unreachable", "other"},
        "reject": {"not_a_fit", "bad_data", "duplicate", "competitor", "student", "spam", "other"},
        "lose": {"price", "competitor", "no_decision", "no_budget", "timing", "other"}}
    (model,) = reader.read("/v1/scoring/models")["data"]
    assert (model["version"], model["state"], model["name"]) == (1, "active", "default")
    assert model["fit"]["grades"] == {"A": 60, "B": 40, "C": 20} and model["interest"]["half_life"] == "P30D"
    assert [rule["points"] for rule in model["fit"]["rules"]] == [30, 20, 30, 10, -40]
    assert [(rule["points"], rule["max"]) for rule in model["interest"]["rules"]] == \
        [(3, 12), (5, 5), (15, 45), (30, 60), (50, 75), (30, 60), (60, 60)]
    (policy,) = reader.read("/v1/sla/policies")["data"]
    assert (policy["kind"], policy["target"], policy["calendar"], policy["starts"], policy["warn_at"]) == \
        ("first_contact", "PT24H", None, "mql", [0.5, 0.8])
    (calendar,) = reader.read("/v1/sla/calendars")["data"]
    assert (calendar["time_zone"], calendar["holidays"]) == ("Europe/Paris", "FR")
    assert calendar["hours"]["friday"] == [["09:00", "12:30"], ["14:00", "18:00"]]
    assert not calendar["hours"].get("saturday")
    for path in ("/v1/forms", "/v1/members", "/v1/offers", "/v1/campaigns", "/v1/contacts", "/v1/handoffs"):
        assert reader.read(path)["data"] == []
    stages = reader.read("/v1/funnel")["stages"]
    assert sorted(stages, key=lambda stage: stages[stage]["position"]) == [
        "contact", "prospect", "lead", "mql", "sal", "sql", "opportunity", "customer", "disqualified"]
    assert all(stage["label"]["fr"] and stage["label"]["en"] and stage["definition"]["fr"] for stage in stages.values())
    assert [stages[stage]["owner"] for stage in ("lead", "mql", "sal", "sql", "customer")] == \
        ["marketing", "both", "both", "sales", "sales"]


def test_organisation(service):
    answer = service.admin.change("/v1/organisation", {"name": "Exemple", "currency": "CHF"})
    assert (answer["name"], answer["currency"], answer["time_zone"]) == ("Exemple", "CHF", "Europe/Paris")
    assert set(faults(service.admin.patch("/v1/organisation", {
        "time_zone": "Europe/Atlantis", "currency": "euro", "locale": "de", "week_starts_on": "today", "motto": "x"}))) == \
        {"/time_zone", "/currency", "/locale", "/week_starts_on", "/motto"}
    assert service.admin.change("/v1/organisation", {"currency": None})["currency"] == "EUR", "null restores the default"


def test_funnel(service):
    before = service.reader.read("/v1/funnel")["stages"]
    changed = service.admin.change("/v1/funnel", {"stages": {"sal": {
        "label": {"fr": "Accepté", "en": "Accepted"}, "guidance": {"fr": "Rappeler", "en": "Call back"}}}})["stages"]
    assert changed["sal"]["label"] == {"fr": "Accepté", "en": "Accepted"}
    assert changed["sal"]["guidance"]["en"] == "Call back"
    assert changed["sal"]["definition"] == before["sal"]["definition"]
    assert {name: stage for name, stage in changed.items() if name != "sal"} == \
        {name: stage for name, stage in before.items() if name != "sal"}
    assert set(faults(service.admin.patch("/v1/funnel", {"stages": {"vip": {}, "lead": {"position": 1}}}))) == \
        {"/stages/vip", "/stages/lead/position"}


def test_attribute_values_are_checked(service):
    admin = service.admin
    names = {kind: admin.make("/v1/attributes", {
        "name": funnel.unique(kind), "type": kind, **({"choices": ["smb", "enterprise"]} if kind == "choice" else {})})["name"]
        for kind in ("text", "number", "boolean", "date", "choice")}
    good = {"text": "x", "number": 1.5, "boolean": True, "date": "2026-11-16", "choice": "smb"}
    bad = {"number": "many", "boolean": "perhaps", "date": "2026-02-30", "choice": "huge"}
    email = funnel.address()
    contact = service.marketing.make("/v1/contacts", {
        "email": email, "attributes": {names[kind]: value for kind, value in good.items()}})
    assert {names[kind]: value for kind, value in good.items()}.items() <= contact["attributes"].items()
    assert set(faults(service.marketing.post("/v1/contacts", {
        "email": email, "attributes": {names[kind]: value for kind, value in bad.items()}}))) == \
        {f"/attributes/{names[kind]}" for kind in bad}
    expect(admin.post("/v1/attributes", {"name": funnel.unique("c"), "type": "choice"}), 422)


def test_a_label_may_be_one_text(service):
    made = service.admin.make("/v1/attributes", {"name": funnel.unique("a"), "type": "text", "label": "Segment"})
    assert made["label"] == {"fr": "Segment", "en": "Segment"}


def test_reserved_names(service):
    for name in ("seniority", "email_domain", "free_mail"):
        assert service.admin.post("/v1/attributes", {"name": name, "type": "text"}).status_code in (409, 422)
    slug = str(uuid.uuid4())
    assert list(faults(service.admin.post("/v1/offers", {"slug": slug, **JOURNEY}))) == ["/slug"]


def test_an_offers_facts_stay_on_what_came_before(service):
    """An activity keeps the kind and step that the offer had when it came."""
    desk = funnel.Desk(service)
    email = funnel.address()
    contact = desk.lead(email)
    service.marketing.change(f"/v1/offers/{desk.offer['slug']}", {"journey_step": "decision"})
    interest = service.reader.read(f"/v1/contacts/{contact['id']}")["score"]["interest"]
    assert interest == pytest.approx(30, rel=1e-3)
    assert desk.lead(email)["score"]["interest"] == pytest.approx(80, rel=1e-3)


# --- keys -----------------------------------------------------------------------------------------


def test_keys(service):
    made = service.admin.make("/v1/keys", {"name": "CRM", "scopes": ["read", "sales"]})
    assert made["key"].startswith("relais_sk_") and made["key"].endswith(made["last4"])
    crm = Client(service.url, made["key"])
    crm.read("/v1/contacts")
    listed = service.admin.read("/v1/keys", limit=1)["data"][0]
    assert listed["id"] == made["id"] and "key" not in listed and made["key"] not in str(service.admin.pages("/v1/keys"))
    stored = service.database.rows("SELECT row_to_json(e)::text FROM catalog_entry e WHERE kind = 'key'")
    assert made["key"] not in str(stored), "only a hash is stored"
    expect(service.admin.delete(f"/v1/keys/{made['id']}"), 204)
    expect(crm.get("/v1/contacts"), 401)
    expect(service.admin.delete(f"/v1/keys/{made['id']}"), 404)


def test_a_keys_rotation(service):
    made = service.admin.make("/v1/keys", {"name": "CRM", "scopes": ["read"]})
    old = Client(service.url, made["key"])
    rotated = service.admin.write(f"/v1/keys/{made['id']}/rotate", {"previous_valid_for": "PT1H"})
    assert rotated["id"] == made["id"] and rotated["key"] != made["key"] and rotated["previous_expires_at"] is not None
    new = Client(service.url, rotated["key"])
    for client in (old, new):
        client.read("/v1/organisation")
    again = service.admin.write(f"/v1/keys/{made['id']}/rotate", {"previous_valid_for": "PT0S"})
    expect(old.get("/v1/organisation"), 401)
    expect(new.get("/v1/organisation"), 401)
    Client(service.url, again["key"]).read("/v1/organisation")
    expect(service.admin.post(f"/v1/keys/{made['id']}/rotate"), 200)


def test_a_repeat_never_shows_a_key_again(service):
    headers = {"Idempotency-Key": funnel.unique("key")}
    body = {"name": "once", "scopes": ["read"]}
    first = expect(service.admin.post("/v1/keys", body, headers=headers), 201).json()
    again = expect(service.admin.post("/v1/keys", body, headers=headers), 201).json()
    assert again["id"] == first["id"] and again["key"] is None


def test_a_publishable_key_may_only_submit(service):
    made = service.admin.make("/v1/keys", {"name": "site", "kind": "publishable"})
    assert made["key"].startswith("relais_pk_") and made["scopes"] == ["submit"]
    expect(service.admin.post("/v1/keys", {"name": "site", "kind": "publishable", "scopes": ["read"]}), 422)


def test_when_a_key_was_last_used(service):
    made = service.admin.make("/v1/keys", {"name": "CRM", "scopes": ["read"]})

    def listed():
        return next(key for key in service.admin.read("/v1/keys")["data"] if key["id"] == made["id"])

    assert listed()["last_used_at"] is None
    before = times.utc_now()
    Client(service.url, made["key"]).read("/v1/organisation")
    used = wait_until(lambda: listed()["last_used_at"], what="the time of use")
    assert abs((times.parse(used) - before).total_seconds()) < 30
    assert listed().keys() - made.keys() == {"last_used_at"} and made.keys() - listed().keys() == {"key"}
    expect(service.admin.delete(f"/v1/keys/{made['id']}"), 204)
    assert service.database.value("SELECT count(*) FROM api_key_use WHERE key_id = '" + made["id"] + "'") == 0


def test_a_bare_date_is_midnight_in_the_organisations_zone(service):
    offer = service.admin.make("/v1/offers", {"slug": funnel.unique("offer"), "title": "Guide", "kind": "guide",
                                              "journey_step": "awareness", "published_at": "2026-11-20"})
    assert offer["published_at"] == "2026-11-19T23:00:00.000Z"
    path = f"/v1/offers/{offer['id']}"
    assert service.admin.change(path, {"published_at": "2026-07-14"})["published_at"] == "2026-07-13T22:00:00.000Z"
    assert list(faults(service.admin.patch(path, {"published_at": "2026-02-30"}))) == ["/published_at"]
    assert list(faults(service.admin.patch(path, {"published_at": "0000-01-01"}))) == ["/published_at"]
    window = {"name": "autumn", "when": True, "points": 1, "from": "2026-09-01", "until": "2026-12-01"}
    windows = {"fit": {"rules": [window], "grades": {"A": 3, "B": 2, "C": 1}},
               "interest": {"half_life": "P30D", "rules": [{**window, "max": 1, "until": None}],
                            "grades": {"1": 3, "2": 2, "3": 1}}}
    stored = service.admin.make("/v1/scoring/models", model(**windows))
    fit, interest = stored["fit"]["rules"][0], stored["interest"]["rules"][0]
    assert (fit["from"], fit["until"]) == ("2026-08-31T22:00:00.000Z", "2026-11-30T23:00:00.000Z")
    assert (interest["from"], interest["until"]) == (fit["from"], None)
    windows["fit"]["rules"] = [{**window, "from": "2026-12-01", "until": "2026-09-01"}]
    assert list(faults(service.admin.post("/v1/scoring/models", model(**windows)))) == ["/fit/rules/0/until"]


def test_faults_of_a_key(service):
    assert set(faults(service.admin.post("/v1/keys", {"name": "", "scopes": ["root"], "member": str(uuid.uuid4()),
                                                      "form": "there-is-none", "expires_at": "never"}))) == \
        {"/name", "/scopes/0", "/member", "/form", "/expires_at"}
    expect(service.admin.post("/v1/keys", {"name": "no scope"}), 422)


def test_an_expired_key(fresh):
    made = fresh.admin.make("/v1/keys", {"name": "short", "scopes": ["read"], "expires_at": times.ahead(seconds=3)})
    client = Client(fresh.url, made["key"])
    client.read("/v1/organisation")
    wait_until(lambda: client.get("/v1/organisation").status_code == 401, what="the key to expire")
    expired = fresh.admin.post("/v1/keys", {"name": "past", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"})
    if expired.status_code == 201:
        expect(Client(fresh.url, expired.json()["key"]).get("/v1/organisation"), 401)
    else:
        expect(expired, 422)


def test_set_up_is_seen_by_every_instance_at_once(make_service):
    two = make_service(instances=2).start()
    try:
        for number in range(5):
            slug = f"form-{number}"
            two.admin.make("/v1/forms", {"slug": slug, "name": "F", "open": True})
            funnel.submit(two.client(instance=1), slug)
            two.client("admin", 1).change(f"/v1/forms/{slug}", {"open": False})
            expect(two.nobody.post(f"/v1/forms/{slug}/submissions", {"email": funnel.address()}), 401)
        two.stop()
    finally:
        two.end()


# --- scoring models -------------------------------------------------------------------------------


def model(**changes):
    return {"name": "second",
            "fit": {"rules": [{"name": "any company", "when": {"!!": [{"var": "company"}]}, "points": 80}],
                    "grades": {"A": 60, "B": 40, "C": 20}},
            "interest": {"half_life": "P30D", "rules": [
                {"name": "anything", "when": {"==": [1, 1]}, "points": 50, "max": 100}],
                "grades": {"1": 45, "2": 25, "3": 8}},
            "decision": {"A1": "mql", "*": "stay"}, **changes}


def test_a_draft_counts_for_nobody(fresh):
    desk = funnel.Desk(fresh)
    before = desk.lead(attributes={"company": "X"})
    assert before["score"]["fit"] == 0
    draft = fresh.marketing.make("/v1/scoring/models", model())
    assert (draft["version"], draft["state"], draft["activation"]) == (2, "draft", None)
    preview = fresh.reader.write("/v1/scoring/preview", {"attributes": {"company": "X"}, "model": 2})
    assert (preview["fit"], preview["model"]) == (80, 2)
    assert fresh.reader.read(f"/v1/contacts/{before['id']}")["score"]["model"] == 1


def test_a_model_with_a_bad_rule_is_refused(service):
    bad = model()
    bad["fit"]["rules"][0]["when"] = {"no_such_operator": [1]}
    assert list(faults(service.marketing.post("/v1/scoring/models", bad)))[0].startswith("/fit/rules/0/when")
    assert list(faults(service.marketing.post("/v1/scoring/models", model(decision={"A1": "mql"})))) == ["/decision/*"]
    assert "/interest/half_life" in faults(service.marketing.post("/v1/scoring/models", model(
        interest={**model()["interest"], "half_life": "P0D"})))


def test_a_rule_that_fails_does_not_match_and_is_counted(fresh):
    broken = model()
    broken["fit"]["rules"].append({"name": "broken", "when": {"throw": "x"}, "points": 10})
    answer = fresh.marketing.post("/v1/scoring/models", broken)
    version = expect(answer, 201).json()["version"]
    preview = fresh.reader.write("/v1/scoring/preview", {"attributes": {"company": "X"}, "model": version})
    assert (preview["fit"], preview["rule_errors"]) == (80, 1)
