"""Placeholders are filled, and no value leaves its place."""

import json
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model import placeholder
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch
from signalbox.model.event import Event
from signalbox.model.placeholder import KNOWN, Form, in_body, in_header, in_url
from tests.store.things import rule

ADA = Contact(
    account_id="1",
    contact_id="7",
    email="ada@x.example",
    first_name="Ada",
    last_name="Lovelace",
    phone="030 123456",
    phone_number="+4930123456",
    external_id="x-1",
    fields={"COMPANY": "Babbage & Co"},
)
EVENT = Event(
    account_id="1",
    event_id="e1",
    name="bought",
    at_ms=1_795_254_840_123,
    received_ms=1_795_254_840_456,
    address="contact:7",
    value="a/b",
    properties={
        "price": 12.5,
        "list_id": "5",
        "mailer_id": "6",
        "tag_id": "8",
        "basket": [{"sku": "T-1"}],
        "nothing": None,
        "gift": True,
    },
)
DISPATCH = Dispatch("7", "9", 1, 0, EVENT)
SCENE = placeholder.scene_of(DISPATCH, ADA, rule(rule_id="9", name="thank"))
VALUES = {
    "email": "ada@x.example",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "full_name": "Ada Lovelace",
    "phone": "+4930123456",
    "external_id": "x-1",
    "contact_id": "7",
    "fields.TAG": "",
    "fields.COMPANY": "Babbage & Co",
    "contact.email": "ada@x.example",
    "contact.fields.COMPANY": "Babbage & Co",
    "event.name": "bought",
    "event.value": "a/b",
    "event.id": "e1",
    "event.kind": "",
    "event.at": "2026-11-21T09:54:00.123Z",
    "event.properties.NAME": "",
    "event.properties.price": "12.5",
    "event.properties.basket": '[{"sku":"T-1"}]',
    "event.properties.basket.0.sku": "T-1",
    "event.properties.basket.1.sku": "",
    "event.properties.basket.sku": "",
    "event.properties.price.deeper": "",
    "event.properties.nothing": "",
    "event.properties.gift": "true",
    "timestamp": "1795254840",
    "list_id": "5",
    "mailer_id": "6",
    "tag_id": "8",
    "rule_id": "9",
    "rule_name": "thank",
    "account_id": "1",
    "dispatch_id": DISPATCH.dispatch_id,
}


@pytest.mark.parametrize("name", VALUES)
def test_a_name_stands_for_its_value(name):
    assert placeholder.is_known(name)
    assert f"<{VALUES[name]}>" == in_body(f"<{{{name}}}>", SCENE, Form.TEXT)


def test_every_name_is_tried_here():
    assert set(KNOWN) <= set(VALUES)


@pytest.mark.parametrize("text", ["{}", "{ email }", '{"a": 1}', "{{}}", "{2}", "{email", "email}"])
def test_other_brackets_are_text(text):
    assert frozenset() == placeholder.names_in(text)
    assert text == in_body(text, SCENE, Form.TEXT)


def test_an_unknown_name_is_told_and_stays():
    assert {"emial", "event.foo", "contact.event.name"} == {
        name
        for name in placeholder.names_in("{emial}{email}{event.foo}{contact.event.name}")
        if not placeholder.is_known(name)
    }
    assert "{emial}" == in_body("{emial}", SCENE, Form.TEXT)


def scene(value):
    """Return a scene in which a contact chose its first name."""
    return {"first_name": value, "event": {"properties": {"x": value}}}


@given(st.text())
def test_a_value_is_not_read_again(value):
    assert value.join("<>") == in_body("<{first_name}>", scene(value), Form.TEXT)


@pytest.mark.parametrize("value", [".", "..", "..."])
def test_a_value_leads_to_no_other_place_in_a_url(value):
    """RFC 3986, 5.2.4: dots alone would be taken out of the path, with what is before them."""
    url = in_url("https://h.example/a/{first_name}/b?x={first_name}", scene(value))

    assert "https://h.example/a/{0}/b?x={0}".format("%2E" * len(value)) == url


@pytest.mark.parametrize(
    ("place", "found"), [("0", "T-1"), ("000000000", "T-1"), ("1", "null"), ("9" * 4301, "null")]
)
def test_a_place_in_a_list_may_be_any_number(place, found):
    """Where there is nothing, nothing is found."""
    name = f"{{event.properties.basket.{place}.sku}}"

    assert found == in_body(name, SCENE, Form.JSON).strip('"')


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_value_is_one_part_of_a_url(value):
    url = in_url("https://h.example/a/{first_name}/b?x={first_name}&y=1#end", scene(value))
    split = urlsplit(url)

    assert url.isascii()
    assert ("https", "h.example", "end") == (split.scheme, split.netloc, split.fragment)
    assert 4 == len(split.path.split("/"))
    assert {"x": [value], "y": ["1"]} == parse_qs(split.query, keep_blank_values=True)


@given(st.text())
def test_a_value_is_one_line_of_a_header(value):
    line = in_header("x {first_name}", scene(value))

    assert not [mark for mark in line if ord(mark) < 32 or 127 <= ord(mark) < 160]
    line.encode("utf-8")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON_VALUES)
def test_a_value_is_one_value_of_json(value):
    """Between quotation marks it is text, outside them a whole value; neither adds a member."""
    template = r'{"a \" b": "<{event.properties.x}>", "c": {event.properties.x}, "d": [{list_id}]}'

    read = json.loads(in_body(template, scene(value), Form.JSON))

    text = value if isinstance(value, str) else ""
    assert {'a " b', "c", "d"} == set(read)
    assert (value, [None]) == (read["c"], read["d"])
    if isinstance(value, str):
        assert f"<{text}>" == read['a " b']


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_value_is_one_value_of_a_form(value):
    body = in_body("x={first_name}&y=1", scene(value), Form.FORM)

    assert {"x": [value], "y": ["1"]} == parse_qs(body, keep_blank_values=True)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")))
def test_a_value_is_text_in_xml(value):
    body = in_body('<a b="{first_name}">{first_name}</a>', scene(value), Form.XML)

    element = ET.fromstring(body)  # noqa: S314 it is our own
    assert ({"b": value}, value) == (element.attrib, element.text or "")


@pytest.mark.parametrize(
    ("content_type", "form"),
    [
        ("application/json", Form.JSON),
        ("application/vnd.api+json; charset=utf-8", Form.JSON),
        ("APPLICATION/JSON", Form.JSON),
        ("application/x-www-form-urlencoded", Form.FORM),
        ("text/xml", Form.XML),
        ("application/soap+xml", Form.XML),
        ("text/plain", Form.TEXT),
        ("", Form.TEXT),
    ],
)
def test_the_content_type_says_how_values_are_encoded(content_type, form):
    assert form is placeholder.form_of(content_type)


@pytest.mark.parametrize(
    ("template", "valid"),
    [
        ('{"a": "{email}", "b": {event.properties.b}}', True),
        ("{email}", True),
        ('{"a": {email}', False),
        ("{'a': 1}", False),
        ('{"a": "x', False),
        ("[" * 100_000, False),
    ],
)
def test_a_template_is_json_or_not(template, valid):
    assert valid is placeholder.is_json(template)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("fields.COMPANY", "COMPANY"),
        ("contact.fields.COMPANY", "COMPANY"),
        ("email", ""),
        ("event.properties.fields.COMPANY", ""),
    ],
)
def test_a_name_says_which_custom_field_it_asks_for(name, field):
    assert field == placeholder.field_named(name)
