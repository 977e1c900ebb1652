"""Mailings of texts: to whom they go, how their links are shortened, and what AWS may answer."""

import re

import pytest

from signalbox import mailing_runs, people
from signalbox.channels import sms
from signalbox.model.container import Container, ContainerKind
from signalbox.model.event import Event
from signalbox.model.message import State
from signalbox.model.tracking_permission import Answer, Purpose, Source, Voice
from signalbox.store import container_memberships, containers, tracking_permissions
from tests import hits
from tests import mailings as town
from tests.mailings import ACCOUNT_ID, Workers, contact_id
from tests.phones import phones
from tests.sends import LIST, NOON_MS, OPT_OUTS, sent_events, skipped

SMS = ContainerKind.SMS_CAMPAIGN


def text_everybody(workers: Workers, monkeypatch, *refusals, **campaign) -> list[dict]:
    """Send a text to two contacts, one of whom has a phone; return what was asked of AWS."""
    town.write_contacts(workers.cloud, 2, list_ids=[LIST])
    people.change_contact(ACCOUNT_ID, contact_id(0), phone="+4930123456")
    if answers := campaign.pop("answers", {}):
        voice = Voice(Source.API, "key", NOON_MS)
        tracking_permissions.change(ACCOUNT_ID, contact_id(0), answers, voice)
    with phones(monkeypatch) as kept:
        kept.refusals += refusals
        content = {"text": "Hello %FIRSTNAME%"} | campaign
        town.campaign([LIST], kind=SMS, html="", subject="", **content)
        town.started(NOON_MS, container=SMS)
        workers.drain()
    return kept.sent


def test_texts_go_to_phones(workers, cloud, monkeypatch):
    """As mails go to addresses; nothing is tracked, and the record tells of it."""
    (text,) = text_everybody(workers, monkeypatch)
    (event,) = sent_events(cloud)

    assert ("+4930123456", "Hello C0", "PROMOTIONAL") == (
        text["DestinationPhoneNumber"],
        text["MessageBody"],
        text["MessageType"],
    )
    assert {contact_id(1): "no_phone"} == skipped()
    (sent,) = [one for one in town.all_messages() if one.state is State.SENT]
    assert ("text-1", "off", "off") == (sent.ses_id, sent.mode, sent.click_mode)
    assert ("sms_campaign", "phone") == (
        event.properties["container"],
        event.properties["contact_kind"],
    )
    assert {} == town.recipients()


LINKED_TEXT = (
    "%FIRSTNAME%: https://shop.example/?a=1&b=2, https://ö.example/ https://x.example/%EMAIL%"
)
LEFT_AS_WRITTEN = (
    "C0: https://shop.example/?a=1&b=2, https://ö.example/ https://x.example/c0%40signalbox.example"
)


def followed(text: str) -> list[tuple[str, Event]]:
    """Follow the short links in a text; return where each leads, and what is queued."""
    found = []
    for code in re.findall(r"https://api\.example/l/([\w-]+)", text):
        asked = hits.request("GET", f"https://api.example/l/{code}")
        leads = hits.answered(asked)["headers"]["Location"]
        found.append((leads, Event.from_wire(hits.message(asked))))
    return found


@pytest.mark.parametrize(
    ("mode", "answers", "expected"),
    [
        ("personal", {}, "personal"),
        ("permission", {Purpose.CLICK: Answer.YES}, "personal"),
        ("permission", {Purpose.OPEN: Answer.YES}, "anonymous"),
        ("anonymous", {}, "anonymous"),
    ],
)
def test_links_of_texts_are_short_and_lead_where_they_led(
    workers, monkeypatch, mode, answers, expected
):
    """The one that holds a contact's facts stays; nothing tells whether a text was opened."""
    (sent,) = text_everybody(
        workers, monkeypatch, answers=answers, text=LINKED_TEXT, tracking_mode=mode
    )
    text = sent["MessageBody"]
    (message,) = [one for one in town.all_messages() if one.state is State.SENT]

    shortened = re.sub(r"https://api\.example/l/[\w-]+", "_", text)
    assert "C0: _, _ https://x.example/c0%40signalbox.example" == shortened
    assert ("off", expected) == (message.mode, message.click_mode)
    found = followed(text)
    assert ["https://shop.example/?a=1&b=2", "https://xn--nda.example/"] == [to for to, _ in found]
    assert [0, 1] == [event.properties["link"] for _, event in found]
    owners = {event.address for _, event in found}
    assert 1 == len(owners)
    assert (expected == "personal") is (owners == {f"contact:{contact_id(0)}"})


@pytest.mark.parametrize(
    "untracked",
    [
        {"tracking_mode": "off"},
        {"tracking_mode": "personal", "track_clicks": False},
        {"tracking_mode": "personal", "answers": {Purpose.CLICK: Answer.NO}},
    ],
)
def test_links_of_texts_stay_as_they_are_written_where_clicks_are_not_tracked(
    workers, monkeypatch, untracked
):
    (sent,) = text_everybody(workers, monkeypatch, text=LINKED_TEXT, **untracked)
    (message,) = [one for one in town.all_messages() if one.state is State.SENT]

    assert LEFT_AS_WRITTEN == sent["MessageBody"]
    assert "off" == message.click_mode


def test_a_mailing_that_says_not_where_its_links_lead_leaves_them_as_they_are(workers, monkeypatch):
    """As one that was started before links of texts were tracked."""
    monkeypatch.setattr(mailing_runs, "_targets", lambda *_: ())
    (sent,) = text_everybody(workers, monkeypatch, text=LINKED_TEXT, tracking_mode="personal")
    (message,) = [one for one in town.all_messages() if one.state is State.SENT]

    assert (LEFT_AS_WRITTEN, "off") == (sent["MessageBody"], message.click_mode)


def test_a_link_of_which_the_mailing_says_something_else_stays_as_it_is(workers, monkeypatch):
    """Nobody is led elsewhere, should links be read in another way in the middle of a mailing."""
    monkeypatch.setattr(
        mailing_runs, "_targets", lambda *_: ("https://other.example/", "https://xn--nda.example/")
    )
    (sent,) = text_everybody(workers, monkeypatch, text=LINKED_TEXT, tracking_mode="personal")

    assert sent["MessageBody"].startswith(
        "C0: https://shop.example/?a=1&b=2, https://api.example/l/"
    )


REFUSED_TEXTS = {
    "opted_out": (400, {"__type": "ConflictException", "Reason": sms.OPTED_OUT}),
    "failed": (400, {"__type": "ValidationException", "message": "no +4930123456"}),
    "uncertain": (500, {"__type": "InternalServerException", "message": "no"}),
    "sent": (429, {"__type": "ThrottlingException", "message": "slow down"}),
}


@pytest.mark.parametrize("fate", REFUSED_TEXTS)
def test_what_comes_of_a_text_that_aws_does_not_take(workers, monkeypatch, fate):
    """Refused for good, perhaps taken, or later: a throttled one is tried again."""
    asked = text_everybody(workers, monkeypatch, REFUSED_TEXTS[fate])
    (message,) = [one for one in town.all_messages() if one.contact_id == contact_id(0)]

    assert fate in {message.state, message.reason}
    assert (2 if fate == "sent" else 1) == len(asked)
    assert "+49" not in message.reason


def test_a_phone_that_opted_out_gets_no_text(workers, cloud, monkeypatch):
    kind = ContainerKind.PHONE_OPT_OUT_LIST
    listed = Container(ACCOUNT_ID, kind, OPT_OUTS, "No")
    containers.create(listed)
    town.write_contacts(cloud, 1, list_ids=[LIST])
    people.change_contact(ACCOUNT_ID, contact_id(0), phone="+4930123456")
    container_memberships.add(listed, "phone:+4930123456", contact_id=contact_id(0), now_ms=NOON_MS)
    with phones(monkeypatch) as kept:
        audience = {"opt_out_lists": (OPT_OUTS,)}
        town.campaign([LIST], kind=SMS, html="", subject="", text="Hello", audience=audience)
        town.started(NOON_MS, container=SMS)
        workers.drain()

    assert [] == kept.sent
    assert {contact_id(0): "opted_out"} == skipped()
