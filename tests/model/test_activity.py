"""Activities have the words that people know."""

import pytest

from signalbox.model.activity import Activity, activity_of
from signalbox.model.trigger import OF_MESSAGES, Trigger


@pytest.mark.parametrize(
    ("kind", "contact_kind", "expected"),
    [
        ("sent", "email", Activity("Email", "Output Action", "Serial Mail & Tracking")),
        ("sent", "phone", Activity("SMS", "Output Action", "Serial Mail & Tracking")),
        ("open", "email", Activity("System", "Email Open", "Tracking")),
        ("click", "phone", Activity("System", "SMS Click", "Tracking")),
        ("subscribe", "email", Activity()),
        ("", "", Activity()),
    ],
)
def test_an_activity_is_called_as_people_know_it(kind, contact_kind, expected):
    assert expected == activity_of(kind, contact_kind)


@pytest.mark.parametrize("kind", sorted(OF_MESSAGES - {Trigger.REPLY}))
def test_all_that_becomes_of_messages_has_words(kind):
    assert all(activity_of(kind))
