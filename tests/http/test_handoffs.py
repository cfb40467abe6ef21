"""Handoffs: every move in every state, as the table of the contract has it, and what each move does."""

import datetime
import uuid

import pytest

from support import funnel, times
from support.client import Client, expect, faults
from support.crowd import at_once

STATES = list(funnel.WAYS)
OPEN_STATES = ["open", "accepted", "contacted", "qualified", "opportunity"]
# move → (allowed in, state after, the contact's stage); None: unchanged
TABLE = {
    "accept": (["open"], "accepted", "sal"),
    "attempts": (OPEN_STATES, None, None),
    "qualify": (["contacted"], "qualified", "sql"),
    "opportunity": (["qualified"], "opportunity", "opportunity"),
    "win": (["qualified", "opportunity"], "won", "customer"),
    "lose": (["qualified", "opportunity"], "lost", "lead"),
    "recycle": (OPEN_STATES, "recycled", "lead"),
    "reject": (["open", "accepted", "contacted"], "rejected", "disqualified"),
    "assign": (OPEN_STATES, None, None),
    "pause": (OPEN_STATES, None, None),
    "resume": (OPEN_STATES, None, None),
    "feedback": (STATES, None, None),
}


@pytest.fixture(scope="module")
def desk(service):
    return funnel.Desk(service)


@pytest.fixture(scope="module")
def member(service):
    return funnel.make_member(service.admin, name="Nadia")


@pytest.fixture(scope="module")
def rep(service, member):
    """A client that acts as the member."""
    key = service.admin.make("/v1/keys", {"name": "Nadia", "scopes": ["read", "sales"], "member": member["id"]})
    return Client(service.url, key["key"])


@pytest.fixture(scope="module")
def body_of(desk, member):
    bodies = {**funnel.MOVE_BODIES, "assign": {"member": member["id"]},
              "feedback": {"offer": desk.offer["slug"], "found_useful": "not_read"}}
    return bodies.__getitem__


def stage_of(service, handoff):
    return service.reader.read(f"/v1/contacts/{handoff['contact_id']}")["stage"]


def steady(handoff):
    """Without what time alone changes."""
    clocks = [{**clock, "wall_seconds": None, "open_seconds": None, "paused_seconds": None} for clock in handoff["clocks"]]
    return {**handoff, "clocks": clocks}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("move", TABLE)
def test_every_move_in_every_state(service, desk, body_of, state, move):
    handoff = desk.handoff_in(state)
    allowed_in, state_after, stage_after = TABLE[move]
    stage_before = stage_of(service, handoff)
    answer = funnel.try_move(service.sales, handoff, move, body_of(move))
    allowed = sorted(name for name, (states, _, _) in TABLE.items() if state in states)
    if state in allowed_in:
        after = expect(answer, 200).json()
        wanted = "contacted" if (move, state) == ("attempts", "accepted") else state_after or state
        assert after["state"] == wanted
        assert stage_of(service, handoff) == (stage_after or stage_before)
        assert steady(after) == steady(service.reader.read(f"/v1/handoffs/{handoff['id']}"))
        assert (after["closed_at"] is not None) == (wanted not in OPEN_STATES)
        assert answer.headers["ETag"] == after["etag"] == \
            service.reader.get(f"/v1/handoffs/{handoff['id']}").headers["ETag"]
        if move != "feedback":
            assert after["etag"] != handoff["etag"]
    else:
        refused = expect(answer, 409).json()
        assert (refused["state"], refused["assignee"], sorted(refused["allowed"])) == (state, None, allowed)
        assert steady(service.reader.read(f"/v1/handoffs/{handoff['id']}")) == steady(handoff)
        assert stage_of(service, handoff) == stage_before
    owner = service.reader.read(f"/v1/contacts/{handoff['contact_id']}")["owner"]
    now = service.reader.read(f"/v1/handoffs/{handoff['id']}")
    assert owner == ("sales" if now["state"] in (*OPEN_STATES, "won") else "marketing")
    assert sorted(now["allowed"]) == sorted(name for name, (states, _, _) in TABLE.items() if now["state"] in states)


def test_an_attempt_before_acceptance(service, desk):
    """It meets the clock, leaves the state, and acceptance then leads to contacted."""
    handoff = desk.handoff_in("open")
    handoff = funnel.make_move(service.sales, handoff, "attempts", {"channel": "email", "outcome": "left_message"})
    assert handoff["state"] == "open" and handoff["contacted_at"] is not None
    assert [clock["state"] for clock in handoff["clocks"]] == ["met"]
    handoff = funnel.make_move(service.sales, handoff, "accept")
    assert handoff["state"] == "contacted" and stage_of(service, handoff) == "sal"


def test_accept_may_promise_a_date(service, desk):
    handoff = funnel.make_move(service.sales, desk.handoff_in("open"), "accept", {"work_by": "2035-07-01"})
    assert handoff["work_by"] == "2035-06-30T22:00:00.000Z", "midnight in Paris"


def test_what_is_promised_lies_ahead(service, desk):
    handoff = desk.handoff_in("open")
    for work_by in ("2024-05-01T10:00:00Z", "2024-05-01", handoff["opened_at"]):
        answer = expect(service.sales.post(f"/v1/handoffs/{handoff['id']}/accept", {"work_by": work_by}), 422)
        assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [("/work_by", "range")]
    assert service.reader.read(f"/v1/handoffs/{handoff['id']}")["state"] == "open"


def test_accept_takes_no_body_at_all(service, desk):
    handoff = desk.handoff_in("open")
    expect(service.sales.post(f"/v1/handoffs/{handoff['id']}/accept"), 200)


def test_the_time_of_an_attempt_is_shown_and_does_not_meet_a_clock(service, desk):
    """Met or breached is decided by when it was logged."""
    handoff = desk.handoff_in("open")
    handoff = funnel.make_move(service.sales, handoff, "attempts", {
        "channel": "call", "outcome": "no_answer", "at": handoff["opened_at"], "note": "voicemail",
        "offers_sent": [desk.offer["slug"]]})
    (attempt,) = handoff["attempts"]
    assert attempt["at"] == handoff["opened_at"] and attempt["logged_at"] >= attempt["at"]
    assert (attempt["note"], attempt["offers_sent"]) == ("voicemail", [desk.offer["slug"]])
    assert handoff["clocks"][0]["met_at"] == attempt["logged_at"]


def test_qualification_writes_gpct_down(service, desk):
    handoff = funnel.make_move(service.sales, desk.handoff_in("contacted"), "qualify",
                               {"gpct": funnel.GPCT, "note": "promising"})
    assert (handoff["gpct"], handoff["note"]) == (funnel.GPCT, "promising")
    assert handoff["qualified_at"] is not None
    missing = {name: text for name, text in funnel.GPCT.items() if name != "plans"}
    handoff = desk.handoff_in("contacted")
    assert list(faults(funnel.try_move(service.sales, handoff, "qualify", {"gpct": missing}))) == ["/gpct/plans"]


def test_a_win_may_say_another_amount(service, desk):
    won = funnel.make_move(service.sales, desk.handoff_in("opportunity"), "win", {"amount": 7, "currency": "USD"})
    assert (won["deal"]["amount"], won["deal"]["currency"]) == (7, "USD")
    kept = funnel.make_move(service.sales, desk.handoff_in("opportunity"), "win")
    assert (kept["deal"]["amount"], kept["deal"]["currency"]) == (1500000, "EUR")
    corrected = funnel.make_move(service.sales, desk.handoff_in("opportunity"), "win", {"amount": 9})
    assert (corrected["deal"]["amount"], corrected["deal"]["currency"]) == (9, "EUR")
    handoff = desk.handoff_in("qualified")
    assert faults(funnel.try_move(service.sales, handoff, "win", {"currency": "USD"}))
    first = funnel.make_move(service.sales, handoff, "win", {"amount": 7})
    assert (first["deal"]["amount"], first["deal"]["currency"]) == (7, service.reader.read("/v1/organisation")["currency"])


@pytest.mark.parametrize("move,state,kind", [("recycle", "open", "recycle"), ("reject", "open", "reject"),
                                             ("lose", "qualified", "lose")])
def test_reasons(service, desk, move, state, kind):
    codes = {reason["code"] for reason in service.reader.pages("/v1/reasons", kind=kind)}
    handoff = desk.handoff_in(state)
    assert list(faults(funnel.try_move(service.sales, handoff, move, {"reason": "no_such"}))) == ["/reason"]
    assert list(faults(funnel.try_move(service.sales, handoff, move, {"reason": "other"}))) == ["/note"]
    assert list(faults(funnel.try_move(service.sales, handoff, move, {}))) == ["/reason"]
    assert "other" in codes
    closed = funnel.make_move(service.sales, handoff, move, {"reason": "other", "note": "moved abroad"})
    assert (closed["reason"], closed["note"]) == ("other", "moved abroad")


def test_a_reason_out_of_use_is_refused(service, desk):
    reason = service.admin.make("/v1/reasons", {"code": funnel.unique("old"), "kind": "recycle", "label": "Old"})
    service.admin.change(f"/v1/reasons/{reason['id']}", {"active": False})
    assert list(faults(funnel.try_move(service.sales, desk.handoff_in("open"), "recycle",
                                       {"reason": reason["code"]}))) == ["/reason"]


# --- who ------------------------------------------------------------------------------------------


def test_a_key_without_a_member_acts_as_itself(service, desk):
    handoff = funnel.make_move(service.sales, desk.handoff_in("open"), "accept")
    assert handoff["assignee"] is None
    (change,) = [item for item in service.reader.pages(f"/v1/contacts/{handoff['contact_id']}/timeline")
                 if item["type"] == "stage_change" and item["to"] == "sal"]
    assert change["actor"].startswith("key:")


def test_a_key_may_act_for_a_member(service, desk, member):
    handoff = funnel.make_move(service.sales, desk.handoff_in("open"), "accept", {"member": member["id"]})
    assert handoff["assignee"] == member["id"]
    handoff = desk.handoff_in("open")
    assert list(faults(funnel.try_move(service.sales, handoff, "accept", {"member": str(uuid.uuid4())}))) == ["/member"]


def test_the_members_own_key(service, desk, rep, member):
    handoff = funnel.make_move(rep, desk.handoff_in("open"), "accept")
    assert handoff["assignee"] == member["id"]
    handoff = funnel.make_move(rep, handoff, "attempts")
    assert handoff["attempts"][0]["actor"] == f"member:{member['id']}"
    mine = rep.pages("/v1/handoffs", assignee="me", limit=1000)
    assert handoff["id"] in [one["id"] for one in mine]
    assert {one["assignee"] for one in mine} == {member["id"]}
    nobodys = rep.pages("/v1/handoffs", assignee="none", limit=1000)
    assert {one["assignee"] for one in nobodys} == {None}
    assert len(rep.pages("/v1/handoffs", assignee=member["id"], limit=1000)) == len(mine)


def test_assign(service, desk, member):
    other = funnel.make_member(service.admin)
    handoff = funnel.make_move(service.sales, desk.handoff_in("open"), "assign", {"member": member["id"]})
    assert handoff["assignee"] == member["id"] and handoff["state"] == "open"
    assert funnel.make_move(service.sales, handoff, "assign", {"member": other["id"]})["assignee"] == other["id"]
    assert list(faults(funnel.try_move(service.sales, handoff, "assign", {"member": str(uuid.uuid4())}))) == ["/member"]
    assert list(faults(funnel.try_move(service.sales, handoff, "assign", {}))) == ["/member"]


@pytest.mark.concurrency
def test_of_two_reps_who_accept_at_once_one_wins(service, desk):
    handoff = desk.handoff_in("open")
    members = [funnel.make_member(service.admin)["id"] for _ in range(6)]
    answers = at_once(lambda number: funnel.try_move(service.client("sales"), handoff, "accept",
                                                     {"member": members[number]}), 6)
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    winner = next(answer.json()["assignee"] for answer in answers if answer.status_code == 200)
    assert {answer.json()["assignee"] for answer in answers if answer.status_code == 409} == {winner}


# --- versions and repeats -------------------------------------------------------------------------


def test_a_stale_version_is_412(service, desk):
    handoff = desk.handoff_in("open")
    version = {"If-Match": handoff["etag"]}
    expect(funnel.try_move(service.sales, handoff, "accept", headers=version), 200)
    expect(funnel.try_move(service.sales, handoff, "attempts", headers=version), 412)
    assert service.reader.read(f"/v1/handoffs/{handoff['id']}")["state"] == "accepted"


def test_an_idempotency_key_makes_a_repeat_harmless(service, desk):
    handoff = desk.handoff_in("open")
    headers = {"Idempotency-Key": funnel.unique("move")}
    first = expect(funnel.try_move(service.sales, handoff, "attempts", headers=headers), 200)
    again = expect(funnel.try_move(service.sales, handoff, "attempts", headers=headers), 200)
    assert again.headers["Idempotency-Replayed"] == "true" and len(again.json()["attempts"]) == 1
    assert first.json()["attempts"] == again.json()["attempts"]
    expect(funnel.try_move(service.sales, handoff, "attempts", {"channel": "email", "outcome": "reached"},
                           headers=headers), 422)
    # The key belongs to its path and its API key.
    other = desk.handoff_in("open")
    expect(funnel.try_move(service.sales, other, "attempts", headers=headers), 200)
    answer = expect(funnel.try_move(service.admin, handoff, "attempts", headers=headers), 200)
    assert "Idempotency-Replayed" not in answer.headers and len(answer.json()["attempts"]) == 2


def test_a_refused_move_is_replayed_too(service, desk):
    handoff = desk.handoff_in("open")
    headers = {"Idempotency-Key": funnel.unique("move")}
    expect(funnel.try_move(service.sales, handoff, "qualify", headers=headers), 409)
    expect(funnel.try_move(service.sales, handoff, "qualify", headers=headers), 409)


# --- pause ----------------------------------------------------------------------------------------


def test_pause_and_resume(service, desk):
    handoff = desk.handoff_in("open")
    due = handoff["first_contact_due_at"]
    handoff = funnel.make_move(service.sales, handoff, "pause", {"until": times.ahead(days=2), "reason": "away"})
    assert handoff["pause_reason"] == "away" and handoff["paused_until"] is not None
    assert [clock["state"] for clock in handoff["clocks"]] == ["paused"]
    handoff = funnel.make_move(service.sales, handoff, "resume")
    assert (handoff["paused_until"], handoff["pause_reason"]) == (None, None)
    (clock,) = handoff["clocks"]
    assert clock["state"] == "running" and 0 <= times.seconds(due, clock["due_at"]) < 60
    handoff = desk.handoff_in("open")
    assert list(faults(funnel.try_move(service.sales, handoff, "pause", {"until": times.ago(days=1), "reason": "x"}))) == \
        ["/until"]


# --- feedback -------------------------------------------------------------------------------------


def test_feedback_after_the_end(service, desk):
    handoff = desk.handoff_in("rejected")
    handoff = funnel.make_move(service.sales, handoff, "feedback", {
        "offer": desk.offer["slug"], "found_useful": "no", "helped_the_call": False, "note": "too long"})
    (feedback,) = handoff["feedback"]
    assert (feedback["offer"], feedback["found_useful"], feedback["helped_the_call"], feedback["note"]) == \
        (desk.offer["slug"], "no", False, "too long")
    assert list(faults(funnel.try_move(service.sales, handoff, "feedback",
                                       {"offer": "there-is-none", "found_useful": "no"}))) == ["/offer"]


# --- opening --------------------------------------------------------------------------------------


def test_by_hand(service, desk):
    contact = desk.lead()
    made = expect(service.sales.post("/v1/handoffs", {"contact_id": contact["id"], "reason": "met at the fair"}), 201)
    handoff = made.json()
    assert made.headers["Location"] == f"/v1/handoffs/{handoff['id']}"
    assert (handoff["purpose"], handoff["trigger"]["kind"], handoff["trigger"]["reason"]) == \
        ("close", "manual", "met at the fair")
    assert [clock["kind"] for clock in handoff["clocks"]] == ["first_contact"]
    assert stage_of(service, handoff) == "mql"
    conflict = expect(service.sales.post("/v1/handoffs", {"contact_id": contact["id"], "reason": "again"}), 409).json()
    assert conflict["existing"] == handoff["id"]
    told = [event for event in funnel.events_after(service.reader, 0) if event["contact_id"] == contact["id"]]
    assert "met at the fair" not in str(told), "no free text in the feed"


def test_by_hand_to_warm(service, desk):
    contact = desk.lead()
    handoff = service.sales.make("/v1/handoffs", {"contact_id": contact["id"], "purpose": "stimulate", "reason": "warm up"})
    assert handoff["purpose"] == "stimulate"


def test_by_hand_is_refused(service, desk):
    disqualified = desk.handoff_in("rejected")["contact_id"]
    expect(service.sales.post("/v1/handoffs", {"contact_id": disqualified, "reason": "x"}), 409)
    assert service.sales.post("/v1/handoffs", {"contact_id": str(uuid.uuid4()), "reason": "x"}).status_code in (404, 422)
    assert set(faults(service.sales.post("/v1/handoffs", {"purpose": "gift"}))) == {"/contact_id", "/purpose", "/reason"}


def test_after_a_recycle_only_new_input_and_not_before_its_time(service, desk):
    handoff = desk.handoff_in("recycled")
    assert times.seconds(handoff["closed_at"], handoff["nurture_until"]) == pytest.approx(14 * 86400, abs=1)
    contact = service.reader.read(f"/v1/contacts/{handoff['contact_id']}")
    again = desk.lead(contact["email"])
    assert (again["stage"], again["handoff"]["id"]) == ("lead", handoff["id"]), "not within two weeks"
    demo = funnel.Desk(service, kind="demo", journey_step="decision").lead(contact["email"])
    assert (demo["stage"], demo["handoff"]["state"]) == ("mql", "open"), "unless it asks at once"
    second = service.reader.read(f"/v1/handoffs/{demo['handoff']['id']}")
    assert second["cycle"] == 2 and second["id"] != handoff["id"]


def test_when_nurturing_is_over_new_input_hands_over_again(fresh):
    desk = funnel.Desk(fresh)
    _, handoff = desk.mql()
    funnel.make_move(fresh.sales, handoff, "recycle")
    contact = fresh.reader.read(f"/v1/contacts/{handoff['contact_id']}")
    fresh.database.move_clock(datetime.timedelta(days=15))
    fresh.marketing.change(f"/v1/contacts/{contact['id']}", {"attributes": {"city": "Lyon"}})
    assert fresh.reader.read(f"/v1/contacts/{contact['id']}")["stage"] == "lead", "only on scored input received since"
    assert desk.lead(contact["email"])["stage"] == "mql"


def test_input_during_an_open_handoff_is_an_activity_of_it(service, desk):
    _, handoff = desk.mql()
    contact = service.reader.read(f"/v1/contacts/{handoff['contact_id']}")
    again = desk.lead(contact["email"])
    assert again["handoff"]["id"] == handoff["id"]
    told = [event["type"] for event in funnel.events_after(service.reader, 0) if event["contact_id"] == contact["id"]]
    assert told.count("handoff.opened") == 1


# --- the queue ------------------------------------------------------------------------------------


def test_the_queue_by_time_left(fresh):
    desk = funnel.Desk(fresh)
    policy = funnel.policy_of(fresh.admin)
    due = []
    for target in ("PT24H", "PT2H", "PT48H", "PT1H"):
        fresh.admin.change(f"/v1/sla/policies/{policy['id']}", {"target": target})
        _, handoff = desk.mql()
        due.append((handoff["first_contact_due_at"], handoff["id"]))
    queue = fresh.reader.pages("/v1/handoffs", order="due", limit=1)
    assert [handoff["id"] for handoff in queue] == [handoff_id for _, handoff_id in sorted(due)]
    newest = fresh.reader.pages("/v1/handoffs", order="newest", limit=3)
    assert [handoff["id"] for handoff in newest] == [handoff_id for _, handoff_id in reversed(due)]
    leads = fresh.reader.pages("/v1/leads", order="due", limit=2)
    assert [lead["handoff"]["id"] for lead in leads] == [handoff_id for _, handoff_id in sorted(due)]
    funnel.make_move(fresh.sales, {"id": due[0][1]}, "recycle")
    assert [handoff["state"] for handoff in fresh.reader.pages("/v1/handoffs", state="recycled,won")] == ["recycled"]


def test_an_unknown_handoff_is_404(service, body_of):
    unknown = str(uuid.uuid4())
    expect(service.reader.get(f"/v1/handoffs/{unknown}"), 404)
    for move in TABLE:
        expect(service.sales.post(f"/v1/handoffs/{unknown}/{move}", body_of(move)), 404)
