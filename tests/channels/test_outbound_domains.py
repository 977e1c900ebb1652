"""A request goes to the owner of the domain that was written."""

import pytest

from signalbox.channels import outbound
from signalbox.model.errors import InvalidError
from signalbox.model.retries import Answer, Fault
from tests.channels.names import PUBLIC, names

OWNERS = {"xn--strae-oqa.de": [PUBLIC], "xn--i-7iq.ws": [PUBLIC]}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://straße.de/a?b=ß", "xn--strae-oqa.de"),
        ("http://xn--strae-oqa.de/", "xn--strae-oqa.de"),
        ("http://i❤.ws:8080/", "xn--i-7iq.ws"),
    ],
)
def test_the_name_that_is_resolved_is_the_one_that_is_meant(connections, url, host):
    asked = []
    answer = outbound.request("GET", url, resolver=names(OWNERS, asked))

    assert [host] == asked
    assert [PUBLIC] == [address[0] for address in connections]
    assert Fault.CONNECTION == answer.fault


@pytest.mark.parametrize(
    "url",
    [
        "http://ü..example/",
        "http://ü\uff0cb.example/",
        "http://ü@b.ü.example/",
        "http://\uff11\uff12\uff17.0.0.1/",
        "http://ü\n.example/",
        "http://[ü]/",
        "http://ü\uff0fb.example/",
    ],
)
def test_a_host_of_other_letters_is_judged_as_any_other(connections, url):
    """Credentials, line breaks, private addresses and what is no name are refused."""
    answer = outbound.request("GET", url, resolver=names(OWNERS))

    assert Answer(fault=Fault.REFUSED, detail=answer.detail) == answer
    assert [] == connections


def test_a_host_that_cannot_be_is_told_when_it_is_written():
    with pytest.raises(InvalidError, match="not a usable name") as refused:
        outbound.check("https://ü\uff0cb.example/", {}, frozenset(), field="actions.0")

    assert "actions.0.url" == refused.value.field
