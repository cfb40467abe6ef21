"""Does a history of writers and consumers, with whatever crashed in between, keep the promises?

Pure: it takes what the clients logged and what the database holds, and lists what is wrong. Clients log an attempt
before they send it and its acknowledgement after the answer came.

    1. An acknowledged submission is stored, once.            lost, twice
    2. What is stored was attempted.                          invented
    3. The feed is dense from 1 and has each change once.     gap, repeated, missing
    4. All consumers saw the same events at the same place.   disagreeing
    5. Events of one contact are in the order of its changes. reordered
    6. What time brings about is told once, never too early.  lost, twice, early, invented
"""

import collections
import dataclasses


@dataclasses.dataclass(frozen=True)
class Violation:
    kind: str
    detail: str


@dataclasses.dataclass
class Writes:
    """What the submitting clients logged, by submission id."""

    attempted: set = dataclasses.field(default_factory=set)
    acknowledged: set = dataclasses.field(default_factory=set)


def check_submissions(writes, stored_ids):
    """`stored_ids`: the ids of all stored submissions, one for each row."""
    counts = collections.Counter(stored_ids)
    found = [Violation("lost", str(one)) for one in sorted(writes.acknowledged - counts.keys())]
    found += [Violation("twice", f"{one} × {count}") for one, count in sorted(counts.items()) if count > 1]
    found += [Violation("invented", str(one)) for one in sorted(counts.keys() - writes.attempted)]
    return found


def check_contacts(rows):
    """`rows`: (submission id, e-mail, contact id); an address belongs to one contact."""
    contacts = collections.defaultdict(set)
    for _, email, contact_id in rows:
        contacts[email].add(contact_id)
    return [Violation("twice", f"{email} is {len(ids)} contacts") for email, ids in sorted(contacts.items()) if len(ids) > 1]


def check_consumer(name, events, start=0):
    """`events`: [(position, fingerprint)] as a consumer got them, from position start + 1 on."""
    found = []
    expected = start + 1
    for position, _ in events:
        if position < expected:
            found.append(Violation("repeated", f"{name}: {position} after {expected - 1}"))
        elif position > expected:
            found.append(Violation("gap", f"{name}: {expected}…{position - 1} skipped"))
        expected = max(expected, position + 1)
    return found


def check_agreement(consumers):
    """`consumers`: name → [(position, fingerprint)]: at one position everybody saw the same event."""
    seen = {}
    found = []
    for name, events in sorted(consumers.items()):
        for position, fingerprint in events:
            first, by = seen.setdefault(position, (fingerprint, name))
            if first != fingerprint:
                found.append(Violation("disagreeing", f"{position}: {by} and {name}"))
    return found


def check_complete(consumers, stored):
    """`stored`: the fingerprints of all events in the database. Each consumer that read to the end has each once."""
    wanted = collections.Counter(stored)
    found = []
    for name, events in sorted(consumers.items()):
        had = collections.Counter(fingerprint for _, fingerprint in events)
        found += [Violation("missing", f"{name}: {fingerprint}") for fingerprint in sorted((wanted - had).keys())]
        found += [Violation("repeated", f"{name}: {fingerprint}") for fingerprint in sorted((had - wanted).keys())]
    return found


def check_order(events):
    """`events`: [(position, contact id, number)] where number says how many-th change of the contact it is."""
    last = {}
    found = []
    for position, contact, number in sorted(events):
        before = last.get(contact)
        if before is not None and number <= before[1]:
            found.append(Violation("reordered", f"{contact}: {number} at {position} after {before[1]} at {before[0]}"))
        last[contact] = (position, number)
    return found


def check_due(wanted, told, optional=()):
    """What has to be told, and from when on: `wanted`, {name: moment}, and `optional`, the same for what may be told or
    not. `told`: [(name, moment)] as the feed has it."""
    allowed = {**dict(optional), **wanted}
    counts = collections.Counter(name for name, _ in told)
    found = [Violation("lost", str(name)) for name in sorted(wanted.keys() - counts.keys())]
    found += [Violation("twice", f"{name} × {count}") for name, count in sorted(counts.items())
              if count > 1 and name in allowed]
    for name, at in told:
        if name not in allowed:
            found.append(Violation("invented", str(name)))
        elif at < allowed[name]:
            found.append(Violation("early", f"{name}: {at}, not before {allowed[name]}"))
    return found
