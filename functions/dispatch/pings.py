"""The action `ping_url`."""

from functools import partial

from signalbox import rendering
from signalbox.channels import outbound
from signalbox.environment import environment
from signalbox.model.action import PingUrl
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch
from signalbox.model.rule import Rule
from signalbox.store import rules

from .result import Result
from .webhooks import concluded


def call(action: PingUrl, dispatch: Dispatch, rule: Rule, contact: Contact) -> Result:
    """Call the URL."""
    made = rendering.ping_of(action, dispatch, rule, contact)
    answer = outbound.request(
        made.method,
        made.url,
        headers=made.headers,
        body=made.body,
        allowed_hosts=environment().webhook_allowed_hosts,
    )
    return concluded(answer, dispatch, partial(rules.note_gone, rule, dispatch.action))
