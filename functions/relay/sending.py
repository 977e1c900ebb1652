"""Passing a mail on: who is left out, what each gets, and what came of it.

A mail that is tracked goes to each recipient by itself, for each has a token of its own; one that is
not goes to all at once. Each recipient is claimed before, and the claim tells what came of it to
whoever repeats the request.
"""

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from signalbox import emf
from signalbox.aws import AwsError
from signalbox.channels import mail
from signalbox.environment import environment
from signalbox.model.account import Account
from signalbox.model.contact import Contact
from signalbox.model.errors import ConflictError
from signalbox.model.feedback import ACCOUNT_TAG, CONTACT_TAG
from signalbox.model.relay_day import relay_day
from signalbox.model.tracking_permission import Mode
from signalbox.model.tracking_token import Token, TokenKind
from signalbox.store import contacts, relay_days, relays, suppressions, unsubscribes
from signalbox.store.relays import Claim, Standing, State

from .links import modes_of, tracked
from .request import Recipient, Wanted

LEASE_MS: Final = 60_000  # longer than a request lives
SENDING_S: Final = 18.0  # API Gateway waits for 30; a last mail may take 10
OPTED_OUT: Final = "opted_out"
BUSY: Final = "another request is at it"
LATE: Final = "there was no time left"
UNKNOWN: Final = "nobody knows whether it was sent; it will not be sent again"


class Fate(StrEnum):
    """What came of a mail to one recipient.

    `sent`: SES took it. `skipped`: nothing may be sent there. `failed`: SES refuses it.
    `uncertain`: it may have been sent or not. `deferred`: it was not sent; ask again.
    """

    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    DEFERRED = "deferred"


class Result(NamedTuple):
    """The fate of one recipient's mail, with SES's message id, or why; `repeated` if known before."""

    recipient: Recipient
    fate: Fate
    message_id: str = ""
    reason: str = ""
    repeated: bool = False


class _Post(NamedTuple):
    """What is sent at once: the same bytes to some recipients."""

    recipients: tuple[Recipient, ...]
    raw: bytes
    contact_id: str


def pass_on(account: Account, wanted: Wanted) -> list[Result]:
    """Send a mail to those who may get it; return what came of each recipient, in their order.

    Raises:
        ConflictError: the request's key was that of another mail.
        AwsError: AWS failed before anything was sent to those who are left.
        KeyRingError: the mail is to be tracked, and the stack has no keys that sign links.
    """
    skipped = _barred(account.account_id, wanted)
    left = [one for one in wanted.recipients if one not in skipped]
    done = {one: Result(one, Fate.SKIPPED, reason=reason) for one, reason in skipped.items()}
    until = time.monotonic() + SENDING_S
    for post in _posts(account, wanted, left):
        if time.monotonic() >= until:
            results = [Result(one, Fate.DEFERRED, reason=LATE) for one in post.recipients]
        else:
            results = _sent(account.account_id, wanted, post)
        done |= {one.recipient: one for one in results}
    return [done[one] for one in wanted.recipients]


def mode_of(account: Account, wanted: Wanted) -> Mode:
    """Return how a mail is tracked: as the account has it, if there is something in it to track."""
    return account.relay_tracking_mode if wanted.letter.can_be_tracked else Mode.OFF


def _barred(account_id: str, wanted: Wanted) -> dict[Recipient, str]:
    """Return who gets nothing, and why: suppressions always count, opt-outs where they are asked for."""
    addresses = [one.address for one in wanted.recipients]
    if not wanted.respects_opt_outs:
        found = suppressions.find_many(account_id, addresses)
        return {one: found[one.address].reason for one in wanted.recipients if one.address in found}
    silent = unsubscribes.find_many(account_id, addresses)
    reasons: dict[Recipient, str] = {}
    for one in wanted.recipients:
        bars = suppressions.bars(account_id, one.address)
        if bars.suppression:
            reasons[one] = bars.suppression.reason
        elif bars.opt_outs or one.address in silent:
            reasons[one] = OPTED_OUT
    return reasons


def _posts(account: Account, wanted: Wanted, left: Sequence[Recipient]) -> Iterator[_Post]:
    """Yield what is sent, made one after the other."""
    mode = mode_of(account, wanted)
    tells = mode is not Mode.OFF or len(left) == 1
    known = _contacts(account.account_id, left) if tells else {}
    if mode is Mode.OFF:
        if left:
            yield _Post(tuple(left), wanted.letter.filled(), _id_of_one(left, known))
        return
    day = relay_day(_now_ms())
    relay_days.note(account.account_id, day)
    base = environment().public_url or wanted.base_url
    for one in left:
        contact = known.get(one.address)
        contact_id = contact.contact_id if contact else ""
        whose = Token(TokenKind.OPEN, account.account_id, day, contact_id)
        raw = tracked(wanted.letter, whose, modes_of(mode, contact), base)
        yield _Post((one,), raw, _id_of_one([one], known))


def _contacts(account_id: str, left: Sequence[Recipient]) -> dict[str, Contact]:
    """Return the contacts among recipients, by address."""
    ids = contacts.ids_at((account_id, one.address) for one in left)
    found = {one.contact_id: one for one in contacts.fetch_many(account_id, ids.values())}
    return {address: found[which] for (_, address), which in ids.items() if which in found}


def _id_of_one(recipients: Sequence[Recipient], known: Mapping[str, Contact]) -> str:
    """Return whose mail it is, where it is one contact's: SES's feedback then stands on the record."""
    contact = known.get(recipients[0].address) if len(recipients) == 1 else None
    return contact.contact_id if contact else ""


def _sent(account_id: str, wanted: Wanted, post: _Post) -> list[Result]:
    """Send to those whom no earlier request of this key has sent to."""
    owner, now_ms = secrets.token_hex(8), _now_ms()
    claims = {
        one: Claim(account_id, wanted.key, one.address, wanted.fingerprint, owner, now_ms)
        for one in post.recipients
    }
    before = _taken(claims)
    ours = {one: claim for one, claim in claims.items() if one not in before}
    results = [_repeated(one, standing, now_ms) for one, standing in before.items()]
    if ours:
        result = _handed_over(account_id, post, ours)
        results += [result._replace(recipient=one) for one in ours]
    return results


def _taken(claims: Mapping[Recipient, Claim]) -> dict[Recipient, Standing]:
    """Claim mails; return what earlier requests left. Where one cannot be claimed, none is."""
    tried: list[Claim] = []
    before: dict[Recipient, Standing] = {}
    try:
        for one, claim in claims.items():
            tried.append(claim)
            standing = relays.take(claim)
            if standing is not None:
                before[one] = standing
    except (AwsError, ConflictError):
        _give_back(tried)
        raise
    return before


def _repeated(one: Recipient, standing: Standing, now_ms: int) -> Result:
    if standing.state is State.SENT:
        return Result(one, Fate.SENT, standing.ses_id, repeated=True)
    if standing.state is State.CLAIMED and now_ms - standing.at_ms < LEASE_MS:
        return Result(one, Fate.DEFERRED, reason=BUSY)
    return Result(one, Fate.UNCERTAIN, reason=UNKNOWN, repeated=True)


def _handed_over(account_id: str, post: _Post, claims: Mapping[Recipient, Claim]) -> Result:
    """Hand a mail to SES, once, and write down what came of it; the same for all its recipients."""
    first = next(iter(claims))
    tags = {ACCOUNT_TAG: account_id} | ({CONTACT_TAG: post.contact_id} if post.contact_id else {})
    try:
        message_id = mail.send_raw(
            post.raw,
            [one.mailbox for one in claims],
            tags,
            configuration_set=environment().mail_configuration_set or None,
        )
    except mail.MailDeferredError as error:
        _give_back(claims.values())
        return Result(first, Fate.DEFERRED, reason=str(error))
    except mail.MailRejectedError as error:
        _give_back(claims.values())
        return Result(first, Fate.FAILED, reason=str(error))
    except mail.MailUncertainError:
        return _settled(claims, Result(first, Fate.UNCERTAIN, reason=UNKNOWN))
    return _settled(claims, Result(first, Fate.SENT, message_id))


def _settled(claims: Mapping[Recipient, Claim], result: Result) -> Result:
    state = State.SENT if result.fate is Fate.SENT else State.UNCERTAIN
    try:
        for claim in claims.values():
            relays.settle(claim, state, result.message_id)
    except AwsError as error:  # what was sent was sent: a repeat will find it uncertain
        emf.fault("relayed mail not noted", code=error.code, message_id=result.message_id)
    return result


def _give_back(claims: Iterable[Claim]) -> None:
    """Give back claims of which nothing came."""
    try:
        for claim in claims:
            relays.release(claim)
    except AwsError as error:  # a repeat will find it uncertain, though it was not sent
        emf.fault("relayed mail not given back", code=error.code)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
