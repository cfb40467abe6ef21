"""A database with servers on it and a client for each scope."""

import functools

from support import times
from support.client import Client
from support.server import Server, create_key

# Keys made once, in the template of all databases: name → scopes.
KEYS = {
    "admin": ["admin"],
    "reader": ["read"],
    "marketing": ["marketing"],
    "sales": ["sales"],
    "submitter": ["submit"],
}


def create_keys(database):
    return {name: create_key(database, name, scopes) for name, scopes in KEYS.items()}


class Service:
    """One or several instances on one database. `service.admin`, `.reader`, `.marketing`, `.sales` are clients of the
    first instance, `.nobody` has no key; `client(name, instance)` makes others."""

    def __init__(self, database, keys, directory, instances=1, env=None):
        self.database = database
        self.keys = keys
        self.directory = directory
        self.servers = [Server(database, directory, f"relais-{number}", env) for number in range(instances)]
        self.clients = []

    def start(self):
        for server in self.servers:
            server.start(wait=False)
        for server in self.servers:
            server.wait_ready()
        return self

    def at_noon(self):
        """It is the next noon in Paris: for tests about days, none of which ends while they run."""
        self.database.move_clock_to(times.next_local(self.database.now(), "Europe/Paris", 12))
        return self

    @property
    def server(self):
        return self.servers[0]

    @property
    def url(self):
        return self.server.url

    def client(self, name=None, instance=0, **options):
        client = Client(self.servers[instance].url, self.keys[name] if name else None, **options)
        self.clients.append(client)
        return client

    @functools.cached_property
    def admin(self):
        return self.client("admin")

    @functools.cached_property
    def reader(self):
        return self.client("reader")

    @functools.cached_property
    def marketing(self):
        return self.client("marketing")

    @functools.cached_property
    def sales(self):
        return self.client("sales")

    @functools.cached_property
    def nobody(self):
        return self.client()

    @functools.cached_property
    def publishable(self):
        """A client with a publishable key."""
        made = self.admin.make("/v1/keys", {"name": "web site", "kind": "publishable"})
        self.keys = {**self.keys, "publishable": made["key"]}
        return self.client("publishable")

    def stop(self):
        """Ends all instances and checks that each ended well."""
        for client in self.clients:
            client.close()
        try:
            for server in self.servers:
                if server.is_running():
                    server.terminate()
            for server in self.servers:
                if server.process is not None and server.process.returncode != -9:
                    server.wait_end()
        finally:
            self.end()

    def end(self):
        for server in self.servers:
            server.end()

    def log_tail(self):
        return "\n".join(f"--- {server.name}\n{server.log_tail()}" for server in self.servers)
