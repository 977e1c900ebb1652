"""What SES says of mails: every shape that it is known to publish, and what is none of them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model import feedback
from signalbox.model.feedback import (
    Feedback,
    FeedbackKind,
    FeedbackUnreadableError,
    Ignored,
    read,
)
from signalbox.model.suppression import SuppressionReason

CORPUS = {
    path.stem: path.read_text()
    for path in sorted((Path(__file__).parent / "feedback").glob("*.json"))
}
ADA = "email:ada@signalbox.example"
BOUNCED, COMPLAINED = SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT

# What each text of the corpus says: its kind, a word about it, and who is suppressed for what.
SAID = {
    "send": ("sent", "", None, ()),
    "delivery": ("delivery", "", None, ()),
    "delivery-delay": ("delivery_delay", "TransientCommunicationFailure", None, ()),
    "bounce-permanent": ("hard_bounce", "Permanent/General", BOUNCED, (ADA,)),
    "bounce-without-report": ("hard_bounce", "Permanent/NoEmail", BOUNCED, (ADA,)),
    "bounce-mailbox-full": ("soft_bounce", "Transient/MailboxFull", None, (ADA,)),
    "bounce-content-rejected": ("soft_bounce", "Transient/ContentRejected", None, (ADA,)),
    "bounce-undetermined": ("soft_bounce", "Undetermined/Undetermined", None, (ADA,)),
    "bounce-suppressed-by-ses": (
        "suppressed",
        "Permanent/OnAccountSuppressionList",
        BOUNCED,
        (ADA,),
    ),
    "bounce-of-a-new-kind": ("hard_bounce", "Permanent/MovedToMars", BOUNCED, (ADA,)),
    "bounce-with-a-name": ("hard_bounce", "Permanent/General", BOUNCED, (ADA,)),
    "bounce-handed-on": ("hard_bounce", "Permanent/General", BOUNCED, (ADA,)),
    "bounce-of-several": (
        "hard_bounce",
        "Permanent/General",
        BOUNCED,
        (ADA, "email:bob@signalbox.example"),
    ),
    "bounce-of-a-rules-mail": ("hard_bounce", "Permanent/General", BOUNCED, (ADA,)),
    "complaint": ("complaint", "abuse", COMPLAINED, (ADA,)),
    "complaint-without-report": ("complaint", "", COMPLAINED, (ADA,)),
    "complaint-of-a-domain": ("complaint", "abuse", COMPLAINED, (ADA,)),
    "complaint-of-nobody-known": ("complaint", "abuse", COMPLAINED, ()),
    "complaint-suppressed-by-ses": ("suppressed", "OnAccountSuppressionList", COMPLAINED, (ADA,)),
    "reject": ("reject", "Bad-content", None, ()),
    "rendering-failure": ("rendering_failure", "", None, ()),
}
IGNORED = {
    "open": Ignored.ENGAGEMENT,
    "click": Ignored.ENGAGEMENT,
    "subscription": Ignored.SUBSCRIPTION,
    "complaint-not-spam": Ignored.NOT_SPAM,
    "of-a-new-kind": Ignored.UNKNOWN_KIND,
    "bounce-of-a-new-type": Ignored.UNKNOWN_KIND,
    "identity-bounce": Ignored.NOT_OURS,
    "identity-delivery": Ignored.NOT_OURS,
}


def said(name):
    """Return what a text of the corpus says."""
    found = read(CORPUS[name])
    assert isinstance(found, Feedback)
    return found


def changed(name, **objects):
    """Return a text of the corpus with fields of its objects changed; None takes a field away."""
    told = json.loads(CORPUS[name])
    for where, fields in objects.items():
        told[where].update(fields)
        told[where] = {key: value for key, value in told[where].items() if value is not None}
    return json.dumps(told)


def test_every_text_of_the_corpus_is_read():
    assert set(CORPUS) == set(SAID) | set(IGNORED)


@pytest.mark.parametrize("name", SAID)
def test_it_says_what_became_of_a_mail(name):
    """Its kind, whose mail it was, the address that it went to, and whether that gets no more."""
    kind, detail, reason, addresses = SAID[name]

    found = said(name)

    assert (FeedbackKind(kind), detail) == (found.kind, found.detail)
    assert (reason, addresses) == (
        found.suppression.reason if found.suppression else None,
        found.addresses,
    )
    assert ("100000001", "114832649973954") == (found.account_id, found.contact_id)
    mailing_id = feedback.NO_MAILING if name == "bounce-of-a-rules-mail" else "1795254840000001"
    assert mailing_id == found.mailing_id


@pytest.mark.parametrize("name", IGNORED)
def test_nothing_follows_from_what_is_not_for_us(name):
    assert IGNORED[name] is read(CORPUS[name])


def test_a_greeting_is_no_feedback():
    """SES tells a topic that is new to it so, and not in JSON."""
    greeting = "Successfully validated SNS topic for Amazon SES event publishing."

    assert Ignored.GREETING is read(greeting)


def test_the_time_is_that_of_what_happened():
    """For a Send, which has none of its own, it is that of the mail."""
    assert (1_795_254_840_000, 1_795_254_841_401, 1_795_254_842_012) == (
        said("send").at_ms,
        said("delivery").at_ms,
        said("bounce-permanent").at_ms,
    )


def test_the_event_tells_why():
    assert {
        "bounce_type": "Permanent",
        "bounce_sub_type": "General",
        "diagnostic": "smtp; 550 5.1.1 user unknown",
    } == said("bounce-permanent").properties
    assert {"feedback_type": "abuse"} == said("complaint").properties
    assert {} == said("complaint-without-report").properties
    assert {"delay_type": "TransientCommunicationFailure"} == said("delivery-delay").properties


def test_feedback_is_told_apart_by_its_id_or_its_time():
    assert said("bounce-permanent").feedback_id.startswith("0107019356a1f00d-")
    assert "1795254841401" == said("delivery").feedback_id


@pytest.mark.parametrize(
    "tags",
    [
        None,
        {},
        {"contact": ["1"]},
        {"account": []},
        {"account": ["1"]},
        {"account": ["100000001#x"]},
        {"account": [{"a": "100000001"}]},
        {"account": "100000001"},
        [],
    ],
)
def test_a_mail_without_our_account_is_not_ours(tags):
    assert Ignored.NOT_OURS is read(changed("bounce-permanent", mail={"tags": tags}))


@pytest.mark.parametrize("contact", ["", "x", "1#2", "12345678901234567", "\uff11"])
def test_a_tag_that_is_no_contact_names_nobody(contact):
    """The address is suppressed all the same."""
    tags = {"account": ["100000001"], "contact": [contact]}

    found = read(changed("bounce-permanent", mail={"tags": tags}))

    assert ("", (ADA,)) == (found.contact_id, found.addresses)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "1",
        '"Bounce"',
        "{",
        "\x00",
        "[" * 100_000,
        changed("bounce-permanent", mail={"messageId": None}),
        changed("bounce-permanent", mail={"messageId": 7}),
        changed("send", mail={"timestamp": None}),
        changed("send", mail={"timestamp": "yesterday"}),
        changed("send", mail={"timestamp": "1900-01-01T00:00:00Z"}),
        changed("send", mail={"timestamp": "9999-12-31T23:59:59Z"}),
        changed("send", mail={"timestamp": "0001-01-01T00:00:00+23:59"}),
    ],
)
def test_what_names_no_mail_or_time_is_unreadable(text):
    """Unless it is of a kind that is ignored anyway, as an object that says nothing is."""
    with pytest.raises(FeedbackUnreadableError):
        read(text)


def test_a_detail_is_nobodys_address():
    """What stands there for ever holds words of SES alone."""
    found = read(changed("complaint", complaint={"complaintFeedbackType": "by <ada@x.example>"}))

    assert "@" not in found.suppression.detail


def test_long_words_are_cut():
    code = "smtp; " + "x" * 100_000
    recipients = [{"emailAddress": "ada@signalbox.example", "diagnosticCode": code}]

    found = read(changed("bounce-permanent", bounce={"bouncedRecipients": recipients}))

    assert feedback.LONGEST_DIAGNOSTIC == len(found.properties["diagnostic"])


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20)
    | st.sampled_from(["Permanent", "abuse", "2026-11-21T09:54:00Z", "a@b.example", "100000001"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@st.composite
def distorted(draw):
    """A text of the corpus in which some values are others."""
    told = json.loads(CORPUS[draw(st.sampled_from(sorted(CORPUS)))])
    for _ in range(draw(st.integers(1, 4))):
        place = told
        while True:
            key = draw(st.sampled_from(sorted(place))) if isinstance(place, dict) else 0
            below = place[key]
            if not (below and isinstance(below, dict | list)) or draw(st.booleans()):
                place[key] = draw(JSON)
                break
            place = below
    return json.dumps(told)


@given(distorted() | st.text(max_size=40) | JSON.map(json.dumps))
def test_nothing_that_is_said_breaks_the_reader(text):
    """It is read, ignored or unreadable; what is read can be written down and queued."""
    try:
        found = read(text)
    except FeedbackUnreadableError:
        return
    if isinstance(found, Feedback):
        texts = (found.ses_id, found.feedback_id, found.detail, *found.addresses)
        for one in (*texts, *found.properties.values()):
            one.encode()
        assert found.account_id.isdecimal()
        assert (found.contact_id or "0").isdecimal()
        assert 0 <= found.at_ms < feedback.END_OF_TIME_MS
