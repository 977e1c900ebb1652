"""The pixel and the tracked links of one relayed mail."""

import secrets
from functools import cache
from typing import Final, NamedTuple

from signalbox.environment import environment
from signalbox.model.contact import Contact
from signalbox.model.relayed import Relayed
from signalbox.model.tracking_permission import Mode, Purpose, message_mode
from signalbox.model.tracking_token import KeyRing, Token, TokenKind, signed
from signalbox.model.tracking_url import click_url, open_url

NONCE_BYTES: Final = 8


class Modes(NamedTuple):
    """How one mail is tracked: its opens, and its clicks."""

    open: Mode
    click: Mode


NOT_TRACKED: Final = Modes(Mode.OFF, Mode.OFF)


def modes_of(mode: Mode, contact: Contact | None) -> Modes:
    """Return how the mail to a recipient is tracked, by the account's mode for relayed mail.

    A contact's own no makes it off, as for every mail; who is no contact is nobody to us.
    """
    if contact is None:
        mode = Mode.OFF if mode is Mode.OFF else Mode.ANONYMOUS
        return Modes(mode, mode)
    permission = contact.permission
    return Modes(
        message_mode(mode, permission, Purpose.OPEN), message_mode(mode, permission, Purpose.CLICK)
    )


def tracked(letter: Relayed, whose: Token, modes: Modes, base: str) -> bytes:
    """Return a mail with its pixel and links, which begin with `base`.

    `whose` is the token of a personal one. All anonymous ones share a nonce that is kept nowhere.

    Raises:
        KeyRingError: the stack has no keys that sign links.
    """
    if modes == NOT_TRACKED:
        return letter.filled()
    ring = _ring(environment().token_keys)
    nobody = whose._replace(contact_id="", nonce=secrets.token_hex(NONCE_BYTES))

    def token(kind: TokenKind, mode: Mode, link: int = 0, target: str = "") -> str:
        chosen = whose if mode is Mode.PERSONAL else nobody
        return signed(chosen._replace(kind=kind, link=link), ring, target)

    def wrapped(number: int, target: str) -> str:
        return click_url(base, token(TokenKind.CLICK, modes.click, number, target), target)

    pixel = modes.open is not Mode.OFF
    return letter.filled(
        wrap_link=wrapped if modes.click is not Mode.OFF else None,
        pixel_url=open_url(base, token(TokenKind.OPEN, modes.open)) if pixel else "",
    )


@cache
def _ring(text: str) -> KeyRing:
    return KeyRing.from_text(text)
