"""A real SMTP server on 127.0.0.1 that keeps what it is given, and can be told to refuse."""

import email
import email.policy
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from support.postgres import free_port
from support.waiting import wait_until


class Letter:
    """A mail as it came: envelope and message."""

    def __init__(self, envelope):
        self.sender = envelope.mail_from
        self.recipients = list(envelope.rcpt_tos)
        self.raw = envelope.content
        self.message = email.message_from_bytes(envelope.content, policy=email.policy.default)

    def __repr__(self):
        return f"<{self.recipients}: {self.subject}>"

    @property
    def subject(self):
        return self.message["Subject"]

    @property
    def id(self):
        return self.message["Message-ID"]

    @property
    def text(self):
        return self.message.get_body(("plain",)).get_content()

    @property
    def html(self):
        return self.message.get_body(("html",)).get_content()


class Mailbox:
    """`letters` were taken. `refusals` are answers to the next messages instead of taking them, `rcpt_refusals` the same
    for recipients; both are used up from the front. `tried` are all messages that came, taken or not."""

    def __init__(self, port=None, tls=None, login=None):
        self.port = port or free_port()
        self.letters = []
        self.tried = []
        self.refusals = []
        self.rcpt_refusals = []
        self.lock = threading.Lock()
        options = {}
        if tls is not None:
            options.update(tls_context=tls, require_starttls=True)
        if login is not None:
            options.update(auth_required=True, authenticator=self.authenticator(login))
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)

    @staticmethod
    def authenticator(login):
        def check(_server, _session, _envelope, _mechanism, data):
            return AuthResult(success=(data.login.decode(), data.password.decode()) == login, handled=False)
        return check

    def start(self):
        self.controller.start()
        return self

    def stop(self):
        self.controller.stop(no_assert=True)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        with self.lock:
            if self.rcpt_refusals:
                return self.rcpt_refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        letter = Letter(envelope)
        with self.lock:
            self.tried.append(letter)
            if self.refusals:
                return self.refusals.pop(0)
            self.letters.append(letter)
        return "250 OK"

    def to(self, address):
        with self.lock:
            return [letter for letter in self.letters if address in letter.recipients]

    def wait(self, address, count=1):
        """So many letters to this address, when they are there; not more."""
        found = wait_until(lambda: (lambda letters: letters if len(letters) >= count else None)(self.to(address)),
                           what=f"{count} letters")
        assert len(found) == count, found
        return found

    @property
    def settings(self):
        return {"RELAIS_SMTP_URL": f"smtp://127.0.0.1:{self.port}", "RELAIS_MAIL_FROM": "Relais <relais@example.com>"}
