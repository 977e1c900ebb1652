"""Actions that write to somebody: mails, texts and notes go out once, and not to who opted out."""

from email import message_from_string, policy

import pytest

from signalbox.containing import add_contact_to
from signalbox.people import change_contact
from tests.people import ACCOUNT_ID as A
from tests.people import MAIL
from tests.phones import SENDER, phones
from tests.scenes import EMAILS, PHONE, PHONES


@pytest.fixture(name="texts")
def _texts(scene, monkeypatch):
    with phones(monkeypatch) as kept:
        yield kept


def test_a_text_goes_to_the_phone_once(scene, texts):
    """The outcome says what it costs; a second delivery sends nothing."""
    text = "Hi %FIRSTNAME%, %EVENT: download% " + "x" * 150

    assert [("send_sms", "done", "text-1 (2 segments, GSM-7)")] == scene.fire(
        {"kind": "send_sms", "text": text}
    )
    scene.perform()

    (sent,) = texts.sent
    (record,) = scene.records()
    assert (PHONE, SENDER) == (sent["DestinationPhoneNumber"], sent["OriginationIdentity"])
    assert f"Hi Ada, a.pdf {'x' * 150}" == sent["MessageBody"]
    assert {"dispatch_id": record.dispatch.dispatch_id} == sent["Context"]


def test_a_text_that_aws_may_have_taken_is_uncertain_and_never_repeated(scene, texts):
    texts.refusals.append((500, {"__type": "InternalServerException", "message": "broken"}))

    assert [("send_sms", "uncertain", "InternalServerException: broken")] == scene.fire(
        {"kind": "send_sms", "text": "Hi"}
    )
    scene.perform()

    assert 1 == len(texts.sent)


def test_a_text_that_aws_is_too_busy_for_waits(scene, texts):
    texts.refusals.append((400, {"__type": "ThrottlingException", "message": "slow down"}))

    assert [("send_sms", "waiting", "ThrottlingException: slow down")] == scene.fire(
        {"kind": "send_sms", "text": "Hi"}
    )
    assert 1 == len(scene.cloud.schedules())


def test_a_phone_that_answered_stop_is_skipped(scene, texts):
    refusal = {"__type": "ConflictException", "Reason": "DESTINATION_PHONE_NUMBER_OPTED_OUT"}
    texts.refusals.append((400, refusal))

    assert [("send_sms", "skipped", "opted_out")] == scene.fire({"kind": "send_sms", "text": "Hi"})


@pytest.mark.parametrize("text", ["%EVENT: download%", "%LASTNAME%"])
def test_a_text_that_is_none_or_too_long_fails(scene, texts, text):
    ((kind, outcome, _),) = scene.fire({"kind": "send_sms", "text": text}, value="x" * 1601)

    assert ("send_sms", "failed") == (kind, outcome)
    assert [] == texts.sent


def test_who_has_no_phone_gets_no_text(scene, texts):
    change_contact(A, scene.ada.contact_id, phone="030 123456")

    assert [("send_sms", "skipped", "no_phone")] == scene.fire({"kind": "send_sms", "text": "Hi"})


def test_a_stack_without_a_number_sends_no_text(scene):
    assert [("send_sms", "skipped", "no_sender")] == scene.fire({"kind": "send_sms", "text": "Hi"})


def test_an_opt_out_stops_messages_but_not_those_that_are_needed(scene, texts):
    """Each opt-out stops its own kind of message."""
    add_contact_to(A, EMAILS, "2", scene.ada)
    add_contact_to(A, PHONES, "3", scene.ada)

    assert [
        ("skipped", "opted_out"),
        ("skipped", "opted_out"),
        ("done", "text-1 (1 segment, GSM-7)"),
    ] == [
        one[1:]
        for one in scene.fire(
            MAIL,
            {"kind": "send_sms", "text": "Hi"},
            {"kind": "send_sms", "text": "Your code: 1", "respect_opt_outs": False},
            MAIL | {"subject": "Your receipt", "respect_opt_outs": False},
        )
    ][:3]
    (mail,) = scene.cloud.mails()
    assert "Subject: Your receipt" in mail


def test_an_opt_out_of_the_other_kind_stops_nothing(scene, texts):
    add_contact_to(A, PHONES, "3", scene.ada)

    ((_, outcome, _),) = scene.fire(MAIL)

    assert "done" == outcome


def test_a_note_goes_to_the_team_once(scene):
    """Even where the contact has no address and opted out."""
    note = {
        "kind": "notify",
        "to": "team@signalbox.example",
        "subject": "%EMAIL%\r\n",
        "text": "%EVENT: download%",
    }

    ((_, outcome, _),) = scene.fire(note, value="a.pdf")
    scene.perform()

    assert "done" == outcome
    (mail,) = scene.cloud.mails()
    written = message_from_string(mail, policy=policy.default)
    assert ("team@signalbox.example", "ada@signalbox.example") == (
        written["To"],
        written["Subject"],
    )
    assert "a.pdf" == written.get_content().strip()
