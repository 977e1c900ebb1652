"""The action of a webhook in ActiveCampaign's manner."""

from collections.abc import Callable
from functools import partial

from signalbox.model import webhook as model
from signalbox.model.account import Account
from signalbox.model.action import PostForm
from signalbox.model.change import UPDATE
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, Outcome, SkipReason
from signalbox.model.membership import Subscription
from signalbox.model.rule import Rule
from signalbox.store import contact_tags, memberships, tags, webhooks

from .result import Result, Settled
from .webhooks import Message, deliver


def prepared(
    action: PostForm, dispatch: Dispatch, rule: Rule, account: Account, contact: Contact
) -> Callable[[], Result]:
    """Write the form and return what sends it."""
    if dispatch.event.kind == UPDATE and action.list_id and not _is_on(action.list_id, contact):
        return partial(Settled, Outcome.SKIPPED, SkipReason.NOT_ON_LIST)
    message = Message(
        url=action.url,
        body=_form(dispatch, account, contact),
        content_type="application/x-www-form-urlencoded",
    )
    gone = partial(webhooks.deactivate, rule.account_id, rule.rule_id, rule.version)
    return partial(deliver, message, dispatch, account, gone)


def _is_on(list_id: str, contact: Contact) -> bool:
    membership = memberships.find(contact.account_id, contact.contact_id, list_id)
    return membership is not None and membership.status is Subscription.ACTIVE


def _form(dispatch: Dispatch, account: Account, contact: Contact) -> bytes:
    """Return the form, with the names that the contact's tags have now."""
    account_id = contact.account_id
    on_contact = [one.tag_id for one in contact_tags.of_contact(account_id, contact.contact_id)]
    about = dispatch.event.properties.get("tag_id", "") if dispatch.event.kind else ""
    named = tags.existing(account_id, {*on_contact, *([about] if about else [])})
    names = {tag_id: tag.name for tag_id, tag in named.items()}
    return model.form(
        dispatch.event,
        contact,
        account,
        tags=[names[tag_id] for tag_id in on_contact if tag_id in names],
        tag=names.get(about, ""),
    )
