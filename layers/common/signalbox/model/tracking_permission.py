"""Tracking permission: what a person says to being tracked, and what that makes of a message.

A contact says yes or no for opens and for clicks, each by itself; unknown is not yes. Modes, answers
and sources are the words of `docs/permission.md`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from signalbox.model.errors import InvalidError
from signalbox.model.wire import digest, packed, unpacked

PROPERTY: Final = "tracking_permission"  # of an event, `{"open": true, "click": false}`


class Mode(StrEnum):
    """How mail is tracked, as an account or a campaign sets it; a message has one of the first three.

    `off`: no pixel, no rewritten link. `anonymous`: a random number that nobody can tie to a contact.
    `personal`: the contact. `permission`: personal for who said yes, anonymous for everybody else.
    """

    OFF = "off"
    ANONYMOUS = "anonymous"
    PERSONAL = "personal"
    PERMISSION = "permission"


class Purpose(StrEnum):
    """What is tracked; each has a permission of its own."""

    OPEN = "open"
    CLICK = "click"


class Answer(StrEnum):
    """What a contact says; nobody's answer is stored as unknown, which is the absence of one."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """How an answer came to us; by `page` it is the contact who says it, with a link of a mail."""

    API = "api"
    PAGE = "page"
    IMPORT = "import"
    EVENT = "event"
    CONSOLE = "console"


REPORTED: Final = frozenset({Source.IMPORT, Source.EVENT})
"""Answers that other systems pass on: they may be late, and never undo a no said on the page."""
RELAY_MODES: Final = frozenset({Mode.OFF, Mode.ANONYMOUS, Mode.PERSONAL})
"""What mail that other programs hand in can have, for it does not say what its readers permit."""


class Permission(NamedTuple):
    """What a contact permits."""

    open: Answer = Answer.UNKNOWN
    click: Answer = Answer.UNKNOWN

    def of(self, purpose: Purpose) -> Answer:
        """Return the answer for a purpose."""
        return self.open if purpose is Purpose.OPEN else self.click


class Statement(NamedTuple):
    """An answer, when it was given, and how it came; nothing was said at 0."""

    answer: Answer = Answer.UNKNOWN
    at_ms: int = 0
    source: Source | None = None


class Statements(NamedTuple):
    """The last word of a contact on each purpose."""

    open: Statement = Statement()
    click: Statement = Statement()

    def of(self, purpose: Purpose) -> Statement:
        """Return the last word on a purpose."""
        return self.open if purpose is Purpose.OPEN else self.click

    @property
    def permission(self) -> Permission:
        """Return what they permit."""
        return Permission(self.open.answer, self.click.answer)

    def to_wire(self) -> str:
        """Return the text that a contact's item carries; empty where nothing was said."""
        told: dict[str, Any] = {}
        for purpose in Purpose:
            one = self.of(purpose)
            if one.source is not None:
                told |= {
                    purpose: one.answer,
                    f"{purpose}_ms": one.at_ms,
                    f"{purpose}_by": one.source,
                }
        return packed(told) if told else ""


NOTHING_SAID: Final = Statements()


def statements_from(text: str) -> Statements:
    """Read what `Statements.to_wire` wrote."""
    told: Mapping[str, Any] = unpacked(text) if text else {}
    return Statements(
        **{
            purpose: Statement(
                Answer(told[purpose]), told[f"{purpose}_ms"], Source(told[f"{purpose}_by"])
            )
            for purpose in Purpose
            if purpose in told
        }
    )


def permission_from(text: str) -> Permission:
    """Return what the text on a contact's item permits; an empty one is unknown."""
    told: Mapping[str, Any] = unpacked(text) if text else {}
    return Permission(**{one: Answer(told[one]) for one in Purpose if one in told})


def heard(standing: Statement, said: Statement) -> Statement:
    """Return the last word after something was said.

    The later of two counts, of two of one millisecond the no; so reports may come late, twice and in
    any order. A no that the contact said itself on the page is not undone by what other systems
    report, and stays its own when they report the same.
    """
    if standing.source is None:
        return said
    if (said.at_ms, said.answer is Answer.NO) <= (standing.at_ms, standing.answer is Answer.NO):
        return standing
    own_no = standing.answer is Answer.NO and standing.source is Source.PAGE
    if own_no and said.source in REPORTED:
        return standing if said.answer is Answer.YES else standing._replace(at_ms=said.at_ms)
    return said


class Voice(NamedTuple):
    """Who says something: `actor` is the key's id, or `contact`; `note` what they add to it."""

    source: Source
    actor: str
    at_ms: int
    note: str = ""


class Consent(NamedTuple):
    """An entry of a contact's consent log: an answer that differs from the one before."""

    account_id: str
    contact_id: str
    purpose: Purpose
    answer: Answer
    source: Source
    actor: str
    at_ms: int
    note: str = ""

    @property
    def consent_id(self) -> str:
        """Return its id: when it was given and a hash of it, so that a repeat is the same entry."""
        parts = (self.contact_id, self.purpose, self.answer, self.source, self.actor, self.note)
        return f"{self.at_ms:013d}-{digest(self.account_id, *parts)[:12]}"


def after_hearing(
    standing: Statements, answers: Mapping[Purpose, Answer], voice: Voice
) -> Statements:
    """Return a contact's last words after something was said.

    A report counts from the time that it names; what is said to us directly counts from now, which
    is after everything that stands, whatever the clocks say.
    """
    words: dict[str, Statement] = {}
    for purpose, answer in answers.items():
        before = standing.of(purpose)
        reported = voice.source in REPORTED
        at_ms = voice.at_ms if reported else max(voice.at_ms, before.at_ms + 1)
        words[purpose] = heard(before, Statement(answer, at_ms, voice.source))
    return standing._replace(**words)


def consents_of(
    account_id: str, contact_id: str, before: Statements, after: Statements, voice: Voice
) -> list[Consent]:
    """Return the entries for the log: one for each purpose whose answer is another now."""
    return [
        Consent(
            account_id,
            contact_id,
            purpose,
            after.of(purpose).answer,
            voice.source,
            voice.actor,
            after.of(purpose).at_ms,
            voice.note,
        )
        for purpose in Purpose
        if after.of(purpose).answer is not before.of(purpose).answer
    ]


def message_mode(mode: Mode, permission: Permission, purpose: Purpose) -> Mode:
    """Return how one message to a contact is tracked for a purpose: off, anonymous or personal.

    A no makes it off whatever the mode says.
    """
    answer = permission.of(purpose)
    if mode is Mode.OFF or answer is Answer.NO:
        return Mode.OFF
    if mode is Mode.PERMISSION:
        return Mode.PERSONAL if answer is Answer.YES else Mode.ANONYMOUS
    return mode


def resolved(message: Mode | None, campaign: Mode | None, account: Mode) -> Mode:
    """Return the mode that counts: the message's own, else the campaign's, else the account's."""
    return message or campaign or account


def may_record(mode: Mode, permission: Permission, purpose: Purpose) -> bool:
    """Tell whether a hit of a personal link or pixel may be written down now.

    `mode` is the mailing's. The answer is the contact's of now, so that a no holds for mail that was
    delivered before it.
    """
    return message_mode(mode, permission, purpose) is Mode.PERSONAL


def relay_mode(wanted: Mode, *, field: str) -> Mode:
    """Return the mode for relayed mail; raise `InvalidError` for one that it cannot have."""
    if wanted not in RELAY_MODES:
        raise InvalidError(
            field,
            "cannot be permission: mail that other programs hand in does not say what its readers "
            "permit",
        )
    return wanted


def answers_from(sent: Any, field: str) -> dict[Purpose, Answer]:
    """Read `{"open": true, "click": false}`; a purpose that is left out stays as it is.

    Raises:
        InvalidError: it is no object, names nothing or something else, or holds no boolean.
    """
    if not isinstance(sent, Mapping) or not sent:
        raise InvalidError(field, 'must be an object such as {"open": true, "click": false}')
    found: dict[Purpose, Answer] = {}
    for name, value in sent.items():
        if name not in _PURPOSES:
            raise InvalidError(f"{field}.{name}", f"is none of {', '.join(Purpose)}")
        if not isinstance(value, bool):
            raise InvalidError(f"{field}.{name}", "must be true or false")
        found[Purpose(name)] = Answer.YES if value else Answer.NO
    return found


def answer_from(text: str, field: str) -> Answer:
    """Read `yes` or `no`, in upper or lower case; raise `InvalidError` for anything else."""
    word = text.strip().lower()
    if word not in _SAID:
        raise InvalidError(field, f"must be one of {', '.join(_SAID)}")
    return Answer(word)


_PURPOSES: Final = frozenset(Purpose)
_SAID: Final = (Answer.YES, Answer.NO)
