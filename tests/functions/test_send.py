"""Mailings are sent: to whom, what, how often, and what is written down of it."""

import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message as Mime
from functools import partial

import pytest
import time_machine

from functions.send import deliveries, pacing
from signalbox import aws, mailing_runs, people
from signalbox.aws import AwsError
from signalbox.channels import sms
from signalbox.model.container import Container, ContainerKind
from signalbox.model.event import Event, UnknownSchemaError
from signalbox.model.message import LEASE_MS, Message, State
from signalbox.model.sending import Deliver, Finish, Page, first_pages, from_wire
from signalbox.model.suppression import Suppression, SuppressionReason
from signalbox.model.tracking_permission import Answer, Purpose, Source, Voice
from signalbox.model.tracking_token import KeyRing, TokenKind, read
from signalbox.store import (
    contacts,
    container_memberships,
    containers,
    lists,
    mailing_pages,
    mailings,
    memberships,
    messages,
    pace,
    suppressions,
    tracking_permissions,
    unsubscribes,
)
from tests import hits
from tests import mailings as town
from tests.cloud import TOKEN_KEYS, Cloud, client, forget
from tests.mailings import ACCOUNT_ID, MAILING_ID, Workers, contact_id, email
from tests.phones import phones

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
LIST, OTHER = "5", "6"
OPT_OUTS, GROUP = "71", "72"


@pytest.fixture(name="clock")
def _clock():
    with time_machine.travel(NOON, tick=True) as clock:
        yield clock


@pytest.fixture(name="workers")
def _workers(clock, account, cloud, monkeypatch):
    """Workers whose parts are of four contacts, so that few contacts make several."""
    monkeypatch.setattr("signalbox.model.sending.MOST_CONTACTS", 4)
    return Workers(cloud, clock)


def everybody(count: int, *, without: tuple[int, ...] = ()) -> dict[str, int]:
    """Return that each contact of the audience got one mail."""
    return {email(number): 1 for number in range(count) if number not in without}


def skipped() -> dict[str, str]:
    """Return why contacts were skipped."""
    return {one.contact_id: one.reason for one in town.all_messages() if one.state is State.SKIPPED}


def one_mail(workers: Workers, **campaign) -> Mime:
    """Send a mailing to one contact and return the mail."""
    if contacts.find(ACCOUNT_ID, contact_id(0)) is None:
        town.write_contacts(workers.cloud, 1, list_ids=[LIST])
    town.campaign([LIST], **campaign)
    town.started(NOON_MS)
    workers.drain()
    (mail,) = town.mails(workers.cloud)
    return mail


def body(mail: Mime, kind: str = "html") -> str:
    """Return the HTML or the text of a mail."""
    parts = [one for one in mail.walk() if one.get_content_type() == f"text/{kind}"]
    return parts[0].get_payload(decode=True).decode() if parts else ""


# To whom


def test_a_mailing_goes_to_everybody_on_its_list_once_and_finishes(workers, cloud):
    """Several parts; the audience is counted, and all that was open is closed."""
    town.write_contacts(cloud, 10, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.drain()

    assert everybody(10) == town.recipients()
    assert {"sent": 10} == town.states()
    assert ("finished", 10) == (town.standing().state, town.standing().audience_size)
    assert 0 == mailing_pages.still_open(ACCOUNT_ID, MAILING_ID, 1)


def test_an_audience_is_listed_page_by_page(workers, cloud, monkeypatch):
    monkeypatch.setattr("functions.send.audience.AT_ONCE", 4)
    town.write_contacts(cloud, 10, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.drain()

    assert everybody(10) == town.recipients()
    assert 10 == town.standing().audience_size


def test_who_is_on_several_lists_gets_one_mail_and_counts_once(workers, cloud):
    """The lists are gone through in their order; who joined an earlier one lately is found again."""
    town.write_contacts(cloud, 6, list_ids=[LIST])
    for number in (0, 1):
        town.subscribe(cloud, number, OTHER)
    town.subscribe(cloud, 2, LIST, subscribed_ms=NOON_MS)
    town.subscribe(cloud, 2, OTHER)
    town.campaign([LIST, OTHER])
    town.started(NOON_MS)
    workers.until_finishing()

    assert everybody(6) == town.recipients()
    assert 7 == town.standing().audience_size  # one was listed twice, to be on the safe side
    workers.drain()
    assert 6 == town.standing().audience_size


def test_without_lists_everybody_of_the_account_is_written_to(workers, cloud):
    town.write_contacts(cloud, 3)
    town.campaign()
    town.started(NOON_MS)
    workers.drain()

    assert everybody(3) | {"ada@signalbox.example": 1} == town.recipients()


def test_a_work_list_goes_to_whom_it_names(workers, cloud, monkeypatch):
    """Who is named twice gets one mail, who is gone none."""
    monkeypatch.setattr("functions.send.audience.AT_ONCE", 2)
    town.write_contacts(cloud, 5)
    named = [contact_id(number) for number in (0, 2, 2, 4)]
    town.campaign(work_list=[*named, "77"])
    town.started(NOON_MS)
    workers.drain()

    assert everybody(5, without=(1, 3)) == town.recipients()


def test_a_filter_lets_contacts_through(workers, cloud):
    town.write_contacts(cloud, 4, list_ids=[LIST])
    town.campaign([LIST], audience={"filter": {"first_name": ["C1", "C3"]}})
    town.started(NOON_MS)
    workers.drain()

    assert everybody(4, without=(0, 2)) == town.recipients()
    assert 2 == town.standing().audience_size


def test_who_is_not_active_on_the_list_is_not_in_the_audience(workers, cloud):
    town.write_contacts(cloud, 3, list_ids=[LIST])
    for number, status in ((0, 0), (1, 2)):
        town.subscribe(cloud, number, LIST, status=memberships.Subscription(status))
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.drain()

    assert everybody(3, without=(0, 1)) == town.recipients()
    assert 1 == town.standing().audience_size


# The last look


def unsubscribe(number: int) -> None:
    """Take a contact off the list."""
    memberships.unsubscribe(ACCOUNT_ID, contact_id(number), LIST, now_ms=NOON_MS)


def opt_out(number: int, list_id: str = OPT_OUTS) -> None:
    """Put a contact's address on an opt-out list."""
    listed = containers.fetch(ACCOUNT_ID, ContainerKind.EMAIL_OPT_OUT_LIST, list_id)
    container_memberships.add(
        listed, f"email:{email(number)}", contact_id=contact_id(number), now_ms=NOON_MS
    )


def erase(number: int) -> None:
    """Erase a contact."""
    assert people.erase(ACCOUNT_ID, contact_id(number))


def erase_and_return(number: int) -> None:
    """Let a contact opt out, be erased, and be added to the list again."""
    opt_out(number)
    erase(number)
    town.write_contacts(Cloud({"CONTACTS_TABLE": "ContactsTable"}), number + 1, list_ids=[LIST])


def bounce(number: int) -> None:
    """Suppress a contact's address."""
    bounced = Suppression(SuppressionReason.HARD_BOUNCE, NOON_MS)
    suppressions.suppress(ACCOUNT_ID, f"email:{email(number)}", bounced)


def complain(number: int) -> None:
    """Suppress a contact's address for a complaint."""
    complaint = Suppression(SuppressionReason.COMPLAINT, NOON_MS)
    suppressions.suppress(ACCOUNT_ID, f"email:{email(number)}", complaint)


def unsubscribe_from_all(number: int) -> None:
    """Let a person want no marketing mail at all any more."""
    unsubscribes.note(ACCOUNT_ID, f"email:{email(number)}", mailing_id="0", at_ms=NOON_MS)


def lose_address(number: int) -> None:
    """Take a contact's address away."""
    standing = contacts.fetch(ACCOUNT_ID, contact_id(number))
    contacts.save(replace(standing, email=""), since=standing)


def pause(_number: int) -> None:
    """Pause the mailing."""
    mailings.pause(ACCOUNT_ID, MAILING_ID, "because")


CHANGES = {
    unsubscribe: "not_subscribed",
    opt_out: "opted_out",
    erase: "contact_gone",
    bounce: "hard_bounce",
    complain: "complaint",
    unsubscribe_from_all: "unsubscribed",
    lose_address: "no_email",
    pause: "",
}


def make_opt_out_lists() -> None:
    """Make an opt-out list, and a group that holds it."""
    kind = ContainerKind.EMAIL_OPT_OUT_LIST
    containers.create(Container(ACCOUNT_ID, kind, OPT_OUTS, "No"))
    containers.create(Container(ACCOUNT_ID, kind, GROUP, "All", grouped=True, members=(OPT_OUTS,)))


class At:
    """Lets something happen right before a call to AWS, counted from 0."""

    def __init__(self, monkeypatch) -> None:
        self.real = aws.call
        self.number, self.at, self.happen = 0, -1, list
        self.calls: list[str] = []
        monkeypatch.setattr(aws, "call", self)

    def arm(self, at: int, happen) -> None:
        """Have it happen before call number `at`."""
        self.number, self.at, self.happen, self.calls = 0, at, happen, []

    def __call__(self, service, operation, **request):
        """Make the call."""
        number, self.number = self.number, self.number + 1
        if number == self.at:
            self.at = -1
            self.happen()
        self.calls.append(operation)
        return self.real(service, operation, **request)


def part_of(*numbers: int) -> Deliver:
    """Return a part of the first page with these contacts."""
    ids = tuple(contact_id(number) for number in numbers)
    return Deliver(ACCOUNT_ID, MAILING_ID, 1, 0, numbers[0], ids, LIST)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_nothing_goes_out_after_a_change_wherever_it_comes_in_between(
    change, workers, cloud, monkeypatch
):
    """Before each call of the sender but that to SES, and before it began; the reason is noted."""
    make_opt_out_lists()
    town.write_contacts(cloud, 8, list_ids=[LIST])
    town.campaign([LIST], audience={"opt_out_lists": (GROUP,)})
    town.started(NOON_MS)
    workers.take()
    at = At(monkeypatch)
    workers.deliver(part_of(7).to_wire())  # what is remembered is remembered from here on
    at.arm(-1, list)
    workers.deliver(part_of(6).to_wire())
    sending = at.calls.index("SendEmail")
    assert ["BatchGetItem", "BatchGetItem", "UpdateItem", "UpdateItem", "BatchGetItem"] == (
        at.calls[:sending]
    )

    for number in range(sending + 1):
        if change is pause and standing_state() == "paused":
            break
        at.arm(number, partial(change, number))
        assert workers.deliver(part_of(number).to_wire())
        workers.take()
        again = [body for *_, body in workers.waiting if f'"{contact_id(number)}"' in body]
        for waiting in again:
            assert workers.deliver(waiting)

    reached = [number for number in (sending, 6, 7) if number > 5 or change is not pause]
    assert {email(number): 1 for number in reached} == town.recipients()
    if CHANGES[change]:
        swept = {sending - 1} if change is erase else set()  # claimed when all of it was erased
        left_out = {*range(sending)} - swept
        assert {contact_id(number): CHANGES[change] for number in left_out} == skipped()


def standing_state() -> str:
    """Return the state of the mailing."""
    return str(town.standing().state)


def test_what_an_erased_contact_opted_out_of_holds_for_who_has_the_address_later(workers, cloud):
    """The address's opt-out is kept as a hash; the first erasure may come in between."""
    make_opt_out_lists()
    town.write_contacts(cloud, 1, list_ids=[LIST])
    town.campaign([LIST], audience={"opt_out_lists": (OPT_OUTS,)})
    erase_and_return(0)
    town.started(NOON_MS)
    workers.drain()

    assert {} == town.recipients()
    assert {contact_id(0): "opted_out"} == skipped()


def test_transactional_mail_goes_to_who_wants_no_marketing(workers, cloud):
    town.write_contacts(cloud, 1, list_ids=[LIST])
    unsubscribe_from_all(0)
    one_mail(workers, marketing=False)

    assert everybody(1) == town.recipients()


def test_who_wanted_no_marketing_and_was_erased_still_gets_none(workers, cloud):
    """It goes on holding for the address, whoever comes with it."""
    town.write_contacts(cloud, 1, list_ids=[LIST])
    unsubscribe_from_all(0)
    erase(0)
    town.write_contacts(cloud, 1, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.drain()

    assert {contact_id(0): "unsubscribed"} == skipped()


def test_who_left_the_list_but_is_on_another_of_the_audience_gets_the_mail(workers, cloud):
    town.write_contacts(cloud, 1, list_ids=[LIST, OTHER])
    town.campaign([LIST, OTHER])
    town.started(NOON_MS)
    unsubscribe(0)
    workers.deliver(part_of(0).to_wire())

    assert everybody(1) == town.recipients()


@pytest.mark.parametrize("when", ["before the page", "before the part"])
def test_nobody_is_on_a_list_that_was_deleted(workers, cloud, when):
    """What its members hold of it is swept later; who is on another of the lists gets the mail."""
    town.write_contacts(cloud, 2, list_ids=[LIST])
    town.subscribe(cloud, 1, OTHER)
    town.campaign([LIST, OTHER])
    town.started(NOON_MS)
    if when == "before the part":
        workers.take()
        workers.step()
    lists.delete(ACCOUNT_ID, LIST, NOON_MS)
    workers.drain()

    assert {email(1): 1} == town.recipients()


def test_an_opt_out_of_a_list_that_the_audience_does_not_name_bars_nobody(workers, cloud):
    make_opt_out_lists()
    town.write_contacts(cloud, 1, list_ids=[LIST])
    town.campaign([LIST])
    opt_out(0)
    town.started(NOON_MS)
    workers.drain()

    assert everybody(1) == town.recipients()


def test_a_contact_that_changes_is_read_anew(workers, cloud, monkeypatch):
    """The mail goes to the address, and says the name, that the contact has when it is sent."""
    town.write_contacts(cloud, 1, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    at = At(monkeypatch)

    def rename() -> None:
        people.change_contact(
            ACCOUNT_ID, contact_id(0), email="new@signalbox.example", first_name="Neo"
        )

    at.arm(-1, list)
    workers.take()
    at.arm(3, rename)
    workers.deliver(part_of(0).to_wire())
    assert ([], 0) == (town.all_messages(), len(cloud.mails()))
    workers.drain()

    assert {"new@signalbox.example": 1} == town.recipients()
    assert "News for Neo" == town.mails(cloud)[0]["Subject"]


# What goes out


def test_a_mail_has_a_pixel_and_tracked_links_that_name_nobody_unless_allowed(workers, cloud):
    """The account's default is anonymous: tokens hold a nonce, and the same one in a mail."""
    html = body(one_mail(workers))
    ring = KeyRing.from_text(TOKEN_KEYS)
    pixel = read(re.search(r"https://api.example/o/([\w-]+)", html)[1], ring, TokenKind.OPEN)
    clicked = re.search(r"https://api.example/c/([\w-]+)/", html)[1]
    click = read(clicked, ring, TokenKind.CLICK, "https://shop.example/?a=1&b=2")

    assert ("", MAILING_ID) == (pixel.contact_id, pixel.mailing_id)
    assert pixel.nonce
    assert (pixel.nonce, 0) == (click.nonce, click.link)
    (message,) = town.all_messages()
    assert ("anonymous", "anonymous") == (message.mode, message.click_mode)


@pytest.mark.parametrize(
    ("mode", "answers", "expected"),
    [
        ("personal", {}, ("personal", "personal")),
        ("personal", {Purpose.OPEN: Answer.NO}, ("off", "personal")),
        ("permission", {Purpose.CLICK: Answer.YES}, ("anonymous", "personal")),
        ("anonymous", {Purpose.CLICK: Answer.NO}, ("anonymous", "off")),
        ("off", {Purpose.OPEN: Answer.YES}, ("off", "off")),
    ],
)
def test_a_message_is_tracked_as_its_contact_permits(workers, cloud, mode, answers, expected):
    """Pixel and links are there, and name the contact, as far as mode and answers allow."""
    town.write_contacts(cloud, 1, list_ids=[LIST])
    if answers:
        voice = Voice(Source.API, "key", NOON_MS)
        tracking_permissions.change(ACCOUNT_ID, contact_id(0), answers, voice)
    html = body(one_mail(workers, tracking_mode=mode))

    (message,) = town.all_messages()
    assert expected == (message.mode, message.click_mode)
    assert (expected[0] != "off") is ("/o/" in html)
    assert (expected[1] != "off") is ("/c/" in html)
    ring = KeyRing.from_text(TOKEN_KEYS)
    for token in re.findall(r"https://api.example/o/([\w-]+)", html):
        owner = contact_id(0) if expected[0] == "personal" else ""
        assert owner == read(token, ring, TokenKind.OPEN).contact_id


def test_marketing_mail_can_be_unsubscribed_by_one_click(workers, cloud, monkeypatch):
    """List-Unsubscribe names the person's page and the mailbox, List-Unsubscribe-Post the click."""
    monkeypatch.setenv("UNSUBSCRIBE_MAILBOX", "leave@signalbox.example")
    forget()
    mail = one_mail(workers)
    token = re.search(r"<https://api.example/u/([\w-]+)>", mail["List-Unsubscribe"])[1]
    person = read(token, KeyRing.from_text(TOKEN_KEYS), TokenKind.PERSON)

    assert (contact_id(0), MAILING_ID) == (person.contact_id, person.mailing_id)
    assert "<mailto:leave@signalbox.example?subject=unsubscribe%20" in mail["List-Unsubscribe"]
    assert "List-Unsubscribe=One-Click" == mail["List-Unsubscribe-Post"]


def test_transactional_mail_offers_no_unsubscribing(workers):
    assert one_mail(workers, marketing=False)["List-Unsubscribe"] is None


def test_text_becomes_html_where_it_is_tracked(workers):
    mail = one_mail(workers, html="", text="Look: https://shop.example/")

    assert "/c/" in body(mail)
    assert "https://shop.example/" in body(mail, "plain")


def test_the_mail_carries_what_feedback_needs(workers, cloud, monkeypatch):
    """Tags of account, mailing and contact, and the configuration set that publishes events."""
    monkeypatch.setenv("MAIL_CONFIGURATION_SET", "events")
    forget()
    requests = []
    real = aws.call

    def call(service, operation, **request):
        if operation == "SendEmail":
            requests.append(request)
        return real(service, operation, **request)

    monkeypatch.setattr(aws, "call", call)
    client("sesv2").create_configuration_set(ConfigurationSetName="events")
    one_mail(workers)

    tags = {one["Name"]: one["Value"] for one in requests[0]["EmailTags"]}
    assert {"account": ACCOUNT_ID, "mailing": MAILING_ID, "contact": contact_id(0)}.items() <= (
        tags.items()
    )
    assert "events" == requests[0]["ConfigurationSetName"]


# Texts


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


# What is written down


def sent_events(cloud) -> list[Event]:
    """Return the events that were queued."""
    return [Event.from_wire(one) for one in cloud.waiting("EVENTS")]


def test_the_contacts_record_tells_of_the_mail(workers, cloud):
    """The event's id and time are made of the message alone."""
    one_mail(workers)
    (event,) = sent_events(cloud)
    (message,) = town.all_messages()

    assert (f"sent-{MAILING_ID}-{contact_id(0)}", "sent", "sent") == (
        event.event_id,
        event.name,
        event.kind,
    )
    assert message.sent_ms == event.at_ms
    assert {
        "contact_id": contact_id(0),
        "initiated_from": "system",
        "container": "email_campaign",
        "list_id": town.CAMPAIGN_ID,
        "mailing_id": MAILING_ID,
        "contact_kind": "email",
    } == event.properties


def test_without_track_dispatch_no_record_tells_of_it(workers, cloud):
    town.write_contacts(cloud, 1, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS, track_dispatch=False)
    workers.drain()

    assert [] == sent_events(cloud)
    assert "off" == town.all_messages()[0].mode


def test_what_an_earlier_worker_sent_is_told_of_though_the_mailing_was_stopped(workers, cloud):
    """It died before it could say so; its message comes again, and sends nothing more."""
    town.write_contacts(cloud, 2, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    wish = claim_of(0)
    messages.claim(wish, retry_run=0, expires=1)
    messages.settle(replace(wish, state=State.SENT, sent_ms=NOON_MS))
    pause(0)
    workers.deliver(part_of(0, 1).to_wire())

    assert [f"sent-{MAILING_ID}-{contact_id(0)}"] == [one.event_id for one in sent_events(cloud)]
    assert {} == town.recipients()


def claim_of(number: int, **changes) -> Message:
    """Return the claim of another worker."""
    facts = {"owner": "another", "run": 1, "changed_ms": NOON_MS} | changes
    return Message(ACCOUNT_ID, MAILING_ID, contact_id(number), State.CLAIMED, **facts)


# Other hands, other workers


def test_a_mailing_that_was_paused_goes_on_where_it_was(workers, cloud):
    """What is under way of the old run does nothing; the new run writes to who is left."""
    town.write_contacts(cloud, 10, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.take()
    workers.step()  # the page
    workers.take()
    workers.step()  # one part
    pause(0)
    mailing_runs.resume(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)
    workers.drain()

    assert everybody(10) == town.recipients()
    assert ("finished", 2, 10) == (
        town.standing().state,
        town.standing().run,
        town.standing().audience_size,
    )
    assert 10 == len({one.event_id for one in sent_events(cloud)})


def test_a_cancelled_mailing_sends_nothing_more(workers, cloud):
    town.write_contacts(cloud, 2, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    mailing_runs.cancel(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)
    workers.drain()

    assert {} == town.recipients()
    assert [] == town.all_messages()


def test_two_starts_at_once_send_once(workers, cloud):
    town.write_contacts(cloud, 10, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    mailing_runs.start(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)
    workers.drain()

    assert everybody(10) == town.recipients()
    assert 10 == town.standing().audience_size


def test_what_failed_is_tried_again_when_somebody_says_so(workers, cloud, monkeypatch):
    """Only that; what was sent stays sent, in the first run and in the retry."""
    town.write_contacts(cloud, 3, list_ids=[LIST])
    town.campaign([LIST])
    refuse(monkeypatch, "MessageRejected", 400, only={email(1)}, times=1)
    town.started(NOON_MS)
    workers.drain()
    failed = {one.contact_id: one.reason for one in town.all_messages() if one.state == "failed"}
    mailing_runs.retry(ACCOUNT_ID, MAILING_ID)
    workers.drain()

    assert {contact_id(1): "MessageRejected: no mail for the address"} == failed
    assert everybody(3) == town.recipients()
    assert {"sent": 3} == town.states()


def refuse(monkeypatch, code: str, status: int, *, only=frozenset(), times: int = 1) -> None:
    """Let SES refuse mails, so many times."""
    real = aws.call
    left = [times]

    def call(service, operation, **request):
        if operation == "SendEmail" and left[0]:
            (address,) = request["Destination"]["ToAddresses"]
            if not only or address in only:
                left[0] -= 1
                raise AwsError(code, f"no mail for {address}", status, {})
        return real(service, operation, **request)

    monkeypatch.setattr(aws, "call", call)


RESTING = {
    5: AwsError("TooManyRequestsException", "Maximum sending rate exceeded.", 429, {}),
    900: AwsError("ThrottlingException", "Daily message quota exceeded.", 400, {}),
    300: AwsError("SendingPausedException", "Sending is paused.", 400, {}),
    301: AwsError("AccessDeniedException", "Not allowed.", 403, {}),
}


@pytest.mark.parametrize("delay_s", RESTING)
def test_what_ses_does_not_take_at_the_moment_is_sent_later(workers, cloud, monkeypatch, delay_s):
    """Nothing fails, and nothing stays claimed; the rest of the part waits with it."""
    town.write_contacts(cloud, 3, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    real, left = aws.call, [RESTING[delay_s]]

    def call(service, operation, **request):
        if operation == "SendEmail" and left:
            raise left.pop()
        return real(service, operation, **request)

    monkeypatch.setattr(aws, "call", call)
    workers.take()
    workers.step()
    workers.take()
    began_s = time.time()
    workers.step()
    workers.take()

    assert [] == town.all_messages()
    due = [at_s - began_s for at_s, _, one in workers.waiting if '"deliver"' in one]
    assert [True] == [delay_s - 2 <= wait_s <= delay_s + 2 for wait_s in due]
    workers.drain()
    assert everybody(3) == town.recipients()


@pytest.mark.parametrize("status", [0, 500])
def test_a_mail_that_may_have_gone_is_uncertain_and_settled_by_the_event(
    workers, cloud, monkeypatch, status
):
    """It is not sent again; it is listed, until SES says that it took it."""
    town.write_contacts(cloud, 2, list_ids=[LIST])
    town.campaign([LIST])
    refuse(monkeypatch, "ReadTimeoutError", status, only={email(1)})
    town.started(NOON_MS)
    workers.drain()
    uncertain, _ = messages.of_mailing(ACCOUNT_ID, MAILING_ID, state=State.UNCERTAIN, limit=10)

    assert [contact_id(1)] == [one.contact_id for one in uncertain]
    assert "finished" == town.standing().state
    assert everybody(1) == town.recipients()
    messages.report(ACCOUNT_ID, MAILING_ID, contact_id(1), "sent", NOON_MS + 5, "ses-1")
    assert {"sent": 2} == town.states()


def test_what_a_dead_worker_left_is_uncertain_after_its_lease(workers, cloud):
    """Before that it is the other's; the part is not closed meanwhile."""
    town.write_contacts(cloud, 2, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.take()
    workers.step()
    messages.claim(claim_of(0, changed_ms=int(time.time() * 1000)), retry_run=0, expires=1)
    workers.until_finishing()

    (uncertain,) = [one for one in town.all_messages() if one.state is State.UNCERTAIN]
    assert (contact_id(0), "interrupted") == (uncertain.contact_id, uncertain.reason)
    assert NOON_MS + LEASE_MS < uncertain.changed_ms
    workers.drain()
    assert "finished" == town.standing().state


def test_a_claim_of_which_nothing_came_is_given_back(workers, cloud, monkeypatch):
    """Where the last look fails nothing was sent, so nothing is uncertain later."""
    town.write_contacts(cloud, 1, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    at = At(monkeypatch)

    def fail() -> None:
        raise AwsError("InternalServerError", "no", 500, {})

    workers.take()
    at.arm(3, fail)

    assert not workers.deliver(part_of(0).to_wire())
    assert [] == town.all_messages()
    workers.drain()
    assert everybody(1) == town.recipients()


# Pace


def test_mails_keep_to_the_rate_of_all_workers_together(workers, cloud, monkeypatch):
    """With two a second, no second has more than two, whoever sends them."""
    monkeypatch.setenv("MAIL_RATE", "2")
    forget()
    monkeypatch.setattr(pacing, "sleep", workers.clock.shift)
    town.write_contacts(cloud, 10, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.until_finishing()
    sent = sorted(one.sent_ms for one in town.all_messages())

    assert everybody(10) == town.recipients()
    assert [] == [at for at, ms in enumerate(sent) if ms < sent[0] + 500 * at - 400]


def test_who_finds_the_next_minute_taken_comes_again(workers, cloud, monkeypatch):
    """No worker sleeps for longer; what is left is queued until there is a slot."""
    monkeypatch.setenv("MAIL_RATE", "0.1")
    forget()
    pace.take(7, 0.1, time.time_ns() // 1000, owner="somebody")
    town.write_contacts(cloud, 1, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.take()
    workers.step()
    workers.take()
    workers.step()
    workers.take()

    assert {} == town.recipients()
    waits = [at_s - workers.now_s() for at_s, _, one in workers.waiting if '"deliver"' in one]
    assert [True] == [8 < wait_s <= 11 for wait_s in waits]


def test_the_rate_is_what_ses_allows_unless_the_stack_says_otherwise(workers, monkeypatch):
    """It is asked for once in a while."""
    monkeypatch.setenv("MAIL_RATE", "0")
    forget()
    pacing.forget()
    asked = []

    def call(_service, operation, **_request):
        asked.append(operation)
        return {"SendQuota": {"MaxSendRate": 14.0}}

    monkeypatch.setattr(aws, "call", call)

    assert [14.0, 14.0] == [pacing.rate(ContainerKind.EMAIL_CAMPAIGN) for _ in range(2)]
    assert ["GetAccount"] == asked
    workers.clock.shift(1)
    pacing.forget()


def test_a_run_that_has_no_time_left_queues_the_rest(workers, cloud):
    town.write_contacts(cloud, 2, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    deliveries.deliver(part_of(0, 1), time.monotonic() - 1)
    workers.take()

    assert {} == town.recipients()
    left = [from_wire(one) for *_, one in workers.waiting]
    assert part_of(0, 1) in left


# The queue


def test_messages_come_out_as_they_went_in():
    """Of a newer schema nothing is read."""
    sent = [*first_pages(town.draft_of()), part_of(0), Finish(ACCOUNT_ID, MAILING_ID, 1, 2, 3, 4)]
    assert sent == [from_wire(one.to_wire()) for one in sent]
    assert [Page(ACCOUNT_ID, MAILING_ID, 0)] == first_pages(town.draft_of())
    with pytest.raises(UnknownSchemaError):
        from_wire(part_of(0).to_wire().replace('"v":1', '"v":2'))


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"v":1,"kind":"x","facts":{}}'])
def test_what_cannot_be_read_goes_back_to_the_queue(workers, body):
    assert not workers.deliver(body)


def test_a_mailing_that_is_gone_is_no_failure(workers):
    for one in (Page(ACCOUNT_ID, MAILING_ID, 1), part_of(0), Finish(ACCOUNT_ID, MAILING_ID, 1)):
        assert workers.deliver(one.to_wire())


def test_a_scheduled_mailing_starts_when_it_is_due(workers, cloud):
    """The message that its schedule queues; repeated it does nothing more."""
    town.write_contacts(cloud, 3, list_ids=[LIST])
    town.campaign([LIST])
    town.draft()
    at_ms = NOON_MS + 3_600_000
    mailing_runs.schedule(ACCOUNT_ID, MAILING_ID, at_ms, now_ms=NOON_MS)
    workers.clock.shift(3_700)
    due = cloud.schedules()[0]["Target"]["Input"]
    for _ in range(2):
        assert workers.deliver(due)
    workers.drain()

    assert everybody(3) == town.recipients()
