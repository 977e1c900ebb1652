"""A tracked link leads where a browser would have led, or stays as it is written."""

import pytest

from signalbox.model.linked_text import plain_target
from signalbox.model.mail_content import as_sent
from tests.model.linked_mails import targets, tracked

HOSTS = [
    ("https://straße.de/", "https://xn--strae-oqa.de/"),
    ("https://STRAßE.de:8443/ß?ß", "https://xn--strae-oqa.de:8443/%C3%9F?%C3%9F"),
    ("https://ελλάς.gr", "https://xn--hxarsa0b.gr"),
    ("https://i❤.ws/", "https://xn--i-7iq.ws/"),
    ("https://a_b.ü.example/", "https://a_b.xn--tda.example/"),
    ("https://ü:ö@bücher.example/", "https://%C3%BC:%C3%B6@xn--bcher-kva.example/"),
    ("https://ü@[::1]:8080/", "https://%C3%BC@[::1]:8080/"),
    ("https://a_b-.EXAMPLE.com./", "https://a_b-.EXAMPLE.com./"),
    ("https://xn--strae-oqa.de/", "https://xn--strae-oqa.de/"),
    ("https://stra%C3%9Fe.de/", "https://stra%C3%9Fe.de/"),
]
UNCONVERTIBLE = [
    "https://ü..example/",
    "https://\u0301ü.example/",
    "https://ü\uff052fb.example/",
    "https://ü\uff0cb.example/",
    "https://ü.example:\uff18080/",
    "https://" + "ü" * 64 + ".example/",
]


@pytest.mark.parametrize(("written", "expected"), HOSTS)
def test_a_link_leads_to_the_host_that_a_browser_asks_for(written, expected):
    assert expected == as_sent(written)
    assert [expected] == targets(f'<a href="{written}">x</a>')
    assert expected == plain_target(written)


def test_a_personal_link_leads_to_the_same_host():
    assert ["https://xn--strae-oqa.de/?c=157"] == targets(
        '<a href="https://straße.de/?c=%CONTACTID%">x</a>'
    )


@pytest.mark.parametrize("written", UNCONVERTIBLE)
def test_a_link_that_cannot_be_converted_stays_as_it_is(written):
    html = f'<a href="{written}">x</a>'

    assert [] == targets(html)
    assert html == tracked(html)
