"""Clocks of a few seconds, by the hundred: who makes them, a rep who keeps some of them at the last moment, and what the
feed has to tell of them in the end.

Each handoff has two clocks. That of first contact is broken unless the rep comes in time, and has steps of escalation at
its deadline and behind it. That of acceptance goes on for longer than any test; its warnings and its step come after some
seconds, so each of them has to be told, however long the service was away meanwhile."""

import datetime
import heapq
import random
import threading
import time

import httpx

from history import checker
from support import funnel, times, verdict
from support.load import Load
from support.waiting import wait_until

SECOND = datetime.timedelta(seconds=1)
EVER = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)
ROUNDING = datetime.timedelta(milliseconds=1)
FIRST_CONTACT_SECONDS, BEHIND_SECONDS = 3, 1
ACCEPTANCE_SECONDS = 4200
WARN_AT, STEP_AT = (0.001, 0.0013), 0.0005  # 4.2, 5.46 and 2.1 seconds
SETTLE_SECONDS = 120  # generous

FIRST_CONTACT = {"target": f"PT{FIRST_CONTACT_SECONDS}S", "warn_at": [],
                 "escalate": [{"at": 1, "to": "manager"}, {"at": f"PT{BEHIND_SECONDS}S", "to": "reassign_propose"}]}
ACCEPTANCE = {"name": "acceptance", "kind": "acceptance", "target": f"PT{ACCEPTANCE_SECONDS}S", "warn_at": list(WARN_AT),
              "escalate": [{"at": STEP_AT, "to": "assignee"}]}
TOLD_TYPES = "sla.met,sla.breached,sla.warning,sla.escalated,sla.cancelled"
UNSETTLED = """SELECT count(*) FROM sla_clock
               WHERE ended_at IS NULL AND ((kind = 'first_contact' AND state = 'running') OR cardinality(step_at) > 0
                                           OR cardinality(warnings) > 0)"""
BREACHED = "SELECT count(*) FROM sla_clock WHERE breached_at IS NOT NULL"
OVERDUE = "SELECT count(*) FROM sla_clock WHERE wake_at <= relais_now() - interval '1 second'"


def promise_seconds(service):
    """From now on each handoff of this service has the two clocks."""
    policy = funnel.policy_of(service.admin)
    service.admin.change(f"/v1/sla/policies/{policy['id']}", FIRST_CONTACT)
    service.admin.make("/v1/sla/policies", ACCEPTANCE)
    funnel.make_member(service.admin, role="manager")


class Rep(threading.Thread):
    """Reads of the handoffs in the feed and contacts every third, at a moment around its deadline. What is not answered
    is not tried again: then the clock says whether it was done."""

    def __init__(self, service, seed):
        super().__init__(daemon=True)
        self.service = service
        self.random = random.Random(f"{seed}-rep")
        self.stopping = threading.Event()
        self.http = httpx.Client(headers={"Authorization": f"Bearer {service.keys['admin']}"}, timeout=30, trust_env=False)
        self.after = 0
        self.plan = []  # heap of (when, handoff)
        self.unexpected = []

    def run(self):
        while not self.stopping.wait(0.05):
            page = self._ask("GET", f"/v1/events?types=handoff.opened&limit=500&after={self.after}")
            for event in page["data"] if page else []:
                if self.random.random() < 1 / 3:
                    wait = self.random.uniform(0, FIRST_CONTACT_SECONDS + 1)
                    heapq.heappush(self.plan, (time.monotonic() + wait, event["data"]["handoff_id"]))
            self.after = page["next_after"] if page else self.after
            while self.plan and self.plan[0][0] <= time.monotonic():
                handoff = heapq.heappop(self.plan)[1]
                self._ask("POST", f"/v1/handoffs/{handoff}/attempts", {"channel": "call", "outcome": "no_answer"})
        self.http.close()

    def _ask(self, method, path, body=None):
        """The answer, or None when there is none: whom it asks may have been killed, or the database be away."""
        server = self.random.choice(self.service.servers)
        try:
            answer = self.http.request(method, server.url + path, json=body)
        except httpx.TransportError:
            return None
        if answer.status_code not in (200, 503):
            self.unexpected.append((path, answer.status_code, answer.text))
        return answer.json() if answer.status_code == 200 else None


class Crowd:
    """`with Crowd(service, seed) as crowd:` makes promises until the block ends; then `crowd.judge()`."""

    def __init__(self, service, seed, writers=2, pause=0.2):
        promise_seconds(service)
        self.service = service
        # Whoever asks for a demo is handed over at once.
        self.form = funnel.Desk(service, kind="demo", journey_step="decision").form["slug"]
        ports = [server.port for server in service.servers]
        self.load = Load(lambda: ports, self.form, writers=writers, seed=seed, new_contacts=1.0, pause=pause)
        self.rep = Rep(service, seed)

    def __enter__(self):
        self.load.__enter__()
        self.rep.start()
        return self

    def __exit__(self, *_):
        self.load.__exit__()
        self.rep.stopping.set()
        self.rep.join(60)
        assert not self.rep.is_alive()

    def wait_breaches(self, count):
        """Until so many more clocks are breached."""
        database = self.service.database
        wanted = database.value(BREACHED) + count
        wait_until(lambda: database.value(BREACHED) >= wanted, SETTLE_SECONDS, f"{count} more breaches")

    def seconds_to_catch_up(self):
        """How long until nothing is a second late."""
        begin = time.monotonic()
        wait_until(lambda: self.service.database.value(OVERDUE) == 0, SETTLE_SECONDS, "the scheduler")
        return time.monotonic() - begin

    def _settle(self):
        for instance in range(len(self.service.servers)):
            nobody = self.service.client(instance=instance)
            wait_until(lambda: nobody.get("/readyz").json() == {"status": "ready", "spooled": 0}, SETTLE_SECONDS, "an empty spool")
        wait_until(lambda: self.service.database.value(UNSETTLED) == 0, SETTLE_SECONDS, "the last clocks")
        verdict.wait_numbered(self.service)

    def judge(self):
        """What is wrong, after everything that is due has been told; prints what happened."""
        self._settle()
        assert self.load.unexpected() == [] and self.rep.unexpected == []
        clocks = self.service.reader.pages("/v1/sla/clocks", limit=200)
        events = funnel.events_after(self.service.reader, 0, types=TOLD_TYPES)
        handoffs = self.service.database.value("SELECT count(*) FROM handoff")
        states = [clock["state"] for clock in clocks if clock["kind"] == "first_contact"]
        assert len(clocks) == 2 * handoffs and len(states) == handoffs, "each handoff has its clocks"
        assert states.count("met") > 0 and states.count("met") + states.count("breached") == handoffs
        late = sorted(times.seconds(event["data"]["due_at"], event["at"]) for event in events if event["type"] == "sla.breached")
        print(f"{self.load.summary()}; {states.count('met')} clocks met, {len(late)} breached, flagged {late[len(late) // 2]:.3f} s "
              f"late in the middle, {late[-1]:.3f} s at most; {len(events)} events")
        return verdict.check_all(self.service, self.load, self.form) + check_clocks(clocks, events)


def check_clocks(clocks, events):
    """What the feed tells of the clocks is what their deadlines say."""
    wanted, optional = {}, {}
    for clock in clocks:
        mine, maybe = due_of(clock)
        wanted.update(mine)
        optional.update(maybe)
    found = checker.check_due(wanted, told_by(events), optional)
    flagged = {event["data"]["clock_id"]: event["at"] for event in events if event["type"] == "sla.breached"}
    return found + [checker.Violation("disagreeing", f"{clock['id']}: {clock['breached_at']} and {flagged.get(clock['id'])}")
                    for clock in clocks if clock["breached_at"] != flagged.get(clock["id"])]


def told_by(events):
    told, warnings = [], {}
    for event in events:
        clock, what = event["data"]["clock_id"], event["type"]
        if what == "sla.warning":
            warnings[clock] = warnings.get(clock, 0) + 1
            what += f" {warnings[clock]}"
        elif what == "sla.escalated":
            what += f" {event['data']['to']}"
        told.append(((clock, what), times.parse(event["at"])))
    return told


def due_of(clock):
    """(what has to be told of a clock, what may be told): {(clock, what): not before}."""
    started, due = times.parse(clock["started_at"]), times.parse(clock["due_at"])
    if clock["kind"] == "acceptance":
        moments = {f"sla.warning {number + 1}": started + at * (due - started) - ROUNDING for number, at in enumerate(WARN_AT)}
        moments["sla.escalated assignee"] = started + STEP_AT * (due - started) - ROUNDING
        return {(clock["id"], what): at for what, at in moments.items()}, {}
    if clock["state"] == "met":
        return {(clock["id"], "sla.met"): EVER}, {}
    steps = {(clock["id"], "sla.escalated manager"): due,
             (clock["id"], "sla.escalated reassign_propose"): due + BEHIND_SECONDS * SECOND}
    breach = {(clock["id"], "sla.breached"): due}
    # Somebody who came late has ended the ladder where it was.
    return ({**breach, **steps}, {}) if clock["ended_at"] is None else (breach, steps)
