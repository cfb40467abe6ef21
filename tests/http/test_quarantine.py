"""Protection of forms and the quarantine: what each rule suspects, that nobody is told, and what a person does with it."""

import datetime
import uuid

import pytest

from support import funnel, paths, times
from support.client import Client, expect, faults
from support.crowd import at_once
from support.waiting import wait_until

FAR = {"at_least": "PT0S", "at_most": "P1D"}
MESSAGE = "We rank your web site first on every search engine, ask us how."


def path_of(form):
    return f"/v1/forms/{form['slug']}/submissions"


def form_with(service, **protection):
    offer = funnel.make_offer(service.admin, url="https://www.example.com/guide.pdf")
    return funnel.make_form(service.admin, open=True, offer=offer["slug"], protection=protection)


def token_of(service, form, instance=0):
    return Client(service.servers[instance].url).read(f"/v1/forms/{form['slug']}/token")["token"]


def entries(service, form, **filters):
    return service.reader.pages("/v1/quarantine", form=form["slug"], **filters)


def reasons(service, form, email):
    """Of the address's entry; empty when it came through."""
    found = [entry["reasons"] for entry in entries(service, form) if entry["email"] == email]
    assert len(found) <= 1
    assert bool(found) != bool(funnel.contact_of(service.reader, email)), "either set aside or a contact"
    return found[0] if found else []


def as_json(service, form, email, attributes=None, token=None):
    body = {"email": email, "attributes": attributes or {}}
    if token is not None:
        body["form_token"] = token
    return expect(service.nobody.post(path_of(form), body), 201)


def as_html(service, form, email, attributes=None, token=None):
    fields = {"email": email, **(attributes or {})}
    if token is not None:
        fields["form_token"] = token
    return expect(service.nobody.post(path_of(form), data=fields), 303)


def as_multipart(service, form, email, attributes=None, token=None):
    fields = {"email": email, **(attributes or {})}
    if token is not None:
        fields["form_token"] = token
    return expect(service.nobody.post(path_of(form), data=fields, files={"cv": ("x.txt", b"x", "text/plain")}), 303)


WAYS = pytest.mark.parametrize("send", [as_json, as_html, as_multipart])


# --- the rules ------------------------------------------------------------------------------------


@WAYS
def test_a_filled_honeypot_is_set_aside(service, send):
    form = form_with(service, honeypot="fax_number")
    robot, person, blank = (funnel.address(name) for name in ("robot", "person", "blank"))
    send(service, form, robot, {"fax_number": "555", "first_name": "Bot"})
    send(service, form, person, {"first_name": "Zoé"})
    send(service, form, blank, {"fax_number": "  ", "first_name": "Zoé"})
    assert reasons(service, form, robot) == ["honeypot"]
    assert reasons(service, form, person) == reasons(service, form, blank) == []
    (entry,) = entries(service, form)
    assert entry["attributes"] == {"first_name": "Bot"}, "the honeypot's value is kept nowhere"
    assert "fax_number" not in funnel.contact_of(service.reader, blank)["attributes"]


def test_a_honeypot_of_no_name_is_homepage(service):
    form = form_with(service, honeypot=True)
    twice = funnel.address("twice")
    expect(service.nobody.post(path_of(form), data={"email": twice, "homepage": ["x", ""]}), 303)
    assert reasons(service, form, twice) == ["honeypot"]
    beside, among = funnel.address("beside"), funnel.address("among")
    expect(service.nobody.post(path_of(form), {"email": beside, "homepage": "https://spam.example"}), 201)
    expect(service.nobody.post(path_of(form), {"email": among, "attributes": {"homepage": 7}}), 201)
    assert reasons(service, form, beside) == reasons(service, form, among) == ["honeypot"]
    calm = funnel.address("calm")
    expect(service.nobody.post(path_of(form), {"email": calm, "homepage": "", "attributes": {"homepage": None}}), 201)
    assert reasons(service, form, calm) == []


@WAYS
def test_a_form_token_tells_pages_from_robots(service, send):
    form, other = form_with(service, token=FAR), form_with(service, token=FAR)
    good, none, junk, foreign, again = (funnel.address(name) for name in ("good", "none", "junk", "foreign", "again"))
    token = token_of(service, form)
    send(service, form, good, token=token)
    send(service, form, none)
    send(service, form, junk, token="A" * 64)
    send(service, form, foreign, token=token_of(service, other))
    send(service, form, again, token=token)
    assert reasons(service, form, good) == []
    assert reasons(service, form, none) == ["token_missing"]
    assert reasons(service, form, junk) == reasons(service, form, foreign) == ["token_invalid"]
    assert reasons(service, form, again) == ["token_used"]


@WAYS
def test_too_fast_for_a_person(service, send):
    form = form_with(service, token={"at_least": "PT10M"})
    email = funnel.address("fast")
    send(service, form, email, token=token_of(service, form))
    assert reasons(service, form, email) == ["token_too_fast"]


@WAYS
def test_the_same_address_again_and_again(service, send):
    form = form_with(service, repeats={"more_than": 2, "within": "PT1H"})
    email = funnel.address("again")
    for number in range(4):
        send(service, form, email, {"first_name": f"Zoé {number}"})
    assert [entry["reasons"] for entry in entries(service, form)] == [["repeated_address"]] * 2
    assert len(service.reader.pages("/v1/submissions", email=email)) == 2
    other = form_with(service, repeats={"more_than": 2, "within": "PT1H"})
    send(service, other, email)
    assert entries(service, other) == [], "another form counts for itself"


@WAYS
def test_the_same_message_from_many_addresses(service, send):
    form = form_with(service, repeats={"more_than": 2, "within": "PT1H"})
    for number in range(5):
        send(service, form, funnel.address(f"robot{number}"), {"first_name": f"Bot {number}", "message": MESSAGE})
        send(service, form, funnel.address(f"person{number}"), {"company": "Exemple Industrie", "country": "FR"})
    assert [entry["reasons"] for entry in entries(service, form)] == [["repeated_content"]] * 3


@WAYS
def test_disposable_addresses(service, send):
    form = form_with(service, disposable=True)
    kept, thrown = funnel.address("kept"), f"{funnel.unique('thrown')}@mailinator.com"
    send(service, form, kept)
    send(service, form, thrown)
    assert reasons(service, form, kept) == []
    assert reasons(service, form, thrown) == ["disposable_address"]


def test_all_reasons_are_told_in_their_order(service):
    form = form_with(service, honeypot=True, token=True, disposable=True, repeats={"more_than": 1, "within": "PT1H"})
    email = f"{funnel.unique('all')}@mailinator.com"
    for _ in range(2):
        as_json(service, form, email, {"homepage": "x", "message": MESSAGE})
    last, first = entries(service, form)
    assert first["reasons"] == ["honeypot", "token_missing", "disposable_address"]
    assert last["reasons"] == ["honeypot", "token_missing", "repeated_address", "repeated_content", "disposable_address"]


def test_a_form_without_protection_sets_nothing_aside(service):
    form = form_with(service)
    assert form["protection"] == {"honeypot": False, "token": False, "disposable": False, "repeats": False}
    email = f"{funnel.unique('plain')}@mailinator.com"
    for _ in range(5):
        as_json(service, form, email, {"homepage": "https://x.example", "message": MESSAGE}, token="nonsense")
    assert entries(service, form) == [] and funnel.contact_of(service.reader, email)["attributes"]["homepage"]
    assert len(service.reader.pages("/v1/submissions", email=email)) == 5


def test_robots_that_leave_their_address(service):
    """As those do whose domains are in a public list: the field for a home page, which nobody sees, is filled in."""
    source = paths.ROOT.parent / "shared/data/spam-bots/spammers.txt"
    if not source.exists():
        pytest.skip(f"{source} is not there")
    domains = [line for line in source.read_text(encoding="utf-8").split() if line.isascii()][::25]
    form = form_with(service, honeypot=True)
    for number, domain in enumerate(domains):
        as_html(service, form, f"robot{number}@{domain}", {"homepage": f"http://{domain}/", "first_name": domain})
    assert len(domains) > 50 and len(entries(service, form, reason="honeypot")) == len(domains)
    assert service.reader.pages("/v1/submissions", form=form["slug"]) == []


# --- nobody is told -------------------------------------------------------------------------------


def test_the_answer_is_that_of_any_submission(service):
    form = form_with(service, honeypot=True)
    trusted = as_json(service, form, funnel.address())
    suspect = as_json(service, form, funnel.address(), {"homepage": "x"})
    assert set(trusted.headers) == set(suspect.headers)
    assert set(trusted.json()) == set(suspect.json())
    assert trusted.json()["offer_url"] == suspect.json()["offer_url"] == "https://www.example.com/guide.pdf"
    pages = [as_html(service, form, funnel.address(), fields) for fields in ({}, {"homepage": "x"})]
    assert pages[0].headers["Location"] == pages[1].headers["Location"] and pages[0].text == pages[1].text
    away = funnel.make_form(service.admin, open=True, redirect_url="https://www.example.com/merci",
                            protection={"honeypot": True})
    for fields in ({}, {"homepage": "x"}):
        answer = service.nobody.post(path_of(away), data={"email": funnel.address(), **fields})
        assert expect(answer, 303).headers["Location"] == "https://www.example.com/merci"


def test_what_is_set_aside_is_outside_of_everything(service):
    form = form_with(service, honeypot=True)
    status = service.reader.read("/v1/sla/status")["first_contact"]["running"]
    after = service.reader.read("/v1/events", limit=1)["last"]
    email = funnel.address()
    receipt = as_json(service, form, email, {**funnel.VP, "homepage": "x"}).json()
    known = funnel.Desk(service).lead()  # something that the feed tells for sure
    told = wait_until(lambda: (found := funnel.events_after(service.reader, after)) and
                      any(event["contact_id"] == known["id"] for event in found) and found, what="the feed")
    assert all(event["data"].get("submission_id") != receipt["id"] for event in told)
    assert funnel.contact_of(service.reader, email) is None
    assert service.reader.pages("/v1/submissions", form=form["slug"]) == []
    expect(service.reader.get(f"/v1/submissions/{receipt['id']}"), 404)
    assert service.reader.read("/v1/sla/status")["first_contact"]["running"] == status
    (entry,) = entries(service, form)
    assert (entry["submission_id"], entry["received_at"], entry["state"]) == (receipt["id"], receipt["received_at"], "held")


def test_a_known_contact_is_left_alone(service):
    form = form_with(service, honeypot=True)
    email = funnel.address()
    as_json(service, form, email, {"first_name": "Zoé"})
    before = funnel.contact_of(service.reader, email)
    expect(service.nobody.post(path_of(form), {"email": email, "attributes": {"company": "Spam", "homepage": "x"},
                                               "consents": [{"purpose": "marketing_email", "granted": True}]}), 201)
    after = funnel.contact_of(service.reader, email)
    assert (after["attributes"], after["consents"], after["updated_at"]) == \
        (before["attributes"], before["consents"], before["updated_at"])


# --- the same id is the same submission -----------------------------------------------------------


def test_an_id_is_answered_alike_before_and_after(service):
    form = form_with(service, honeypot=True)
    body = {"id": str(uuid.uuid4()), "email": funnel.address(), "attributes": {"homepage": "x", "first_name": "Zoé"}}
    first = expect(service.nobody.post(path_of(form), body), 201)
    assert "Idempotency-Replayed" not in first.headers

    def again():
        answer = expect(service.nobody.post(path_of(form), body), 201)
        assert answer.json() == first.json() and answer.headers["Idempotency-Replayed"] == "true"
        assert faults(service.nobody.post(path_of(form), {**body, "attributes": {"first_name": "Zoé"}})) == {"/id": "taken"}

    again()
    (entry,) = entries(service, form)
    service.marketing.write(f"/v1/quarantine/{entry['id']}/release")
    again()
    assert len(service.reader.pages("/v1/submissions", email=body["email"])) == 1
    body = {**body, "id": str(uuid.uuid4())}
    first = expect(service.nobody.post(path_of(form), body), 201)
    (held,) = entries(service, form, state="held")
    service.marketing.write(f"/v1/quarantine/{held['id']}/purge")
    again()
    assert len(entries(service, form)) == 2


def test_an_idempotency_key_of_a_suspect(service):
    form = form_with(service, honeypot=True)
    body, headers = {"email": funnel.address(), "attributes": {"homepage": "x"}}, {"Idempotency-Key": funnel.unique("try")}
    first = expect(service.publishable.post(path_of(form), body, headers=headers), 201)
    again = expect(service.publishable.post(path_of(form), body, headers=headers), 201)
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    expect(service.publishable.post(path_of(form), {"email": body["email"]}, headers=headers), 422)
    assert len(entries(service, form)) == 1


def test_a_repeat_does_not_need_another_token(service):
    form = form_with(service, token=FAR)
    body = {"id": str(uuid.uuid4()), "email": funnel.address(), "form_token": token_of(service, form)}
    first = expect(service.nobody.post(path_of(form), body), 201)
    again = expect(service.nobody.post(path_of(form), body), 201)
    fresh = expect(service.nobody.post(path_of(form), {**body, "form_token": token_of(service, form)}), 201)
    assert first.json() == again.json() == fresh.json()
    assert again.headers["Idempotency-Replayed"] == fresh.headers["Idempotency-Replayed"] == "true"
    assert reasons(service, form, body["email"]) == []


@pytest.mark.concurrency
def test_the_same_suspect_id_sent_at_once_is_kept_once(service):
    form = form_with(service, honeypot=True)
    body = {"id": str(uuid.uuid4()), "email": funnel.address(), "attributes": {"homepage": "x"}}
    answers = at_once(lambda _: Client(service.url).post(path_of(form), body), 12)
    assert {answer.status_code for answer in answers} == {201} and len({answer.text for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert len(entries(service, form)) == 1


@pytest.mark.concurrency
def test_a_token_serves_one_submission_of_two_instances(make_service):
    pair = make_service(instances=2)
    try:
        pair.start()
        form = form_with(pair, token=FAR)
        for _ in range(5):
            token = token_of(pair, form)
            bodies = [{"email": funnel.address(f"n{number}"), "form_token": token} for number in range(8)]
            answers = at_once(lambda number: Client(pair.servers[number % 2].url).post(path_of(form), bodies[number]), 8)
            assert {answer.status_code for answer in answers} == {201}
            through = [body for body in bodies if funnel.contact_of(pair.reader, body["email"])]
            assert len(through) == 1, "one page, one submission"
        assert [entry["reasons"] for entry in entries(pair, form)] == [["token_used"]] * 35
        elsewhere = funnel.address("elsewhere")  # made by one instance, taken by the other
        pair.client(instance=1).make(path_of(form), {"email": elsewhere, "form_token": token_of(pair, form, 0)})
        assert reasons(pair, form, elsewhere) == []
        pair.stop()
    finally:
        pair.end()
        pair.database.drop()


# --- form tokens ----------------------------------------------------------------------------------


def test_who_may_submit_may_have_a_token(service):
    form = funnel.make_form(service.admin, allowed_origins=["https://www.example.com"])
    path = f"/v1/forms/{form['slug']}/token"
    expect(service.nobody.get(path), 401)
    expect(service.reader.get(path), 403)
    answer = expect(service.publishable.get(path, headers={"Origin": "https://www.example.com"}), 200)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://www.example.com"
    assert answer.headers["Cache-Control"] == "no-store"
    elsewhere = expect(service.publishable.get(path, headers={"Origin": "https://evil.example"}), 200)
    assert "Access-Control-Allow-Origin" not in elsewhere.headers
    expect(service.nobody.get("/v1/forms/none/token"), 404)
    service.admin.change(f"/v1/forms/{form['slug']}", {"open": True})
    first, second = (service.nobody.read(path) for _ in range(2))
    assert first["token"] != second["token"] and first["field"] == "form_token"
    assert times.seconds(first["good_from"], first["good_until"]) == 86400 - 2


def test_the_preflight_of_a_token(service):
    form = funnel.make_form(service.admin, open=True, allowed_origins=["https://www.example.com"])
    answer = service.nobody.request("OPTIONS", f"/v1/forms/{form['slug']}/token", headers={
        "Origin": "https://www.example.com", "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization"})
    assert expect(answer, 204).headers["Access-Control-Allow-Methods"] == "GET"
    assert answer.headers["Access-Control-Allow-Origin"] == "https://www.example.com"


def test_another_secret_signs_and_the_old_one_still_counts(fresh):
    form = form_with(fresh, token=FAR)
    before = token_of(fresh, form)
    fresh.database.execute(
        "INSERT INTO catalog_entry SELECT gen_random_uuid(), kind, gen_random_uuid()::text, "
        "json_build_object('secret', repeat('ab', 32)), 1, relais_now() + interval '1 second', relais_now() "
        "FROM catalog_entry WHERE kind = 'form_secret'")
    fresh.database.execute("UPDATE catalog_head SET version = version + 1")
    old, new, lost = (funnel.address(name) for name in ("old", "new", "lost"))
    as_json(fresh, form, old, token=before)
    after = token_of(fresh, form)
    as_json(fresh, form, new, token=after)
    assert reasons(fresh, form, old) == reasons(fresh, form, new) == []
    fresh.database.execute("DELETE FROM catalog_entry WHERE kind = 'form_secret' AND body->>'secret' = repeat('ab', 32)")
    fresh.database.execute("UPDATE catalog_head SET version = version + 1")
    as_json(fresh, form, lost, token=after)
    assert reasons(fresh, form, lost) == ["token_invalid"]


# --- release and purge ----------------------------------------------------------------------------


def test_release_makes_the_submission_that_it_would_have_been(service):
    form = form_with(service, honeypot=True)
    email = funnel.address()
    receipt = expect(service.nobody.post(path_of(form), {
        "email": email, "attributes": {**funnel.VP, "homepage": "x"}, "consents": [{"purpose": "marketing_email", "granted": True}],
        "context": {"utm_medium": "email", "utm_source": "newsletter"}, "occurred_at": times.ago(hours=2)}), 201).json()
    (entry,) = entries(service, form)
    member = funnel.make_member(service.admin, team="marketing")
    after = service.reader.read("/v1/events", limit=1)["last"]
    released = service.marketing.write(f"/v1/quarantine/{entry['id']}/release", {"member": member["id"]})
    contact = funnel.contact_of(service.reader, email)
    assert released["state"] == "released" and released["contact_id"] == contact["id"]
    assert released["settled_by"] == f"member:{member['id']}" and released["settled_at"] >= entry["received_at"]
    assert released["reasons"] == ["honeypot"] and released["email"] is None and released["attributes"] is None
    assert (contact["stage"], contact["channel"], contact["score"]["grade"]) == ("mql", "email", "A2")
    assert contact["may_contact"]["email"] is True and contact["attributes"]["job_title"] == "VP IT"
    (stored,) = service.reader.pages("/v1/submissions", email=email)
    assert (stored["id"], stored["received_at"]) == (receipt["id"], receipt["received_at"])
    assert stored["occurred_at"] == entry["occurred_at"] and stored["attributes"] == funnel.VP
    assert stored["context"] == {"utm_medium": "email", "utm_source": "newsletter"}
    handoff = service.reader.read(f"/v1/handoffs/{contact['handoff']['id']}")
    (clock,) = handoff["clocks"]
    assert clock["started_at"] == released["settled_at"] == handoff["opened_at"], "the clock starts with the release"
    told = wait_until(lambda: [event for event in funnel.events_after(service.reader, after)
                               if event["data"].get("submission_id") == receipt["id"]], what="the feed")
    assert len(told) == 1 and told[0]["data"]["contact_created"] is True


@WAYS
def test_release_of_what_any_form_sent(service, send):
    form = form_with(service, honeypot=True)
    email = funnel.address()
    send(service, form, email, {"first_name": "Zoé", "company_size": 5000, "homepage": "x"})
    (entry,) = entries(service, form)
    service.marketing.write(f"/v1/quarantine/{entry['id']}/release")
    attributes = funnel.contact_of(service.reader, email)["attributes"]
    assert (attributes["first_name"], attributes["company_size"]) == ("Zoé", 5000) and "homepage" not in attributes


def test_a_body_that_fits_no_more_waits_until_it_does(fresh):
    """As a spool hands it in after the database was away: the bytes that came, and their Content-Type."""
    form = funnel.make_form(fresh.admin, open=True, required=["email", "company"])
    cases = [("application/json", '{"email": "%s", "attributes": {"first_name": "Zoé"}, "occurred_at": "2020-01-01T00:00:00Z"}'),
             ("application/x-www-form-urlencoded", "email=%s&first_name=Zo%%C3%%A9")]
    for content_type, body in cases:
        email, entry, submission = funnel.address(), str(uuid.uuid4()), str(uuid.uuid4())
        body = body % email
        fresh.database.execute(
            "INSERT INTO quarantine (quarantine_id, submission_id, form, state, reasons, raw, raw_type, occurred_at, received_at) "
            "VALUES (%s, %s, %s, 'held', '{invalid_at_drain}', %s, %s, relais_now(), relais_now())",
            entry, submission, form["slug"], body.encode(), content_type)
        fresh.database.execute(
            "INSERT INTO activity_key SELECT submission_id, form, NULL, occurred_at, received_at, '' FROM quarantine "
            "WHERE quarantine_id = %s", entry)
        shown = fresh.reader.read(f"/v1/quarantine/{entry}")
        assert (shown["body"], shown["content_type"], shown["attributes"]) == (body, content_type, None)
        path = f"/v1/quarantine/{entry}/release"
        assert "/attributes/company" in faults(fresh.marketing.post(path))
        assert fresh.reader.read(f"/v1/quarantine/{entry}") == shown
        fresh.admin.change(f"/v1/forms/{form['slug']}", {"required": ["email"]})
        assert fresh.marketing.write(path)["state"] == "released"
        fresh.admin.change(f"/v1/forms/{form['slug']}", {"required": ["email", "company"]})
        (stored,) = fresh.reader.pages("/v1/submissions", email=email)
        assert stored["id"] == submission and stored["attributes"] == {"first_name": "Zoé"}
        assert (stored["received_at"], stored["occurred_at"]) == (shown["received_at"], shown["occurred_at"])


def test_release_does_not_overwrite_what_was_said_since(service):
    form = form_with(service, honeypot=True)
    email = funnel.address()
    as_json(service, form, email, {"first_name": "Zoe", "company": "Old", "homepage": "x"})
    as_json(service, form, email, {"first_name": "Zoé"})
    (entry,) = entries(service, form)
    service.marketing.write(f"/v1/quarantine/{entry['id']}/release")
    attributes = funnel.contact_of(service.reader, email)["attributes"]
    assert (attributes["first_name"], attributes["company"]) == ("Zoé", "Old")


def test_release_once_more_changes_nothing(service):
    form = form_with(service, honeypot=True)
    email = funnel.address()
    as_json(service, form, email, {"homepage": "x"})
    (entry,) = entries(service, form)
    path = f"/v1/quarantine/{entry['id']}"
    first = service.marketing.write(f"{path}/release")
    assert service.admin.write(f"{path}/release") == first, "who released it first stays"
    assert len(service.reader.pages("/v1/submissions", email=email)) == 1
    expect(service.marketing.post(f"{path}/purge"), 409)
    assert service.reader.read(path) == first


@pytest.mark.concurrency
def test_one_of_many_releases_and_purges_counts(service):
    form = form_with(service, honeypot=True)
    for _ in range(5):
        email = funnel.address()
        as_json(service, form, email, {"homepage": "x"})
        (entry,) = entries(service, form, state="held")
        moves = ["release", "purge"] * 6
        answers = at_once(lambda number: Client(service.url, service.keys["marketing"]).post(
            f"/v1/quarantine/{entry['id']}/{moves[number]}"), len(moves))
        settled = service.reader.read(f"/v1/quarantine/{entry['id']}")
        won = {"released": "release", "purged": "purge"}[settled["state"]]
        assert [answer.status_code for answer in answers] == [200 if move == won else 409 for move in moves]
        assert all(answer.json() == settled for answer in answers if answer.status_code == 200)
        assert len(service.reader.pages("/v1/submissions", email=email) if won == "release" else [1]) == 1
        assert (funnel.contact_of(service.reader, email) is not None) == (won == "release")


def test_an_idempotency_key_of_a_release(service):
    form = form_with(service, honeypot=True)
    as_json(service, form, funnel.address(), {"homepage": "x"})
    (entry,) = entries(service, form)
    path, headers = f"/v1/quarantine/{entry['id']}/release", {"Idempotency-Key": funnel.unique("release")}
    first = expect(service.marketing.post(path, {}, headers=headers), 200)
    again = expect(service.marketing.post(path, {}, headers=headers), 200)
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    expect(service.marketing.post(path, {"member": None}, headers=headers), 422)


def test_purge_takes_what_was_said_and_leaves_why(service):
    form = form_with(service, honeypot=True)
    email = funnel.address("secret")
    as_json(service, form, email, {"first_name": "Geheimnis", "homepage": "x"})
    (entry,) = entries(service, form)
    purged = service.marketing.write(f"/v1/quarantine/{entry['id']}/purge")
    said = ("email", "attributes", "ignored", "consents", "context", "channel", "body", "content_type")
    assert {purged[name] for name in said} == {None}
    assert (purged["state"], purged["reasons"], purged["contact_id"]) == ("purged", ["honeypot"], None)
    assert service.marketing.write(f"/v1/quarantine/{entry['id']}/purge") == purged
    expect(service.marketing.post(f"/v1/quarantine/{entry['id']}/release"), 409)
    rows = service.database.rows("SELECT q::text FROM quarantine q UNION ALL SELECT k::text FROM activity_key k "
                                 "UNION ALL SELECT i::text FROM email_identity i")
    assert not any("secret" in row[0] or "Geheimnis" in row[0] for row in rows)
    counts = service.reader.read("/v1/quarantine/counts", form=form["slug"])
    assert (counts["held"], counts["purged"]) == (0, 1)
    assert [reason for reason in counts["reasons"] if reason["purged"]] == \
        [{"reason": "honeypot", "held": 0, "released": 0, "purged": 1}]


def test_what_nobody_looks_at_is_purged_in_time(fresh):
    form = form_with(fresh, honeypot=True, token=FAR, repeats=True)
    as_json(fresh, form, funnel.address(), {"homepage": "x"}, token=token_of(fresh, form))
    (entry,) = entries(fresh, form)
    fresh.database.move_clock(datetime.timedelta(days=31))
    fresh.server.stop()
    fresh.server.start()
    purged = wait_until(lambda: (now := fresh.reader.read(f"/v1/quarantine/{entry['id']}"))["state"] == "purged" and now,
                        what="the purge")
    assert purged["settled_by"] == "system" and purged["email"] is None
    wait_until(lambda: fresh.database.rows("SELECT FROM form_token_used UNION ALL SELECT FROM form_trace") == [],
               what="tokens and traces forgotten")


# --- lists ----------------------------------------------------------------------------------------


def test_lists_and_their_filters(service):
    form = form_with(service, honeypot=True, disposable=True)
    emails = [f"{funnel.unique(f'n{number}')}@{'mailinator.com' if number % 2 else 'example.com'}" for number in range(6)]
    for email in emails:
        as_json(service, form, email, {"homepage": "x"})
    everything = entries(service, form)
    assert [entry["email"] for entry in everything] == emails[::-1]
    assert entries(service, form, limit=2) == everything
    both = entries(service, form, reason="disposable_address,token_used", limit=2)
    assert [entry["email"] for entry in both] == emails[5::-2]
    service.marketing.write(f"/v1/quarantine/{everything[0]['id']}/purge")
    assert len(entries(service, form, state="held")) == 5
    assert len(entries(service, form, state="purged,released")) == 1
    assert service.reader.read("/v1/quarantine", form="none")["data"] == []
    assert set(faults(service.reader.get("/v1/quarantine?reason=ugly&state=new"))) == {"?reason", "?state"}
    assert set(faults(service.reader.get("/v1/quarantine?cursor=x"))) == {"?cursor"}
    expect(service.reader.get(f"/v1/quarantine/{uuid.uuid4()}"), 404)
    for move in ("release", "purge"):
        expect(service.marketing.post(f"/v1/quarantine/{uuid.uuid4()}/{move}"), 404)
        expect(service.reader.post(f"/v1/quarantine/{everything[1]['id']}/{move}"), 403)


def test_metrics_count_reasons(fresh):
    form = form_with(fresh, honeypot=True, token=True)
    as_json(fresh, form, funnel.address(), {"homepage": "x"})
    as_json(fresh, form, funnel.address())
    lines = fresh.nobody.get("/metrics").text.splitlines()
    assert "relais_submissions_quarantined_total 2" in lines
    assert 'relais_submission_suspicions_total{reason="honeypot"} 1' in lines
    assert 'relais_submission_suspicions_total{reason="token_missing"} 2' in lines


# --- the setting ----------------------------------------------------------------------------------


def test_a_forms_protection_is_shown_as_it_was_set(service):
    form = form_with(service, honeypot="fax_number", token={"at_least": "PT5S"}, repeats={"more_than": 9})
    assert form["protection"] == {"honeypot": "fax_number", "token": {"at_least": "PT5S", "at_most": "P1D"},
                                  "disposable": False, "repeats": {"more_than": 9, "within": "PT1H"}}
    changed = service.admin.change(f"/v1/forms/{form['slug']}", {"protection": {"honeypot": None, "disposable": True,
                                                                                "repeats": {"within": "PT5M"}}})
    assert changed["protection"] == {"honeypot": False, "token": {"at_least": "PT5S", "at_most": "P1D"},
                                     "disposable": True, "repeats": {"more_than": 9, "within": "PT5M"}}
    assert service.admin.change(f"/v1/forms/{form['slug']}", {"protection": None})["protection"] == \
        {"honeypot": False, "token": False, "disposable": False, "repeats": False}


@pytest.mark.parametrize("protection, wrong", [
    ({"honeypot": "Fax Number"}, {"/protection/honeypot": "format"}),
    ({"honeypot": 1}, {"/protection/honeypot": "type"}),
    ({"honeypot": "company"}, {"/protection/honeypot": "reserved"}),
    ({"honeypot": "email"}, {"/protection/honeypot": "reserved"}),
    ({"honeypot": "theirs"}, {"/protection/honeypot": "reserved"}),
    ({"honeypot": "needed"}, {"/protection/honeypot": "reserved"}),
    ({"honeypot": "consent_phone"}, {"/protection/honeypot": "reserved"}),
    ({"token": "yes"}, {"/protection/token": "type"}),
    ({"token": {"at_least": "PT11M"}}, {"/protection/token/at_least": "range"}),
    ({"token": {"at_least": "PT5M", "at_most": "PT5M"}}, {"/protection/token/at_most": "order"}),
    ({"token": {"at_most": "P31D"}}, {"/protection/token/at_most": "range"}),
    ({"token": {"never": 1}}, {"/protection/token/never": "unknown"}),
    ({"disposable": "no"}, {"/protection/disposable": "type"}),
    ({"repeats": {"more_than": 0, "within": "P2D"}}, {"/protection/repeats/more_than": "range",
                                                      "/protection/repeats/within": "range"}),
    ({"captcha": True}, {"/protection/captcha": "unknown"}),
    ([], {"/protection": "type"}),
])
def test_a_protection_that_cannot_be(service, protection, wrong):
    body = {"slug": funnel.unique("form"), "name": "F", "required": ["email", "needed"], "fields": {"theirs": "city"},
            "protection": protection}
    assert faults(service.admin.post("/v1/forms", body)) == wrong
