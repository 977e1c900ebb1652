"""A loopback server that plays a script of answers and faults, and certificates for it."""

import datetime as dt
import ipaddress
import json
import socket
import ssl
import struct
import threading
import zlib
from contextlib import contextmanager, suppress
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


class Step(NamedTuple):
    """What the server does with one request: the bytes it sends, and then what.

    `then` is keep (the connection), close, reset, or wait (until the server ends).
    """

    sends: bytes = b""
    then: str = "keep"


class Received(NamedTuple):
    """A request as it arrived: on the how-maniest connection, headers by lower-case name, body."""

    connection: int
    headers: dict
    body: bytes


def answer(fields, status=200, **headers):
    """Return an answer's bytes; header names are given with underscores."""
    body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Words\r\ncontent-length: {len(body)}\r\n{lines}\r\n".encode() + body


def checked(fields):
    """Return an answer with DynamoDB's checksum."""
    return answer(fields, x_amz_crc32=zlib.crc32(json.dumps(fields).encode()))


class ScriptedServer:
    """Takes the steps of its script one by one, whichever connection the requests come from."""

    def __init__(self, steps, context=None):
        self.received = []
        self.connections = 0
        self._steps = iter(steps)
        self._context = context
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if context else "http"
        self.port = self._listener.getsockname()[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self._accepted = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def end(self):
        """Close everything, also connections that clients keep, and wait for the threads."""
        self._ended.set()
        with socket.create_connection(("127.0.0.1", self.port)):
            self._threads[0].join()
        self._listener.close()
        for accepted in self._accepted:
            with suppress(OSError):  # it is closed already
                accepted.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self):
        while True:
            accepted, _ = self._listener.accept()
            if self._ended.is_set():
                accepted.close()
                return
            self.connections += 1
            self._accepted.append(accepted)
            thread = threading.Thread(target=self._serve, args=(accepted, self.connections))
            self._threads.append(thread)
            thread.start()

    def _serve(self, accepted, number):
        try:
            if self._context:
                accepted = self._context.wrap_socket(accepted, server_side=True)
                self._accepted.append(accepted)
            with accepted.makefile("rb") as stream:
                while self._take(accepted, stream, number):
                    pass
        except OSError:  # the client refused the certificate, or went away
            pass
        finally:
            accepted.close()

    def _take(self, accepted, stream, number):
        received = _read_request(stream, number)
        if received is None:
            return False
        with self._lock:
            self.received.append(received)
            step = next(self._steps)
        accepted.sendall(step.sends)
        if step.then == "wait":
            self._ended.wait()
        if step.then == "reset":
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return step.then == "keep"


def _read_request(stream, number):
    if not stream.readline():
        return None
    lines = iter(stream.readline, b"\r\n")
    pairs = [line.decode("latin-1").strip().split(": ", 1) for line in lines]
    headers = {name.lower(): value for name, value in pairs}
    return Received(number, headers, stream.read(int(headers["content-length"])))


@contextmanager
def scripted(*steps, context=None):
    """Run a server that plays these steps (plain bytes mean: send, keep the connection)."""
    played = [Step(step) if isinstance(step, bytes) else step for step in steps]
    server = ScriptedServer(played, context)
    try:
        yield server
    finally:
        server.end()


class Authority:
    """A certificate authority for one test."""

    def __init__(self, folder):
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            self._builder(self._name, self._key, days=1)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / "authority.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, name="127.0.0.1", days=1):
        """Return a server's TLS context with a certificate for `name`, valid for `days`."""
        try:
            alternative = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            alternative = x509.DNSName(name)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test server")])
        certificate = (
            self._builder(subject, key, days)
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pem = self._folder / "server.pem"
        pem.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return context

    def _builder(self, subject, key, days):
        ends_at = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends_at - dt.timedelta(days=9))
            .not_valid_after(ends_at)
            .add_extension(own, critical=False)
            .add_extension(issuer, critical=False)
        )
