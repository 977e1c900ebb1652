"""Addresses: whoever is reached by a spelling is found by it."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signalbox.model.address import contact_address, email_address
from signalbox.model.errors import InvalidError
from signalbox.people import checked_email

LETTERS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12
)
DOMAINS = st.one_of(
    st.sampled_from(
        [
            "example.com",
            "EXAMPLE.com",
            "a.b-c.example",
            "bücher.example",
            "BÜCHER.example",
            "xn--bcher-kva.example",
            "faß.example",
            "ΣΊΣΥΦΟΣ.example",
            "日本。example",
            "e\u0301.example",
        ]
    ),
    LETTERS.map(lambda label: f"{label}.example"),
)
EMAILS = st.builds(lambda local, domain: f"{local}@{domain}", LETTERS, DOMAINS)


@pytest.mark.parametrize(
    ("spelling", "address"),
    [
        ("ada@example.com", "email:ada@example.com"),
        ("  Ada@Example.COM \n", "email:ada@example.com"),
        ("ada+tag@example.com", "email:ada+tag@example.com"),
        ("ada@bücher.example", "email:ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "email:ada@xn--bcher-kva.example"),
        ("jo\u0065\u0308l@example.com", "email:jo\u00ebl@example.com"),
        ("J\u030c@example.com", "email:\u01f0@example.com"),
        ('"a@b"@example.com', 'email:"a@b"@example.com'),
    ],
)
def test_spellings_that_reach_the_same_person_are_one_address(spelling, address):
    assert address == email_address(spelling)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "a da@example.com",
        "ada@exa mple.com",
        "ada\x00@example.com",
        "a" * 65 + "@example.com",
        "ada@" + "a" * 250 + ".example",
        "ada@ü..example",
        "ada@" + "ü" * 64 + ".example",
        "ada@\u00ad\u00fc\u2028.example",
    ],
)
def test_what_nobody_can_have_is_refused_by_its_field(text):
    with pytest.raises(InvalidError) as refused:
        email_address(text, field="visit.email")

    assert "visit.email" == refused.value.field


@given(EMAILS)
@example("J\u030c@example.com")
@example("\u0130@example.com")
@settings(max_examples=200, derandomize=True, deadline=None, database=None)
def test_normalising_twice_changes_nothing(email):
    """What is written as an address reads as the same address."""
    try:
        address = email_address(email)
    except InvalidError:
        return

    assert address == email_address(address.removeprefix("email:"))


@given(EMAILS)
@example("ada@faß.example")
@example("J\u030c@example.com")
@example("\u0130@ΣΊΣΥΦΟΣ.example")
@settings(max_examples=300, derandomize=True, deadline=None, database=None)
def test_a_contact_is_found_by_the_spelling_it_was_created_with(email):
    """The address of what `checked_email` writes down is that of what was sent."""
    try:
        written = checked_email(email)
    except InvalidError:
        return

    assert email_address(written) == email_address(email)


@given(EMAILS)
@settings(max_examples=200, derandomize=True, deadline=None, database=None)
def test_forms_that_the_validator_knows_are_the_same_address(email):
    """The ASCII form of a valid address, where it has one, and its upper case, reach the same."""
    try:
        found = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return
    forms = {found.normalized, f"{found.local_part}@{found.ascii_domain}"}

    assert {email_address(email)} == {email_address(form) for form in forms}


@pytest.mark.parametrize("contact_id", ["1", "0", "9007199254740991"])
def test_a_contact_is_addressed_by_its_id(contact_id):
    assert f"contact:{contact_id}" == contact_address(contact_id)


@pytest.mark.parametrize(
    "contact_id", ["", "-1", "1.0", "²", "\u0661", "1" * 17, " 1", "1#contact#2"]
)
def test_what_is_no_number_is_no_contact(contact_id):
    with pytest.raises(InvalidError, match="is not a contact id"):
        contact_address(contact_id)
