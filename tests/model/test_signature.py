"""Signatures are checked as another implementation makes them, and nothing else passes."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.signature import (
    CertificateUnreadableError,
    PublicKey,
    is_signed,
    public_key,
)
from tests.ses import certificate, private_key, signature

KEY = public_key(certificate())
TEXT = b"Message\nHello\n"


def test_the_key_is_read_off_a_certificate():
    numbers = private_key().public_key().public_numbers()

    assert PublicKey(numbers.n, numbers.e) == KEY


@given(st.binary(max_size=200))
def test_what_was_signed_passes(text):
    assert is_signed(KEY, text, signature(text))


@given(st.binary(max_size=300), st.integers(0, 255), st.integers(0, 7))
def test_nothing_else_passes(other, place, bit):
    """Neither another signature, nor another text, nor a signature with one bit turned."""
    good = signature(TEXT)
    turned = bytearray(good)
    turned[place] ^= 1 << bit

    assert not is_signed(KEY, TEXT, other)
    assert not is_signed(KEY, TEXT, bytes(turned))
    assert other == TEXT or not is_signed(KEY, other, good)


def test_other_ways_to_sign_do_not_pass():
    """Another hash, other padding, another key."""
    key = private_key()
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)

    for made in (
        key.sign(TEXT, padding.PKCS1v15(), hashes.SHA1()),  # noqa: S303 the version before
        key.sign(TEXT, padding.PKCS1v15(), hashes.SHA512()),
        key.sign(TEXT, pss, hashes.SHA256()),
        private_key(2056).sign(TEXT, padding.PKCS1v15(), hashes.SHA256()),
    ):
        assert not is_signed(KEY, TEXT, made)


def test_a_number_beyond_the_modulus_is_no_signature():
    """The same number again, one modulus higher, would come to the same power."""
    number = int.from_bytes(signature(TEXT)) + KEY.modulus

    assert not is_signed(KEY, TEXT, number.to_bytes(257))
    if number < 1 << 2048:
        assert not is_signed(KEY, TEXT, number.to_bytes(256))


def forged(ending):
    """Return what would be signed where a key's power were 1, which is the forger's."""
    return bytes.fromhex("0001ff") + ending


def test_padding_that_is_too_short_does_not_pass():
    """The text is compared as a whole, so nothing may stand behind the digest (CVE-2006-4339)."""
    key = PublicKey((1 << 2048) - 1, 1)
    whole = signature(TEXT)
    opened = pow(int.from_bytes(whole), KEY.exponent, KEY.modulus).to_bytes(256)

    assert is_signed(key, TEXT, opened)
    ending = opened[opened.index(b"\x00\x30") :]
    assert not is_signed(key, TEXT, forged(ending).ljust(256, b"\x00"))


@pytest.mark.parametrize("bits", [1024, 2040])
def test_a_short_key_is_refused(bits):
    with pytest.raises(CertificateUnreadableError):
        public_key(certificate(private_key(bits)))


def test_a_key_of_another_kind_is_refused():
    with pytest.raises(CertificateUnreadableError):
        public_key(certificate(ec.generate_private_key(ec.SECP256R1())))


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN CERTIFICATE-----", "<html>no</html>"])
def test_what_is_no_certificate_is_refused(text):
    with pytest.raises(CertificateUnreadableError):
        public_key(text)


DER = base64.b64decode("".join(certificate().splitlines()[1:-1]))


def pem(der):
    """Return bytes as a certificate's text."""
    text = base64.b64encode(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"


@given(st.binary(max_size=60), st.integers(0, len(DER) - 1), st.integers(0, 255))
def test_a_broken_certificate_is_refused_or_read(noise, place, byte):
    """Cut off anywhere, or with a byte changed, it gives a key or the one error."""
    changed = bytearray(DER)
    changed[place] = byte
    for der in (noise, DER[:place], bytes(changed), DER[:place] + noise):
        try:
            key = public_key(pem(der))
        except CertificateUnreadableError:
            continue
        assert key.modulus > 0


def test_ed25519_is_not_mistaken_for_rsa():
    made = ed25519.Ed25519PrivateKey.generate()

    assert not is_signed(KEY, TEXT, made.sign(TEXT))
