"""One message: claim it, look once more, send it, write down what came of it."""

import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from signalbox.aws import AwsError
from signalbox.model.contact import Contact
from signalbox.model.message import LONGEST_REASON, Message, SkipReason, State, Verdict
from signalbox.store import messages, recipients

from . import letters, pacing
from .letters import Letter
from .scenes import Scene


class Fate(StrEnum):
    """What came of trying to send one message.

    `settled`: it is sent, skipped, failed or uncertain. `busy`: another worker is at it. `changed`:
    the contact was changed meanwhile and is to be read anew. `deferred`: SES does not send at the
    moment. `stopped`: the mailing was.
    """

    SETTLED = "settled"
    BUSY = "busy"
    CHANGED = "changed"
    DEFERRED = "deferred"
    STOPPED = "stopped"


class Tried(NamedTuple):
    """What came of a message: the message where it is settled, a delay where SES wants to rest."""

    fate: Fate
    message: Message | None = None
    delay_s: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """A worker's attempt at a part; `owner` is of this attempt alone."""

    scene: Scene
    run: int
    owner: str


def attempt(this: Attempt, contact_id: str) -> Tried:
    """Claim a message and send it, if nothing speaks against it at the last moment.

    The mail is made first, since what goes wrong there has sent nothing. The claim comes before the
    last look, so that nothing lies between that and SES: who unsubscribes until then gets nothing.

    Raises:
        AwsError: AWS failed where nothing was sent, or the outcome could not be written.
    """
    scene = this.scene
    contact = scene.contacts.get(contact_id)
    letter = _letter(scene, contact) if contact else None
    modes = letter.modes if isinstance(letter, Letter) else letters.UNTRACKED
    wish = Message(
        scene.account.account_id,
        scene.mailing.mailing_id,
        contact_id,
        State.CLAIMED,
        this.owner,
        this.run,
        _now_ms(),
        mode=modes.open,
        click_mode=modes.click,
    )
    verdict, standing = messages.claim(
        wish,
        retry_run=scene.mailing.retry_run,
        expires=scene.account.expiry_s(scene.mailing.started_ms),
    )
    if verdict is Verdict.BUSY:
        return Tried(Fate.BUSY)
    if verdict is not Verdict.TAKEN:
        return Tried(Fate.SETTLED, standing)
    if contact is None or letter is None:
        return _skipped(wish, SkipReason.CONTACT_GONE)
    if isinstance(letter, SkipReason):
        return _skipped(wish, letter)
    return _sent(this, wish, contact, letter)


def _letter(scene: Scene, contact: Contact) -> Letter | SkipReason:
    """Return the message to a contact, or why there is none."""
    against = recipients.unreachable(scene.mailing.container, contact)
    return against or letters.letter_to(scene, contact)


def _sent(this: Attempt, claimed: Message, contact: Contact, letter: Letter) -> Tried:
    """Send a claimed message, once, unless something speaks against it by now."""
    against = _against(this, claimed, contact)
    if against is not None:
        return against
    try:
        ses_id = letter.send()
    except letters.DEFERRED as error:
        return _given_back(this, claimed, Tried(Fate.DEFERRED, None, pacing.delay_after(error)))
    except letters.OPTED_OUT:
        return _skipped(claimed, SkipReason.OPTED_OUT)
    except letters.REJECTED as error:
        return _settled(claimed, State.FAILED, reason=_said(error, contact))
    except letters.UNCERTAIN as error:
        return _settled(claimed, State.UNCERTAIN, reason=_said(error, contact))
    return _settled(claimed, State.SENT, ses_id=ses_id)


def _against(this: Attempt, claimed: Message, contact: Contact) -> Tried | None:
    """Look once more; return what comes of a message that is not to be sent."""
    try:
        seen = recipients.look(this.scene.question, contact)
    except AwsError:
        _given_back(this, claimed, Tried(Fate.CHANGED))
        raise
    if seen.mailing is None or not seen.mailing.sends_in(this.run):
        return _given_back(this, claimed, Tried(Fate.STOPPED))
    if seen.contact is None:
        return _skipped(claimed, SkipReason.CONTACT_GONE)
    if seen.contact.version != contact.version:
        return _given_back(this, claimed, Tried(Fate.CHANGED))
    return _skipped(claimed, seen.bar) if seen.bar else None


def _settled(claimed: Message, state: State, *, reason: str = "", ses_id: str = "") -> Tried:
    now_ms = _now_ms()
    sent_ms = now_ms if state is State.SENT else 0
    outcome = replace(
        claimed, state=state, reason=reason, ses_id=ses_id, sent_ms=sent_ms, changed_ms=now_ms
    )
    return Tried(Fate.SETTLED, messages.settle(outcome))


def _skipped(claimed: Message, reason: SkipReason) -> Tried:
    return _settled(claimed, State.SKIPPED, reason=reason)


def _given_back(this: Attempt, claimed: Message, tried: Tried) -> Tried:
    """Give a claim back of which nothing came."""
    messages.release(claimed, this.scene.messages.get(claimed.contact_id))
    return tried


def _said(error: Exception, contact: Contact) -> str:
    """Return what an error says, without the person's address."""
    said = str(error)
    for address in filter(None, (contact.email, contact.phone_number)):
        said = said.replace(address, "the address")
    return said[:LONGEST_REASON]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
