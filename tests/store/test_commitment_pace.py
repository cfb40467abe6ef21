"""The pace of a commitment's period, hour by hour, against a count of open days worked out here: it never falls, rests
where nobody works, and is all of it at the end. And by a calendar the same of its opening hours. RELAIS_PACE_SEED repeats
a run."""

import datetime
import itertools
import os
import random
import uuid
import zoneinfo

import pytest

SEED = int(os.environ.get("RELAIS_PACE_SEED", random.randrange(10**6)))
# With changes of the clock at noon, at midnight and by half an hour, a day that never was, and none at all.
ZONES = ["Europe/Paris", "America/Havana", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "UTC"]
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
UTC = datetime.timezone.utc
CASES = 40


def day_start(day, zone):
    """The first moment of a local day; of one that never was, that of the next."""
    moment = datetime.datetime.combine(day, datetime.time(), zone).astimezone(UTC)
    while moment.astimezone(zone).date() < day:
        moment += HOUR / 4
    return moment


def period_around(every, starts, day):
    """(first day, the day behind it)."""
    if every == "day":
        return day, day + DAY
    if every == "week":
        first = day - DAY * ((day.weekday() - WEEKDAYS.index(starts)) % 7)
        return first, first + 7 * DAY
    months = 1 if every == "month" else 3
    first = day.replace(day=1, month=day.month - (day.month - 1) % months)
    behind = first.month + months
    return first, first.replace(year=first.year + (behind > 12), month=(behind - 1) % 12 + 1)


def spans_of(first, behind, zone):
    """The open time: from Monday to Friday; without any, all of it."""
    days = [first + DAY * number for number in range((behind - first).days)]
    opened = [day for day in days if day.weekday() < 5] or days
    return [(day_start(day, zone), day_start(day + DAY, zone)) for day in opened]


def share_at(spans, moment):
    moment = moment.replace(minute=0, second=0, microsecond=0)
    over = sum((min(max(moment, opens), closes) - opens for opens, closes in spans), datetime.timedelta())
    return over / sum((closes - opens for opens, closes in spans), datetime.timedelta())


def cases():
    chance = random.Random(SEED)
    for number in range(CASES):
        day = datetime.date(2011, 12, 28) if number == 0 else datetime.date(2010, 1, 1) + DAY * chance.randrange(9000)
        zone = "Pacific/Apia" if number == 0 else chance.choice(ZONES)
        yield zone, chance.choice(["day", "week", "week", "month", "quarter"]), chance.choice(WEEKDAYS), day


def test_the_pace_is_that_of_the_open_days(database):
    with database.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, every, starts, day in cases():
            what = (SEED, name, every, starts, str(day))
            zone = zoneinfo.ZoneInfo(name)
            first, behind = period_around(every, starts, day)
            noon = datetime.datetime.combine(day, datetime.time(12), zone)
            since, until = connection.execute("SELECT * FROM commitment_bounds(%s, %s, %s, %s)",
                                              (every, starts, name, noon)).fetchone()
            assert (since, until) == (day_start(first, zone), day_start(behind, zone)), what
            step = datetime.timedelta(minutes=47 if every in ("day", "week") else 311)
            rows = connection.execute(
                "SELECT m.at, p.share, p.next_step_at FROM generate_series(%s::timestamptz, %s, %s) AS m (at),"
                " LATERAL commitment_pace(%s, %s, %s, m.at) AS p ORDER BY m.at",
                (since - 3 * HOUR, until + 7 * HOUR, step, since, until, name)).fetchall()
            spans = spans_of(first, behind, zone)
            shares = [share for _, share, _ in rows]
            assert shares == sorted(shares), (what, "it never falls")
            assert shares[0] == 0 and shares[-1] == 1, (what, "nothing at first, all of it at the end")
            for at, share, next_step in rows:
                assert share == pytest.approx(share_at(spans, at), abs=1e-12), (what, at)
                is_over = at.replace(minute=0, second=0, microsecond=0) >= spans[-1][1]
                assert (next_step is None) == is_over and (next_step is None or next_step > at - HOUR), (what, at)


def hours_around(chance, since, until):
    """Opening hours of a calendar, some before the period and some behind it, one over each of its ends at times."""
    opens, spans = since - 2 * DAY, []
    while opens < until + 2 * DAY:
        opens += datetime.timedelta(minutes=chance.choice([30, 90, 840, 3900]) + chance.randrange(60))
        closes = opens + datetime.timedelta(minutes=chance.choice([45, 240, 480, 1440]))
        spans.append((opens, closes))
        opens = closes
    return spans


def keep_hours(connection, calendar, version, spans):
    connection.execute("INSERT INTO calendar_version VALUES (%s, %s, '{}', '2000-01-01', '2040-12-31', %s, %s, now())",
                       (calendar, version, spans[0][0], spans[-1][1]))
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO calendar_span VALUES (%s, %s, %s, %s, 0)",
                           [(calendar, version, opens, closes) for opens, closes in spans])


def test_the_pace_by_a_calendar_is_that_of_its_newest_hours(database):
    chance = random.Random(f"{SEED}-hours")
    with database.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, every, starts, day in itertools.islice(cases(), 20):
            what = (SEED, name, every, starts, str(day))
            zone = zoneinfo.ZoneInfo(name)
            first, behind = period_around(every, starts, day)
            since, until = day_start(first, zone), day_start(behind, zone)
            calendar, spans = uuid.uuid4(), hours_around(chance, since, until)
            keep_hours(connection, calendar, 1, hours_around(chance, since, until))
            keep_hours(connection, calendar, 2, spans)
            step = datetime.timedelta(minutes=47 if every in ("day", "week") else 311)
            rows = connection.execute(
                "SELECT m.at, p.share, p.next_step_at FROM generate_series(%s::timestamptz, %s, %s) AS m (at),"
                " LATERAL commitment_pace(%s, %s, %s, m.at, %s) AS p ORDER BY m.at",
                (since - 3 * HOUR, until + 7 * HOUR, step, since, until, name, calendar)).fetchall()
            inside = [(max(opens, since), min(closes, until)) for opens, closes in spans if opens < until and closes > since]
            inside = inside or spans_of(first, behind, zone)  # closed all the time: then as without a calendar
            assert rows[0][1] == 0 and rows[-1][1] == 1, what
            assert [share for _, share, _ in rows] == sorted(share for _, share, _ in rows), (what, "it never falls")
            for at, share, next_step in rows:
                now = min(max(at.replace(minute=0, second=0, microsecond=0), since), until)
                over = sum((min(max(now, opens), closes) - opens for opens, closes in inside), datetime.timedelta())
                whole = sum((closes - opens for opens, closes in inside), datetime.timedelta())
                assert share == pytest.approx(over / whole, abs=1e-12), (what, at)
                assert (next_step is None) == (now >= inside[-1][1]), (what, at)


def test_nothing_is_expected_of_a_weekend(database):
    """And what is promised is expected in whole: no part of it is lost on the way."""
    with database.connect() as connection:
        shares = [row[0] for row in connection.execute(
            "SELECT p.share FROM generate_series(timestamptz '2026-11-20 23:00Z', '2026-11-22 23:00Z', interval '1 hour') AS m (at),"
            " commitment_bounds('week', 'monday', 'Europe/Paris', m.at - interval '1 minute') AS b,"
            " commitment_pace(b.since, b.until, 'Europe/Paris', m.at) AS p ORDER BY m.at")]
        assert shares == [1] * len(shares) and len(shares) == 49, "on Friday night the working week is over"
