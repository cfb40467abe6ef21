"""The funnel's words, to build a situation in a line or two."""

import secrets

from support.client import expect

# The articles' example: its fit is A with the first model.
VP = {"first_name": "Claire", "last_name": "Lemoine", "company": "Exemple Industrie", "company_size": 5000,
      "job_title": "VP IT", "country": "FR"}
STUDENT = {"job_title": "Étudiant", "company_size": 12, "country": "FR"}

GPCT = {"goals": "twice the leads", "plans": "a new site", "challenges": "no time", "timeline": "spring"}

# What to send with each move, so that its body is right whatever the state.
MOVE_BODIES = {
    "accept": {},
    "attempts": {"channel": "call", "outcome": "reached"},
    "qualify": {"gpct": GPCT},
    "opportunity": {"amount": 1500000, "currency": "EUR"},
    "win": {},
    "lose": {"reason": "price"},
    "recycle": {"reason": "not_ready"},
    "reject": {"reason": "not_a_fit"},
    "pause": {"until": "2035-01-01T00:00:00Z", "reason": "holidays"},
    "resume": {},
}

# The shortest way to each state.
WAYS = {
    "open": [],
    "accepted": ["accept"],
    "contacted": ["accept", "attempts"],
    "qualified": ["accept", "attempts", "qualify"],
    "opportunity": ["accept", "attempts", "qualify", "opportunity"],
    "won": ["accept", "attempts", "qualify", "win"],
    "lost": ["accept", "attempts", "qualify", "lose"],
    "recycled": ["recycle"],
    "rejected": ["reject"],
}


def unique(word="x"):
    return f"{word}-{secrets.token_hex(5)}"


def address(name="claire"):
    return f"{unique(name)}@example.com"


def make_offer(client, **fields):
    return client.make("/v1/offers", {"slug": unique("offer"), "title": "Le guide du cloud", "kind": "ebook",
                                      "journey_step": "consideration", **fields})


def make_form(client, **fields):
    return client.make("/v1/forms", {"slug": unique("form"), "name": "Guide", **fields})


def make_member(client, **fields):
    return client.make("/v1/members", {"name": "Sami Rep", "team": "sales", **fields})


def submit(client, form, email=None, attributes=None, **fields):
    """A JSON submission; the receipt."""
    body = {"email": email or address(), **fields}
    if attributes is not None:
        body["attributes"] = attributes
    return client.make(f"/v1/forms/{form}/submissions", body)


def contact_of(client, email):
    """The contact with this address, or None."""
    found = client.read("/v1/contacts", email=email)["data"]
    assert len(found) <= 1
    return found[0] if found else None


class Desk:
    """An offer, an open form that gives it, and what comes in through it."""

    def __init__(self, service, **offer):
        self.service = service
        self.offer = make_offer(service.admin, **offer)
        self.form = make_form(service.admin, offer=self.offer["slug"], open=True)

    def submit(self, email=None, attributes=None, **fields):
        return submit(self.service.nobody, self.form["slug"], email, attributes, **fields)

    def lead(self, email=None, attributes=None, **fields):
        """A contact that submitted the form."""
        email = email or address()
        self.submit(email, attributes, **fields)
        return contact_of(self.service.admin, email)

    def mql(self, **fields):
        """A contact that was handed over: (contact, its handoff)."""
        contact = self.lead(attributes=VP, **fields)
        assert contact["stage"] == "mql", contact
        return contact, self.service.admin.read(f"/v1/handoffs/{contact['handoff']['id']}")

    def handoff_in(self, state, client=None):
        """A handoff that was brought into this state."""
        _, handoff = self.mql()
        for move in WAYS[state]:
            handoff = make_move(client or self.service.admin, handoff, move)
        assert handoff["state"] == state
        return handoff


def try_move(client, handoff, move, body=None, **options):
    """The answer to a move, whatever it is."""
    return client.post(f"/v1/handoffs/{handoff['id']}/{move}", MOVE_BODIES[move] if body is None else body, **options)


def make_move(client, handoff, move, body=None, **options):
    """The handoff after a move that is allowed."""
    return expect(try_move(client, handoff, move, body, **options), 200).json()


def events_after(client, after, **parameters):
    """All events after a position, read page by page."""
    found = []
    while True:
        page = client.read("/v1/events", after=after, limit=1000, **parameters)
        found += page["data"]
        if page["next_after"] == after or after >= page["last"]:
            return found
        after = page["next_after"]


def clocks_of(client, handoff):
    return client.read(f"/v1/handoffs/{handoff['id']}")["clocks"]


def policy_of(client, kind="first_contact"):
    return next(policy for policy in client.read("/v1/sla/policies")["data"] if policy["kind"] == kind)
