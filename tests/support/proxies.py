"""The reverse proxies of deploy/, as real processes with the sample configuration: only ports, files and the time a
slow sender gets are other ones."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess

from support import paths, processes
from support.postgres import free_port
from support.waiting import wait_until

CERTIFICATE = "leads.example.com"


def programs():
    return [proxy for proxy in (Nginx, Haproxy) if proxy.program() is not None]


def replaced(text, *pairs):
    """Each pattern has to be there: else the sample changed, and the test must."""
    for pattern, by in pairs:
        text, count = re.subn(pattern, by, text, flags=re.M)
        assert count > 0, f"the sample has nothing like {pattern}"
    return text


class Proxy:
    """`port` speaks TLS, `plain_port` only redirects."""

    def __init__(self, directory, upstream_port):
        self.directory = directory
        self.upstream_port = upstream_port
        self.port, self.plain_port = free_port(), free_port()
        self.log_path = directory / f"{self.name}.log"
        self.process = None

    @classmethod
    def program(cls):
        return shutil.which(cls.name, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")

    def make_certificate(self):
        key, certificate = self.directory / "key.pem", self.directory / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", f"/CN={CERTIFICATE}", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True, timeout=60)
        return key, certificate

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = processes.spawn(self.command(), stdout=log, stderr=log, cwd=self.directory,
                                           death_signal=signal.SIGTERM)
        wait_until(self._answers, what=f"{self.name} to listen")
        return self

    def _answers(self):
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}: {self.log_tail()}"
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except ConnectionRefusedError:
            return False
        return True

    def connect(self):
        """A TLS connection that speaks HTTP/1.1."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["http/1.1"])
        context.suppress_ragged_eofs = True
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        return context.wrap_socket(raw, server_hostname=CERTIFICATE)

    def end(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                processes.end(self.process)

    def log_tail(self):
        return self.log_path.read_text(errors="replace")[-4000:]


class Nginx(Proxy):
    name = "nginx"

    def command(self):
        key, certificate = self.make_certificate()
        sample = replaced(
            (paths.ROOT / "deploy" / "nginx.conf").read_text(),
            (r"server 127\.0\.0\.1:8080;", f"server 127.0.0.1:{self.upstream_port};"),
            (r"listen 443 ssl http2;", f"listen 127.0.0.1:{self.port} ssl http2;"),
            (r"listen 80;", f"listen 127.0.0.1:{self.plain_port};"),
            (r"^ *listen \[::\]:.*\n", ""),
            (r"/etc/ssl/certs/leads\.example\.com\.pem", str(certificate)),
            (r"/etc/ssl/private/leads\.example\.com\.key", str(key)),
            (r"(client_header_timeout|client_body_timeout) +\d+s", r"\1 2s"))
        (self.directory / "relais.conf").write_text(sample)
        temporary = "".join(f"{what}_temp_path {self.directory}/{what};\n"
                            for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        # The workers of a root's nginx would be another account's, which does not get into this directory.
        user = "user root;\n" if os.getuid() == 0 else ""
        (self.directory / "nginx.conf").write_text(
            f"{user}daemon off;\nworker_processes 1;\npid {self.directory}/nginx.pid;\nerror_log stderr info;\n"
            f"events {{ worker_connections 1024; }}\n"
            f"http {{\naccess_log off;\n{temporary}include {self.directory}/relais.conf;\n}}\n")
        return [self.program(), "-e", "stderr", "-p", self.directory, "-c", self.directory / "nginx.conf"]


class Haproxy(Proxy):
    name = "haproxy"

    def command(self):
        key, certificate = self.make_certificate()
        together = self.directory / "both.pem"
        together.write_text(certificate.read_text() + key.read_text())
        sample = replaced(
            (paths.ROOT / "deploy" / "haproxy.cfg").read_text(),
            (r"server relais 127\.0\.0\.1:8080", f"server relais 127.0.0.1:{self.upstream_port}"),
            (r"bind :443", f"bind 127.0.0.1:{self.port}"),
            (r"bind :80$", f"bind 127.0.0.1:{self.plain_port}"),
            (r"/etc/ssl/private/leads\.example\.com\.pem", str(together)),
            (r"timeout http-request +\d+s", "timeout http-request 2s"),
            (r"timeout client +\d+s", "timeout client 3s"))
        (self.directory / "haproxy.cfg").write_text(sample)
        return [self.program(), "-db", "-f", self.directory / "haproxy.cfg"]
