"""What the five kinds of containers hold."""

import pytest

from signalbox.model.container import CAMPAIGNS, OPT_OUT_LISTS, ContainerKind
from signalbox.model.trigger import Level


@pytest.mark.parametrize(
    ("kind", "contact_kind"),
    [
        (ContainerKind.LIST, ""),
        (ContainerKind.EMAIL_CAMPAIGN, "email"),
        (ContainerKind.SMS_CAMPAIGN, "phone"),
        (ContainerKind.EMAIL_OPT_OUT_LIST, "email"),
        (ContainerKind.PHONE_OPT_OUT_LIST, "phone"),
    ],
)
def test_a_kind_holds_contacts_of_one_kind_of_address_and_a_list_of_either(kind, contact_kind):
    assert contact_kind == kind.contact_kind


def test_each_kind_but_the_list_is_a_level_and_the_other_way_round():
    """A rule at a campaign or opt-out list is at the level of that name."""
    own = {kind for kind in ContainerKind if kind is not ContainerKind.LIST}

    assert set(map(str, own)) == set(map(str, Level)) - {"project"}
    assert own == {*CAMPAIGNS, *OPT_OUT_LISTS}
    assert 4 == len(CAMPAIGNS) + len(OPT_OUT_LISTS)
