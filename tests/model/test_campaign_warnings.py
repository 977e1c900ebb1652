"""What an author is told to look at, and what is refused."""

import pytest

from signalbox.model.audience import Audience
from signalbox.model.campaign import Campaign
from signalbox.model.campaign_warnings import CLIPPED_BY_GMAIL, Known, check_links, warnings_of
from signalbox.model.container import ContainerKind
from signalbox.model.errors import InvalidError
from signalbox.model.tracking_permission import Mode

KNOWN = Known({"COMPANY"}, {"download", "Q&A"})
LEAVE = '<a href="%UNSUBSCRIBELINK%">-</a>'
PERSONAL = '<a href="https://x.example/?e=%EMAIL%">-</a>'


def told(mode=Mode.ANONYMOUS, kind=ContainerKind.EMAIL_CAMPAIGN, **facts):
    """Return what is said of a campaign, field and message."""
    campaign = Campaign("1", "7", kind, **{"marketing": False} | facts)
    return [f"{one.field}: {one.message}" for one in warnings_of(campaign, KNOWN, mode)]


def test_nothing_is_said_of_what_is_in_order():
    links = "".join(
        f'<a href="{target}">-</a>'
        for target in (
            *("https://x.example/%FIRSTNAME", "HTTP://x.example", "mailto:a@x.example", "tel:+49"),
            *("#top", "%EVENT: download%", "{{ unsubscribe }}", " https://x.example "),
        )
    )

    assert [] == told(
        subject="%FIRSTNAME% of %COMPANY%",
        html=f"{links}{LEAVE} %EVENT:Q&amp;A% 50% OFF",
        marketing=True,
        audience=Audience(filter={"$or": [{"tags": ["a"]}, {"lists": ["1"]}]}),
    )


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"subject": "%NOTHING%"}, ": %NOTHING% is no personalisation tag, and stays in the text"),
        ({"text": "%EVENT: visit%"}, ": %EVENT: visit% names an event that is not registered"),
        (
            {"audience": Audience(filter={"emial": ["a"]})},
            "audience.filter.emial: is nothing that contacts have",
        ),
        ({"html": '<a href="/a">-</a>'}, "html: the link '/a' leads nowhere out of a mail"),
        ({"html": '<a href="www.x.example">-</a>'}, "html: the link 'www.x.example' leads nowhere"),
        ({"html": "ü" * (CLIPPED_BY_GMAIL // 2 + 1)}, "html: is longer than 102400 bytes"),
        ({"html": "x", "marketing": True}, ": nothing in it says %UNSUBSCRIBELINK%"),
        ({"html": PERSONAL}, "html: the link 'https://x.example/?e=%EMAIL%' holds tags"),
    ],
)
def test_an_author_is_told(facts, said):
    (warned,) = told(**facts)

    assert warned.startswith(said)


@pytest.mark.parametrize(
    ("mode", "facts", "number"),
    [
        (Mode.PERMISSION, {}, 1),
        (Mode.PERSONAL, {}, 0),
        (Mode.OFF, {}, 0),
        (Mode.ANONYMOUS, {"track_clicks": False}, 0),
    ],
)
def test_a_personal_link_matters_where_clicks_are_to_be_anonymous(mode, facts, number):
    assert number == len(told(mode, html=PERSONAL, **facts))


def test_a_long_text_message_says_what_it_costs():
    texts = ["x" * 459, "x" * 460]

    assert [[], ["text: is 4 segments, GSM-7, and each is paid for"]] == [
        told(kind=ContainerKind.SMS_CAMPAIGN, text=text) for text in texts
    ]


@pytest.mark.parametrize(
    "target",
    ["javascript:x", " JaVa\nScript:x", "&#106;avascript:x", "data:text/html,x", "vbscript:x"],
)
def test_a_link_that_runs_a_program_is_refused(target):
    with pytest.raises(InvalidError) as caught:
        check_links(f'<p><a href="{target}">x</a>')

    assert "html" == caught.value.field


def test_other_links_are_taken():
    check_links('<a href="https://x.example/javascript:">x</a><a>y</a><a href="">z</a>')
