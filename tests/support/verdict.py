"""Puts what the clients logged and what the database holds before the checker."""

import json

from history import checker
from support import funnel
from support.waiting import wait_until

STORED = """SELECT a.id::text, e.email_key, a.contact_id::text FROM activity a
            JOIN activity_key k ON k.id = a.id AND k.contact_id = a.contact_id
            JOIN email_identity e ON e.contact_id = a.contact_id WHERE a.form = %s"""
EVENTS = """SELECT t.first_position + e.ordinal, e.type, e.contact_id::text, e.data::text
            FROM event e JOIN event_tx t ON t.id = e.tx"""


def fingerprint(kind, contact_id, data):
    return f"{kind} {contact_id} {json.dumps(data, sort_keys=True)}"


def of_event(event):
    return event["position"], fingerprint(event["type"], event["contact_id"], event["data"])


def wait_numbered(service):
    """Until the sequencer has caught up."""
    wait_until(lambda: service.database.value("SELECT count(*) FROM event_tx WHERE first_position IS NULL") == 0, 60,
               "the sequencer")


def stored_events(service):
    return [fingerprint(kind, contact_id, json.loads(data))
            for _, kind, contact_id, data in service.database.rows(EVENTS)]


def check_all(service, load, form, consumers=None):
    """Every promise about this load; returns the violations. `consumers` (name → events as the API gave them) have read
    the feed from its beginning to its end; without them one is made here."""
    wait_numbered(service)
    rows = service.database.rows(STORED, form)
    found = checker.check_submissions(load.writes(), [row[0] for row in rows])
    found += checker.check_contacts(rows)
    if consumers is None:
        consumers = {"reader": funnel.events_after(service.reader, 0)}
    told = {name: [of_event(event) for event in events] for name, events in consumers.items()}
    for name, events in told.items():
        found += checker.check_consumer(name, events)
    found += checker.check_agreement(told) + checker.check_complete(told, stored_events(service))
    numbers = load.numbered()
    events = next(iter(consumers.values()))
    received = [(event["position"], event["data"]["submission_id"]) for event in events
                if event["type"] == "submission.received" and event["data"]["form"] == form]
    found += checker.check_submissions(load.writes(), [submission_id for _, submission_id in received])
    found += checker.check_order([(position, *numbers[one]) for position, one in received if one in numbers])
    return found
