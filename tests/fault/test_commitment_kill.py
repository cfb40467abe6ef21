"""kill -9 of servers while periods close: with three instances every period is frozen exactly once, told exactly once, none
is left out, and the numbers are those that were written down here when each thing was done. RELAIS_FREEZE_ROUNDS says how
often (3), RELAIS_FREEZE_SEED repeats a run."""

import collections
import datetime
import os
import random
import zoneinfo

from support import funnel, times
from support.waiting import wait_until

ROUNDS = int(os.environ.get("RELAIS_FREEZE_ROUNDS", "3"))
SEED = int(os.environ.get("RELAIS_FREEZE_SEED", random.randrange(10**6)))
PARIS = zoneinfo.ZoneInfo("Europe/Paris")
DAY = datetime.timedelta(days=1)
METRICS = {"leads_captured": 3, "leads_delivered": 2, "acceptance_rate": 0.5, "attempts_per_lead": 1, "revenue": 1000}
TWINS = 3  # of each promise, so that there is much to freeze at once
FREEZING_SECONDS = 60


class Diary:
    """What was done on which day: by day and metric (numerator, denominator)."""

    def __init__(self):
        self.days = collections.defaultdict(lambda: collections.Counter())

    def add(self, day, **what):
        self.days[day].update(what)

    def numbers(self, day, metric):
        done = self.days[day]
        return {"leads_captured": (done["leads"], None), "leads_delivered": (done["mqls"], None),
                "acceptance_rate": (done["accepted"], done["mqls"]), "attempts_per_lead": (done["attempts"], done["mqls"]),
                "revenue": (done["amount"], None)}[metric]


def work(service, desk, diary, day, chance):
    """A day at the office."""
    for _ in range(chance.randrange(3)):
        desk.lead(attributes={"company_size": 12})
        diary.add(day, leads=1)
    for _ in range(chance.randrange(4)):
        _, handoff = desk.mql()
        diary.add(day, leads=1, mqls=1)
        moves = funnel.WAYS[chance.choice(["open", "accepted", "contacted", "won", "recycled"])]
        for move in moves:
            amount = chance.randrange(100, 5000)
            body = {"amount": amount, "currency": "EUR"} if move == "win" else None
            handoff = funnel.make_move(service.sales, handoff, move, body)
            diary.add(day, accepted=move == "accept", attempts=move == "attempts", amount=amount * (move == "win"))


def frozen_count(database):
    return database.value("SELECT count(*) FROM commitment_period")


def go_to(database, day, hour):
    database.move_clock_to(datetime.datetime.combine(day, datetime.time(hour), PARIS))


def close_days(service, promised, day, days, chance):
    """The clock goes on by some days, and while they are being frozen two of three instances are killed."""
    before = frozen_count(service.database)
    go_to(service.database, day + DAY * days, 9)
    wanted = before + days * promised
    wait_until(lambda: frozen_count(service.database) > before + chance.randrange(promised), FREEZING_SECONDS, "the freezing to begin")
    for victim in chance.sample(service.servers, 2):
        victim.kill()
        victim.start()
    wait_until(lambda: frozen_count(service.database) >= wanted, FREEZING_SECONDS, "all days to be frozen")
    assert frozen_count(service.database) == wanted
    return day + DAY * days


def check(service, made, diary, first, end):
    days = [first + DAY * number for number in range((end - first).days)]
    wanted = sorted((commitment["id"], times.text(datetime.datetime.combine(day, datetime.time(), PARIS)))
                    for commitment in made for day in days)
    told = [(event["data"]["commitment_id"], event["data"]["period_start"], event["type"], event["data"]["actual"])
            for event in funnel.events_after(service.admin, 0) if event["type"] in ("commitment.met", "commitment.missed")]
    assert sorted(event[:2] for event in told) == wanted, "every period is told, once"
    verdicts = {event[:2]: event[2:] for event in told}
    for commitment in made:
        periods = service.admin.pages(f"/v1/sla/commitments/{commitment['id']}/periods", limit=1000)
        frozen = {period["period"]: period for period in periods if period["frozen_at"]}
        assert sorted(frozen) == [str(day) for day in days]
        for day in days:
            period = frozen[str(day)]
            numerator, denominator = diary.numbers(day, commitment["metric"])
            actual = numerator if denominator is None else numerator / denominator if denominator else None
            what = (SEED, commitment["metric"], str(day))
            assert (period["numerator"], period["denominator"], period["actual"]) == (numerator, denominator, actual), what
            state = "met" if actual is None or actual >= period["target"] else "missed"
            assert period["state"] == state and period["restated"] is None, what
            assert verdicts[commitment["id"], period["period_start"]] == (f"commitment.{state}", actual), what
    # The things behind the numbers were kept with them, all or none.
    assert service.database.rows(
        "SELECT p.commitment_id, p.period_start FROM commitment_period p LEFT JOIN commitment_subject s"
        " USING (commitment_id, period_start) GROUP BY p.commitment_id, p.period_start, p.numerator, p.denominator"
        " HAVING coalesce(sum(s.numerator), 0) <> p.numerator OR coalesce(sum(s.denominator), 0) <> coalesce(p.denominator, 0)"
    ) == []
    assert service.database.value("SELECT count(*) FROM commitment_subject s LEFT JOIN commitment_period p"
                                  " USING (commitment_id, period_start) WHERE p.state IS NULL") == 0


def test_every_period_is_frozen_once_through_kills(make_service):
    service = make_service(instances=3).start()
    chance = random.Random(SEED)
    try:
        first = day = service.database.now().astimezone(PARIS).date() + DAY
        go_to(service.database, day, 9)
        made = [service.admin.make("/v1/sla/commitments", {
            "team": "both", "name": f"{metric} {twin}", "metric": metric, "at_least": target, "period": {"every": "day"},
            "settle_days": 0}) for metric, target in METRICS.items() for twin in range(TWINS)]
        desk, diary = funnel.Desk(service), Diary()
        for _ in range(ROUNDS):
            work(service, desk, diary, day, chance)
            day = close_days(service, len(made), day, chance.randrange(1, 4), chance)
        check(service, made, diary, first, day)
        service.stop()
    finally:
        service.end()
        service.database.drop()
