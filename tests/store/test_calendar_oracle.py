"""Calendars against an oracle of their own: random rules, time zones and moments from 2015 to 2037, through the database's
expansion and the program's search, compared with minutes counted one by one with Python's zone data.

The oracle's rule is that of the documentation: something opens at the first minute at which the clocks show its time and
closes at the last; a time that the clocks skip is the minute of the skip. RELAIS_TEST_SEED repeats a run.
"""

import bisect
import datetime
import itertools
import json
import os
import random
import subprocess
import zoneinfo

import pytest

from support import paths

EPOCH = datetime.date(1970, 1, 1)
DAY = 1440
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS = 32                # of one calendar
QUESTIONS = 200          # asked of it
IN_CI, IN_LONG = 10_000, 1_000_000

# What is odd: half an hour of summer time, a day that was skipped, winter time as the exception, a month without summer
# time, changes at midnight, two hours at once, the date line, quarters of an hour.
ZONES = ["Europe/Paris", "Europe/Dublin", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo",
         "Antarctica/Troll", "America/New_York", "America/Havana", "Asia/Beirut", "Asia/Tehran", "Africa/Cairo",
         "America/Asuncion", "America/Santiago", "Atlantic/Azores", "Asia/Kathmandu", "Asia/Pyongyang", "Pacific/Chatham",
         "Pacific/Auckland", "Europe/Istanbul", "Europe/Volgograd", "America/Caracas", "Asia/Amman", "America/Nuuk",
         "Asia/Gaza", "Pacific/Norfolk", "Africa/Juba", "UTC", "Asia/Kolkata", "America/St_Johns"]


def minutes_of(text):
    return int(text[:2]) * 60 + int(text[3:])


def minutes_ahead(zone, base, count):
    """By how many minutes a zone's clocks are ahead of UTC, for each minute; `count` is whole hours. No zone changes
    twice within an hour."""
    tz = zoneinfo.ZoneInfo(zone)
    start = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(minutes=base)

    def ahead(minute):
        at = (start + datetime.timedelta(minutes=minute)).astimezone(tz)
        return at.utcoffset() // datetime.timedelta(minutes=1)

    for hour in range(0, count, 60):
        if ahead(hour) == ahead(hour + 59):
            yield from itertools.repeat(ahead(hour), 60)
        else:
            yield from map(ahead, range(hour, hour + 60))


class Oracle:
    """A calendar minute by minute. Minutes are counted from 1970, local ones too."""

    def __init__(self, zone, calendar, first, last):
        self.base = (first - EPOCH).days * DAY - 3 * DAY
        count = ((last - first).days + 7) * DAY
        self.local, self.first, self.last, self.skipped = [], {}, {}, {}
        before = None
        for index, ahead in enumerate(minutes_ahead(zone, self.base, count)):
            shown = self.base + index + ahead
            if before is not None:
                for skipped in range(before + 1, shown):
                    self.skipped[skipped] = index
            self.local.append(shown)
            self.first.setdefault(shown, index)
            self.last[shown] = index
            before = shown
        self._open(calendar, first, last)
        self.starts, self.ends = self._first((first - EPOCH).days * DAY), self._first(((last - EPOCH).days + 1) * DAY)

    def _first(self, local):
        return self.first.get(local, self.skipped.get(local))

    def _last(self, local):
        return self.last.get(local, self.skipped.get(local))

    def _open(self, calendar, first, last):
        self.open = bytearray(len(self.local))
        exceptions = {one["date"]: one["hours"] for one in calendar["exceptions"]}
        for number in range((last - first).days + 1):
            day = first + datetime.timedelta(days=number)
            windows = calendar["hours"].get(WEEKDAYS[day.weekday()], [])
            if day.isoformat() in calendar["holidays"]:
                windows = []
            windows = exceptions.get(day.isoformat(), windows)
            midnight = (day - EPOCH).days * DAY
            for opens, closes in windows:
                begin, end = self._first(midnight + minutes_of(opens)), self._last(midnight + minutes_of(closes))
                self.open[begin:end] = b"\1" * max(end - begin, 0)
        self.sums = [0, *itertools.accumulate(self.open)]
        self.open_days = {shown // DAY for shown, is_open in zip(self.local, self.open) if is_open}

    # Moments are seconds since `base`.

    def open_before(self, at):
        minute, second = divmod(at, 60)
        return self.sums[minute] * 60 + second * self.open[minute]

    def add_open(self, at, seconds):
        if seconds == 0:
            return at
        wanted = self.open_before(at) + seconds
        minute = bisect.bisect_left(self.sums, -(-wanted // 60)) - 1  # the minute in which it is reached
        if minute + 1 >= len(self.sums):
            return None
        return minute * 60 + wanted - self.sums[minute] * 60

    def next_open_day(self, day):
        return min((one for one in self.open_days if one > day), default=None)

    def last_at(self, day, second):
        """The last moment of a local time; beyond what the oracle has, None."""
        minute, rest = divmod(second, 60)
        local = day * DAY + minute
        if local in self.last:
            return self.last[local] * 60 + rest
        return self.skipped[local] * 60 if local in self.skipped else None

    def within(self, at):
        return at if at is not None and at <= self.ends * 60 else None

    def add_days(self, at, days):
        minute, rest = divmod(at, 60)
        day, of_day = divmod(self.local[minute], DAY)
        for _ in range(days):
            day = self.next_open_day(day)
            if day is None:
                return None
        return self.within(self.last_at(day, of_day * 60 + rest))

    def weekday(self, at, weekday, minute, at_least, by_calendar):
        earliest = self.add_open(at, at_least) if by_calendar else at + at_least
        if earliest is None or earliest >= len(self.local) * 60:
            return None
        day = self.local[earliest // 60] // DAY - 1
        while True:
            due = self.last_at(day, minute * 60)
            if due is None:
                return None
            if (day + 3) % 7 == weekday and due >= earliest and due > at:
                break
            day += 1
        if by_calendar and day not in self.open_days:
            day = self.next_open_day(day)
            due = self.last_at(day, minute * 60) if day is not None else None
        return self.within(due)

    def after_pause(self, due, paused, resumed):
        shift = self.open_before(resumed) - self.open_before(paused)
        if shift == 0:
            return due
        if self.open_before(due) > self.open_before(paused):
            return self.add_open(due, shift)
        minute = next((one for one in range(resumed // 60, len(self.open)) if self.open[one]), None)
        return None if minute is None else max(minute * 60, resumed)


# --- chance -------------------------------------------------------------------------------------------


def random_windows(rng):
    edges = sorted(rng.sample(range(0, DAY + 1, rng.choice([1, 5, 15, 30, 60])), rng.choice([2, 2, 2, 4, 4, 6])))
    if rng.random() < 0.15:
        edges[-1] = DAY
    if rng.random() < 0.15:
        edges[0] = 0
    text = [f"{edge // 60:02}:{edge % 60:02}" for edge in edges]
    windows = [[text[i], text[i + 1]] for i in range(0, len(text), 2)]
    if len(windows) > 1 and rng.random() < 0.2:
        windows[1][0] = windows[0][1]  # that touch
    return windows


def transition_days(zone, year):
    tz = zoneinfo.ZoneInfo(zone)
    moments = [datetime.datetime(year, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(days=day) for day in range(366)]
    return [before.date() for before, after in itertools.pairwise(moments)
            if before.astimezone(tz).utcoffset() != after.astimezone(tz).utcoffset()]


def random_calendar(rng):
    zone = rng.choice(ZONES)
    year = rng.randint(2015, 2037)
    first = datetime.date(year, 1, 1) + datetime.timedelta(days=rng.randrange(365))
    changes = transition_days(zone, year)
    if changes and rng.random() < 0.8:
        first = rng.choice(changes) - datetime.timedelta(days=rng.randint(0, 10))
    days = [first + datetime.timedelta(days=number) for number in range(DAYS)]
    share = rng.choice([0, 0.3, 0.7, 1, 1, 1])
    hours = {day: random_windows(rng) for day in WEEKDAYS if rng.random() < share}
    if rng.random() < 0.1:
        hours = {day: [["00:00", "24:00"]] for day in WEEKDAYS}
    return zone, days[0], days[-1], {
        "hours": hours,
        "holidays": [day.isoformat() for day in rng.sample(days, rng.randint(0, 4))],
        "exceptions": [{"date": day.isoformat(), "hours": random_windows(rng) if rng.random() < 0.6 else []}
                       for day in rng.sample(days, rng.randint(0, 4))]}


def random_question(rng, oracle):
    """(what to ask, the oracle's answer), times in seconds since the oracle's base."""
    low, high = oracle.starts * 60, oracle.ends * 60

    def moment():
        at = rng.randrange(low, high)
        return at if rng.random() < 0.6 else max(low, at // 3600 * 3600)

    at = moment()
    kind = rng.choice("oadwWp")
    if kind == "o":
        until = moment()
        return ("o", at, until), max(oracle.open_before(until) - oracle.open_before(at), 0)
    if kind == "a":
        seconds = rng.choice([0, 1, rng.randrange(3600), rng.randrange(100) * 3600, rng.randrange(500_000)])
        return ("a", at, seconds), oracle.add_open(at, seconds)
    if kind == "d":
        days = rng.randint(1, 12)
        return ("d", at, days), oracle.add_days(at, days)
    if kind == "p":
        at, paused, resumed = sorted((at, moment(), moment()))
        due = rng.randrange(paused, high)
        answer = oracle.after_pause(due, paused, resumed)
        return ("p", due, paused, resumed), answer
    weekday, minute = rng.randrange(7), rng.choice([0, DAY, 120, 150, rng.randrange(DAY)])
    at_least = rng.choice([0, 0, 3600, 24 * 3600, rng.randrange(200_000)])
    return (kind, at, weekday, minute, at_least), oracle.weekday(at, weekday, minute, at_least, kind == "w")


# --- the program --------------------------------------------------------------------------------------

SPANS = """SELECT extract(epoch FROM opens_at)::bigint, extract(epoch FROM closes_at)::bigint, open_seconds_before
           FROM calendar_spans(%s, %s::jsonb, %s::date[], %s::jsonb, %s, %s)"""
ZONE = """SELECT extract(epoch FROM since)::bigint, ahead_seconds
          FROM zone_offsets(%s, %s::timestamptz - interval '72 hours', %s::timestamptz + interval '96 hours')"""


class Program:
    """The lines for calendar_cases, asked all at once."""

    def __init__(self):
        self.lines, self.expected = [], []

    def add_calendar(self, connection, oracle, zone, first, last, calendar):
        base = oracle.base * 60
        self.lines.append(f"c {(base + oracle.starts * 60) * 10**6} {(base + oracle.ends * 60) * 10**6}")
        for since, ahead in connection.execute(ZONE, (zone, first, last)):
            self.lines.append(f"z {since * 10**6} {ahead * 10**6}")
        spans = connection.execute(SPANS, (zone, json.dumps(calendar["hours"]), calendar["holidays"],
                                           json.dumps(calendar["exceptions"]), first, last)).fetchall()
        for opens, closes, before in spans:
            self.lines.append(f"s {opens * 10**6} {closes * 10**6} {before * 10**6}")
        return spans

    def add_question(self, oracle, question, expected, told):
        base = oracle.base * 60
        kind, *numbers = question
        moments = {"o": (0, 1), "p": (0, 1, 2)}.get(kind, (0,))
        scaled = [n if (kind, index) in (("d", 1), ("w", 1), ("w", 2), ("W", 1), ("W", 2)) else
                  (n + base if index in moments else n) * 10**6 for index, n in enumerate(numbers)]
        self.lines.append(f"{kind} {' '.join(map(str, scaled))}")
        answer = "-" if expected is None else str((expected if kind == "o" else expected + base) * 10**6)
        self.expected.append((answer, told, self.lines[-1]))

    def differences(self):
        program = paths.binary().parent / "tests" / "unit" / "calendar_cases"
        answers = subprocess.run([program], input="\n".join(self.lines) + "\n", capture_output=True, text=True, check=True)
        found = answers.stdout.split()
        assert len(found) == len(self.expected)
        return [(line, answer, wanted, told) for answer, (wanted, told, line) in zip(found, self.expected) if answer != wanted]


def spans_of(oracle):
    """The oracle's own spans, to compare with the database's row by row."""
    found, total = [], 0
    edges = [index for index in range(1, len(oracle.open)) if oracle.open[index] != oracle.open[index - 1]]
    for opens, closes in zip(edges[::2], edges[1::2]):
        found.append(((oracle.base + opens) * 60, (oracle.base + closes) * 60, total))
        total += (closes - opens) * 60
    return found


def compare(database, seed, questions):
    rng = random.Random(seed)
    with database.connect() as connection:
        connection.execute("SET jit = off")  # as the program's own sessions
        for _ in range(-(-questions // (QUESTIONS * 50))):
            program = Program()
            for _ in range(min(50, questions // QUESTIONS)):
                zone, first, last, calendar = random_calendar(rng)
                oracle = Oracle(zone, calendar, first, last)
                spans = program.add_calendar(connection, oracle, zone, first, last, calendar)
                told = (zone, str(first), calendar)
                assert spans == spans_of(oracle), told
                for _ in range(QUESTIONS):
                    program.add_question(oracle, *random_question(rng, oracle), told)
            differences = program.differences()
            assert not differences, f"{len(differences)} differ, the first: {differences[0]}"


def seed_of_this_run():
    seed = int(os.environ.get("RELAIS_TEST_SEED") or random.SystemRandom().randrange(2**32))
    print(f"RELAIS_TEST_SEED={seed} repeats this run")
    return seed


def test_calendars_agree_with_minutes_counted_one_by_one(database):
    compare(database, seed_of_this_run(), IN_CI)


@pytest.mark.long
def test_a_million_questions(database):
    compare(database, seed_of_this_run(), IN_LONG)
