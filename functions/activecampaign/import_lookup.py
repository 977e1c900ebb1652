"""What is stored of what the rows of an import name, read for all of them at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from signalbox.aws import AwsError
from signalbox.model import membership
from signalbox.model.contact import Contact
from signalbox.model.errors import ConflictError
from signalbox.model.membership import Membership
from signalbox.model.tag import ContactTag, compared
from signalbox.model.tracking_permission import Statements, Voice, after_hearing, consents_of
from signalbox.people import with_facts
from signalbox.store import contact_tags, contacts, erasure, lists, memberships, tags
from signalbox.store.newcomers import Newcomer

from .import_rows import Row


@dataclass(frozen=True, slots=True)
class Lookup:
    """The state of things before an import, and what it makes of a row.

    `owners` are contacts' ids by address, `tag_ids` tags' ids by compared name; `opted_out` are
    pairs of an address and a list, `tagged` of a contact and a tag; `joined` are memberships by
    contact and list. `voice` is who imports, and when the import began.
    """

    account_id: str
    voice: Voice
    owners: Mapping[str, str]
    contacts: Mapping[str, Contact]
    tag_ids: Mapping[str, str]
    lists: set[str]
    opted_out: set[tuple[str, str]]
    tagged: set[tuple[str, str]]
    joined: Mapping[tuple[str, str], Membership]

    @property
    def now_ms(self) -> int:
        """Return when the import began."""
        return self.voice.at_ms

    def is_new(self, row: Row) -> bool:
        """Tell whether nobody has an address of the row, and all else that it names is there."""
        free = not any(address in self.owners for address in row.addresses)
        tags_stand = all(compared(name) in self.tag_ids for name in row.tags)
        return free and tags_stand and self.lists.issuperset((*row.joined, *row.left))

    def newcomer(self, row: Row, contact_id: str) -> Newcomer:
        """Return the new contact that a row asks for."""
        said = after_hearing(Statements(), row.answers, self.voice)
        made = Contact(
            self.account_id,
            contact_id,
            created_ms=self.now_ms,
            updated_ms=self.now_ms,
            statements=said,
        )
        tag_ids = [self.tag_ids[compared(name)] for name in row.tags]
        return Newcomer(
            with_facts(made, row.facts),
            tuple(ContactTag(self.account_id, contact_id, one, self.now_ms) for one in tag_ids),
            tuple(
                replace(wanted, version=1)
                for list_id in dict.fromkeys((*row.joined, *row.left))
                for standing, wanted in [self._membership(row, contact_id, list_id)]
                if wanted != standing
            ),
            tuple(consents_of(self.account_id, contact_id, Statements(), said, self.voice)),
            quiet=row.quiet,
        )

    def contact_of(self, row: Row) -> Contact | None:
        """Return the contact whose e-mail address a row names."""
        return self.contacts.get(self.owners.get(row.address, ""))

    def remaining(self, row: Row, contact_id: str) -> Row:
        """Return the row without what is with the contact as it shall be, its facts left aside."""
        standing = self.contacts[contact_id].statements
        settled = after_hearing(standing, row.answers, self.voice) == standing
        return replace(
            row,
            answers={} if settled else row.answers,
            tags=tuple(name for name in row.tags if not self._has(contact_id, name)),
            joined=tuple(one for one in row.joined if not self._settled(row, contact_id, one)),
            left=tuple(one for one in row.left if not self._settled(row, contact_id, one)),
        )

    def _has(self, contact_id: str, name: str) -> bool:
        return (contact_id, self.tag_ids.get(compared(name), "")) in self.tagged

    def _settled(self, row: Row, contact_id: str, list_id: str) -> bool:
        standing, wanted = self._membership(row, contact_id, list_id)
        return list_id in self.lists and wanted == standing

    def _membership(self, row: Row, contact_id: str, list_id: str) -> tuple[Membership, Membership]:
        """Return a membership as it is and as it shall be."""
        standing = self.joined.get((contact_id, list_id)) or Membership(
            self.account_id, contact_id, list_id
        )
        if list_id in row.left:
            return standing, membership.unsubscribed(standing, self.now_ms)
        if (row.address, list_id) in self.opted_out:
            return standing, standing
        return standing, membership.subscribed(standing, self.now_ms, reactivate=False)


def look_up(account_id: str, rows: Sequence[Row], voice: Voice) -> Lookup:
    """Read what the rows name; tags that are not there are made."""
    named = [(account_id, address) for row in rows for address in row.addresses]
    owners = {address: owner for (_, address), owner in contacts.ids_at(named).items()}
    known = {row.address: owners[row.address] for row in rows if row.address in owners}
    standing = contacts.fetch_many(account_id, known.values())
    tag_ids = _tag_ids(account_id, rows)
    members = [(known[row.address], row) for row in rows if row.address in known]
    return Lookup(
        account_id=account_id,
        voice=voice,
        owners=owners,
        contacts={one.contact_id: one for one in standing},
        tag_ids=tag_ids,
        lists=lists.existing(account_id, {one for row in rows for one in (*row.joined, *row.left)}),
        opted_out=erasure.opted_out_among(
            account_id, [(row.address, one) for row in rows for one in row.joined]
        ),
        tagged=contact_tags.held(
            account_id,
            [
                (contact_id, tag_ids[compared(name)])
                for contact_id, row in members
                for name in row.tags
                if compared(name) in tag_ids
            ],
        ),
        joined=memberships.held(
            account_id,
            [(contact_id, one) for contact_id, row in members for one in (*row.joined, *row.left)],
        ),
    )


def _tag_ids(account_id: str, rows: Iterable[Row]) -> dict[str, str]:
    """Return the ids of the tags that rows name, without those that cannot be had just now."""
    names = {compared(name): name for row in rows for name in row.tags}
    found: dict[str, str] = {}
    for key, name in names.items():
        try:
            found[key] = tags.find_or_create(account_id, name).tag_id
        except (ConflictError, AwsError):  # the row itself will tell
            continue
    return found
