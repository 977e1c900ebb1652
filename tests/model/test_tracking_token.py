import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.errors import InvalidError
from signalbox.model.tracking_token import (
    HONEYPOT,
    NO_MAILING,
    InvalidTokenError,
    KeyRing,
    KeyRingError,
    Token,
    TokenKind,
    base64url,
    from_base64url,
    read,
    read_short,
    signed,
    signed_short,
    unsigned_short,
)
from signalbox.model.tracking_url import (
    LONGEST_TARGET,
    click_url,
    is_target,
    open_url,
    person_url,
    target_of,
)

FIRST, SECOND = "1:" + "a1" * 32, "2:" + "b2" * 32
RING = KeyRing.from_text(FIRST)
CONTACT, MAILING, ACCOUNT = "115964116992007", "1795254840000123", "100000001"
OPENED = Token(TokenKind.OPEN, ACCOUNT, MAILING, CONTACT)

NUMBERS = st.integers(1, 2**53).map(str)
NONCES = st.binary(min_size=8, max_size=8).map(bytes.hex)
LINKS = st.integers(0, HONEYPOT)
PERSONAL = st.tuples(st.sampled_from(TokenKind), NUMBERS, NUMBERS, NUMBERS, st.just(""), LINKS).map(
    Token._make
)
ANONYMOUS = st.tuples(
    st.sampled_from([TokenKind.OPEN, TokenKind.CLICK]),
    NUMBERS,
    st.just(NO_MAILING) | NUMBERS,
    st.just(""),
    NONCES,
    LINKS,
).map(Token._make)
TARGETS = st.just("") | st.text().map(lambda text: f"https://files.example/{text}")


def refused(text: str, ring: KeyRing, kind: TokenKind, target: str = "") -> bool:
    """Tell whether a token is none."""
    try:
        read(text, ring, kind, target)
    except InvalidTokenError:
        return True
    return False


@given(PERSONAL | ANONYMOUS, TARGETS)
def test_what_was_signed_is_read(token, target):
    assert token == read(signed(token, RING, target), RING, token.kind, target)


@given(PERSONAL | ANONYMOUS, TARGETS, st.data())
def test_no_other_character_is_accepted(token, target, data):
    """Each character counts, the last with its unused bits, too."""
    text = signed(token, RING, target)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_+/=\n ÿ"))
    changed = text[:place] + other + text[place + 1 :]

    assert (changed != text) is refused(changed, RING, token.kind, target)


@given(PERSONAL, st.data())
def test_no_flipped_bit_is_accepted(token, data):
    raw = bytearray(from_base64url(signed(token, RING)))
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[bit // 8] ^= 1 << bit % 8

    assert refused(base64url(bytes(raw)), RING, token.kind)


@given(PERSONAL | ANONYMOUS, st.sampled_from(TokenKind))
def test_a_token_of_one_kind_is_none_of_another(token, kind):
    assert (kind != token.kind) is refused(signed(token, RING), RING, kind)


@given(TARGETS, TARGETS)
def test_a_token_holds_for_its_target_alone(target, other):
    token = OPENED._replace(kind=TokenKind.CLICK)

    assert (target != other) is refused(signed(token, RING, target), RING, TokenKind.CLICK, other)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_no_byte_moves_between_token_and_target(count):
    """The end of what a token says, put before the target, signs nothing."""
    text = signed(OPENED._replace(kind=TokenKind.CLICK), RING, "https://files.example/")
    raw = from_base64url(text)
    moved = raw[-16 - count : -16].decode("latin-1")
    shorter = base64url(raw[: -16 - count] + raw[-16:])

    assert refused(shorter, RING, TokenKind.CLICK, moved + "https://files.example/")


def test_keys_rotate():
    """The last key signs, and what older ones signed is read for as long as they are there."""
    both = KeyRing.from_text(f"{FIRST},{SECOND}")
    old, new = signed(OPENED, RING), signed(OPENED, both)

    assert OPENED == read(old, both, TokenKind.OPEN)
    assert OPENED == read(new, both, TokenKind.OPEN)
    assert refused(new, RING, TokenKind.OPEN)
    assert refused(old, KeyRing.from_text(SECOND), TokenKind.OPEN)
    assert refused(old, KeyRing.from_text("1:" + "c3" * 32), TokenKind.OPEN)


@pytest.mark.parametrize(
    "text",
    ["", "1:", "a1" * 32, "1:" + "a1" * 15, "256:" + "a1" * 32, FIRST + ",", "1:" + "g" * 64],
)
def test_a_ring_that_is_written_otherwise_is_refused(text):
    with pytest.raises(KeyRingError):
        KeyRing.from_text(text)


# Short ones, of text messages

TEXTED = OPENED._replace(kind=TokenKind.TEXT, link=2)
TEXTS = (PERSONAL | ANONYMOUS).map(lambda token: token._replace(kind=TokenKind.TEXT))


def refused_short(code: str, ring: KeyRing = RING) -> bool:
    """Tell whether this is no code of a text's link."""
    try:
        read_short(code, ring)
    except InvalidTokenError:
        return True
    return False


@given(TEXTS)
def test_a_short_token_is_read_as_it_was_signed(token):
    code = signed_short(token, RING)

    assert token == read_short(code, RING)
    assert refused(code, RING, TokenKind.TEXT)


@given(TEXTS)
def test_an_unsigned_code_is_as_long_and_leads_nowhere(token):
    """So what is only looked at costs what goes out."""
    code = unsigned_short(token)

    assert len(signed_short(token, RING)) == len(code)
    assert refused_short(code)


@given(TEXTS, st.data())
def test_no_flipped_bit_of_a_short_token_is_accepted(token, data):
    raw = bytearray(from_base64url(signed_short(token, RING)))
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[bit // 8] ^= 1 << bit % 8

    assert refused_short(base64url(bytes(raw)))


@given(PERSONAL | ANONYMOUS)
def test_what_signs_another_kind_signs_no_text(token):
    """A token's whole signature holds the beginning of one: the kind is what tells them apart."""
    raw = from_base64url(signed(token, RING))
    made = raw[-16:-8] + raw[3:-16] + raw[1:2]

    assert (token.kind != TokenKind.TEXT) is refused_short(base64url(made))


@pytest.mark.parametrize(
    ("token", "length"),
    [(TEXTED, 39), (TEXTED._replace(contact_id="", nonce="0123456789abcdef"), 42)],
)
def test_a_short_token_is_short(token, length):
    assert length == len(signed_short(token, RING))


@given(TEXTS, st.integers(0, 61))
def test_a_short_token_ends_in_a_letter_or_a_digit(token, key_id):
    """What looks for links in a text may take another character for none of the address."""
    code = signed_short(token, KeyRing.from_text(f"{key_id}:{'a1' * 32}"))

    assert code[-1].isalnum()


@pytest.mark.parametrize("code", ["", "A", "AAAA", "A" * 12, "A" * 129, "é" * 40, "=" * 40])
def test_what_is_no_short_token_is_refused(code):
    assert refused_short(code)


def test_keys_of_short_tokens_rotate():
    both = KeyRing.from_text(f"{FIRST},{SECOND}")
    old, new = signed_short(TEXTED, RING), signed_short(TEXTED, both)

    assert TEXTED == read_short(old, both) == read_short(new, both)
    assert refused_short(new)


def test_a_key_ring_shows_no_key():
    assert "a1a1" not in repr(RING)


@pytest.mark.parametrize(
    "token",
    [
        OPENED,
        OPENED._replace(kind=TokenKind.CLICK, link=12),
        OPENED._replace(kind=TokenKind.PERSON),
        OPENED._replace(contact_id="", nonce="0123456789abcdef"),
    ],
)
def test_a_token_is_short(token):
    """About 50 to 70 characters, for a line of a mail has 76."""
    assert 50 <= len(signed(token, RING)) <= 70


@pytest.mark.parametrize(
    "token",
    [
        OPENED._replace(contact_id="ada@signalbox.example"),
        OPENED._replace(mailing_id="November, 21"),
        OPENED._replace(account_id="007"),
        OPENED._replace(contact_id="-1"),
        OPENED._replace(contact_id=str(2**64)),
        OPENED._replace(contact_id="0"),
        OPENED._replace(contact_id=""),
        OPENED._replace(nonce="0123456789abcdef"),
        OPENED._replace(contact_id="", nonce="0123"),
        OPENED._replace(contact_id="", nonce="0123456789abcdef", kind=TokenKind.PERSON),
    ],
)
def test_a_token_holds_numbers_and_nothing_else(token):
    """No personal data can come in, and whose it is, is clear."""
    with pytest.raises(ValueError, match=r"token|fromhex"):
        signed(token, RING)


def test_an_anonymous_token_knows_no_contact():
    """Beside the account, the mailing and the link it has its nonce, and a zero for the contact."""
    nonce = "0123456789abcdef"
    text = signed(OPENED._replace(contact_id="", nonce=nonce), RING)
    said = from_base64url(text)[:-16]

    assert b"\0" + bytes.fromhex(nonce) == said[-9:]
    assert Token(TokenKind.OPEN, ACCOUNT, MAILING, "", nonce) == read(text, RING, TokenKind.OPEN)


def test_noise_is_no_token():
    """Ten thousand texts, most of them near to a token."""
    chance = random.Random(11)  # noqa: S311 repeatable
    good = signed(OPENED, RING)
    letters = string.ascii_letters + string.digits + "-_=%.\x00é😀"
    for _ in range(10_000):
        text = list(good if chance.random() < 0.7 else "")
        for _ in range(chance.randint(1, 4)):
            text.insert(chance.randint(0, len(text)), chance.choice(letters))
            if len(text) > 1 and chance.random() < 0.5:
                del text[chance.randrange(len(text))]
        made = "".join(text)
        assert (made != good) is refused(made, RING, TokenKind.OPEN)


@pytest.mark.parametrize(
    "target",
    [
        "https://files.example/a.pdf?x=1&y=%20#top",
        "http://files.example",
        "HTTPS://Files.Example:8443/",
        "https://[2001:db8::1]/",
        "https://files.example/" + "a" * (LONGEST_TARGET - 22),
    ],
)
def test_web_addresses_are_targets(target):
    url = click_url("https://api.example", "token", target)

    assert target == target_of(url.removeprefix("https://api.example/c/token/"))
    assert url.isascii()


@pytest.mark.parametrize(
    "target",
    [
        "",
        "/path",
        "//files.example",
        "https:/files.example",
        "https://",
        "https:///files.example",
        "https://\\files.example",
        "https://?a",
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:ada@signalbox.example",
        "ftp://files.example",
        " https://files.example",
        "https://files.example\n",
        "https://files.example/\r\nSet-Cookie: a=b",
        "https://files.example/a b",
        "https://files.example/\x00",
        "https://fïles.example/",
        "https://files.example/\ud800",
        "https://files.example/" + "a" * LONGEST_TARGET,
    ],
)
def test_nothing_else_is_a_target(target):
    """No other scheme, no line break, nothing that a header must not hold."""
    assert not is_target(target)
    with pytest.raises(InvalidError):
        click_url("https://api.example", "token", target)
    with pytest.raises(InvalidTokenError):
        target_of(base64url(target.encode("utf-8", "surrogatepass")))


@given(st.text())
def test_any_text_is_a_target_or_none(text):
    try:
        target = target_of(text)
    except InvalidTokenError:
        target = "https://x"

    assert is_target(target)


def test_pages_and_pixels_have_addresses():
    assert "https://api.example/o/abc" == open_url("https://api.example", "abc")
    assert "https://api.example/u/abc" == person_url("https://api.example", "abc")
