"""Of contacts that were merged the one counts that was first, whatever the planner knows of the tables: random families,
against a count made here. RELAIS_CAPTURE_SEED repeats a run."""

import datetime
import os
import random
import uuid

SEED = int(os.environ.get("RELAIS_CAPTURE_SEED", random.randrange(10**6)))
UTC = datetime.timezone.utc
BEGIN = datetime.datetime(2026, 3, 1, tzinfo=UTC)
HOUR = datetime.timedelta(hours=1)
CONTACTS = 300


def people(chance):
    """{contact: (survivor or None, [(at, from, to, reason)])}; moments are few, so that some fall together."""
    found = {}
    for _ in range(CONTACTS):
        survivors = [contact for contact, (into, _) in found.items() if into is None]
        into = chance.choice(survivors) if survivors and chance.random() < 0.4 else None
        changes = []
        for _ in range(chance.randrange(3)):
            start, end = chance.choice([(None, "contact"), (None, "lead"), ("contact", "lead"), ("prospect", "mql"), ("mql", "sal"),
                                        ("lead", "disqualified"), (None, "customer")])
            changes.append((BEGIN + HOUR * chance.randrange(20), start, end, chance.choice([None, None, "merge"])))
        found[uuid.UUID(int=chance.getrandbits(128))] = (into, changes)
    return found


def is_capture(change):
    _, start, end, reason = change
    return end in ("lead", "mql", "sal", "customer") and start in (None, "contact", "prospect") and reason != "merge"


def expected(found, since, until):
    firsts = {}
    for contact, (into, changes) in found.items():
        for change in filter(is_capture, changes):
            family = into or contact
            firsts[family] = min(firsts.get(family, (change[0], contact)), (change[0], contact))
    return sorted((contact, change[0]) for contact, (into, changes) in found.items() for change in filter(is_capture, changes)
                  if since <= change[0] < until and firsts[into or contact][1] == contact)


def test_the_first_of_a_family_counts(database):
    chance = random.Random(SEED)
    found = people(chance)
    with database.connect() as connection:
        for contact, (into, changes) in found.items():
            connection.execute(
                "INSERT INTO contact (contact_id, stage, reached, attributes, sources, consents, cycle, version, created_at, updated_at,"
                " merged_into) VALUES (%s, 'lead', 'lead', '{}', '{}', '{}', 0, 1, relais_now(), relais_now(), %s)", (contact, into))
            for ordinal, (at, start, end, reason) in enumerate(changes):
                connection.execute(
                    "INSERT INTO stage_change (contact_id, at, ordinal, from_stage, to_stage, reason, actor, implied, historical)"
                    " VALUES (%s, %s, %s, %s, %s, %s, 'system', false, false)", (contact, at, ordinal, start, end, reason))
        for number in range(2):
            for _ in range(10):
                since = BEGIN + HOUR * chance.randrange(20)
                until = since + HOUR * chance.randrange(1, 20)
                rows = connection.execute("SELECT contact_id, at FROM lead_captured(%s, %s)", (since, until)).fetchall()
                assert sorted(rows) == expected(found, since, until), (SEED, number)
            connection.execute("ANALYZE contact")
            connection.execute("ANALYZE stage_change")
