"""What a webhook in ActiveCampaign's manner says."""

from urllib.parse import parse_qsl

import pytest

from signalbox.model.account import Account
from signalbox.model.contact import Contact
from signalbox.model.event import Event
from signalbox.model.webhook import Webhook, form, limit_of

AT_MS = 1795254840000  # 2026-11-21T09:54:00Z


def event(kind="", **facts):
    """Return an event of Ada."""
    return Event("1", "e1", kind or "download", AT_MS, AT_MS, "contact:42", kind=kind, **facts)


def told(happened, *, zone="UTC", tags=(), tag="", **facts):
    """Return the form, read back."""
    contact = Contact("1", "42", "ada@signalbox.example", **facts)
    account = Account("1", "Test", time_zone=zone)
    body = form(happened, contact, account, tags=tags, tag=tag).decode("ascii")
    return dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True))


def test_the_time_is_the_accounts():
    """As in the original: seconds, and the offset in numbers."""
    said = told(event("subscribe"), zone="America/Chicago")

    assert "2026-11-21T03:54:00-06:00" == said["date_time"]


def test_custom_fields_have_their_tags_in_lower_case():
    said = told(event("update"), fields={"JOB_TITLE": "Countess", "CITY": "a&b=c"})

    assert ("Countess", "a&b=c") == (
        said["contact[fields][job_title]"],
        said["contact[fields][city]"],
    )


def test_what_cannot_be_written_is_replaced():
    """A half of a surrogate, as JSON may carry one, does not stop the delivery."""
    assert "?x" == told(event(value="\ud800x"))["event[value]"]


@pytest.mark.parametrize(
    ("happened", "key", "expected"),
    [
        (event("contact_tag_added"), "tag", "vip"),
        (event("contact_tag_removed"), "tag", "vip"),
        (event("unsubscribe", properties={"list_id": "7"}), "unsubscribe[reason]", ""),
        (event("unsubscribe", properties={"list_id": "7"}), "list", "7"),
        (event("subscribe", properties={"initiated_from": "public"}), "initiated_by", "public"),
        (event(source="form"), "initiated_from", "public"),
        (event(source="api"), "initiated_from", "api"),
        (event(properties={"list_id": "7", "initiated_from": "system"}), "list", "0"),
        (event(properties={"list_id": "7", "initiated_from": "system"}), "initiated_from", "api"),
    ],
)
def test_each_event_adds_what_it_is_about(happened, key, expected):
    """What an application puts into an event's properties is never taken for ours."""
    assert expected == told(happened, tag="vip")[key]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("subscribe", "7"),
        ("unsubscribe", "7"),
        ("update", ""),
        ("contact_tag_added", ""),
        ("event:download", ""),
    ],
)
def test_a_list_limits_what_happens_on_lists(name, expected):
    webhook = Webhook("1", "2", "a", "https://a.example/", (name,), ("api",), list_id="7")

    assert expected == limit_of(webhook, name)
