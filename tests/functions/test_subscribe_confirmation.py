"""Nobody is put on a list by others: only the link in a mail confirms, and only while it holds."""

import email
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from signalbox import aws
from signalbox.awsjson import AwsError
from signalbox.model.confirmation import Confirmation, token
from signalbox.people import add_contact, erase
from signalbox.store import accounts, contacts, erasure, lists, memberships, signups
from tests.outlines import Outline
from tests.sign_ups import ACTIVE, START, UNCONFIRMED, UNSUBSCRIBED, Desk


def test_signing_up_takes_a_mail_and_a_press_of_a_button(desk):
    """Unconfirmed at first; reading and looking at the link change nothing; POST confirms."""
    answer = desk.sign_up(first_name="Eve", last_name="E")

    assert (200, UNCONFIRMED) == (answer["statusCode"], desk.status())
    (link,) = desk.links()
    before = desk.tables()
    for method in ("GET", "HEAD", "GET"):
        shown = desk.ask(method, link)
        assert 200 == shown["statusCode"]
        assert (method == "HEAD") is (shown["body"] == "")
    assert [{"method": "post"}] == Outline(shown["body"]).of("form")
    assert before == desk.tables()

    assert 200 == desk.ask("POST", link)["statusCode"]
    assert ACTIVE == desk.status()
    joined = desk.tables()
    assert 200 == desk.ask("POST", link)["statusCode"]
    assert 200 == desk.sign_up()["statusCode"]
    assert (joined, 1) == (desk.tables(), len(desk.links()))
    contact = contacts.fetch(desk.account_id, desk.membership().contact_id)
    assert ("Eve", "E") == (contact.first_name, contact.last_name)


def test_the_mail_names_the_list_and_says_nothing_that_the_form_said(desk):
    desk.sign_up(first_name="Win http://evil.example", last_name="<b>now</b>")

    message = email.message_from_string(desk.cloud.mails()[0])
    assert ("Please confirm: News", "box@signalbox.example", "eve@signalbox.example") == (
        message["Subject"],
        message["From"],
        message["To"],
    )
    assert "auto-generated" == message["Auto-Submitted"]
    kinds = [part.get_content_type() for part in message.get_payload()]
    assert ["text/plain", "text/html"] == kinds
    assert "evil" not in desk.cloud.mails()[0]
    assert "now" not in desk.cloud.mails()[0]


@pytest.mark.parametrize("double_opt_in", [True, False])
def test_nobody_learns_who_is_known(account, cloud, double_opt_in):
    """Strangers, contacts, members, the opted out and those who wait get one and the same answer."""
    desk = Desk(account, cloud, double_opt_in=double_opt_in)
    for name in ("member", "left", "waiting"):
        add_contact(desk.account_id, email=f"{name}@signalbox.example")
    member = contacts.id_at(desk.account_id, "email:member@signalbox.example")
    memberships.subscribe(desk.account_id, member, "77", now_ms=1)
    desk.unsubscribe("left@signalbox.example")
    desk.sign_up("waiting@signalbox.example")

    answers = [
        desk.sign_up(f"{name}@signalbox.example")
        for name in ("stranger", "ada", "member", "left", "waiting")
    ]

    for answer in answers:
        assert answers[0] == answer
    assert UNSUBSCRIBED == desk.status("left@signalbox.example")


def test_a_stranger_joins_an_open_list_at_once(open_desk):
    assert 200 == open_desk.sign_up()["statusCode"]

    assert (ACTIVE, []) == (open_desk.status(), open_desk.cloud.mails())


@pytest.mark.parametrize("double_opt_in", [True, False])
def test_an_opt_out_needs_its_own_confirmation(account, cloud, double_opt_in):
    """On any list; and no link from before the opt-out brings anybody back."""
    desk = Desk(account, cloud, double_opt_in=double_opt_in)
    with time_machine.travel(START, tick=False) as clock:
        desk.sign_up()
        for link in desk.links():
            desk.ask("POST", link)
        assert ACTIVE == desk.status()
        desk.unsubscribe()
        for link in desk.links():
            assert 410 == desk.ask("POST", link)["statusCode"]
        assert UNSUBSCRIBED == desk.status()

        clock.shift(timedelta(minutes=11))
        known = len(desk.links())
        desk.sign_up()

        assert (UNSUBSCRIBED, known + 1) == (desk.status(), len(desk.links()))
        assert 200 == desk.ask("POST", desk.links()[-1])["statusCode"]
        assert ACTIVE == desk.status()


def test_a_second_opt_out_ends_the_links_that_the_first_one_did_not_see(desk):
    """Who is asked whether to come back and says no again stays away, whatever link is found."""
    desk.sign_up()
    desk.unsubscribe()
    with time_machine.travel(datetime.now(tz=UTC) + timedelta(minutes=11), tick=False):
        desk.sign_up()
        desk.unsubscribe()

        answers = [desk.ask("POST", link)["statusCode"] for link in desk.links()]

    assert ([410, 410], UNSUBSCRIBED) == (answers, desk.status())


def test_an_opt_out_holds_after_erasure(open_desk):
    """Who opted out, was erased and is signed up again is asked first."""
    address = "email:eve@signalbox.example"
    erasure.keep_opt_outs(open_desk.account_id, [address], ["77"])

    open_desk.sign_up()

    assert UNSUBSCRIBED == open_desk.status()
    (link,) = open_desk.links()
    assert 200 == open_desk.ask("POST", link)["statusCode"]
    assert ACTIVE == open_desk.status()
    assert set() == erasure.opted_out(open_desk.account_id, address)


def test_the_form_bombs_nobody(desk):
    """One mail in ten minutes, however the address is spelled."""
    with time_machine.travel(START, tick=False) as clock:
        for spelled in ("eve@signalbox.example", " EVE@Signalbox.EXAMPLE", "Eve@signalbox.example"):
            desk.sign_up(spelled)
            clock.shift(timedelta(minutes=3))
        assert 1 == len(desk.links())

        clock.shift(timedelta(minutes=1))
        desk.sign_up()

        assert 2 == len(desk.links())
        assert 1 == len(
            [item for item in desk.cloud.items("CONTACTS") if "email:eve" in item["pk"]["S"]]
        )


def test_each_mail_of_a_sign_up_confirms_it_for_seven_days(desk):
    with time_machine.travel(START, tick=False) as clock:
        desk.sign_up()
        clock.shift(timedelta(days=6, hours=23))
        desk.sign_up()
        first, second = desk.links()
        assert 200 == desk.ask("GET", first)["statusCode"]
        clock.shift(timedelta(hours=2))

        assert [410, 410] == [desk.ask(method, first)["statusCode"] for method in ("GET", "POST")]
        assert UNCONFIRMED == desk.status()
        assert 200 == desk.ask("POST", second)["statusCode"]
        assert ACTIVE == desk.status()


def test_a_forged_link_confirms_nothing(desk):
    """No single character can be changed, no secret guessed, no account borrowed."""
    desk.sign_up()
    (link,) = desk.links()
    path, _, shown = link.rpartition("/")
    membership = desk.membership()
    claimed = Confirmation(
        desk.account_id, "77", membership.contact_id, membership.nonce, membership.mailed_ms
    )
    forged = [
        *(shown[:at] + ("A" if shown[at] != "A" else "B") + shown[at + 1 :] for at in range(66)),
        shown[:-1],
        shown + "A",
        token(claimed, b"another secret"),
        token(claimed, b""),
        "x",
        "%2e%2e",
    ]
    before = desk.tables()

    for wrong in forged:
        answers = [desk.ask(method, f"{path}/{wrong}") for method in ("GET", "POST")]
        assert {410} == {answer["statusCode"] for answer in answers}, wrong

    assert before == desk.tables()


def test_a_link_ends_with_the_list_and_with_the_contact(desk):
    desk.sign_up()
    (link,) = desk.links()
    erase(desk.account_id, desk.membership().contact_id)
    assert [410, 410] == [desk.ask(method, link)["statusCode"] for method in ("GET", "POST")]

    lists.delete(desk.account_id, "77", 1)

    assert [404, 404] == [desk.ask(method, link)["statusCode"] for method in ("GET", "POST")]
    assert 404 == desk.sign_up()["statusCode"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (0, "ReadTimeoutError"),
        (503, "ServiceUnavailable"),
        (429, "TooManyRequestsException"),
        (400, "MessageRejected"),
    ],
)
def test_a_mail_that_did_not_go_is_made_up_for(desk, monkeypatch, status, code):
    """The answer is the usual one, the membership waits, and ten minutes later a mail goes."""
    original = aws.call

    def fail(service, operation, **request):
        if service != "sesv2":
            return original(service, operation, **request)
        raise AwsError(code, "no", status, {})

    with time_machine.travel(START, tick=False) as clock:
        with monkeypatch.context() as patch:
            patch.setattr(aws, "call", fail)
            answer = desk.sign_up()
        assert (UNCONFIRMED, []) == (desk.status(), desk.cloud.mails())
        clock.shift(timedelta(minutes=10))

        assert answer == desk.sign_up()

        (link,) = desk.links()
        assert 200 == desk.ask("POST", link)["statusCode"]
        assert ACTIVE == desk.status()


def test_double_opt_in_without_a_sender_takes_nobody(account, cloud):
    """For a list that could not ask, all addresses get the same 503, and nothing is stored."""
    standing = accounts.fetch(account.account_id)
    accounts.save(standing, contacts.replace(standing, mail_from=""))
    desk = Desk(account, cloud)
    before = desk.tables()

    assert {503} == {
        desk.sign_up(f"{name}@signalbox.example")["statusCode"] for name in ("ada", "eve")
    }
    assert before == desk.tables()


def test_the_secret_is_made_once(desk):
    first = signups.secret(desk.account_id)

    assert first == signups.secret(desk.account_id) == signups.find_secret(desk.account_id)
    assert 32 == len(first)
    assert None is signups.find_secret("999999999")
