"""One contact of an import: read from what was sent, and written with all that belongs to it."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from signalbox.aws import AwsError
from signalbox.model.address import email_address
from signalbox.model.contact import Contact, addresses
from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.model.field import Field
from signalbox.model.import_fault import ImportFault
from signalbox.model.tag import checked_name, compared
from signalbox.model.tracking_permission import Answer, Purpose, Source, Voice, answer_from
from signalbox.people import checked_facts, sync_contact, with_facts
from signalbox.store import (
    contact_tags,
    erasure,
    memberships,
    origin,
    table,
    tags,
    tracking_permissions,
)
from signalbox.store.contacts import AddressTakenError

from .field_requests import loose_flag, loose_text, values_of
from .list_requests import reference

MOST_NAMED = 100  # tags, and lists, of one contact
LONGEST_TEXT = 255
# `external_id` is ours on top.
FACTS = ("first_name", "last_name", "phone", "external_id")
# What the contact says to being tracked, `yes` or `no`; ours on top.
PERMISSIONS = {"tracking_opens": Purpose.OPEN, "tracking_clicks": Purpose.CLICK}
SOURCE = "import"  # none of those that webhooks name, for the original's hear of no import
PASSING = (ConflictError, AwsError, table.CancelledError)


@dataclass(frozen=True, slots=True)
class Row:
    """A contact as it shall be, checked as far as it can be without looking at what is stored.

    `facts` are out of `checked_facts`; `tags` are names, `joined` and `left` ids of lists, and
    `answers` what the contact says to being tracked. No rule hears of what is `quiet`; webhooks hear
    of no import.
    """

    facts: Mapping[str, Any]
    tags: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    answers: Mapping[Purpose, Answer] = field(default_factory=dict)
    quiet: bool = False

    @property
    def address(self) -> str:
        """Return the address that the contact is known by."""
        return email_address(self.facts["email"])

    @property
    def addresses(self) -> list[str]:
        """Return all addresses that the row names, the one that the contact is known by first."""
        return addresses(with_facts(Contact("", ""), self.facts))


class Outcome(NamedTuple):
    """What became of a row: the contact, if there is one, and what is wrong, if anything is."""

    contact_id: str
    fault: ImportFault | None = None
    reason: str = ""


def row_from(sent: Any, known: Sequence[Field]) -> Row:
    """Read a contact; `known` are the account's custom fields.

    Raises:
        InvalidError: it cannot be one.
        UnknownFieldError: the account has no such field.
    """
    if not isinstance(sent, dict):
        raise InvalidError("contact", "must be an object")
    email = loose_text(sent, "email", LONGEST_TEXT).strip()
    if not email:
        raise InvalidError("email", "must not be empty")
    facts: dict[str, Any] = {"email": email}
    for name in FACTS:
        if sent.get(name) is not None:
            facts[name] = loose_text(sent, name, LONGEST_TEXT).strip()
    values = sent.get("fields") or []
    facts["fields"] = values_of(values, known, id_name="id") if values else {}
    return Row(
        checked_facts(facts),
        tuple(_names(sent)),
        _lists(sent, "subscribe"),
        _lists(sent, "unsubscribe"),
        _answers(sent),
        quiet=loose_flag(sent, "exclude_automations"),
    )


def voice_of(actor: str, now_ms: int) -> Voice:
    """Return who says what an import says of permission: the key that imports, when it began."""
    return Voice(Source.IMPORT, actor, now_ms)


def write(account_id: str, voice: Voice, row: Row, contact_id: str = "") -> Outcome:
    """Write one contact; with its id, without its facts."""
    with origin.caused_by(SOURCE), origin.quietly() if row.quiet else nullcontext():
        return _write(account_id, voice, row, contact_id)


def _write(account_id: str, voice: Voice, row: Row, contact_id: str) -> Outcome:
    if not contact_id:
        known_by = {name: value for name, value in row.facts.items() if name != "phone_number"}
        try:
            contact_id = sync_contact(account_id, **known_by)[0].contact_id
        except InvalidError as error:
            reason = f"Field {error.field} cannot be what was sent"
            return Outcome("", ImportFault.INVALID, reason)
        except AddressTakenError as error:
            reason = f"The {error.kind} belongs to another contact"
            return Outcome("", ImportFault.ADDRESS_TAKEN, reason)
        except PASSING as error:
            return not_written(error)
    try:
        _put_in_place(account_id, contact_id, row, voice)
    except NotFoundError as error:
        return Outcome(contact_id, ImportFault.UNKNOWN, f"There is no {error.noun} {error.key}")
    except PASSING as error:
        reason = f"Lists, tags and permission not in whole: {type(error).__name__}"
        return Outcome(contact_id, ImportFault.NOT_IN_WHOLE, reason)
    return Outcome(contact_id)


def not_written(error: Exception) -> Outcome:
    """Return the outcome of a row that others, or AWS, had no time for."""
    reason = f"Not written, send it again: {type(error).__name__}"
    return Outcome("", ImportFault.NOT_WRITTEN, reason)


def _put_in_place(account_id: str, contact_id: str, row: Row, voice: Voice) -> None:
    """Put the contact on its lists, its tags on it, and write down what it permits."""
    now_ms = voice.at_ms
    if row.answers:
        tracking_permissions.change(account_id, contact_id, row.answers, voice)
    opted_out = erasure.opted_out(account_id, row.address) if row.joined else set()
    for list_id in row.left:
        memberships.unsubscribe(account_id, contact_id, list_id, now_ms=now_ms)
    for list_id in row.joined:
        if list_id not in opted_out:
            memberships.subscribe(account_id, contact_id, list_id, now_ms=now_ms, reactivate=False)
    for name in row.tags:
        tag = tags.find_or_create(account_id, name)
        contact_tags.add(account_id, contact_id, tag.tag_id, now_ms=now_ms)


def _answers(sent: Mapping[str, Any]) -> dict[Purpose, Answer]:
    texts = {name: loose_text(sent, name, LONGEST_TEXT) for name in PERMISSIONS}
    return {PERMISSIONS[name]: answer_from(text, name) for name, text in texts.items() if text}


def _names(sent: Mapping[str, Any]) -> list[str]:
    values = sent.get("tags") or []
    if not isinstance(values, list) or len(values) > MOST_NAMED:
        raise InvalidError("tags", f"must be a list of at most {MOST_NAMED}")
    texts = [loose_text({"tags": value}, "tags", LONGEST_TEXT) for value in values]
    return list({compared(name): name for name in map(checked_name, texts)}.values())


def _lists(sent: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = sent.get(name) or []
    if not isinstance(values, list) or len(values) > MOST_NAMED:
        raise InvalidError(name, f"must be a list of at most {MOST_NAMED}")
    ids = [reference(one, "listid") if isinstance(one, dict) else "" for one in values]
    if not all(ids):
        raise InvalidError(name, "must hold objects with a listid")
    return tuple(dict.fromkeys(ids))
