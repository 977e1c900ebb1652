"""Every change that a membership in a campaign or an opt-out list can go through."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.container import ContainerKind
from signalbox.model.container_membership import ContainerMembership, added, deleted

NOBODY = ContainerMembership("1", ContainerKind.EMAIL_CAMPAIGN, "8", "42")


def written(membership):
    """Return what is stored of a decision."""
    return replace(membership, version=membership.version + 1)


INSIDE = written(added(NOBODY, 5, contact_id="42", mailer_id="3"))


def test_who_is_added_is_inside_with_mailer_and_time():
    assert INSIDE.stands
    assert ("42", "3", 5, 0) == (
        INSIDE.contact_id,
        INSIDE.mailer_id,
        INSIDE.added_ms,
        INSIDE.deleted_ms,
    )


def test_who_is_inside_is_not_added_again():
    """The mailer that brought them stays."""
    assert INSIDE is added(INSIDE, 9, contact_id="42", mailer_id="4")


def test_a_deletion_is_of_the_mailer_that_asks_for_it_or_of_who_brought_the_contact():
    assert "3" == deleted(INSIDE, 9).mailer_id
    assert "4" == deleted(INSIDE, 9, mailer_id="4").mailer_id


def test_who_is_outside_is_not_deleted():
    outside = written(deleted(INSIDE, 9))

    assert NOBODY is deleted(NOBODY, 9)
    assert outside is deleted(outside, 10)


@given(st.lists(st.sampled_from(["add", "delete"]), max_size=12))
def test_the_last_wish_decides_whatever_came_before(wishes):
    """Repeats change nothing, so the number of writes is that of the changes of side."""
    standing = NOBODY
    for at_ms, wish in enumerate(wishes, start=1):
        if wish == "add":
            after = added(standing, at_ms, contact_id="42")
        else:
            after = deleted(standing, at_ms)
        standing = written(after) if after != standing else standing

    assert standing.stands == (wishes[-1:] == ["add"])
    sides = [False, *(wish == "add" for wish in wishes)]
    assert standing.version == sum(a != b for a, b in pairwise(sides))
