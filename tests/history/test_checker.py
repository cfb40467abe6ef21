"""The checker finds what it is there to find: planted in a history that is right, each fault is named."""

import random

import pytest

from history import checker


def history(seed=1, writers=3, each=40):
    """A right history: (writes, stored ids, consumers, stored fingerprints, ordered changes)."""
    random.seed(seed)
    ids = [f"s{writer}-{number}" for writer in range(writers) for number in range(each)]
    writes = checker.Writes(set(ids) | {"never answered", "never stored"}, set(ids))
    stored = [*ids, "never answered"]
    events = [(position, f"event {position}") for position in range(1, len(ids) + 1)]
    consumers = {f"consumer {number}": list(events) for number in range(3)}
    numbers = {}
    changes = []
    for position, _ in events:
        contact = random.randrange(7)
        numbers[contact] = numbers.get(contact, 0) + 1
        changes.append((position, f"contact {contact}", numbers[contact]))
    return writes, stored, consumers, [fingerprint for _, fingerprint in events], changes


def judge(writes, stored, consumers, fingerprints, changes):
    found = checker.check_submissions(writes, stored)
    for name, events in consumers.items():
        found += checker.check_consumer(name, events)
    found += checker.check_agreement(consumers) + checker.check_complete(consumers, fingerprints)
    return found + checker.check_order(changes)


def kinds(found):
    return {violation.kind for violation in found}


@pytest.mark.parametrize("seed", range(5))
def test_a_right_history_has_no_fault(seed):
    assert judge(*history(seed)) == []


def test_a_lost_acknowledgement():
    writes, stored, *rest = history()
    stored.remove("s1-7")
    assert judge(writes, stored, *rest) == [checker.Violation("lost", "s1-7")]


def test_a_submission_stored_twice():
    writes, stored, *rest = history()
    stored.append("s0-3")
    assert judge(writes, stored, *rest) == [checker.Violation("twice", "s0-3 × 2")]


def test_a_submission_nobody_sent():
    writes, stored, *rest = history()
    assert judge(writes, [*stored, "ghost"], *rest) == [checker.Violation("invented", "ghost")]


def test_what_was_not_acknowledged_may_be_stored_or_not():
    writes, stored, *rest = history()
    stored.remove("never answered")
    assert judge(writes, stored, *rest) == []


def test_an_address_with_two_contacts():
    rows = [("s1", "a@example.com", 1), ("s2", "a@example.com", 1), ("s3", "b@example.com", 2)]
    assert checker.check_contacts(rows) == []
    assert kinds(checker.check_contacts([*rows, ("s4", "b@example.com", 3)])) == {"twice"}


def test_a_gap():
    """What a cursor on a sequence does: a transaction that commits late is skipped."""
    writes, stored, consumers, *rest = history()
    del consumers["consumer 1"][50]
    found = judge(writes, stored, consumers, *rest)
    assert found == [checker.Violation("gap", "consumer 1: 51…51 skipped"),
                     checker.Violation("missing", "consumer 1: event 51")]


def test_an_event_given_twice():
    writes, stored, consumers, *rest = history()
    consumers["consumer 2"].insert(50, consumers["consumer 2"][49])
    assert kinds(judge(writes, stored, consumers, *rest)) == {"repeated"}


def test_a_position_given_twice():
    """What a failover that lost data does: a number is given again, to another event."""
    writes, stored, consumers, *rest = history()
    consumers["consumer 0"][60] = (61, "another event")
    assert kinds(judge(writes, stored, consumers, *rest)) == {"disagreeing", "missing", "repeated"}


def test_an_end_that_was_not_read():
    writes, stored, consumers, *rest = history()
    consumers["consumer 0"].pop()
    assert kinds(judge(writes, stored, consumers, *rest)) == {"missing"}


def test_two_changes_of_a_contact_the_wrong_way_round():
    writes, stored, consumers, fingerprints, changes = history()
    places = [index for index, change in enumerate(changes) if change[1] == "contact 3"]
    first, second = places[2], places[3]
    changes[first], changes[second] = ((changes[first][0], *changes[second][1:]), (changes[second][0], *changes[first][1:]))
    found = judge(writes, stored, consumers, fingerprints, changes)
    assert kinds(found) == {"reordered"}
    # Two contacts may be in any order.
    other = next(index for index, change in enumerate(changes) if index > 3 and change[1] != changes[index - 1][1])
    swapped = history()[4]
    swapped[other - 1], swapped[other] = ((swapped[other - 1][0], *swapped[other][1:]),
                                          (swapped[other][0], *swapped[other - 1][1:]))
    assert checker.check_order(swapped) == []


def due_history():
    """(wanted, optional, told): ten clocks that are breached, each told a moment after its time; a step of each."""
    wanted = {(f"clock {number}", "breached"): 10.0 * number for number in range(10)}
    optional = {(f"clock {number}", "step"): 10.0 * number + 5 for number in range(10)}
    told = [(name, at + 0.2) for name, at in wanted.items()]
    told += [(name, at) for name, at in list(optional.items())[:3]]
    return wanted, optional, told


def test_what_time_brings_about_is_told_once():
    wanted, optional, told = due_history()
    assert checker.check_due(wanted, told, optional) == []


def test_a_breach_that_nobody_flagged():
    wanted, optional, told = due_history()
    del told[4]
    assert checker.check_due(wanted, told, optional) == [checker.Violation("lost", "('clock 4', 'breached')")]


@pytest.mark.parametrize("name", [("clock 4", "breached"), ("clock 1", "step")])
def test_what_two_instances_told(name):
    wanted, optional, told = due_history()
    told.append((name, 99.0))
    assert checker.check_due(wanted, told, optional) == [checker.Violation("twice", f"{name} × 2")]


@pytest.mark.parametrize("index", [2, 11])
def test_what_was_told_too_early(index):
    wanted, optional, told = due_history()
    name, at = told[index]
    told[index] = (name, at - 0.3)
    assert kinds(checker.check_due(wanted, told, optional)) == {"early"}


def test_what_was_never_promised():
    wanted, optional, told = due_history()
    assert kinds(checker.check_due(wanted, [*told, (("clock 77", "breached"), 999.0)], optional)) == {"invented"}
