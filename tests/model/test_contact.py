"""Contacts' ids."""

from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.model.address import contact_address
from signalbox.model.contact import EPOCH_MS, new_contact_id


@given(st.integers(EPOCH_MS, EPOCH_MS + 68 * 365 * 86_400_000), st.integers(0, 2**64))
@settings(max_examples=100, derandomize=True, deadline=None, database=None)
def test_every_id_is_an_address(now_ms, entropy):
    """Whatever time and chance give, the id can be asked for and JavaScript reads it exactly."""
    contact_id = new_contact_id(now_ms, entropy)

    assert f"contact:{contact_id}" == contact_address(contact_id)
    assert int(contact_id) == int(float(contact_id))
