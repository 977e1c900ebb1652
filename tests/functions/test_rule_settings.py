"""What the settings of a rule's trigger may name."""

import pytest

RECORD = {"kind": "record_event", "name": "followed"}


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        (["email", "first_name", "last_name", "phone", "external_id"], ""),
        (["email", "fields.COMPANY"], ""),
        (["emial"], "trigger_settings.fields.0"),
        (["email", "fields.NOPE"], "trigger_settings.fields.1"),
        (["fields.email"], "trigger_settings.fields.0"),
        (["COMPANY"], "trigger_settings.fields.0"),
    ],
)
def test_a_rule_on_updates_names_fields_that_exist(account, fields, refused):
    """One that names another would never fire, and nobody would know."""
    field = {"field": {"type": "text", "title": "Company", "perstag": "COMPANY"}}
    account.call("POST", "/api/3/fields", field)
    settings = {"fields": fields}
    rule = {"name": "a", "trigger": "update", "trigger_settings": settings, "actions": [RECORD]}

    status, answer = account.call("POST", "/api/rules", rule)

    assert (422 if refused else 201) == status
    assert ([refused] if refused else []) == [one["field"] for one in answer.get("errors", [])]


@pytest.mark.parametrize(
    ("texts", "patterns", "refused"), [(3, 0, ""), (4, 0, "actions"), (3, 5, "body")]
)
def test_a_rule_is_no_larger_than_what_can_be_kept(account, texts, patterns, refused):
    """Each of its parts may be as large as it may be, but not all at once."""
    mail = {"kind": "send_email", "subject": "s", "text": "x" * 99_000}
    past = {"name": "download", "within_s": 60, "pattern": {"value": ["\U0001f600" * 1950]}}
    rule = {
        "name": "a",
        "trigger": "event_recorded",
        "trigger_settings": {"event_name": "download"},
        "conditions": {"past_events": [past] * patterns},
        "actions": [mail] * texts,
    }

    status, answer = account.call("POST", "/api/rules", rule)

    assert (422 if refused else 201) == status
    assert ([refused] if refused else []) == [one["field"] for one in answer.get("errors", [])]
