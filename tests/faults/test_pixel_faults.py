"""The pixel, broken at every call that it makes: its reader is answered as ever."""

from typing import Any

import pytest

from functions.pixel import app as pixel
from tests.cloud import forget
from tests.faults import sites
from tests.faults.enumerator import Break, Death, Mode
from tests.faults.world import World
from tests.hits import TARGET, at, clicking, mailing_with, opening, texted, texts_with

REQUESTS = {"open": opening, "click": clicking, "text-click": texted}
CASES = [
    pytest.param(name, site, mode, id=f"{name}-{site}-{mode}")
    for name in REQUESTS
    for site in sites.known().get(name, [])
    for mode in sites.modes(site)
]
LOSING = {Mode.DIE_BEFORE, Mode.THROTTLE, Mode.SERVER_ERROR}
DYING = {Mode.DIE_BEFORE, Mode.DIE_AFTER}
UNTOLD = {Mode.THROTTLE, Mode.SERVER_ERROR}


def ask(world: World, name: str) -> dict[str, Any] | None:
    """Let Ada open her mail, or follow a link; None where the process dies."""
    (texts_with if name == "text-click" else mailing_with)("personal")
    world.calls.function = "pixel"
    try:
        return pixel.handler(at(REQUESTS[name](world.ada.contact_id), "hit"), None)
    except Death:
        forget()
        return None
    finally:
        world.calls.function, world.calls.dead = "", False


@pytest.mark.parametrize("name", REQUESTS)
def test_every_call_site_is_enumerated(name, world):
    """A call that is not in sites.json fails here, so that no call stays untried."""
    world.begin()
    ask(world, name)

    sites.check(name, [call.site for call in world.calls.calls])


@pytest.mark.parametrize(("name", "site", "mode"), CASES)
def test_the_reader_is_answered_and_the_hit_is_on_the_record_once_at_most(name, site, mode, world):
    """Lost is only what the queue did not take; what it took twice is one.

    A text's reader is asked to come again where the table does not say where the link leads.
    """
    world.begin()
    usual = ask(world, name)
    (number,) = [number for number, call in enumerate(world.calls.calls) if str(call.site) == site]

    world.begin(Break(number, mode))
    answer = ask(world, name)
    world.clock.shift(60)
    world.drain()
    kept = [key for key in world.state().other if "|change#" in key]
    is_read = ":GetItem:" in site
    if is_read and mode in UNTOLD:
        assert answer is not None
        assert (503, None) == (answer["statusCode"], answer["headers"].get("Location"))
    else:
        assert answer == (None if mode in DYING else usual)
    assert (0 if mode in (DYING if is_read else LOSING) else 1) == len(kept)


def test_a_click_leads_on_without_the_queue(world):
    world.begin(Break(0, Mode.SERVER_ERROR))
    answer = ask(world, "click")

    assert answer is not None
    assert TARGET == answer["headers"]["Location"]
