"""Writing down the people we know: the checks and retries that every way in shares."""

import random
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import ModuleType
from typing import Any

from email_validator import EmailNotValidError, validate_email

from signalbox import schedules
from signalbox.model.address import email_address
from signalbox.model.contact import ENTROPY_BITS, Contact, addresses, new_contact_id
from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.model.item_size import check_size
from signalbox.model.membership import Subscription
from signalbox.store import (
    contact_tags,
    contacts,
    container_memberships,
    erasure,
    memberships,
    suppressions,
    table,
    unsubscribes,
)

ERASING_S = 20.0  # within the time that a request has
EARLIER_ERASURES = 10  # that crashes cut off, or whose second sweep is due, in one call
TRIES = 10  # where others write the same contact, or an id, at the same time; each in turn succeeds
FACTS = frozenset({"email", "first_name", "last_name", "phone", "external_id", "fields"})


def add_contact(account_id: str, **facts: Any) -> Contact:
    """Create a contact and return it.

    `facts` are `email`, `first_name`, `last_name`, `phone`, `external_id` and `fields` (a mapping of
    tags to texts), each as it was sent.

    Raises:
        InvalidError: a fact cannot be, or none names the person.
        AddressTakenError: another contact has the e-mail address, the phone number or the id.
    """
    checked = checked_facts(facts)
    if not any(checked.get(name) for name in ("email", "phone_number", "external_id")):
        raise InvalidError("email", "must not be empty")
    for attempt in range(1, TRIES + 1):
        now_ms = _now_ms()
        entropy = random.getrandbits(ENTROPY_BITS)
        contact = Contact(
            account_id=account_id,
            contact_id=new_contact_id(now_ms, entropy),
            created_ms=now_ms,
            updated_ms=now_ms,
            **checked,
        )
        try:
            contacts.create(contact)
        except contacts.IdTakenError:
            if attempt == TRIES:
                raise
        else:
            break
    return contact


def change_contact(account_id: str, contact_id: str, **facts: Any) -> Contact:
    """Change a contact and return it; `fields` are merged into those it has, None removes one.

    What changes nothing is not written.

    Raises:
        NotFoundError: there is no such contact.
        InvalidError, AddressTakenError: as for `add_contact`.
        MovedError: others changed it all the while.
    """
    checked = checked_facts(facts)
    for attempt in range(1, TRIES + 1):
        standing = contacts.fetch(account_id, contact_id)
        changed = with_facts(standing, checked)
        if changed == standing:
            return standing
        if not addresses(changed):
            raise InvalidError("email", "must not be empty")
        check_size(changed.fields, "fields")
        try:
            return contacts.save(replace(changed, updated_ms=_now_ms()), since=standing)
        except contacts.MovedError:
            if attempt == TRIES:
                raise
    raise AssertionError("the last try returns or raises")


def sync_contact(account_id: str, **facts: Any) -> tuple[Contact, bool]:
    """Create the contact with this e-mail address, or change it; return it and whether it is new.

    Raises:
        InvalidError, AddressTakenError: as for `add_contact`.
    """
    address = email_address(checked_email(facts["email"]))
    for attempt in range(1, TRIES + 1):
        contact_id = contacts.id_at(account_id, address)
        try:
            if contact_id is not None:
                return change_contact(account_id, contact_id, **facts), False
            return add_contact(account_id, **facts), True
        except contacts.AddressTakenError as error:
            if contact_id is not None or error.kind != "email" or attempt == TRIES:
                raise
        except NotFoundError:  # it was erased since the address was looked up
            if attempt == TRIES:
                raise
    raise AssertionError("the last try returns or raises")


def contact_at(account_id: str, kind: str, value: str) -> Contact:
    """Return the contact with this address, made where there is none; `kind` is `email` or `phone`.

    Raises:
        InvalidError: there can be no such address; a phone has to say its country (`+49…`).
        ConflictError: others made and deleted the contact all the while.
    """
    address = address_of(kind, value)
    for _ in range(TRIES):
        contact_id = contacts.id_at(account_id, address)
        found = contacts.find(account_id, contact_id) if contact_id else None
        if found is not None:
            return found
        try:
            return add_contact(account_id, **{kind: value.strip()})
        except contacts.AddressTakenError:
            continue
    raise ConflictError("the contact comes and goes; try again")


def address_of(kind: str, value: str) -> str:
    """Return the address (`email:…`, `phone:+…`) that was sent as `email` or `phone`.

    Raises:
        InvalidError: as for `contact_at`.
    """
    if kind == "email":
        return email_address(checked_email(value))
    number = phone_number(value.strip())
    if not number:
        raise InvalidError("phone", "is no phone number with its country, as in +4930123456")
    return f"phone:{number}"


def checked_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as they are written down; raise `InvalidError` for one that cannot be."""
    unknown = set(facts) - FACTS
    if unknown:
        raise TypeError(f"not facts of a contact: {sorted(unknown)}")
    checked = dict(facts)
    if facts.get("email"):
        checked["email"] = checked_email(facts["email"])
    if "phone" in facts:
        checked["phone_number"] = phone_number(facts["phone"]) if facts["phone"] else ""
    return checked


def with_facts(standing: Contact, checked: Mapping[str, Any]) -> Contact:
    """Return the contact as facts out of `checked_facts` change it."""
    wanted = dict(checked)
    if "fields" in wanted:
        wanted["fields"] = _merged(standing.fields, wanted["fields"])
    return replace(standing, **wanted)


def checked_email(email: str, *, field: str = "email") -> str:
    """Return the address as it is written down; raise `InvalidError` where it cannot exist."""
    try:
        found = validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise InvalidError(field, f"is not valid: {error}") from error
    email_address(found.normalized, field=field)
    return found.normalized


def phone_number(phone: str) -> str:
    """Return a phone in E.164; empty where it does not say its country or cannot exist.

    Such a phone is kept as it was written, and is nobody's address.
    """
    library = _phonenumbers()
    try:
        number = library.parse(phone, None)
    except library.NumberParseException:
        return ""
    if not library.is_possible_number(number):
        return ""
    return str(library.format_number(number, library.PhoneNumberFormat.E164))


def erase(account_id: str, contact_id: str) -> bool:
    """Erase a contact with all that is known of it; tell whether everything is gone.

    The contact and its addresses go first, so that nothing new can be written about it: events that
    arrive belong to nobody. Then go memberships, tags, log, dispatches, its dropped events and the
    lines of the live tail. Opt-outs go on holding, as salted hashes (`store.erasure`).
    Cut off anywhere, or out of time (False), the next call goes on where this one ended.

    Raises:
        NotFoundError: there is no such contact, nor one whose erasure was cut off.
        MovedError: others changed it all the while.
    """
    until = time.monotonic() + ERASING_S
    begun = erasure.find(account_id, contact_id)
    if begun is None or not begun.addresses:  # without them it is noted for its second sweep only
        begun = _removed(account_id, contact_id)
    try:
        _sweep(begun, until)
        for earlier in erasure.due(account_id, _now_ms(), limit=EARLIER_ERASURES):
            _sweep(earlier, until)
    except erasure.LateError:
        return erasure.find(account_id, contact_id) == begun._replace(addresses=())
    return True


def _removed(account_id: str, contact_id: str) -> erasure.Erasure:
    """Note the erasure, then remove the contact's record, its addresses and its entries in lists."""
    for attempt in range(1, TRIES + 1):
        contact = contacts.fetch(account_id, contact_id)
        known_by = (*addresses(contact), f"contact:{contact_id}")
        begun = erasure.Erasure(account_id, contact_id, known_by)
        erasure.note(begun, _now_ms() + erasure.AGAIN_AFTER_MS)
        try:
            contacts.remove(contact)
        except contacts.MovedError:
            if attempt == TRIES:
                erasure.forget(begun)
                raise
        else:
            return begun
    raise AssertionError("the last try returns or raises")


def _sweep(begun: erasure.Erasure, until: float) -> None:
    """Remove what is left of a contact, as often as it takes."""
    account_id, contact_id = begun.account_id, begun.contact_id
    if begun.addresses and contacts.find(account_id, contact_id) is not None:
        begun = _removed(account_id, contact_id)
    _leave_containers(begun)
    erasure.sweep_record(account_id, contact_id, until=until)
    erasure.sweep(begun, until=until)
    schedules.forget(account_id, contact_id)
    if begun.addresses:
        again = begun._replace(addresses=())
        erasure.note(again, _now_ms() + erasure.AGAIN_AFTER_MS)
    else:
        erasure.forget(begun)


def _leave_containers(begun: erasure.Erasure) -> None:
    """Take the contact out of its containers and its tags off it, keeping its opt-outs."""
    account_id, contact_id = begun.account_id, begun.contact_id
    joined = memberships.of_contact(account_id, contact_id)
    left = [one.list_id for one in joined if one.status is Subscription.UNSUBSCRIBED]
    erasure.keep_opt_outs(account_id, begun.addresses, left)
    for membership in joined:
        _remove(memberships.removing(membership))
    for tag in contact_tags.of_contact(account_id, contact_id):
        _remove(contact_tags.removing(tag))
    for campaign in container_memberships.of_contact(account_id, contact_id):
        container_memberships.remove(campaign)
    for address in begun.addresses:
        stored = container_memberships.stored_at(account_id, address)
        on = [one.container_id for one in stored if one.stands]
        erasure.keep_opt_outs(account_id, [address], on)
        for entry in stored:
            container_memberships.remove(entry)
        suppressions.keep_erased(account_id, address)
    unsubscribes.forget(account_id, begun.addresses)


def _remove(writes: list[table.Item]) -> None:
    """Remove what the first of the writes deletes; the answer of an earlier try may be lost."""
    try:
        table.transact(writes)
    except table.CancelledError as error:
        code, standing = error.reasons[0]
        if code != "ConditionalCheckFailed" or standing is not None:
            raise


def _merged(standing: Mapping[str, str], wanted: Mapping[str, str | None]) -> dict[str, str]:
    merged = {**standing, **wanted}
    return {tag: value for tag, value in merged.items() if value is not None}


@cache
def _phonenumbers() -> ModuleType:
    import phonenumbers  # noqa: PLC0415 84 ms that only a contact with a phone pays

    return phonenumbers


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
