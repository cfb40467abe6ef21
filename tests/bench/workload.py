"""What is in the database before anything is measured: set-up made through the API, contacts stored by load.sql."""

import datetime
import json
import pathlib
import time
import urllib.request

from contestants import Url
from support import server

HERE = pathlib.Path(__file__).resolve().parent
BASE = "base"


def post(url, key, path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), method="POST", headers={
        "Authorization": f"Bearer {key}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def make_base(cluster, directory):
    """A migrated database with an offer, a form, a publishable key and one that may read: it gives the keys."""
    cluster.psql("postgres", "-c", f"CREATE DATABASE {BASE}")
    database = Url(cluster.url(BASE))
    server.command("migrate", database=database)
    admin = server.create_key(database, "bench", ["admin"])
    instance = server.Server(database, directory, "set-up")
    try:
        instance.start()
        post(instance.url, admin, "/v1/offers", {"slug": "guide", "title": "Guide", "kind": "white_paper",
                                                 "journey_step": "awareness"})
        post(instance.url, admin, "/v1/forms", {"slug": "paper", "name": "White paper", "offer": "guide"})
        key = post(instance.url, admin, "/v1/keys", {"name": "web site", "kind": "publishable"})["key"]
        instance.stop()
    finally:
        instance.end()
    reading_key = server.create_key(database, "reader", ["read"])
    cluster.wait_unused(BASE)
    return key, reading_key


def stored_name(contacts):
    return f"stored_{contacts}"


def store_contacts(cluster, contacts):
    """A database with so many contacts, to be copied. Gives the seconds it took."""
    name = stored_name(contacts)
    begin = time.monotonic()
    cluster.copy_database(BASE, name)
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    cluster.psql_together(name, *(("-v", f"count={contacts}", "-v", f"now={now}", "-v", f"part={part}",
                                   "-f", str(HERE / "load.sql")) for part in (1, 2)))
    cluster.psql(name, "-f", HERE / "floor_functions.sql")
    cluster.psql(name, "-c", "VACUUM (ANALYZE)")
    cluster.wait_unused(name)
    return time.monotonic() - begin
