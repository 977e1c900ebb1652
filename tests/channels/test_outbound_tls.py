"""HTTPS is verified against the name, and nothing is said to who cannot prove it."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from signalbox.channels import outbound
from signalbox.model.retries import Answer, Fault
from tests.channels.names import names
from tests.channels.receiver import Receiver, answering, dripping, receiver


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return the file of a certificate and key for hooks.example, which signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    now = dt.datetime.now(dt.UTC)
    names_of_it = [
        x509.DNSName("hooks.example"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names_of_it), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture(scope="module")
def serving(certificate):
    """Return the TLS settings of a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("host", ["hooks.example", "hooks.example.", "127.0.0.1"])
def test_https_is_verified_against_the_name_and_answers(host, certificate, serving):
    play = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    with receiver(play, serving) as server:
        answer = outbound.request(
            "POST",
            f"https://{host}:{server.port}/",
            body=b"x",
            allowed_hosts=frozenset({f"{host}:{server.port}"}),
            resolver=names({"hooks.example": ["127.0.0.1"], "hooks.example.": ["127.0.0.1"]}),
            tls=ssl.create_default_context(cafile=str(certificate)),
        )

    assert Answer(status=200, body="ok") == answer
    assert server.requests[0].endswith(b"\r\n\r\nx")


def test_https_with_another_names_certificate_gets_nothing(certificate, serving):
    with receiver(answering(b"HTTP/1.1 200 OK\r\n\r\n"), serving) as server:
        answer = outbound.request(
            "POST",
            f"https://other.example:{server.port}/",
            body=b"secret",
            allowed_hosts=frozenset({f"other.example:{server.port}"}),
            resolver=names({"other.example": ["127.0.0.1"]}),
            tls=ssl.create_default_context(cafile=str(certificate)),
        )

    assert Fault.TLS == answer.fault
    assert "other.example" in answer.detail
    assert [] == server.requests


def test_https_with_an_unknown_authority_gets_nothing(serving):
    with receiver(answering(b"HTTP/1.1 200 OK\r\n\r\n"), serving) as server:
        answer = outbound.request(
            "POST", f"https://127.0.0.1:{server.port}/", allowed_hosts=server.hosts
        )

    assert Fault.TLS == answer.fault
    assert "self-signed" in answer.detail
    assert [] == server.requests


def test_https_to_a_server_without_tls_is_told():
    def play(_server: Receiver, connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with receiver(play) as server:
        answer = outbound.request(
            "POST", f"https://127.0.0.1:{server.port}/", allowed_hosts=server.hosts
        )

    assert Fault.TLS == answer.fault


def test_a_handshake_that_never_ends_is_a_time_out():
    over = threading.Event()
    with receiver(lambda _server, _connection: over.wait(10)) as server:
        answer = outbound.request(
            "POST", f"https://127.0.0.1:{server.port}/", allowed_hosts=server.hosts, seconds=0.2
        )
        over.set()

    assert Fault.TIMEOUT == answer.fault


def test_a_dripping_https_answer_is_left_at_the_deadline(certificate, serving):
    with receiver(dripping(b"HTTP/1.1 200 OK\r\nX: "), serving) as server:
        answer = outbound.request(
            "POST",
            f"https://127.0.0.1:{server.port}/",
            allowed_hosts=server.hosts,
            seconds=0.4,
            tls=ssl.create_default_context(cafile=str(certificate)),
        )

    assert Fault.TIMEOUT == answer.fault
