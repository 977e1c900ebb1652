"""What a part of a page meets when it is due: one read, and what is remembered."""

from dataclasses import dataclass

from signalbox import mailing_mails
from signalbox.environment import environment
from signalbox.mailing_mails import Issue
from signalbox.model.account import Account
from signalbox.model.contact import Contact
from signalbox.model.errors import NotFoundError
from signalbox.model.mailing import Mailing
from signalbox.model.message import Message
from signalbox.model.sending import Deliver
from signalbox.model.tracking_permission import Mode
from signalbox.store import (
    accounts,
    audiences,
    contacts,
    erasure,
    lists,
    mailings,
    messages,
    recipients,
    table,
)
from signalbox.store.recipients import Question


@dataclass(frozen=True, slots=True)
class Scene:
    """The account and mailing as they are, what goes out, and of each contact what there is.

    `sends` is False where the mailing does not send in this run any more. `missing` says which
    opt-out list is gone, so that nobody knows whom it kept out; it is empty where all are there.
    """

    account: Account
    mailing: Mailing
    sends: bool
    missing: str
    issue: Issue
    question: Question
    contacts: dict[str, Contact]
    messages: dict[str, Message]


def read(part: Deliver) -> Scene | None:
    """Read the scene of a part; None where account or mailing are gone."""
    account_id, env = part.account_id, environment()
    account_key, mailing_key = accounts.key(account_id), mailings.key(account_id, part.mailing_id)
    salt_key, list_key = erasure.salt_key(account_id), lists.key(account_id, part.list_id or "0")
    contact_keys = {contacts.key(account_id, one): one for one in part.contact_ids}
    message_keys = {messages.key(account_id, part.mailing_id, one): one for one in part.contact_ids}
    found = table.get_many(
        {
            env.rules_table: [account_key, mailing_key, salt_key, list_key],
            env.tracking_table: message_keys,
            env.contacts_table: contact_keys,
        }
    )
    if account_key not in found or mailing_key not in found:
        return None
    mailing = mailings.mailing_from(found[mailing_key], account_id)
    mode = Mode(mailing.mode)
    issue = mailing_mails.issue_of(account_id, mailing.campaign_id, mailing.campaign_version, mode)
    opt_out_lists, missing = _opt_out_lists(account_id, mailing, issue)
    return Scene(
        account=accounts.account_from(found[account_key]),
        mailing=mailing,
        sends=mailing.sends_in(part.run),
        missing=missing,
        issue=issue,
        question=Question(
            account_id=account_id,
            mailing_id=part.mailing_id,
            kind=mailing.container,
            list_id=part.list_id,
            list_stands="deleted" not in found.get(list_key, {"deleted": 0}),
            lists=mailing.lists,
            opt_out_lists=opt_out_lists,
            keeps_erased=salt_key in found,
            marketing=issue.campaign.marketing,
        ),
        contacts={
            one: contacts.contact_from(found[where], account_id)
            for where, one in contact_keys.items()
            if where in found
        },
        messages={
            one: messages.message_from(found[where], account_id)
            for where, one in message_keys.items()
            if where in found
        },
    )


def _opt_out_lists(account_id: str, mailing: Mailing, issue: Issue) -> tuple[tuple[str, ...], str]:
    """Return the single opt-out lists of a mailing, and which of what it names is gone."""
    named = issue.campaign.audience.opt_out_lists
    if not named:
        return (), ""
    try:
        return recipients.opt_out_lists_of(account_id, mailing.container, named), ""
    except NotFoundError as error:
        return (), audiences.missing("audience.opt_out_lists", str(error))
