"""What stands before Parley where a client's address cannot be changed: Google's name, with our TLS.

A private authority signs a certificate for the name, and a proxy ends TLS with it, as a site's own would.
"""

from __future__ import annotations

import contextlib
import ssl
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "commentanalyzer.googleapis.com"
HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "date", "server")
Key = ec.EllipticCurvePrivateKey
NO_USE = dict.fromkeys(
    ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
     "decipher_only"), False,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passed:
    """One request that came by, and the status of its answer."""

    host: str
    path: str
    agent: str
    status: int


@dataclass
class Front:
    """A running proxy. ``authority`` is the file of the certificate that clients are to trust."""

    port: int
    authority: Path
    passed: list[Passed]


@contextlib.contextmanager
def tls_front(base: str, folder: Path) -> Iterator[Front]:
    """Answer on a free port for `NAME` with TLS, and hand everything to ``base``, until the block ends."""
    folder.mkdir()
    authority, chain = _certificates(folder)
    server = _Proxy(urlsplit(base).netloc, chain)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Front(server.server_port, authority, server.passed)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Proxy(ThreadingHTTPServer):
    def __init__(self, target: str, chain: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.passed: list[Passed] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        # Without a handshake at once: it would hold up every other client.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # a client that does not trust us hangs up
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Proxy
    timeout = 30

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        told = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "Connection": "close"}
        with contextlib.closing(HTTPConnection(self.server.target, timeout=30)) as connection:
            connection.request(self.command, self.path, body, dict(self.headers.items()) | told)
            answer = connection.getresponse()
            content = answer.read()
        host, agent = self.headers["Host"], self.headers.get("User-Agent", "")
        self.server.passed.append(Passed(host, self.path, agent, answer.status))
        self.send_response(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def _certificates(folder: Path) -> tuple[Path, Path]:
    """Make an authority and its certificate for `NAME`; return the files of both, the latter with its key."""
    theirs, ours = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority for one test")])
    by = x509.AuthorityKeyIdentifier.from_issuer_public_key(theirs.public_key())
    root = (
        _certificate(issuer, issuer, theirs)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_others=True), critical=True)
        .sign(theirs, hashes.SHA256())
    )
    leaf = (
        _certificate(x509.Name([]), issuer, ours)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_others=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(by, critical=False)
        .sign(theirs, hashes.SHA256())
    )
    secret = ours.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    authority, chain = folder / "authority.pem", folder / "front.pem"
    authority.write_bytes(root.public_bytes(Encoding.PEM))
    chain.write_bytes(secret + leaf.public_bytes(Encoding.PEM))
    return authority, chain


def _certificate(subject: x509.Name, issuer: x509.Name, key: Key) -> x509.CertificateBuilder:
    now, day = datetime.now(UTC), timedelta(days=1)
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_others: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_others, key_cert_sign=signs_others, crl_sign=signs_others, **NO_USE
    )
