"""Public sign-up: the form, the confirmation mail, and that nobody is put on a list by others."""

import base64
import email
import hashlib
import itertools
import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.subscribe import app, pages
from signalbox import aws
from signalbox.awsjson import AwsError
from signalbox.model.confirmation import Confirmation, token
from signalbox.model.contact_list import ContactList
from signalbox.model.membership import Subscription
from signalbox.people import add_contact, erase
from signalbox.store import accounts, contacts, erasure, lists, memberships, signups
from tests.cloud import Context, http_event

FORM = "application/x-www-form-urlencoded"
ACTIVE, UNSUBSCRIBED = Subscription.ACTIVE, Subscription.UNSUBSCRIBED
UNCONFIRMED = Subscription.UNCONFIRMED
START = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Desk:
    """A list, and what the public does with it."""

    def __init__(self, account, cloud, **changes) -> None:
        self.account_id = account.account_id
        self.account, self.cloud = account, cloud
        wanted = {"list_id": "77", "name": "News", "double_opt_in": True} | changes
        self.list = ContactList(account_id=self.account_id, **wanted)
        lists.create(self.list)
        self.path = f"/subscribe/{self.list.public_id}"

    def ask(self, method, path="", body=None, kind=FORM) -> dict:
        """Make a request of the public."""
        event = http_event(method, path or self.path, headers={"content-type": kind}, body=body)
        return app.handler(event, Context())

    def sign_up(self, address="eve@signalbox.example", **fields) -> dict:
        """Send the form."""
        return self.ask("POST", body=urlencode({"email": address, **fields}))

    def links(self) -> list[str]:
        """Return the paths of the links that were mailed, oldest first."""
        found = []
        for raw in self.cloud.mails():
            text = email.message_from_string(raw).get_payload(0).get_payload(decode=True).decode()
            found.append(re.search(r"https://api\.example(/subscribe/confirm/\S+)", text)[1])
        return found

    def membership(self, address="eve@signalbox.example"):
        """Return the membership of the contact of this address; None where there is none."""
        contact_id = contacts.id_at(self.account_id, f"email:{address}")
        return contact_id and memberships.find(self.account_id, contact_id, self.list.list_id)

    def status(self, address="eve@signalbox.example"):
        """Return the status of the contact of this address."""
        found = self.membership(address)
        return found.status if found else None

    def tables(self) -> list:
        """Return everything that is stored."""
        return [self.cloud.items(name) for name in ("CONTACTS", "RULES", "TRACKING")]

    def unsubscribe(self, address="eve@signalbox.example") -> None:
        """Let the account note an opt-out."""
        contact_id = contacts.id_at(self.account_id, f"email:{address}")
        body = {"contact": contact_id, "list": self.list.list_id, "status": 2}
        assert self.account.call("POST", "/api/3/contactLists", {"contactList": body})[0] < 300


@pytest.fixture(name="desk")
def _desk(account, cloud):
    """A list with double opt-in."""
    return Desk(account, cloud)


@pytest.fixture(name="open_desk")
def _open_desk(account, cloud):
    """A list without double opt-in."""
    return Desk(account, cloud, double_opt_in=False)


class Outline(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, page) -> None:
        super().__init__()
        self.elements = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        """Collect an element; the parser calls it."""
        self.elements.append((tag, dict(attrs)))

    def of(self, tag):
        """Return the attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_form_works_without_scripts_and_for_everybody(desk):
    """Each field has its label, the page its language and title, and nothing is loaded or run."""
    answer = desk.ask("GET")

    outline = Outline(answer["body"])
    assert 200 == answer["statusCode"]
    assert [{"lang": "en"}] == outline.of("html")
    assert "<title>Subscribe to News</title>" in answer["body"]
    assert [{"method": "post"}] == outline.of("form")
    fields = {field["id"]: field for field in outline.of("input")}
    assert fields.keys() == {label["for"] for label in outline.of("label")}
    assert "email" == fields["email"]["type"]
    assert {"required", "autocomplete"} <= fields["email"].keys()
    assert "-1" == fields["website"]["tabindex"]
    assert [] == [tag for tag, _ in outline.elements if tag in ("script", "img", "link", "iframe")]
    assert [] == [1 for _, attributes in outline.elements if "style" in attributes]
    assert "prefers-color-scheme: dark" in answer["body"]
    headers = answer["headers"]
    assert "text/html; charset=utf-8" == headers["Content-Type"]
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "no-referrer" == headers["Referrer-Policy"]
    assert "set-cookie" not in {name.lower() for name in headers}
    assert not answer.get("cookies")


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


def test_looking_changes_nothing(desk):
    """GET and HEAD of every page, known or not, leave the tables as they are."""
    before = desk.tables()

    for path in (
        desk.path,
        "/subscribe/x",
        "/subscribe/confirm/x",
        "/subscribe/confirm/" + "A" * 66,
    ):
        for method in ("GET", "HEAD"):
            desk.ask(method, path)

    assert before == desk.tables()
    assert [] == desk.cloud.mails()


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


def test_a_program_that_fills_in_everything_gets_nowhere(desk):
    answer = desk.sign_up(website="http://spam.example")

    assert desk.sign_up("other@signalbox.example") == answer
    assert None is desk.membership()
    assert 1 == len(desk.links())


@pytest.mark.parametrize(
    "address",
    [
        "",
        "eve",
        "eve@",
        "@signalbox.example",
        "e v@signalbox.example",
        "eve@signalbox.example\r\nBcc: x@y.example",
        "x" * 300 + "@a.example",
    ],
)
def test_what_is_no_address_is_said(desk, address):
    """The page says so beside the field, keeps what was written, and nothing is stored."""
    before = desk.tables()

    answer = desk.sign_up(address, first_name='"><script>alert(1)</script>')

    assert 422 == answer["statusCode"]
    outline = Outline(answer["body"])
    fields = {field["id"]: field for field in outline.of("input")}
    assert "fault" == fields["email"]["aria-describedby"]
    assert '"><script>alert(1)</script>' == fields["first_name"]["value"]
    assert [] == outline.of("script")
    assert (before, []) == (desk.tables(), desk.cloud.mails())


def test_a_body_that_cannot_be_read(desk):
    for body, kind in [
        ("{", "application/json"),
        ("[]", "application/json"),
        ("[" * 10_000, "application/json"),
        ('{"email": 7}', "application/json"),
        ('{"email": "\\ud800@signalbox.example"}', "application/json"),
        ("email=%ff", FORM),
        ("a=1&" * 100, FORM),
        ("email=" + "x" * 20_000, FORM),
        (None, FORM),
    ]:
        answer = desk.ask("POST", body=body, kind=kind)

        assert 422 == answer["statusCode"], body
    assert [] == desk.cloud.mails()


def test_a_form_arrives_as_api_gateway_sends_it(desk):
    """The gateway hands a form on in base64."""
    event = http_event("POST", desk.path, headers={"content-type": FORM})
    event |= {
        "body": base64.b64encode(b"email=eve%40signalbox.example&first_name=Gr%C3%A4fin").decode(),
        "isBase64Encoded": True,
    }

    assert 200 == app.handler(event, Context())["statusCode"]

    contact = contacts.fetch(desk.account_id, desk.membership().contact_id)
    assert "Gräfin" == contact.first_name


def test_json_is_answered_in_json(desk):
    def ask(body, path=""):
        answer = desk.ask("POST", path, body=body, kind="application/json; charset=utf-8")
        return answer["statusCode"], json.loads(answer["body"])

    status, answer = ask({"email": "eve@signalbox.example", "first_name": "Eve"})
    assert (200, {"message"}, UNCONFIRMED) == (status, set(answer), desk.status())
    status, answer = ask({"email": "eve"})
    assert (422, "email") == (status, answer["errors"][0]["field"])
    status, answer = ask({"email": "eve@signalbox.example"}, "/subscribe/100000001-5")
    assert (404, "there is no such list") == (status, answer["errors"][0]["message"])


@pytest.mark.parametrize(
    "name",
    [
        "100000001-5",
        "100000001",
        "999999999-77",
        "100000001-77x",
        "077",
        "%00",
        "é-1",
        "100000001-",
        "a/b",
    ],
)
def test_an_unknown_list_has_a_page(desk, name):
    for method in ("GET", "HEAD", "POST"):
        answer = desk.ask(method, f"/subscribe/{name}", body="email=eve%40signalbox.example")

        assert 404 == answer["statusCode"]
        assert "text/html; charset=utf-8" == answer["headers"]["Content-Type"]
        assert "Content-Security-Policy" in answer["headers"]
    assert None is desk.membership()


def test_a_list_for_phones_takes_no_addresses(account, cloud):
    desk = Desk(account, cloud, channel="sms")

    assert [404, 404] == [desk.ask("GET")["statusCode"], desk.sign_up()["statusCode"]]


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '"><img src=x>',
        "x\r\nBcc: evil@signalbox.example",
        "a\u2028b",
        "ä 尺 🎉" * 60,
    ],
)
def test_a_hostile_name_of_a_list_stays_text(account, cloud, name):
    """On every page and in the mail, whose headers it cannot add to."""
    desk = Desk(account, cloud, name=name)
    shown = [desk.ask("GET"), desk.sign_up()]
    (link,) = desk.links()
    shown += [desk.ask("GET", link), desk.ask("POST", link)]

    for answer in shown:
        assert 200 == answer["statusCode"]
        outline = Outline(answer["body"])
        assert ([], []) == (outline.of("script"), outline.of("img"))
    message = email.message_from_string(desk.cloud.mails()[0])
    assert None is message["Bcc"]
    assert "<script" not in message.get_payload(1).get_payload(decode=True).decode()


def test_what_a_contact_is_called_is_not_for_strangers_to_say(desk):
    desk.sign_up("ada@signalbox.example", first_name="Mallory")

    assert "Ada" == contacts.fetch(desk.account_id, desk.account.ada.contact_id).first_name


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


def test_a_table_that_does_not_answer_is_said(desk, monkeypatch):
    def fail(operation, **request):
        raise AwsError("InternalServerError", "no", 500, {})

    monkeypatch.setattr(contacts.table, "dynamodb", fail)

    assert 503 == desk.sign_up()["statusCode"]
    assert 503 == desk.ask("GET")["statusCode"]


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


def test_the_style_is_the_one_that_the_policy_allows():
    allowed = re.search(r"sha256-([^']+)'", pages.HEADERS["Content-Security-Policy"])[1]
    page = pages.message_page("t", "m")
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]

    assert allowed == base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


STEPS = st.lists(
    st.one_of(
        st.sampled_from(["sign_up", "look", "unsubscribe", "wait_a_little", "wait_for_long"]),
        st.integers(0, 5),
    ),
    max_size=12,
)


NUMBERS = itertools.count(1)  # every example has a list and a person of its own


class Person:
    """Somebody at a desk, and what may be known of their will from what they did."""

    def __init__(self, desk, address, clock) -> None:
        self.desk, self.address, self.clock = desk, address, clock
        self.now = datetime.now(tz=UTC)
        self.mailed_before = len(desk.links())
        self.holding: dict[str, datetime] = {}
        self.active = False

    def links(self) -> list[str]:
        """Return the links of this person's mails."""
        return self.desk.links()[self.mailed_before :]

    def sign_up(self) -> None:
        """Send the form; a stranger's is a yes where the list asks for no more."""
        known = len(self.links())
        is_stranger = self.desk.membership(self.address) is None
        self.desk.sign_up(self.address)
        if is_stranger and not self.desk.list.double_opt_in:
            self.active = True
        self.holding |= dict.fromkeys(self.links()[known:], self.now)

    def look(self) -> None:
        """Open every link, as a scanner does."""
        for link in self.links():
            self.desk.ask("GET", link)

    def unsubscribe(self) -> None:
        """Opt out, which ends every link, where there is somebody to opt out."""
        if contacts.id_at(self.desk.account_id, f"email:{self.address}"):
            self.desk.unsubscribe(self.address)
            self.active, self.holding = False, {}

    def wait_a_little(self) -> None:
        """Let the time between two mails pass."""
        self._wait(timedelta(minutes=11))

    def wait_for_long(self) -> None:
        """Let nearly all the time pass that a link holds."""
        self._wait(timedelta(days=6, hours=23, minutes=45))

    def confirm(self, number) -> None:
        """Press the button behind the link of a mail, if there is such a mail."""
        for link in self.links()[number : number + 1]:
            self.desk.ask("POST", link)
            if link in self.holding and self.now - self.holding[link] < timedelta(days=7):
                self.active = True

    def _wait(self, passing) -> None:
        self.now += passing
        self.clock.move_to(self.now)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS, double_opt_in=st.booleans())
def test_nobody_is_active_without_a_yes_of_their_own(account, cloud, steps, double_opt_in):
    """Whatever comes in whatever order: only a POST of a link that still holds confirms.

    A number in the steps confirms by that mail's link. A link holds for seven days and until the
    next opt-out.
    """
    number = next(NUMBERS)
    desk = Desk(account, cloud, list_id=f"9{number}", double_opt_in=double_opt_in)
    # Ids are made of the time and of random numbers, which are the same ones for every example.
    start = START + timedelta(milliseconds=number)
    with time_machine.travel(start, tick=False) as clock:
        person = Person(desk, f"p{number}@signalbox.example", clock)
        for step in steps:
            if isinstance(step, int):
                person.confirm(step)
            else:
                getattr(person, step)()

            assert person.active is (desk.status(person.address) is ACTIVE)
