"""Contacts: upsert, batches, activities, changes and their versions, merge, search, history, score, decisions."""

import datetime
import math
import uuid

import pytest

from support import funnel, times
from support.client import expect, faults
from support.crowd import at_once


@pytest.fixture(scope="module")
def desk(service):
    return funnel.Desk(service)


def upsert(service, **fields):
    return service.marketing.post("/v1/contacts", {"email": funnel.address(), **fields})


# --- upsert and batches ---------------------------------------------------------------------------


def test_upsert_makes_then_knows(service):
    email = funnel.address()
    made = expect(upsert(service, email=email, attributes={"first_name": "Zoé"}, channel="event"), 201)
    contact = made.json()
    assert (contact["stage"], contact["owner"], contact["channel"], contact["handoff"]) == \
        ("contact", "marketing", "event", None)
    assert made.headers["Location"] == f"/v1/contacts/{contact['id']}"
    known = expect(upsert(service, email=email.upper(), attributes={"city": "Lyon"}, channel="direct"), 200)
    assert known.json()["id"] == contact["id"]
    assert known.json()["attributes"]["first_name"] == "Zoé" and known.json()["attributes"]["city"] == "Lyon"
    assert known.json()["channel"] == "event", "the first channel stays"
    assert known.headers["ETag"] != made.headers["ETag"]
    assert service.reader.read(f"/v1/contacts/{contact['id']}") | {"score": 0} == known.json() | {"score": 0}


@pytest.mark.parametrize("stage", ["contact", "prospect", "lead"])
def test_upsert_may_say_how_far_a_new_contact_is(service, stage):
    contact = expect(upsert(service, stage=stage), 201).json()
    assert contact["stage"] == stage
    lower = expect(upsert(service, email=contact["email"], stage="contact"), 200).json()
    assert lower["stage"] == stage, "never downwards"
    assert list(faults(upsert(service, stage="mql"))) == ["/stage"]


def test_an_upsert_never_empties(service):
    email = funnel.address()
    upsert(service, email=email, attributes={"company": "Kept", "city": "Lyon"})
    contact = expect(upsert(service, email=email, attributes={"company": "", "city": None}), 200).json()
    assert (contact["attributes"]["company"], contact["attributes"]["city"]) == ("Kept", "Lyon")
    contact = expect(upsert(service, email=email, attributes={"company": " ", "industry": " "}), 200).json()
    assert contact["attributes"]["company"] == "Kept" and "industry" not in contact["attributes"]
    changed = service.marketing.change(f"/v1/contacts/{contact['id']}", {"attributes": {"company": " "}})
    assert "company" not in changed["attributes"], "a person who empties it means it"


@pytest.mark.concurrency
def test_upserts_at_once_make_one(service):
    email = funnel.address("crowd")
    answers = at_once(lambda number: service.client("marketing").post(
        "/v1/contacts", {"email": email, "attributes": {f"a{number}": number}}), 8)
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    contact = funnel.contact_of(service.reader, email)
    assert {f"a{number}": number for number in range(8)}.items() <= contact["attributes"].items()


def test_a_batch_answers_for_each(service):
    first, second = funnel.address(), funnel.address()
    answer = service.marketing.write("/v1/contacts/batch", {"contacts": [
        {"email": first, "attributes": {"company_size": 300}},
        {"email": "not an address"},
        {"email": first, "attributes": {"city": "Lyon"}},
        {"email": second, "attributes": {"company_size": "x"}},
        {"email": second},
        "nonsense"]})
    results = answer["results"]
    assert [(result["index"], result["status"]) for result in results] == \
        [(0, 201), (1, 422), (2, 200), (3, 422), (4, 201), (5, 422)]
    assert results[0]["contact_id"] == results[2]["contact_id"]
    assert [fault["pointer"] for fault in results[3]["error"]["errors"]] == ["/attributes/company_size"]
    contact = service.reader.read(f"/v1/contacts/{results[0]['contact_id']}")
    assert contact["attributes"]["company_size"] == 300 and contact["attributes"]["city"] == "Lyon"


def test_a_batch_of_a_thousand_and_no_more(service):
    contacts = [{"email": f"{funnel.unique('bulk')}@example.com"} for _ in range(1001)]
    expect(service.marketing.post("/v1/contacts/batch", {"contacts": contacts}), 422)
    results = service.marketing.write("/v1/contacts/batch", {"contacts": contacts[:1000]})["results"]
    assert [result["index"] for result in results] == list(range(1000))
    assert {result["status"] for result in results} == {201}
    assert len({result["contact_id"] for result in results}) == 1000


# --- activities -----------------------------------------------------------------------------------


def test_one_activity(service):
    email = funnel.address()
    (result,) = service.marketing.write("/v1/activities", {"email": email, "kind": "webinar_attended",
                                                           "properties": {"title": "Cloud", "minutes": 45}})["results"]
    assert (result["index"], result["status"]) == (0, 201)
    contact = service.reader.read(f"/v1/contacts/{result['contact_id']}")
    assert contact["email"] == email and contact["score"]["interest"] == pytest.approx(30, rel=1e-3)
    (activity,) = [item for item in service.reader.pages(f"/v1/contacts/{contact['id']}/timeline")
                   if item["type"] == "activity"]
    assert (activity["id"], activity["kind"], activity["properties"]) == \
        (result["id"], "webinar_attended", {"title": "Cloud", "minutes": 45})


def test_activities_with_ids_are_taken_once(service):
    email = funnel.address()
    activity = {"id": str(uuid.uuid4()), "email": email, "kind": "page_view"}
    answers = [service.marketing.write("/v1/activities", activity)["results"][0] for _ in range(2)]
    assert [answer["status"] for answer in answers] == [201, 200]
    assert answers[0]["id"] == answers[1]["id"] == activity["id"]
    twins = service.marketing.write("/v1/activities", {"activities": [
        dict(activity, id="0199f3a9-11c2-7d3e-a5f6-0a1b2c3d4e99")] * 2})["results"]
    assert [answer["status"] for answer in twins] == [201, 200], "twins in one batch"
    changed = service.marketing.write("/v1/activities", {**activity, "kind": "email_click"})["results"][0]
    assert changed["status"] == 422
    contact = funnel.contact_of(service.reader, email)
    kinds = [item["kind"] for item in service.reader.pages(f"/v1/contacts/{contact['id']}/timeline")
             if item["type"] == "activity"]
    assert kinds == ["page_view", "page_view"]


def test_a_bad_activity_does_not_stop_the_others(service, desk):
    contact = desk.lead()
    results = service.marketing.write("/v1/activities", {"activities": [
        {"contact_id": contact["id"], "kind": "page_view"},
        {"contact_id": str(uuid.uuid4()), "kind": "page_view"},
        {"kind": "page_view"},
        {"email": contact["email"], "contact_id": contact["id"], "kind": "page_view", "offer": "there-is-none"},
        {"email": contact["email"], "kind": "Page View"},
        {"email": contact["email"], "kind": "page_view", "offer": desk.offer["slug"]}]})["results"]
    assert [result["status"] for result in results] == [201, 422, 422, 422, 422, 201]
    told = [[(fault["pointer"], fault["code"]) for fault in result["error"]["errors"]]
            for result in results if result["status"] == 422]
    assert told == [[("/contact_id", "unknown_reference")], [("/email", "required")],
                    [("/email", "required"), ("/offer", "unknown_reference")], [("/kind", "format")]]


def test_an_item_tells_all_its_faults_in_one_shape(service):
    """One activity alone, one of a list, and contacts: pointers are into the item."""
    bad = {"email": "no address", "kind": "Page View", "offer": "there-is-none", "campaign": "nor-this", "surprise": 1,
           "occurred_at": "1999-12-31T23:00:00Z", "properties": {"long": "x" * 20000}}
    pointers = {"/email", "/kind", "/offer", "/campaign", "/surprise", "/occurred_at", "/properties"}
    for body in (bad, {"activities": [bad]}):
        (result,) = service.marketing.write("/v1/activities", body)["results"]
        assert (result["status"], result["id"], result["contact_id"]) == (422, None, None)
        assert {fault["pointer"] for fault in result["error"]["errors"]} == pointers
    (result,) = service.marketing.write("/v1/contacts/batch", {"contacts": [
        {"email": "no address", "attributes": {"company_size": "x"}, "surprise": 1}]})["results"]
    assert (result["status"], result["id"], result["contact_id"]) == (422, None, None)
    assert {fault["pointer"] for fault in result["error"]["errors"]} == {"/email", "/attributes/company_size", "/surprise"}


def test_what_the_store_refuses_names_its_fault(service):
    activity = {"id": str(uuid.uuid4()), "email": funnel.address(), "kind": "page_view"}
    service.marketing.write("/v1/activities", activity)
    (result,) = service.marketing.write("/v1/activities", {**activity, "kind": "email_click"})["results"]
    assert [(fault["pointer"], fault["code"]) for fault in result["error"]["errors"]] == [("/id", "conflict")]
    assert result["error"]["detail"] == result["error"]["errors"][0]["detail"]


def test_historical_input_is_for_administrators_and_opens_nothing(service):
    email = funnel.address()
    body = {"activities": [{"email": email, "kind": "demo_request", "occurred_at": "2024-03-01T10:00:00Z"}],
            "historical": True}
    expect(service.marketing.post("/v1/activities", body), 403)
    (result,) = service.admin.write("/v1/activities", body)["results"]
    contact = service.reader.read(f"/v1/contacts/{result['contact_id']}")
    assert result["status"] == 201 and contact["handoff"] is None
    events = [event for event in funnel.events_after(service.reader, 0) if event["contact_id"] == contact["id"]]
    assert events == [] or all(event["data"].get("historical") for event in events)


def test_the_order_in_which_activities_arrive_does_not_matter(service):
    """The score is defined by the history alone."""
    now = times.utc_now()
    history = [("webinar_attended", 40), ("page_view", 33), ("webinar_attended", 20), ("page_view", 20),
               ("subscription", 12), ("webinar_attended", 3), ("page_view", 1)]
    scores = []
    for order in (history, history[::-1], history[3:] + history[:3]):
        email = funnel.address()
        for kind, days in order:
            at = times.text(now - datetime.timedelta(days=days))
            service.marketing.write("/v1/activities", {"email": email, "kind": kind, "occurred_at": at})
        score = funnel.contact_of(service.reader, email)["score"]
        heat = math.log2(score["interest"]) + times.parse(score["as_of"]).timestamp() / (30 * 86400)
        scores.append((heat, score["grade"], score["decision"]))
    assert scores[0][0] == pytest.approx(scores[1][0], abs=1e-6) and scores[0][0] == pytest.approx(scores[2][0], abs=1e-6)
    assert len({score[1:] for score in scores}) == 1


# --- changes --------------------------------------------------------------------------------------


def test_patch_is_a_merge_patch(service, desk):
    contact = desk.lead(attributes={"first_name": "Zoé", "city": "Lyon", "company_size": 10})
    path = f"/v1/contacts/{contact['id']}"
    changed = service.marketing.change(path, {"attributes": {"city": None, "company_size": 5000}})
    assert "city" not in changed["attributes"] and changed["attributes"]["first_name"] == "Zoé"
    assert changed["attributes"]["company_size"] == 5000 and changed["score"]["fit"] == 30
    again = service.marketing.request("PATCH", path, content='{"attributes": {"city": "Nice"}}',
                                      headers={"Content-Type": "application/merge-patch+json"})
    assert expect(again, 200).json()["attributes"]["city"] == "Nice"
    for field in ({"stage": "mql"}, {"id": contact["id"]}, {"attributes": {"seniority": "vp"}},
                  {"attributes": {"company_size": "x"}}, {"email": None}):
        expect(service.marketing.patch(path, field), 422)


def test_a_change_of_the_address(service, desk):
    contact, other = desk.lead(), desk.lead()
    path = f"/v1/contacts/{contact['id']}"
    new = funnel.address()
    assert service.marketing.change(path, {"email": new.upper()})["email"] == new
    assert funnel.contact_of(service.reader, new)["id"] == contact["id"]
    conflict = expect(service.marketing.patch(path, {"email": other["email"]}), 409).json()
    assert conflict["existing"] == other["id"]
    assert other["email"] not in conflict["detail"], "errors never carry an address"


def test_a_change_of_attributes_may_make_an_mql(service, desk):
    contact = desk.lead()
    assert contact["stage"] == "lead"
    changed = service.marketing.change(f"/v1/contacts/{contact['id']}", {"attributes": funnel.VP})
    assert (changed["stage"], changed["score"]["grade"]) == ("mql", "A2")


def test_versions(service, desk):
    contact = desk.lead()
    path = f"/v1/contacts/{contact['id']}"
    first = service.reader.get(path).headers["ETag"]
    assert service.reader.get(path).headers["ETag"] == first, "reading changes nothing"
    changed = expect(service.marketing.patch(path, {"attributes": {"city": "Lyon"}}, headers={"If-Match": first}), 200)
    second = changed.headers["ETag"]
    assert second != first and service.reader.get(path).headers["ETag"] == second
    expect(service.marketing.patch(path, {"attributes": {"city": "Nice"}}, headers={"If-Match": first}), 412)
    assert service.reader.read(path)["attributes"]["city"] == "Lyon"
    expect(service.marketing.patch(path, {"attributes": {"city": "Nice"}}, headers={"If-Match": "*"}), 200)
    expect(service.marketing.patch(path, {"attributes": {"city": "Lille"}}), 200)


def test_fading_does_not_change_the_version(fresh):
    desk = funnel.Desk(fresh)
    contact = desk.lead(attributes=funnel.VP)
    path = f"/v1/contacts/{contact['id']}"
    before = fresh.reader.get(path)
    fresh.database.move_clock(datetime.timedelta(days=30))
    after = fresh.reader.get(path)
    assert after.headers["ETag"] == before.headers["ETag"]
    assert after.json()["updated_at"] == before.json()["updated_at"]
    then, now = before.json()["score"], after.json()["score"]
    assert now["interest"] == pytest.approx(then["interest"] / 2, rel=1e-3)
    assert now["grade"] == "A3" and now["decision"] == "mql" and after.json()["stage"] == "mql", \
        "no decision and no stage by time alone"


@pytest.mark.concurrency
def test_of_two_changes_to_one_version_one_wins(service, desk):
    contact = desk.lead()
    path = f"/v1/contacts/{contact['id']}"
    version = service.reader.get(path).headers["ETag"]
    answers = at_once(lambda number: service.client("marketing").patch(
        path, {"attributes": {"city": f"city {number}"}}, headers={"If-Match": version}), 6)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 5


# --- merge ----------------------------------------------------------------------------------------


def test_merge(service, desk):
    survivor = desk.lead(attributes={"first_name": "Zoé"})
    duplicate = desk.lead(attributes={"city": "Lyon"})
    desk.submit(duplicate["email"])
    expect(service.marketing.post(f"/v1/contacts/{duplicate['id']}/merge", {"duplicate_of": duplicate["id"]}), 422)
    merged = expect(service.marketing.post(f"/v1/contacts/{duplicate['id']}/merge", {"duplicate_of": survivor["id"]}), 200)
    assert merged.json()["id"] == survivor["id"]
    assert merged.json()["attributes"].items() >= {"first_name": "Zoé", "city": "Lyon"}.items()
    assert merged.json()["score"]["interest"] == pytest.approx(60, rel=1e-3), "of all three submissions, capped at 60"

    old = expect(service.reader.get(f"/v1/contacts/{duplicate['id']}"), 200)
    assert old.json()["id"] == survivor["id"]
    assert old.headers["Content-Location"] == f"/v1/contacts/{survivor['id']}"
    assert funnel.contact_of(service.reader, duplicate["email"])["id"] == survivor["id"]
    submissions = [item for item in service.reader.pages(f"/v1/contacts/{survivor['id']}/timeline")
                   if item["type"] == "submission"]
    assert len(submissions) == 3
    assert len(service.reader.pages("/v1/submissions", contact_id=survivor["id"])) == 3
    # What comes for the old address goes to the survivor.
    desk.submit(duplicate["email"], {"company": "X"})
    assert service.reader.read(f"/v1/contacts/{survivor['id']}")["attributes"]["company"] == "X"
    leads = [lead["id"] for lead in service.reader.pages("/v1/leads", limit=1000)]
    assert survivor["id"] in leads and duplicate["id"] not in leads
    nobody = service.marketing.post(f"/v1/contacts/{survivor['id']}/merge", {"duplicate_of": str(uuid.uuid4())})
    assert nobody.status_code in (404, 422)


def test_a_chain_of_merges(service, desk):
    first, second, third = (desk.lead() for _ in range(3))
    service.marketing.write(f"/v1/contacts/{first['id']}/merge", {"duplicate_of": second["id"]})
    service.marketing.write(f"/v1/contacts/{second['id']}/merge", {"duplicate_of": third["id"]})
    for merged in (first, second):
        answer = expect(service.reader.get(f"/v1/contacts/{merged['id']}"), 200)
        assert answer.json()["id"] == third["id"]
        assert answer.headers["Content-Location"] == f"/v1/contacts/{third['id']}"
        assert funnel.contact_of(service.reader, merged["email"])["id"] == third["id"]
        timeline = service.reader.pages(f"/v1/contacts/{merged['id']}/timeline")
        assert sum(item["type"] == "submission" for item in timeline) == 3
    again = service.marketing.post(f"/v1/contacts/{first['id']}/merge", {"duplicate_of": third["id"]})
    assert again.status_code in (200, 409, 422)


@pytest.mark.concurrency
def test_two_contacts_merged_into_each_other_at_once(service, desk):
    for _ in range(10):
        pair = [desk.lead(), desk.lead()]
        clients = [service.client("marketing") for _ in range(2)]
        answers = at_once(lambda number: clients[number].post(
            f"/v1/contacts/{pair[number]['id']}/merge", {"duplicate_of": pair[1 - number]["id"]}), 2)
        assert all(answer.status_code in (200, 404, 409, 422) for answer in answers), [answer.text for answer in answers]
        assert 200 in [answer.status_code for answer in answers]
        survivors = {service.reader.read(f"/v1/contacts/{one['id']}")["id"] for one in pair}
        assert len(survivors) == 1 and survivors <= {one["id"] for one in pair}


def test_a_merge_takes_the_most_restrictive_consent(service, desk):
    yes = [{"purpose": "marketing_email", "granted": True}]
    no = [{"purpose": "marketing_email", "granted": False}]
    survivor, duplicate = desk.lead(consents=yes), desk.lead(consents=no)
    merged = service.marketing.write(f"/v1/contacts/{duplicate['id']}/merge", {"duplicate_of": survivor["id"]})
    assert merged["may_contact"]["email"] is False


def test_a_merge_of_two_open_handoffs_leaves_one(service, desk):
    (survivor, first), (duplicate, second) = desk.mql(), desk.mql()
    answer = service.marketing.post(f"/v1/contacts/{duplicate['id']}/merge", {"duplicate_of": survivor["id"]})
    if answer.status_code == 409:
        return  # a person closes one of them first: nothing was changed
    expect(answer, 200)
    states = [service.reader.read(f"/v1/handoffs/{handoff['id']}")["closed_at"] for handoff in (first, second)]
    assert states.count(None) == 1


# --- search, history, score -----------------------------------------------------------------------


def test_search(service):
    word = funnel.unique("zyx")
    by_company = upsert(service, attributes={"company": f"Société {word} SA", "last_name": "Œuvrard"}).json()
    by_name = upsert(service, attributes={"first_name": "Zoé", "last_name": f"{word.upper()}"}).json()
    by_address = upsert(service, email=f"{word}@example.com").json()
    upsert(service, attributes={"company": "other"})
    found = {contact["id"] for contact in service.reader.pages("/v1/contacts", q=word)}
    assert found == {by_company["id"], by_name["id"], by_address["id"]}
    assert service.reader.read("/v1/contacts", q=f"{word} nothing like it")["data"] == []
    for text in ("%", "_", "\\", "'", '"', "100%", "a' OR '1'='1", "\\x", "*", "(", "[", "{1,", ")", "***=x", "(?i)", "^$"):
        service.reader.read("/v1/contacts", q=text)
    assert len(service.reader.pages("/v1/contacts", q=word, limit=1)) == 3


def test_search_knows_no_accents(service):
    word = funnel.unique("q")
    made = upsert(service, attributes={"company": f"{word} Œuvre & Straße", "first_name": "Zoé", "last_name": "Lefèvre-Ñandú"}).json()
    upsert(service, attributes={"company": f"{word} other"})
    for text in ("zoe", "ZOÉ", "Zoè", "lefevre", "LEFÈVRE", "nandu", "oeuvre", "ŒUVRE", "strasse", "straße", "Œuvre &", "zoe straße"):
        found = service.reader.read("/v1/contacts", q=f"{word} {text}")["data"]
        assert [one["id"] for one in found] == [made["id"]], text
    for text in ("z.e", "lef", "zoa"):
        found = service.reader.read("/v1/contacts", q=f"{word} {text}")["data"]
        assert (found != []) == (text == "lef"), "as it is written, in parts too"
    assert len(service.reader.read("/v1/contacts", email=made["email"], q="LEFEVRE")["data"]) == 1


def test_by_address(service, desk):
    contact = desk.lead()
    assert [one["id"] for one in service.reader.read("/v1/contacts", email=f" {contact['email'].upper()}")["data"]] == \
        [contact["id"]]
    assert service.reader.read("/v1/contacts", email=funnel.address())["data"] == []
    (pointer,) = faults(service.reader.get("/v1/contacts", params={"email": "nonsense"}))
    assert "email" in pointer


def test_an_unknown_contact_is_404(service):
    unknown = str(uuid.uuid4())
    for path in ("", "/timeline", "/score"):
        expect(service.reader.get(f"/v1/contacts/{unknown}{path}"), 404)
    expect(service.marketing.patch(f"/v1/contacts/{unknown}", {}), 404)
    for path, body in (("merge", {"duplicate_of": str(uuid.uuid4())}), ("decide", {"decision": "stay"}),
                       ("requalify", {"reason": "x"})):
        expect(service.marketing.post(f"/v1/contacts/{unknown}/{path}", body), 404)
    assert service.reader.get("/v1/contacts/not-an-id").status_code in (404, 422)


@pytest.mark.parametrize("activities", [
    [], [("page_view", 0)], [("webinar_attended", 3), ("webinar_attended", 2), ("webinar_attended", 1)],
    [("page_view", day) for day in range(20)], [("demo_request", 90), ("subscription", 1), ("page_view", 1)]])
def test_the_explanation_sums_to_the_score(service, activities):
    """Also when rules reach their maximum, and when time has passed."""
    contact = upsert(service, attributes=funnel.VP).json()
    for kind, days in activities:
        service.marketing.write("/v1/activities", {"email": contact["email"], "kind": kind,
                                                   "occurred_at": times.ago(days=days, seconds=5)})
    explanation = service.reader.read(f"/v1/contacts/{contact['id']}/score")
    for axis in ("fit", "interest"):
        total = sum(line["left"] for line in explanation["lines"] if line["axis"] == axis)
        assert total == pytest.approx(explanation[axis], abs=1e-9)
    assert explanation["contact_id"] == contact["id"] and explanation["rule_errors"] == 0


def test_the_preview_answers_like_the_real_thing(service, desk):
    email = funnel.address()
    now = times.utc_now()
    moments = [times.text(now - datetime.timedelta(days=days)) for days in (9, 4, 1)]
    for kind, at in zip(("page_view", "webinar_attended", "subscription"), moments):
        service.marketing.write("/v1/activities", {"email": email, "kind": kind, "occurred_at": at})
    contact = service.marketing.write("/v1/contacts", {"email": email, "attributes": funnel.VP})
    real = service.reader.read(f"/v1/contacts/{contact['id']}/score")
    preview = service.reader.write("/v1/scoring/preview", {
        "email": email, "attributes": funnel.VP, "as_of": real["as_of"],
        "activities": [{"kind": kind, "occurred_at": at}
                       for kind, at in zip(("page_view", "webinar_attended", "subscription"), moments)]})
    assert preview["contact_id"] is None
    for field in ("fit", "fit_grade", "fit_known", "missing", "interest_grade", "grade", "model", "as_of", "cools_at"):
        assert preview[field] == real[field], field
    assert preview["interest"] == pytest.approx(real["interest"], abs=1e-9)


def test_missing_information_is_not_a_misfit(service):
    contact = upsert(service, attributes={"country": "FR"}).json()
    assert 0 < contact["score"]["fit_known"] < 1
    assert set(contact["score"]["missing"]) >= {"company_size"}


def test_review_is_decided_by_a_person(service, desk):
    def under_review():
        email = funnel.address()
        desk.submit(email)
        contact = desk.lead(email)
        assert contact["score"]["decision"] == "review"
        return contact

    handed = service.marketing.write(f"/v1/contacts/{under_review()['id']}/decide", {"decision": "mql", "note": "I know her"})
    assert (handed["stage"], handed["handoff"]["purpose"], handed["score"]["decision"]) == ("mql", "close", "mql")
    warmed = service.marketing.write(f"/v1/contacts/{under_review()['id']}/decide", {"decision": "stimulate"})
    assert (warmed["stage"], warmed["handoff"]["purpose"]) == ("mql", "stimulate")
    for decision in ("nurture", "stay"):
        left = service.marketing.write(f"/v1/contacts/{under_review()['id']}/decide", {"decision": decision})
        assert (left["stage"], left["handoff"], left["score"]["decision"]) == ("lead", None, decision)
    contact = under_review()
    expect(service.marketing.post(f"/v1/contacts/{contact['id']}/decide", {"decision": "review"}), 422)
    service.marketing.write(f"/v1/contacts/{contact['id']}/decide", {"decision": "nurture"})
    expect(service.marketing.post(f"/v1/contacts/{contact['id']}/decide", {"decision": "mql"}), 409)


def test_requalify(service, desk):
    handoff = desk.handoff_in("rejected")
    contact = service.reader.read(f"/v1/contacts/{handoff['contact_id']}")
    assert contact["stage"] == "disqualified"
    assert desk.lead(contact["email"])["stage"] == "disqualified", "it stays so"
    demo = funnel.Desk(service, kind="demo", journey_step="decision")
    assert demo.lead(contact["email"])["stage"] == "disqualified"
    back = service.marketing.write(f"/v1/contacts/{contact['id']}/requalify", {"reason": "changed jobs"})
    assert back["stage"] == "lead"
    expect(service.marketing.post(f"/v1/contacts/{contact['id']}/requalify", {"reason": "again"}), 409)
    assert demo.lead(contact["email"])["stage"] == "mql"


def test_deals(service, desk):
    contact = desk.lead()
    deal = service.sales.make(f"/v1/contacts/{contact['id']}/deals", {"kind": "new", "amount": 100, "currency": "EUR"})
    assert (deal["contact_id"], deal["amount"], deal["handoff_id"]) == (contact["id"], 100, None)
    assert service.reader.read(f"/v1/contacts/{contact['id']}")["stage"] == "customer"
    service.sales.make(f"/v1/contacts/{contact['id']}/deals", {"kind": "renewal", "amount": 2**53 - 1, "currency": "JPY",
                                                               "won_at": "2024-05-01T00:00:00Z"})
    deals = [item for item in service.reader.pages(f"/v1/contacts/{contact['id']}/timeline") if item["type"] == "deal"]
    assert [item["amount"] for item in deals] == [100, 2**53 - 1]
    rejected = desk.handoff_in("rejected")["contact_id"]
    answer = service.sales.post(f"/v1/contacts/{rejected}/deals", {"kind": "new", "amount": 100, "currency": "EUR"})
    assert "requalify" in expect(answer, 409).json()["detail"], "disqualified stays so"
    assert service.reader.read(f"/v1/contacts/{rejected}")["stage"] == "disqualified"
    for body in ({"kind": "gift", "amount": 1, "currency": "EUR"}, {"kind": "new", "amount": -1, "currency": "EUR"},
                 {"kind": "new", "amount": 1.5, "currency": "EUR"}, {"kind": "new", "amount": 1, "currency": "euro"},
                 {"kind": "new", "amount": 1}):
        expect(service.sales.post(f"/v1/contacts/{contact['id']}/deals", body), 422)


def test_a_new_demand_of_a_customer_is_an_upsell(service, desk):
    handoff = desk.handoff_in("won")
    contact_id = handoff["contact_id"]
    email = service.reader.read(f"/v1/contacts/{contact_id}")["email"]
    demo = funnel.Desk(service, kind="demo", journey_step="decision")
    contact = demo.lead(email)
    assert (contact["stage"], contact["owner"], contact["handoff"]["purpose"], contact["handoff"]["state"]) == \
        ("customer", "sales", "upsell", "open")
    upsell = {"id": contact["handoff"]["id"]}
    for move in ("accept", "attempts", "qualify", "opportunity", "lose"):
        funnel.make_move(service.admin, upsell, move)
        assert service.reader.read(f"/v1/contacts/{contact_id}")["stage"] == "customer"


# --- consent --------------------------------------------------------------------------------------


def test_who_objects_is_not_handed_over(service, desk):
    email = funnel.address()
    contact = upsert(service, email=email, consents=[{"purpose": "marketing_email", "granted": False}]).json()
    assert contact["may_contact"]["email"] is False
    contact = desk.lead(email, funnel.VP)
    assert (contact["stage"], contact["handoff"]) == ("lead", None)
    assert len(service.reader.pages("/v1/submissions", email=email)) == 1, "the form's activity is stored"
    contact = desk.lead(email, consents=[{"purpose": "marketing_email", "granted": True}])
    assert (contact["stage"], contact["may_contact"]["email"]) == ("mql", True), "the form grants consent anew"


def test_who_objects_but_asks_for_a_demo_is_handed_over(service):
    email = funnel.address()
    upsert(service, email=email, consents=[{"purpose": "marketing_email", "granted": False}])
    demo = funnel.Desk(service, kind="demo", journey_step="decision")
    assert demo.lead(email)["stage"] == "mql"


def test_the_record_of_consent_is_kept(service, desk):
    email = funnel.address()
    for granted in (True, False, True):
        contact = desk.lead(email, consents=[{"purpose": "marketing_email", "granted": granted}])
    assert [consent["granted"] for consent in contact["consents"]] == [True]
    record = [item for item in service.reader.pages(f"/v1/contacts/{contact['id']}/timeline")
              if item["type"] == "consent"]
    assert [item["granted"] for item in record] == [True, False, True]
    assert {item["source"] for item in record} == {f"form:{desk.form['slug']}"}
