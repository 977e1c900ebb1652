"""Actions are written and read again, and say what they do."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.action import (
    FORM_KIND,
    KINDS,
    AddTag,
    AddToCampaign,
    AddToList,
    CallWebhook,
    Notify,
    PingUrl,
    PostForm,
    PutEvent,
    RecordEvent,
    RemoveFromOptOutList,
    SendEmail,
    SendSms,
    SetField,
    StartExecution,
    action_from,
    kind_of,
    stored_action,
    summary,
)

TEXTS = st.text(max_size=80)
PROPERTIES = st.dictionaries(TEXTS, TEXTS | st.integers() | st.lists(TEXTS, max_size=2), max_size=3)
WAYS = {
    "headers": st.dictionaries(TEXTS, TEXTS, max_size=3),
    "properties": PROPERTIES,
    "respect_opt_outs": st.booleans(),
}
ACTIONS = st.one_of(
    st.builds(shape, **{name: WAYS.get(name, TEXTS) for name in shape.__dataclass_fields__})
    for shape in KINDS.values()
)


@given(ACTIONS)
def test_an_action_is_read_as_it_was_written(action):
    """Through JSON, as rules are stored."""
    stored = stored_action(action)

    assert action == action_from(json.loads(json.dumps(stored)))
    assert KINDS[stored["kind"]] is type(action)


@given(ACTIONS)
def test_an_action_says_what_it_does_in_one_line(action):
    said = summary(action)

    assert said
    assert 1 == len(said.splitlines())
    assert len(said) <= 200


def test_a_mail_that_was_stored_before_opt_outs_respects_them():
    """What lacks a field is read with its default."""
    read = action_from({"kind": "send_email", "subject": "Hello", "text": "Hello"})

    assert SendEmail("Hello", text="Hello", respect_opt_outs=True) == read


def test_no_rule_can_have_the_action_of_a_dialect():
    assert FORM_KIND == kind_of(PostForm("https://x.example"))
    assert FORM_KIND not in KINDS


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (PingUrl("https://t.example/{email}", "POST"), "ping POST https://t.example/{email}"),
        (CallWebhook("https://t.example"), "call webhook https://t.example"),
        (SendEmail("Your  file\n"), "send e-mail 'Your file'"),
        (
            SendSms("Hi " * 40),
            "send SMS 'Hi Hi Hi Hi Hi Hi Hi Hi Hi Hi Hi Hi Hi Hi Hi Hi Hi Hi Hi Hi…'",
        ),
        (Notify("box@x.example", "New", "."), "notify box@x.example 'New'"),
        (AddToList("7"), "add to list 7"),
        (RemoveFromOptOutList("7", "email_opt_out_list"), "remove from opt out list 7"),
        (AddToCampaign("7", "sms_campaign"), "add to campaign 7"),
        (AddTag("7", "vip"), "add tag 'vip'"),
        (AddTag("7"), "add tag '7'"),
        (SetField("COMPANY", "%EVENT: x%"), "set field COMPANY to '%EVENT: x%'"),
        (RecordEvent("thanked"), "record event 'thanked'"),
        (PutEvent("orders"), "put event on bus orders"),
        (
            StartExecution("arn:aws:states:eu-central-1:123456789012:stateMachine:thank"),
            "start execution of thank",
        ),
    ],
)
def test_a_summary_is_for_people(action, said):
    assert said == summary(action)
