"""Whatever people do in whatever order, nobody is active without a yes of their own."""

import itertools
from datetime import UTC, datetime, timedelta

import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalbox.store import contacts
from tests.sign_ups import ACTIVE, START, Desk

STEPS = st.lists(
    st.one_of(
        st.sampled_from(["sign_up", "look", "unsubscribe", "wait_a_little", "wait_for_long"]),
        st.integers(0, 5),
    ),
    max_size=12,
)

NUMBERS = itertools.count(1)  # every example has a list and a person of its own


class Person:
    """Somebody at a desk, and what may be known of their will from what they did."""

    def __init__(self, desk, address, clock) -> None:
        self.desk, self.address, self.clock = desk, address, clock
        self.now = datetime.now(tz=UTC)
        self.mailed_before = len(desk.links())
        self.holding: dict[str, datetime] = {}
        self.active = False

    def links(self) -> list[str]:
        """Return the links of this person's mails."""
        return self.desk.links()[self.mailed_before :]

    def sign_up(self) -> None:
        """Send the form; a stranger's is a yes where the list asks for no more."""
        known = len(self.links())
        is_stranger = self.desk.membership(self.address) is None
        self.desk.sign_up(self.address)
        if is_stranger and not self.desk.list.double_opt_in:
            self.active = True
        self.holding |= dict.fromkeys(self.links()[known:], self.now)

    def look(self) -> None:
        """Open every link, as a scanner does."""
        for link in self.links():
            self.desk.ask("GET", link)

    def unsubscribe(self) -> None:
        """Opt out, which ends every link, where there is somebody to opt out."""
        if contacts.id_at(self.desk.account_id, f"email:{self.address}"):
            self.desk.unsubscribe(self.address)
            self.active, self.holding = False, {}

    def wait_a_little(self) -> None:
        """Let the time between two mails pass."""
        self._wait(timedelta(minutes=11))

    def wait_for_long(self) -> None:
        """Let nearly all the time pass that a link holds."""
        self._wait(timedelta(days=6, hours=23, minutes=45))

    def confirm(self, number) -> None:
        """Press the button behind the link of a mail, if there is such a mail."""
        for link in self.links()[number : number + 1]:
            self.desk.ask("POST", link)
            if link in self.holding and self.now - self.holding[link] < timedelta(days=7):
                self.active = True

    def _wait(self, passing) -> None:
        self.now += passing
        self.clock.move_to(self.now)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS, double_opt_in=st.booleans())
def test_nobody_is_active_without_a_yes_of_their_own(account, cloud, steps, double_opt_in):
    """Whatever comes in whatever order: only a POST of a link that still holds confirms.

    A number in the steps confirms by that mail's link. A link holds for seven days and until the
    next opt-out.
    """
    number = next(NUMBERS)
    desk = Desk(account, cloud, list_id=f"9{number}", double_opt_in=double_opt_in)
    # Ids are made of the time and of random numbers, which are the same ones for every example.
    start = START + timedelta(milliseconds=number)
    with time_machine.travel(start, tick=False) as clock:
        person = Person(desk, f"p{number}@signalbox.example", clock)
        for step in steps:
            if isinstance(step, int):
                person.confirm(step)
            else:
                getattr(person, step)()

            assert person.active is (desk.status(person.address) is ACTIVE)
