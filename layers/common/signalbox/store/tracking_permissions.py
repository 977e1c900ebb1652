"""What contacts say to being tracked, and the log of it, in the contacts table.

Item    pk A#<account>#contact#<contact>   sk contact    the contact, whose other parts are `contacts`'
        permission       the last words as JSON: `{"open": "yes", "open_ms": 1795254840000,
                         "open_by": "page"}`; a purpose that is absent is unknown
Item    pk A#<account>#contact#<contact>   sk consent#<13 digits of ms>#<12 hex digits>
        body             purpose, answer, source, actor, note
Access  change, with an entry of the log for each answer that is new, in one transaction; a page of
        the log, latest first
Nothing changes an entry, and nothing removes one but the erasure of its contact. Whoever reads a
contact has read its permission.
"""

from collections.abc import Mapping
from dataclasses import replace

from signalbox.environment import environment
from signalbox.model.contact import Contact
from signalbox.model.tracking_permission import (
    Answer,
    Consent,
    Purpose,
    Source,
    Statements,
    Voice,
    after_hearing,
    consents_of,
)
from signalbox.model.wire import packed, unpacked
from signalbox.store import contacts, keys, table
from signalbox.store.contacts import FREE, MovedError
from signalbox.store.table import Item, Key

PREFIX = "consent#"
TRIES = 10  # where others write the same contact at the same time


def key(consent: Consent) -> Key:
    """Return where an entry of the log stands."""
    return _key(consent.account_id, consent.contact_id, consent.consent_id)


def change(
    account_id: str, contact_id: str, answers: Mapping[Purpose, Answer], voice: Voice
) -> Statements:
    """Write down what a contact says, and return its last words.

    What it said already adds nothing to the log; what is older than its last word changes nothing.

    Raises:
        NotFoundError: there is no such contact.
        MovedError: others changed the contact all the while.
    """
    for attempt in range(1, TRIES + 1):
        contact = contacts.fetch(account_id, contact_id)
        after = after_hearing(contact.statements, answers, voice)
        if after == contact.statements:
            return after
        try:
            _write(contact, after, voice)
        except MovedError:
            if attempt == TRIES:
                raise
        else:
            return after
    raise AssertionError("the last try returns or raises")


def putting(consent: Consent) -> Item:
    """Return the part of a transaction that adds an entry to the log."""
    pk, sk = key(consent)
    body = {
        "purpose": consent.purpose,
        "answer": consent.answer,
        "source": consent.source,
        "actor": consent.actor,
        "note": consent.note,
    }
    item = {"pk": pk, "sk": sk, "body": packed(body)}
    return table.putting(environment().contacts_table, item, condition=FREE)


def of_contact(
    account_id: str, contact_id: str, *, limit: int, after: str = ""
) -> tuple[list[Consent], str]:
    """Return a page of a contact's log, latest first, and the entry to go on after."""
    page = table.query(
        environment().contacts_table,
        keys.contact(account_id, contact_id),
        prefix=PREFIX,
        limit=limit,
        after=_key(account_id, contact_id, after) if after else None,
        newest_first=True,
        consistent=True,
    )
    found = [_consent_from(item, account_id, contact_id) for item in page.items]
    return found, found[-1].consent_id if page.last and found else ""


def _write(contact: Contact, after: Statements, voice: Voice) -> None:
    """Write last words over those that were read; raise `MovedError` where the contact moved."""
    entries = consents_of(contact.account_id, contact.contact_id, contact.statements, after, voice)
    changed = replace(contact, statements=after, version=contact.version + 1)
    try:
        table.transact([contacts.replacing(changed, since=contact), *map(putting, entries)])
    except table.CancelledError as error:
        code, standing = error.reasons[0]
        if code != table.REFUSED:
            raise
        if not _is_ours(standing, changed):
            raise MovedError("the contact was changed meanwhile; read it again") from error


def _is_ours(standing: Item | None, changed: Contact) -> bool:
    """Tell our own write, whose answer was lost, from somebody else's."""
    return standing is not None and contacts.contact_from(standing, changed.account_id) == changed


def _key(account_id: str, contact_id: str, consent_id: str) -> Key:
    return keys.contact(account_id, contact_id), PREFIX + consent_id.replace("-", "#")


def _consent_from(item: Item, account_id: str, contact_id: str) -> Consent:
    body = unpacked(item["body"])
    return Consent(
        account_id,
        contact_id,
        Purpose(body["purpose"]),
        Answer(body["answer"]),
        Source(body["source"]),
        body["actor"],
        int(item["sk"].split("#")[1]),
        body["note"],
    )
