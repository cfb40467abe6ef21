"""What the reports must answer after both Olist files were imported, worked out from the files alone.

No code of Relais is used, only Python's standard library: the answers of GET /v1/reports/channels
(from_stage=lead, to_stage=customer) and GET /v1/reports/funnel are compared with these, so that
import, stages, time zones and statistics are checked end to end.

The import this stands for (`relais import contacts|deals … --historical`):

    contacts  {"email": "{mql_id}@example.com", "occurred_at": "{first_contact_date}",
               "kind": "form_submission", "form": "{landing_page_id}", "channel": "{origin}"}
    deals     {"email": "{mql_id}@example.com", "won_at": "{won_date}", "currency": "BRL",
               "assignee": "{sr_id}", "qualified_by": "{sdr_id}"}

How the contract is read here, where it leaves room:

 1. A row of the contacts file is a lead from `first_contact_date` on: unknown forms are made, and a
    form makes leads unless it says otherwise. History opens no handoff, so nobody becomes an MQL
    by the import alone, whatever its score.
 2. A deal makes its contact a customer at `won_date` and writes mql, sal, sql and opportunity, the
    stages between lead and customer, as implied at `won_date`. All deals belong to a known contact.
 3. "Reached" a stage: the contact has a record of it or of a later one, implied or not, at any time.
    So every lead has reached contact and prospect too, though nothing recorded these.
 4. When a stage was reached: the first record of the stage itself, else the first record of a later
    one. So the contact whose deal was won two days before its first contact was a lead from its
    first contact on, and its conversion came "even earlier": it counts in `customers` and `rate`,
    its duration is left out and a warning names it. A duration of 0 would count.
 5. An empty origin is no channel (null); "unknown" is a channel like any other.
 6. `leads` is the number of contacts that first reached from_stage in the range, `mqls`, `sqls`
    and `customers` are those of them that reached these stages, whenever. rate = reached to_stage /
    leads, its interval is Wilson's for these two numbers, small_sample is leads < 10.
 7. Rows stand by ci_low, highest first; rank is the place in that order, from 1; volume_rank the
    place by leads. Equal ones: more leads first, then by name, null last (Olist has no equal ones).
 8. The map names no amount, so deals bring no revenue: an empty list, not 0 BRL.
 9. median_days_to_close goes from from_stage to to_stage, in real seconds / 86,400: both local times
    become instants in the organisation's zone first, so a span over a clock change has an hour
    less or more than the calendar says. None when no contact has a duration.
10. A date without a time is midnight, and dates and times are local to the organisation's zone
    (Europe/Paris by default). Local times that do not exist are read with the offset before the
    change, those that exist twice as the second, as PostgreSQL does (Olist has neither).
11. The funnel has all eight stages, also contact and prospect. Its contacts are those that entered
    the funnel (first reached `contact`) in the range. The first stage has no rate_from_previous and
    no interval; its rate_from_first is 1.
12. The interval in the funnel is Wilson's for rate_from_previous. It has no value, like the rate,
    when nobody reached the previous stage.
13. median_seconds_to_next takes contacts for which both stages are recorded and neither is implied.
    Here no two neighbours are (lead and customer are, what lies between is implied): all None.
14. Without from and to the range is everything, and `from` and `to` are None.

Rates are one division of two integers; intervals are computed to 50 digits, medians exactly, then
rounded once: a server that computes in doubles agrees to about 1e-14.
"""

import csv
import datetime
import json
import pathlib
import sys
import zoneinfo
from decimal import Decimal, localcontext
from fractions import Fraction

STAGES = ["contact", "prospect", "lead", "mql", "sal", "sql", "opportunity", "customer"]
BETWEEN_LEAD_AND_CUSTOMER = ["mql", "sal", "sql", "opportunity"]
SECONDS_PER_DAY = 86400
SMALL_SAMPLE_BELOW = 10
Z = Decimal("1.959963984540054")

DATA = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data" / "olist"
MQL_CSV = DATA / "olist_marketing_qualified_leads_dataset.csv"
DEALS_CSV = DATA / "olist_closed_deals_dataset.csv"


def instant(text, zone):
    """Local "YYYY-MM-DD" or "YYYY-MM-DD HH:MM:SS" to an aware time in UTC (reading 10)."""
    local = datetime.datetime.fromisoformat(text)
    first = local.replace(tzinfo=zone, fold=0)
    second = local.replace(tzinfo=zone, fold=1)
    exists_twice = first.utcoffset() > second.utcoffset()
    return (second if exists_twice else first).astimezone(datetime.timezone.utc)


def read_rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Contact:
    """One contact's channel and stage history: stage → (when, whether implied)."""

    def __init__(self, mql_id, channel):
        self.mql_id = mql_id
        self.channel = channel
        self.history = {}

    def reached(self, stage):
        return any(later in self.history for later in STAGES[STAGES.index(stage):])

    def reached_at(self, stage):
        """Reading 4; None when never reached."""
        if stage in self.history:
            return self.history[stage][0]
        later = [self.history[s][0] for s in STAGES[STAGES.index(stage):] if s in self.history]
        return min(later, default=None)

    def reached_in(self, stage, start, end):
        at = self.reached_at(stage)
        return at is not None and (start is None or at >= start) and (end is None or at < end)

    def seconds_between(self, earlier, later):
        """Whole seconds, negative if they came the other way round; None when one is not recorded
        or only implied."""
        pair = [self.history.get(earlier), self.history.get(later)]
        if any(record is None or record[1] for record in pair):
            return None
        span = pair[1][0] - pair[0][0]
        assert span.microseconds == 0
        return span.days * SECONDS_PER_DAY + span.seconds


def import_files(mql_csv, deals_csv, zone):
    contacts = {}
    for row in read_rows(mql_csv):
        contact = Contact(row["mql_id"], row["origin"] or None)
        contact.history["lead"] = (instant(row["first_contact_date"], zone), False)
        assert row["mql_id"] not in contacts
        contacts[row["mql_id"]] = contact
    for row in read_rows(deals_csv):
        history = contacts[row["mql_id"]].history
        won_at = instant(row["won_date"], zone)
        assert "customer" not in history
        for stage in BETWEEN_LEAD_AND_CUSTOMER:
            history[stage] = (won_at, True)
        history["customer"] = (won_at, False)
    return list(contacts.values())


def wilson(successes, trials):
    """The two p with |successes/trials − p| = Z·sqrt(p·(1−p)/trials), as (low, high)."""
    with localcontext() as context:
        context.prec = 50
        k, n = Decimal(successes), Decimal(trials)
        middle = 2 * k + Z * Z
        spread = Z * (Z * Z + 4 * k * (n - k) / n).sqrt()
        whole = 2 * (n + Z * Z)
        return float((middle - spread) / whole), float((middle + spread) / whole)


def median(values):
    """The continuous percentile at 0.5: between two middle values, half-way. None of nothing."""
    values = sorted(values)
    if not values:
        return None
    below, above = values[(len(values) - 1) // 2], values[len(values) // 2]
    return Fraction(below + above, 2)


def ratio(part, whole):
    return part / whole if whole else None


def bounds(start, end, zone):
    return [instant(text, zone) if text is not None else None for text in (start, end)]


def format_instant(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z") if at is not None else None


def channel_row(channel, cohort, from_stage, to_stage):
    converted = [c for c in cohort if c.reached(to_stage)]
    low, high = wilson(len(converted), len(cohort))
    seconds = [c.seconds_between(from_stage, to_stage) for c in converted]
    days = median([s for s in seconds if s is not None and s >= 0])
    return {
        "channel": channel,
        "leads": len(cohort),
        "mqls": sum(c.reached("mql") for c in cohort),
        "sqls": sum(c.reached("sql") for c in cohort),
        "customers": sum(c.reached("customer") for c in cohort),
        "rate": ratio(len(converted), len(cohort)),
        "ci_low": low,
        "ci_high": high,
        "small_sample": len(cohort) < SMALL_SAMPLE_BELOW,
        "revenue": [],
        "median_days_to_close": None if days is None else float(days / SECONDS_PER_DAY),
    }


def place_by(rows, number):
    """The rows in the order of reading 7."""
    return sorted(rows, key=lambda row: (-row[number], -row["leads"], row["channel"] is None,
                                         row["channel"] or ""))


def channels_report(mql_csv=MQL_CSV, deals_csv=DEALS_CSV, start=None, end=None,
                    time_zone="Europe/Paris", from_stage="lead", to_stage="customer"):
    """GET /v1/reports/channels. `start` and `end`: local dates or times as text, half-open; None:
    no bound. Beside the contract's fields `warnings` lists the mql_id of each pair left out of the
    durations because to_stage came first."""
    zone = zoneinfo.ZoneInfo(time_zone)
    start_at, end_at = bounds(start, end, zone)
    cohort = [c for c in import_files(mql_csv, deals_csv, zone)
              if c.reached_in(from_stage, start_at, end_at)]
    by_channel = {}
    for contact in cohort:
        by_channel.setdefault(contact.channel, []).append(contact)
    rows = [channel_row(channel, contacts, from_stage, to_stage)
            for channel, contacts in by_channel.items()]
    rows = place_by(rows, "ci_low")
    for rank, row in enumerate(rows, 1):
        row["rank"] = rank
    for rank, row in enumerate(place_by(rows, "leads"), 1):
        row["volume_rank"] = rank
    backwards = [c.mql_id for c in cohort
                 if (c.seconds_between(from_stage, to_stage) or 0) < 0]
    return {"from": format_instant(start_at), "to": format_instant(end_at), "data": rows,
            "warnings": sorted(backwards)}


def funnel_report(mql_csv=MQL_CSV, deals_csv=DEALS_CSV, start=None, end=None,
                  time_zone="Europe/Paris"):
    """GET /v1/reports/funnel. Arguments as for channels_report."""
    zone = zoneinfo.ZoneInfo(time_zone)
    start_at, end_at = bounds(start, end, zone)
    cohort = [c for c in import_files(mql_csv, deals_csv, zone)
              if c.reached_in(STAGES[0], start_at, end_at)]
    reached = [sum(c.reached(stage) for c in cohort) for stage in STAGES]
    stages = []
    for i, stage in enumerate(STAGES):
        previous = reached[i - 1] if i > 0 else 0
        low, high = wilson(reached[i], previous) if previous else (None, None)
        seconds = [c.seconds_between(stage, STAGES[i + 1]) for c in cohort] \
            if i + 1 < len(STAGES) else []
        to_next = median([s for s in seconds if s is not None and s >= 0])
        stages.append({
            "stage": stage,
            "reached": reached[i],
            "rate_from_previous": ratio(reached[i], previous),
            "rate_from_first": ratio(reached[i], reached[0]),
            "ci_low": low,
            "ci_high": high,
            "median_seconds_to_next": None if to_next is None else float(to_next),
        })
    return {"from": format_instant(start_at), "to": format_instant(end_at), "stages": stages}


def first_day(day, every, starts):
    """The first day of the period that a local date lies in."""
    if every == "week":
        weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        return day - datetime.timedelta(days=(day.weekday() - weekdays.index(starts)) % 7)
    if every == "month":
        return day.replace(day=1)
    if every == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day


def commitment_periods(metric, every, starts, mql_csv=MQL_CSV, deals_csv=DEALS_CSV, time_zone="Europe/Paris"):
    """GET /v1/sla/commitments/{id}/periods: first day → (numerator, denominator, [mql_id …]) of the periods in which
    something is. Leads are captured when they first became one; history's MQLs, which no handoff tells, are delivered
    when that is recorded."""
    zone = zoneinfo.ZoneInfo(time_zone)
    stage = "lead" if metric in ("leads_captured", "conversion_rate") else "mql"
    goal = {"conversion_rate": "customer", "mql_to_sql_rate": "sql"}.get(metric)
    periods = {}
    for contact in import_files(mql_csv, deals_csv, zone):
        if stage not in contact.history:
            continue
        day = first_day(contact.history[stage][0].astimezone(zone).date(), every, starts)
        numerator, denominator, contacts = periods.get(str(day), (0, 0 if goal else None, []))
        periods[str(day)] = (numerator + (contact.reached(goal) if goal else 1), denominator + 1 if goal else None,
                             [*contacts, contact.mql_id])
    return periods


if __name__ == "__main__":
    if not MQL_CSV.exists():
        sys.exit(f"{DATA} is not here")
    json.dump({"channels": channels_report(), "funnel": funnel_report()}, sys.stdout, indent=2)
    print()
