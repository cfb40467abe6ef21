"""A certificate of our own for servers that the tests start."""

import functools
import pathlib
import ssl
import subprocess
import tempfile


@functools.cache
def made():
    """(certificate, key): paths of PEM files, for 127.0.0.1, localhost and mail.localhost."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="relais-certificate-"))
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,DNS:mail.localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


def server_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*made())
    return context
