"""People are told: by mail as they chose and when they work, and in their team's chat; each thing once."""

import datetime
import email
import email.policy
import re
import zoneinfo

import pytest

from support import certificates, funnel, server as server_module, times
from support.chatroom import Chatroom
from support.client import expect, faults
from support.mailbox import Mailbox
from support.postgres import free_port
from support.waiting import wait_until

BASE_URL = "https://relais.example.com"
ALWAYS = {"from": "00:00", "to": "24:00",
          "days": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]}


def quiet(hours="09:00"):
    return {**ALWAYS, "from": hours, "to": "17:00"}


@pytest.fixture(scope="module")
def mailbox():
    made = Mailbox().start()
    yield made
    made.stop()


def settings(mailbox):
    return {**mailbox.settings, "RELAIS_BASE_URL": BASE_URL}


def run(service):
    try:
        yield service.start()
        service.stop()
    finally:
        service.end()
        service.database.drop()


@pytest.fixture(scope="module")
def service(make_service, mailbox):
    yield from run(make_service(env=settings(mailbox)))


@pytest.fixture
def fresh(make_service, mailbox):
    yield from run(make_service(env=settings(mailbox)))


@pytest.fixture(scope="module")
def desk(service):
    return funnel.Desk(service)


@pytest.fixture
def member(service):
    """member(**fields): somebody with an address who is told whatever the hour; nobody any more when the test ends."""
    made = []

    def make(**fields):
        made.append(make_member(service, **fields))
        return made[-1]

    yield make
    for one in made:
        service.admin.change(f"/v1/members/{one['id']}", {"active": False})


def make_member(service, **fields):
    return funnel.make_member(service.admin, **{"email": funnel.address("rep"), "working_hours": ALWAYS, **fields})


def zone_where(service, hour):
    """A time zone in which it is this hour now."""
    now = service.database.now().astimezone(datetime.timezone.utc)
    offset = (hour - now.hour + 12) % 24 - 12
    return "Etc/GMT" if offset == 0 else f"Etc/GMT{-offset:+d}"


def move(service, **delta):
    """The clock goes on by that much."""
    service.database.pass_time(datetime.timedelta(**delta))


def notifications(service, member=None, **filters):
    if member is not None:
        filters["member"] = member["id"]
    return service.reader.pages("/v1/notifications", **filters)


def wait_notifications(service, member, count, **filters):
    return wait_until(lambda: (lambda found: found if len(found) >= count else None)(
        notifications(service, member, **filters)), what=f"{count} notifications")


def wait_danger(service, count):
    """Until so many commitments have been found to be in danger."""
    wait_until(lambda: service.database.value("SELECT count(*) FROM commitment_alert WHERE in_danger_since IS NOT NULL") == count,
               what=f"{count} in danger")


def handoffs_in(letter):
    """The handoffs that a mail links to, in its order."""
    return re.findall(re.escape(BASE_URL) + r"/#/handoffs/([0-9a-f-]{36})", letter.text)


# --- at once --------------------------------------------------------------------------------------


def test_a_mail_says_what_its_reader_needs(service, desk, mailbox, member):
    rep = member(name="Zoé L’Hermitte", time_zone="Europe/Paris")
    contact, handoff = desk.mql()
    (letter,) = mailbox.wait(rep["email"])
    assert letter.subject == "Nouveau MQL\u00a0: Claire Lemoine, Exemple Industrie"
    assert letter.sender == "relais@example.com" and letter.message["From"] == "Relais <relais@example.com>"
    assert letter.message["To"].addresses[0].display_name == "Zoé L’Hermitte"
    assert letter.message["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<[0-9a-f-]{36}@example\.com>", letter.id)
    sent = email.utils.parsedate_to_datetime(letter.message["Date"])
    assert abs((times.utc_now() - sent).total_seconds()) < 300
    due = times.parse(handoff["first_contact_due_at"]).astimezone(zoneinfo.ZoneInfo("Europe/Paris"))
    for text in (letter.text, letter.html):
        for words in ("Bonjour Zoé L’Hermitte", "Claire Lemoine, VP IT, Exemple Industrie",
                      f"Score\u00a0: {contact['score']['grade']}", "A demandé\u00a0: Le guide du cloud",
                      f"{due.day} ", f" à {due:%H:%M} (Europe/Paris)", f"{BASE_URL}/#/handoffs/{handoff['id']}"):
            assert words in text, (words, text)
    (told,) = wait_notifications(service, rep, 1, state="sent")
    assert (told["kind"], told["channel"], told["mode"], told["attempts"]) == ("new_mql", "mail", "at_once", 1)
    assert told["handoff_id"] == handoff["id"] and told["message_id"] in letter.id
    assert service.reader.read(f"/v1/notifications/{told['id']}") == told
    assert contact["email"] not in service.server.log() and rep["email"] not in service.server.log()


def test_in_english(service, desk, mailbox, member):
    rep = member(name="Sam", locale="en", time_zone="Europe/London")
    _, handoff = desk.mql()
    (letter,) = mailbox.wait(rep["email"])
    assert letter.subject == "New MQL: Claire Lemoine, Exemple Industrie"
    due = times.parse(handoff["first_contact_due_at"]).astimezone(zoneinfo.ZoneInfo("Europe/London"))
    assert f"First contact by {due:%A} {due.day} {due:%B} {due.year}, {due:%H:%M} (Europe/London)" in letter.text
    assert "Hello Sam,\n" in letter.text.replace("\r", "") and "Asked for: Le guide du cloud" in letter.text


def test_who_is_told_of_what(service, desk, mailbox, member):
    """A new MQL is for sales, a handoff given to somebody for them alone, a refusal for marketing."""
    rep, other = member(), member()
    marketer = member(team="marketing", notify={"refusal": "at_once"})
    _, handoff = desk.mql()
    mailbox.wait(rep["email"])
    mailbox.wait(other["email"])
    funnel.make_move(service.admin, handoff, "assign", {"member": rep["id"]})
    assert "Contact qui vous est confié" in mailbox.wait(rep["email"], 2)[1].subject
    funnel.make_move(service.admin, handoff, "reject", {"reason": "not_a_fit", "member": rep["id"]})
    (letter,) = mailbox.wait(marketer["email"])
    assert letter.subject.startswith("Refusé par les ventes")
    assert "Motif\u00a0: Ne correspond pas au profil" in letter.text
    assert len(mailbox.to(rep["email"])) == 2 and len(mailbox.to(other["email"])) == 1


def test_nobody_is_told_of_what_they_did_themselves(service, desk, mailbox, member):
    rep = member(notify={"new_mql": "none"})
    _, handoff = desk.mql()
    funnel.make_move(service.admin, handoff, "assign", {"member": rep["id"]})
    mailbox.wait(rep["email"])
    _, second = desk.mql()
    key = service.admin.make("/v1/keys", {"name": "rep", "scopes": ["sales"], "member": rep["id"]})
    service.keys = {**service.keys, "rep": key["key"]}
    funnel.make_move(service.client("rep"), second, "assign", {"member": rep["id"]})
    _, third = desk.mql()
    funnel.make_move(service.admin, third, "assign", {"member": rep["id"]})
    letters = mailbox.wait(rep["email"], 2)
    assert [one for letter in letters for one in handoffs_in(letter)] == [handoff["id"], third["id"]]


def test_new_content_is_told_to_sales(service, mailbox, member):
    rep = member(notify={"new_offer": "at_once"})
    funnel.make_offer(service.admin, title="Ancien", published_at=times.ago(days=30))
    offer = funnel.make_offer(service.admin, title="Le comparatif 2027")
    (letter,) = mailbox.wait(rep["email"])
    assert letter.subject == "Nouveau contenu\u00a0: Le comparatif 2027"
    assert f"{BASE_URL}/#/offers/{offer['slug']}" in letter.text and "Ancien" not in letter.text


@pytest.mark.parametrize("field,value", [
    ("first_name", "Eve\r\nBcc: eve@evil.example\r\n\r\nx"), ("company", "A\nContent-Type: text/plain\n\nB"),
    ("last_name", "=?UTF-8?B?QmNjOiB4?="), ("job_title", "VP IT <script>alert(1)</script> & \"co\" 'x'")])
def test_names_cannot_add_headers_or_markup(service, desk, mailbox, member, field, value):
    rep = member(name="Rep, <rep@evil.example>; \"x\"\\")
    email_address = funnel.address("eve")
    service.admin.make("/v1/contacts", {"email": email_address, "attributes": {**funnel.VP, field: value}})
    desk.submit(email_address)
    (letter,) = mailbox.wait(rep["email"])
    head, _, _ = letter.raw.partition(b"\r\n\r\n")
    names = [name.lower() for name in letter.message.keys()]
    assert "bcc" not in names and sorted(names) == sorted(set(names)), names
    assert letter.recipients == [rep["email"]] and b"evil.example" not in head
    address = email.message_from_bytes(letter.raw, policy=email.policy.default)["To"].addresses
    assert [one.addr_spec for one in address] == [rep["email"]]
    assert "<script>" not in letter.html
    assert letter.message.get_content_type() == "multipart/mixed" and letter.text.startswith("Bonjour Rep, <rep")


# --- hours and the digest ---------------------------------------------------------------------------


def test_outside_the_hours_waits_for_them_in_one_mail(fresh, mailbox):
    desk = funnel.Desk(fresh)
    zone = zone_where(fresh, 3)
    rep = make_member(fresh, time_zone=zone, working_hours=quiet())
    awake = make_member(fresh)
    handoffs = [desk.mql()[1]["id"] for _ in range(3)]
    told = wait_notifications(fresh, rep, 3, state="pending")
    wait_until(lambda: len([one for letter in mailbox.to(awake["email"]) for one in handoffs_in(letter)]) == 3,
               what="the other's mails")
    for one in told:
        opening = times.parse(one["due_at"]).astimezone(zoneinfo.ZoneInfo(zone))
        assert (opening.hour, opening.minute, one["mode"]) == (9, 0, "at_once")
    move(fresh, hours=4)
    assert mailbox.to(rep["email"]) == []
    move(fresh, hours=3)
    (letter,) = mailbox.wait(rep["email"])
    assert letter.subject == "Relais\u00a0: 3 nouvelles" and sorted(handoffs_in(letter)) == sorted(handoffs)
    wait_notifications(fresh, rep, 3, state="sent")
    assert len({one["message_id"] for one in notifications(fresh, rep)}) == 1


def test_a_digest_is_one_mail_a_day(fresh, mailbox):
    desk = funnel.Desk(fresh)
    zone = zone_where(fresh, 3)
    rep = make_member(fresh, time_zone=zone, working_hours=quiet(), digest_at="07:30", notify={"new_mql": "digest"})
    first = [desk.mql()[1]["id"] for _ in range(2)]
    for one in wait_notifications(fresh, rep, 2, state="pending"):
        at = times.parse(one["due_at"]).astimezone(zoneinfo.ZoneInfo(zone))
        assert (at.hour, at.minute, one["mode"]) == (7, 30, "digest")
    local = fresh.database.now().astimezone(zoneinfo.ZoneInfo(zone))
    move(fresh, seconds=(local.replace(hour=7, minute=31) - local).total_seconds())
    (letter,) = mailbox.wait(rep["email"])
    assert sorted(handoffs_in(letter)) == sorted(first)
    wait_notifications(fresh, rep, 2, state="sent")
    second = desk.mql()[1]["id"]
    (waiting,) = wait_notifications(fresh, rep, 1, state="pending")
    at = times.parse(waiting["due_at"]).astimezone(zoneinfo.ZoneInfo(zone))
    assert at.date() == fresh.database.now().astimezone(zoneinfo.ZoneInfo(zone)).date() + datetime.timedelta(days=1)
    move(fresh, days=1)
    assert handoffs_in(mailbox.wait(rep["email"], 2)[1]) == [second]


def test_nobody_is_written_to_while_away(fresh, mailbox):
    """What came meanwhile goes in one mail after the return."""
    desk = funnel.Desk(fresh)
    rep = make_member(fresh, notify={"warning": "none", "breach": "none"})
    now = fresh.database.now()
    absence = fresh.sales.make(f"/v1/members/{rep['id']}/absences", {
        "from": times.text(now), "to": times.text(now + datetime.timedelta(hours=50))})
    handoffs = [desk.mql()[1]["id"] for _ in range(2)]
    wait_until(lambda: [one["due_at"] >= absence["to"] for one in notifications(fresh, rep, state="pending")] == [True, True],
               what="the return")
    assert {one["attempts"] for one in notifications(fresh, rep)} == {0} and mailbox.to(rep["email"]) == []
    move(fresh, hours=51)
    (letter,) = mailbox.wait(rep["email"])
    assert sorted(handoffs_in(letter)) == sorted(handoffs)


def test_a_day_off_is_the_calendars(fresh, mailbox):
    """The member's own, else the team's; the day after is as usual."""
    fresh.at_noon()
    today = fresh.database.now().astimezone(zoneinfo.ZoneInfo("Europe/Paris")).date()
    calendar = fresh.admin.make("/v1/sla/calendars", {
        "name": "with a day off", "time_zone": "Europe/Paris", "hours": {day: [["00:00", "24:00"]] for day in ALWAYS["days"]},
        "exceptions": [{"date": str(today), "hours": []}]})
    desk = funnel.Desk(fresh)
    own, other = (make_member(fresh, notify={"warning": "none"}, **fields) for fields in ({"calendar": calendar["id"]}, {}))
    desk.mql()
    mailbox.wait(other["email"])
    def due(member):
        (told,) = notifications(fresh, member, kind="new_mql", limit=1)[:1] or [None]
        return told and told["due_at"] and times.parse(told["due_at"]).astimezone(zoneinfo.ZoneInfo("Europe/Paris"))
    tomorrow = datetime.datetime.combine(today + datetime.timedelta(days=1), datetime.time(), zoneinfo.ZoneInfo("Europe/Paris"))
    wait_until(lambda: due(own) and tomorrow <= due(own) < tomorrow + datetime.timedelta(minutes=5), what="the day after")
    fresh.admin.change("/v1/organisation", {"calendars": {"sales": calendar["id"]}})
    _, second = desk.mql()
    wait_until(lambda: len([one for one in notifications(fresh, other, state="pending")
                            if times.parse(one["due_at"]) >= tomorrow]) == 1, what="the team's day off")
    fresh.database.move_clock_to(tomorrow + datetime.timedelta(minutes=6))
    assert handoffs_in(mailbox.wait(other["email"], 2)[1]) == [second["id"]]
    (letter,) = mailbox.wait(own["email"])
    assert len(handoffs_in(letter)) == 2


def test_only_what_still_stands_is_told(fresh, mailbox):
    """Handled, closed, contacted, refused the wish for it: all before the mail went."""
    desk = funnel.Desk(fresh)
    rep = make_member(fresh, time_zone=zone_where(fresh, 3), working_hours=quiet())
    handled, closed, stands = (desk.mql()[1] for _ in range(3))
    wait_notifications(fresh, rep, 3, state="pending")
    funnel.make_move(fresh.admin, handled, "accept")
    funnel.make_move(fresh.admin, closed, "recycle")
    move(fresh, hours=7)
    (letter,) = mailbox.wait(rep["email"])
    assert handoffs_in(letter) == [stands["id"]]
    skipped = {one["handoff_id"]: one["reason"] for one in wait_notifications(fresh, rep, 2, state="skipped")}
    assert skipped == {handled["id"]: "handled", closed["id"]: "handled"}


def test_warning_and_breach(fresh, mailbox):
    """To who has to act and the manager; not any more when somebody made up for it. Begun in the morning, so that the
    commitment's day ends between the warning and the breach."""
    fresh.database.move_clock_to(times.next_local(fresh.database.now(), "Europe/Paris", 10))
    desk = funnel.Desk(fresh)
    rep = make_member(fresh, notify={"new_mql": "none", "assigned": "none", "commitment_at_risk": "none"})
    boss = make_member(fresh, role="manager", notify={"warning": "none", "new_mql": "none", "commitment_at_risk": "none"})
    other = make_member(fresh, notify={"new_mql": "none", "commitment_at_risk": "none"})
    chief = make_member(fresh, team="marketing", role="manager", notify={"breach": "none"})
    fresh.admin.make("/v1/sla/commitments", {"team": "marketing", "name": "50 leads par jour", "metric": "leads_captured",
                                             "at_least": 50, "period": {"every": "day"}})
    _, handoff = desk.mql()
    funnel.make_move(fresh.admin, handoff, "assign", {"member": rep["id"]})
    wait_danger(fresh, 1)
    move(fresh, hours=13)
    (letter,) = mailbox.wait(rep["email"])
    assert letter.subject.startswith("Échéance proche") and "Premier contact avant le" in letter.text
    (letter,) = mailbox.wait(chief["email"])
    assert letter.subject == "Engagement en danger\u00a0: 50 leads par jour" and "1 sur 50, " in letter.text
    move(fresh, hours=12)
    assert mailbox.wait(boss["email"])[0].subject.startswith("Délai dépassé")
    wait_until(lambda: len(mailbox.to(rep["email"])) >= 2, what="the breach")
    letters = mailbox.to(rep["email"])
    assert letters[-1].subject.startswith("Délai dépassé") and "attendu avant le" in letters[-1].text
    assert mailbox.to(other["email"]) == []
    letter = mailbox.wait(chief["email"], 2)[1]
    assert letter.subject == "Engagement non tenu\u00a0: 50 leads par jour" and "1 au lieu de 50" in letter.text


def test_each_step_of_a_ladder_tells_whom_it_names(fresh, mailbox):
    desk = funnel.Desk(fresh)
    policy = funnel.policy_of(fresh.admin)
    fresh.admin.change(f"/v1/sla/policies/{policy['id']}", {"target": "PT10H", "warn_at": [], "escalate": [
        {"at": 0.5, "to": "assignee"}, {"at": 1, "to": "manager"}, {"at": "PT1H", "to": "reassign_propose"},
        {"at": "PT2H", "to": "reassign"}]})
    wants = {"new_mql": "none", "breach": "none"}
    rep, free = make_member(fresh, notify=wants), make_member(fresh, name="Lou Libre", notify=wants)
    boss = make_member(fresh, role="manager", notify=wants)
    _, handoff = desk.mql()
    funnel.make_move(fresh.admin, handoff, "assign", {"member": rep["id"]})
    mailbox.wait(rep["email"])
    move(fresh, hours=6)
    letter = mailbox.wait(rep["email"], 2)[1]
    assert letter.subject.startswith("À traiter sans attendre\u00a0: ") and "Premier contact avant le" in letter.text
    move(fresh, hours=4.5)
    (letter,) = mailbox.wait(boss["email"])
    assert letter.subject.startswith("Escalade\u00a0: ") and "Premier contact attendu avant le" in letter.text
    move(fresh, hours=1)
    for letter in (mailbox.wait(boss["email"], 2)[1], mailbox.wait(free["email"])[0]):
        assert letter.subject.startswith("Réattribution proposée\u00a0: ") and "Proposé\u00a0: Lou Libre" in letter.text
    move(fresh, hours=1)
    letter = mailbox.wait(boss["email"], 3)[2]
    assert letter.subject.startswith("Confié à quelqu’un d’autre\u00a0: ") and "À\u00a0: Lou Libre" in letter.text
    assert mailbox.wait(free["email"], 2)[1].subject.startswith("Contact qui vous est confié")
    assert [len(mailbox.to(one["email"])) for one in (rep, free, boss)] == [2, 2, 3]
    assert {handoffs_in(letter)[0] for letter in mailbox.to(boss["email"])} == {handoff["id"]}


def test_of_one_promise_the_last_news_is_told(fresh, mailbox):
    """Who comes to work after the deadline reads of it once."""
    desk = funnel.Desk(fresh)
    policy = funnel.policy_of(fresh.admin)
    fresh.admin.change(f"/v1/sla/policies/{policy['id']}", {"target": "PT2H", "escalate": [{"at": 1, "to": "manager"}]})
    boss = make_member(fresh, role="manager", time_zone=zone_where(fresh, 3), working_hours=quiet(),
                       notify={"new_mql": "none"})
    _, handoff = desk.mql()
    move(fresh, hours=3)
    wait_notifications(fresh, boss, 2, state="pending")
    move(fresh, hours=4)
    (letter,) = mailbox.wait(boss["email"])
    assert letter.subject.startswith("Escalade") and handoffs_in(letter) == [handoff["id"]]
    (skipped,) = wait_notifications(fresh, boss, 1, state="skipped")
    assert (skipped["kind"], skipped["reason"]) == ("breach", "superseded")


def test_a_danger_that_is_over_is_not_told(fresh, mailbox):
    """A commitment is told of while there is time, to those who read it in time."""
    fresh.at_noon()
    move(fresh, hours=1)  # more than half of the day is over, also when the clocks change in its night
    desk = funnel.Desk(fresh)
    chief, late = make_member(fresh, team="marketing", role="manager"), make_member(
        fresh, team="marketing", role="manager", time_zone=zone_where(fresh, 3), working_hours=quiet())
    commitment = fresh.admin.make("/v1/sla/commitments", {"team": "marketing", "name": "2 leads par jour",
                                                          "metric": "leads_captured", "at_least": 2, "period": {"every": "day"}})
    wait_danger(fresh, 1)
    move(fresh, minutes=61)
    (letter,) = mailbox.wait(chief["email"])
    assert letter.subject == "Engagement en danger\u00a0: 2 leads par jour" and "0 sur 2, 1 attendus" in letter.text
    assert letter.text.count(f"{BASE_URL}/#/commitments/{commitment['id']}") == 1
    wait_notifications(fresh, late, 1, state="pending", kind="commitment_at_risk")
    for _ in range(2):
        desk.lead()
    move(fresh, minutes=2)
    wait_danger(fresh, 0)
    move(fresh, hours=6)
    (skipped,) = wait_notifications(fresh, late, 1, state="skipped")
    assert skipped["reason"] == "recovered" and mailbox.to(late["email"]) == []


# --- when it does not go --------------------------------------------------------------------------


def test_a_server_that_says_later_is_asked_later(fresh, mailbox):
    desk = funnel.Desk(fresh)
    rep = make_member(fresh)
    mailbox.refusals.append("451 4.7.1 greylisted, come again")
    before = len(mailbox.tried)
    desk.mql()
    (told,) = wait_until(lambda: [one for one in notifications(fresh, rep) if one["error"]], what="the refusal")
    assert (told["state"], told["attempts"]) == ("pending", 1)
    assert told["error"] == "The mail server refused the message (451 4.7.1)."
    wait = times.seconds(times.text(fresh.database.now()), told["due_at"])
    assert 0 < wait <= 36
    move(fresh, seconds=40)
    (letter,) = mailbox.wait(rep["email"])
    tries = [one for one in mailbox.tried[before:] if rep["email"] in one.recipients]
    assert [one.id for one in tries] == [letter.id, letter.id], "a repeat is recognised by its Message-ID"
    (told,) = wait_notifications(fresh, rep, 1, state="sent")
    assert (told["attempts"], told["error"]) == (2, None)


def test_what_is_refused_for_good_fails_and_can_be_tried_again(service, desk, mailbox, member):
    rep = member()
    mailbox.rcpt_refusals.append(f"550 5.1.1 <{rep['email']}>: no such user")
    desk.mql()
    (failed,) = wait_notifications(service, rep, 1, state="failed")
    assert failed["error"] == "The mail server refused the recipient's address (550 5.1.1)."
    assert failed["due_at"] is None and failed["settled_at"] is not None
    assert failed["id"] in [one["id"] for one in service.reader.pages("/v1/notifications", state="failed,skipped")]
    assert "notification_not_sent" in service.server.log() and rep["email"] not in service.server.log()
    again = expect(service.admin.post(f"/v1/notifications/{failed['id']}/retry"), 200).json()
    assert (again["state"], again["error"]) == ("pending", None)
    (letter,) = mailbox.wait(rep["email"])
    assert failed["message_id"] in letter.id
    wait_notifications(service, rep, 1, state="sent")
    refused = expect(service.admin.post(f"/v1/notifications/{failed['id']}/retry"), 409).json()
    assert "sent" in refused["detail"]
    expect(service.sales.post(f"/v1/notifications/{failed['id']}/retry"), 403)
    expect(service.admin.post("/v1/notifications/0199f3a9-2b10-7e55-8c2f-5d6e7f8a9b0c/retry"), 404)


def test_a_server_that_is_away(make_service):
    port = free_port()
    late = Mailbox(port)
    away = make_service(env=settings(late))
    try:
        away.start()
        rep = make_member(away)
        funnel.Desk(away).mql()
        (told,) = wait_until(lambda: [one for one in notifications(away, rep) if one["error"]], what="the attempt")
        assert (told["state"], told["error"]) == ("pending", "The mail server cannot be reached.")
        late.start()
        move(away, seconds=40)
        late.wait(rep["email"])
        away.stop()
    finally:
        late.stop()
        away.end()
        away.database.drop()


def test_without_a_mail_server_nothing_is_kept_for_later(make_service):
    plain = make_service()
    try:
        plain.start()
        rep = make_member(plain)
        funnel.Desk(plain).mql()
        last = plain.reader.read("/v1/events", after=0)["last"]
        wait_until(lambda: plain.database.value("SELECT after FROM notification_cursor") >= last, what="the cursor")
        assert notifications(plain, rep) == []
        plain.stop()
    finally:
        plain.end()
        plain.database.drop()


@pytest.mark.concurrency
def test_two_instances_tell_once(make_service, mailbox):
    """Also when one of them is killed: nothing is lost, and nothing told twice that was acknowledged."""
    two = make_service(instances=2, env=settings(mailbox))
    try:
        two.start()
        rep, other = make_member(two), make_member(two)
        desk = funnel.Desk(two)
        clients = [two.client(instance=number) for number in range(2)]
        for number in range(12):
            funnel.submit(clients[number % 2], desk.form["slug"], funnel.address(), funnel.VP)
        handoffs = sorted(one["id"] for one in two.reader.pages("/v1/handoffs"))
        for one in (rep, other):
            wait_notifications(two, one, 12, state="sent")
            assert sorted(found for letter in mailbox.to(one["email"]) for found in handoffs_in(letter)) == handoffs
        two.servers[1].kill()
        for _ in range(3):
            funnel.submit(clients[0], desk.form["slug"], funnel.address(), funnel.VP)
        wait_notifications(two, rep, 15, state="sent")
        told = sorted(found for letter in mailbox.to(rep["email"]) for found in handoffs_in(letter))
        assert told == sorted(one["id"] for one in two.reader.pages("/v1/handoffs"))
        two.stop()
    finally:
        two.end()
        two.database.drop()


def test_what_an_instance_died_with_goes_out_later(fresh, mailbox):
    """A message that was taken and not settled is due again when its time is over, under the same id."""
    desk = funnel.Desk(fresh)
    rep = make_member(fresh)
    fresh.server.stop()
    fresh.server.start()
    desk.mql()
    (letter,) = mailbox.wait(rep["email"])
    (told,) = wait_notifications(fresh, rep, 1, state="sent")
    fresh.database.execute("UPDATE notification SET state = 'pending', settled_at = NULL")
    move(fresh, minutes=6)
    again = mailbox.wait(rep["email"], 2)[1]
    assert again.id == letter.id and told["message_id"] in again.id


# --- chat -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chatroom():
    made = Chatroom().start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def talking(make_service):
    certificate, _ = certificates.made()
    yield from run(make_service(env={"RELAIS_CA_FILE": str(certificate), "RELAIS_OUTGOING_NETWORKS": "127.0.0.1",
                                     "RELAIS_BASE_URL": BASE_URL}))


@pytest.fixture(scope="module")
def talking_desk(talking):
    return funnel.Desk(talking)


def set_chat(service, **teams):
    return service.admin.change("/v1/organisation", {"chat": teams})["chat"]


def wait_posts(chatroom, path, count=1):
    return wait_until(lambda: (lambda found: found if len(found) >= count else None)(chatroom.at(path)),
                      what=f"{count} posts")


def wait_chat(service, handoff, state):
    def look():
        found = [one for one in notifications(service, channel="chat") if one["handoff_id"] == handoff["id"]]
        return found[0] if found and found[0]["state"] == state else None
    return wait_until(look, what=f"the chat's message to be {state}")


def test_slack(talking, talking_desk, chatroom):
    shown = set_chat(talking, sales={"url": chatroom.url("/slack/secret"), "format": "slack"})
    assert shown == {"sales": {"host": f"127.0.0.1:{chatroom.port}", "format": "slack",
                               "kinds": ["new_mql", "breach", "new_offer", "commitment_at_risk"]}}
    assert "secret" not in talking.reader.get("/v1/organisation").text
    email_address = funnel.address()
    funnel.submit(talking.nobody, talking_desk.form["slug"], email_address, {**funnel.VP, "company": "A & B <Co>"})
    handoff = funnel.contact_of(talking.admin, email_address)["handoff"]
    text = wait_until(lambda: next((post["text"] for post in chatroom.at("/slack/secret") if handoff["id"] in post["text"]),
                                   None), what="the post")
    assert "*Nouveau MQL*\u00a0: A &amp; B &lt;Co&gt; – Score" in text and "A demandé\u00a0: Le guide du cloud" in text
    assert f"<{BASE_URL}/#/handoffs/{handoff['id']}|Ouvrir>" in text
    assert "Claire" not in text and "Lemoine" not in text, "a chat is not told who it is"
    told = wait_chat(talking, handoff, "sent")
    assert (told["team"], told["member"], told["channel"]) == ("sales", None, "chat")


def test_teams_and_plain(talking, talking_desk, chatroom):
    set_chat(talking, sales={"url": chatroom.url("/teams"), "format": "teams", "kinds": ["new_mql"]})
    _, handoff = talking_desk.mql()
    (post,) = wait_posts(chatroom, "/teams")
    card = post["attachments"][0]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    text, _, link = card["content"]["body"][0]["inlines"]
    assert text["text"].startswith("Nouveau MQL\u00a0: Exemple Industrie")
    assert link["selectAction"]["url"] == f"{BASE_URL}/#/handoffs/{handoff['id']}"
    set_chat(talking, sales={"url": chatroom.url("/plain"), "format": "plain"})
    talking_desk.mql()
    (post,) = wait_posts(chatroom, "/plain")
    assert set(post) == {"text"} and "<" not in post["text"]


def test_a_chat_that_redirects_or_is_gone(talking, talking_desk, chatroom):
    set_chat(talking, sales={"url": chatroom.url("/moved"), "format": "plain"})
    chatroom.answers.append((302, {"Location": chatroom.url("/elsewhere")}))
    _, handoff = talking_desk.mql()
    failed = wait_chat(talking, handoff, "failed")
    assert "302" in failed["error"] and chatroom.at("/elsewhere") == [] and len(chatroom.at("/moved")) == 1
    chatroom.answers.append((410, {}))
    _, handoff = talking_desk.mql()
    assert wait_chat(talking, handoff, "failed")["error"] == "The chat's host answered 410."
    expect(talking.admin.post(f"/v1/notifications/{failed['id']}/retry"), 200)
    wait_posts(chatroom, "/moved", 3)


def test_a_chat_that_says_later(talking, talking_desk, chatroom):
    set_chat(talking, sales={"url": chatroom.url("/busy"), "format": "plain"})
    chatroom.answers.append((429, {"Retry-After": "3000"}))
    _, handoff = talking_desk.mql()
    waiting = wait_until(lambda: (lambda one: one if one["error"] else None)(wait_chat(talking, handoff, "pending")),
                         what="the answer")
    left = times.seconds(times.text(talking.database.now()), waiting["due_at"])
    assert 2900 < left <= 3000 and waiting["error"] == "The chat's host answered 429."
    move(talking, seconds=3010)
    wait_posts(chatroom, "/busy", 2)
    wait_chat(talking, handoff, "sent")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "169.254.169.254", "2130706433", "[64:ff9b::7f00:1]"])
def test_private_addresses_are_refused(guarded, guarded_desk, chatroom, host):
    before = len(chatroom.posts)
    set_chat(guarded, sales={"url": f"https://{host}:{chatroom.port}/inside", "format": "plain"})
    _, handoff = guarded_desk.mql()
    failed = wait_chat(guarded, handoff, "failed")
    assert "private network" in failed["error"] and len(chatroom.posts) == before


@pytest.fixture(scope="module")
def guarded(make_service):
    certificate, _ = certificates.made()
    yield from run(make_service(env={"RELAIS_CA_FILE": str(certificate)}))


@pytest.fixture(scope="module")
def guarded_desk(guarded):
    return funnel.Desk(guarded)


def test_a_certificate_that_nobody_vouches_for(make_service, chatroom):
    strict = make_service(env={"RELAIS_OUTGOING_NETWORKS": "127.0.0.0/8"})
    try:
        strict.start()
        set_chat(strict, sales={"url": chatroom.url("/strict"), "format": "plain"})
        _, handoff = funnel.Desk(strict).mql()
        waiting = wait_until(lambda: (lambda one: one if one["error"] else None)(wait_chat(strict, handoff, "pending")),
                             what="the attempt")
        assert "not trusted" in waiting["error"] and chatroom.at("/strict") == []
        strict.stop()
    finally:
        strict.end()
        strict.database.drop()


# --- set-up ---------------------------------------------------------------------------------------


def test_what_holds_for_a_member_who_chose_nothing(service):
    rep = funnel.make_member(service.admin, active=False)
    assert rep["notify"] == {"new_mql": "at_once", "assigned": "at_once", "warning": "at_once", "breach": "at_once",
                             "refusal": "none", "new_offer": "digest", "commitment_at_risk": "digest",
                             "escalation": "at_once"}
    assert rep["working_hours"] == {"from": "08:00", "to": "19:00",
                                    "days": ["monday", "tuesday", "wednesday", "thursday", "friday"]}
    assert (rep["digest_at"], rep["locale"]) == ("08:00", None)
    path = f"/v1/members/{rep['id']}"
    rep = service.admin.change(path, {"notify": {"breach": "none"}, "working_hours": {"from": "09:30", "to": "17:00"}})
    assert rep["notify"]["breach"] == "none" and rep["notify"]["warning"] == "at_once" and rep["digest_at"] == "09:30"
    rep = service.admin.change(path, {"role": "manager", "notify": {"breach": None}})
    assert (rep["notify"]["breach"], rep["notify"]["warning"]) == ("at_once", "digest")
    assert service.admin.change(path, {"working_hours": None})["working_hours"]["from"] == "08:00"


@pytest.mark.parametrize("fields,pointer", [
    ({"notify": {"breach": "sometimes"}}, "/notify/breach"), ({"notify": {"lunch": "at_once"}}, "/notify/lunch"),
    ({"notify": {"breach": 1}}, "/notify/breach"), ({"working_hours": {"from": "18:00", "to": "09:00"}}, "/working_hours/to"),
    ({"working_hours": {"from": "9:00", "to": "18:00"}}, "/working_hours/from"),
    ({"working_hours": {"from": "09:00"}}, "/working_hours/to"), ({"digest_at": "24:00"}, "/digest_at"),
    ({"working_hours": {"from": "09:00", "to": "18:00", "days": []}}, "/working_hours/days"), ({"locale": "de"}, "/locale")])
def test_faults_of_a_member(service, fields, pointer):
    body = {"name": "Sami", "team": "sales", **fields}
    assert list(faults(service.admin.post("/v1/members", body))) == [pointer]


@pytest.mark.parametrize("chat,pointer", [
    ({"sales": {"url": "http://chat.example/x", "format": "slack"}}, "/chat/sales/url"),
    ({"sales": {"url": "https://user:pass@chat.example/x", "format": "slack"}}, "/chat/sales/url"),
    ({"sales": {"url": "https://chat.example/x", "format": "irc"}}, "/chat/sales/format"),
    ({"sales": {"url": "https://chat.example/x"}}, "/chat/sales/format"),
    ({"kitchen": {"url": "https://chat.example/x", "format": "plain"}}, "/chat/kitchen"),
    ({"sales": {"url": "https://chat.example/x", "format": "plain", "kinds": ["all"]}}, "/chat/sales/kinds/0")])
def test_faults_of_a_chat(service, chat, pointer):
    assert list(faults(service.admin.patch("/v1/organisation", {"chat": chat}))) == [pointer]


def test_a_chat_comes_and_goes(service):
    hook = {"url": "https://chat.example/x", "format": "plain", "kinds": ["refusal"]}
    assert set_chat(service, marketing=hook)["marketing"]["host"] == "chat.example"
    kept = set_chat(service, marketing={"format": "teams"})["marketing"]
    assert (kept["host"], kept["format"], kept["kinds"]) == ("chat.example", "teams", ["refusal"])
    assert set_chat(service, marketing=None) == {}


# --- the operator ---------------------------------------------------------------------------------


def doctor(database, env, expect=None):
    out, _ = server_module.command("doctor", "--mail", "ops@example.com", database=database, env=env, expect=expect)
    return next(line for line in out.splitlines() if line.startswith("mail "))


def test_doctor_sends_a_mail_and_says_what_is_wrong(database, mailbox):
    assert "ok" in doctor(database, mailbox.settings, expect=0)
    assert "test" in mailbox.wait("ops@example.com")[0].text
    mailbox.rcpt_refusals.append("554 5.7.1 relaying denied")
    line = doctor(database, mailbox.settings, expect=1)
    assert "refused the recipient's address (554 5.7.1)" in line and "relaying denied" in line
    nowhere = {**mailbox.settings, "RELAIS_SMTP_URL": f"smtp://127.0.0.1:{free_port()}"}
    assert "cannot be reached" in doctor(database, nowhere, expect=1)
    assert "RELAIS_SMTP_URL" in doctor(database, {}, expect=1)


def test_to_another_machine_only_with_encryption(database):
    """A name that is not this machine's own, whatever it resolves to."""
    certificate, _ = certificates.made()
    plain = Mailbox().start()
    secret = Mailbox(tls=certificates.server_context(), login=("relais", "s3cret")).start()
    try:
        at = {**plain.settings, "RELAIS_SMTP_URL": f"smtp://mail.localhost:{plain.port}"}
        assert "STARTTLS" in doctor(database, at, expect=1)
        at = {**secret.settings, "RELAIS_SMTP_URL": f"smtp://mail.localhost:{secret.port}", "RELAIS_SMTP_USER": "relais",
              "RELAIS_SMTP_PASSWORD": "s3cret"}
        assert "not trusted" in doctor(database, at, expect=1)
        at["RELAIS_CA_FILE"] = str(certificate)
        assert "ok" in doctor(database, at, expect=0)
        assert "user name or password" in doctor(database, {**at, "RELAIS_SMTP_PASSWORD": "wrong"}, expect=1)
        assert plain.tried == [] and len(secret.letters) == 1
    finally:
        plain.stop()
        secret.stop()


@pytest.mark.parametrize("env,words", [
    ({"RELAIS_SMTP_URL": "http://mail.example.com", "RELAIS_MAIL_FROM": "a@example.com"}, "RELAIS_SMTP_URL"),
    ({"RELAIS_SMTP_URL": "smtp://user:pass@mail.example.com", "RELAIS_MAIL_FROM": "a@example.com"}, "RELAIS_SMTP_USER"),
    ({"RELAIS_SMTP_URL": "smtp://mail.example.com"}, "RELAIS_MAIL_FROM"),
    ({"RELAIS_SMTP_URL": "smtp://mail.example.com", "RELAIS_MAIL_FROM": "nobody"}, "RELAIS_MAIL_FROM"),
    ({"RELAIS_SMTP_URL": "smtp://mail.example.com", "RELAIS_MAIL_FROM": "a@example.com", "RELAIS_SMTP_USER": "x"},
     "RELAIS_SMTP_PASSWORD")])
def test_settings_that_do_not_fit_together(database, tmp_path, env, words):
    _, err = server_module.command("serve", "--listen", "127.0.0.1:0", "--data-dir", tmp_path, database=database, env=env,
                                   expect=3)
    assert words in err


def test_the_figures(service, desk, mailbox, member):
    rep = member()
    desk.mql()
    mailbox.wait(rep["email"])
    wait_notifications(service, rep, 1, state="sent")
    found = re.search(r'relais_notification_messages_sent_total\{channel="mail"\} (\d+)', service.nobody.get("/metrics").text)
    assert int(found[1]) >= 1
