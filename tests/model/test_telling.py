"""What happened, in one line for people."""

import pytest

from signalbox.model.drop import DropReason
from signalbox.model.telling import sentence

EVENT = {"kind": "event", "name": "download", "address": "email:ada@b.example", "value": "a.pdf"}
ACTION = {
    "kind": "action",
    "action": "webhook",
    "rule_id": "r",
    "outcome": "done",
    "detail": "200",
    "attempt": 1,
}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (EVENT | {"rules": []}, "'download' = a.pdf by ada@b.example recorded"),
        (EVENT | {"rules": ["r"]}, "'download' = a.pdf by ada@b.example recorded, 1 rule fired"),
        (
            EVENT | {"rules": ["r", "s"], "value": ""},
            "'download' by ada@b.example recorded, 2 rules fired",
        ),
        (
            {"kind": "event", "name": "n", "contact_id": "7", "value": "", "rules": []},
            "'n' by contact 7 recorded",
        ),
        (
            EVENT | {"kind": "dropped", "reason": "unknown_contact"},
            "'download' by ada@b.example dropped (unknown_contact): "
            + DropReason.UNKNOWN_CONTACT.explanation,
        ),
        (ACTION, "webhook of rule r done"),
        (
            ACTION | {"attempt": 2, "outcome": "waiting", "detail": ""},
            "webhook of rule r waiting, try 2",
        ),
        ({"kind": "unheard"}, "unheard"),
    ],
)
def test_what_is_told(line, told):
    assert told == sentence(line)
