"""Domains in ASCII are those of the owner who is meant."""

import subprocess
import sys

import idna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.model.address import email_address
from signalbox.model.domain_name import DomainError, ascii_domain
from signalbox.model.errors import InvalidError
from signalbox.model.header_words import in_ascii
from tests.template import ROOT

LABELS = st.text(st.characters(codec="utf-8", categories=["L", "M", "N", "S"]), max_size=8)


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("straße.de", "xn--strae-oqa.de"),
        ("STRASSE.ẞ.de", "strasse.xn--zca.de"),
        ("ελλάς.gr", "xn--hxarsa0b.gr"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("e\u0301.example", "xn--9ca.example"),
        ("日本。example", "xn--wgv71a.example"),
        ("क्\u200dष.example", "xn--11b2ezcw70k.example"),
        ("soft\u00adhyphen.example", "softhyphen.example"),
        ("i❤.ws", "xn--i-7iq.ws"),
        ("i❤\ufe0f.ws", "xn--i-7iq.ws"),
        ("a_b.ü.example.", "a_b.xn--tda.example."),
        ("xn--strae-oqa.ü.example", "xn--strae-oqa.xn--tda.example"),
        ("EXAMPLE.com", "EXAMPLE.com"),
        ("", ""),
    ],
)
def test_a_domain_in_ascii_is_the_one_that_browsers_ask_for(domain, expected):
    assert expected == ascii_domain(domain)


@pytest.mark.parametrize(
    "domain",
    [
        "\u00ad",
        "ü..example",
        "ü" * 64 + ".example",
        ".".join(["ü" * 9] * 20),
        "ü" * 100_000,
        "\u0301ü.example",
        "a\u200dü.example",
        "\u0661ü.example",
        "xn--ü.example",
        "ü\u2028.example",
        "ü example",
        "ü\ud800.example",
        "ü%2f.example",
        "ü\uff0cb.example",
        "ü\uff0fb.example",
        "ü\uff20b.example",
    ],
)
def test_a_name_that_no_domain_has_is_refused(domain):
    with pytest.raises(DomainError):
        ascii_domain(domain)


@given(LABELS)
@settings(max_examples=300, derandomize=True, deadline=None, database=None)
def test_what_idna_2008_allows_is_the_same_there(label):
    """Browsers allow more, as hearts, but never mean somebody else."""
    domain = f"ü{label}.example"
    try:
        expected = idna.encode(domain, uts46=True, std3_rules=True).decode()
    except idna.IDNAError:
        return

    assert expected == ascii_domain(domain)


def test_domains_in_ascii_need_no_tables_of_other_letters():
    """They are large, and a start of a hot function would wait for them."""
    program = (
        "import sys; from signalbox.model.address import email_address;"
        "email_address('ada@example.com'); print('idna' in sys.modules);"
        "email_address('ada@b\\u00fccher.example'); print('idna' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT / "layers" / "common")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ["False", "True"] == done.stdout.split()


@pytest.mark.parametrize("spelling", ["ada@straße.de", "ada@xn--strae-oqa.de", "ADA@STRAßE.DE"])
def test_an_address_is_that_of_its_owner(spelling):
    assert "email:ada@xn--strae-oqa.de" == email_address(spelling)


def test_a_header_names_the_owner_who_is_meant():
    field = in_ascii("from", "Ada Groß <ada@straße.de>")

    assert field.endswith(" <ada@xn--strae-oqa.de>")


def test_a_header_with_a_domain_that_cannot_be_is_refused():
    """A comma of another alphabet begins no second address."""
    with pytest.raises(InvalidError, match="ASCII"):
        in_ascii("reply-to", "ada@ü\uff0ceve.example")
