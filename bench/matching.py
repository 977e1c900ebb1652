"""Deciding what an event sets off, in accounts with few and with very many rules."""

import timeit
from collections.abc import Callable

from bench import world
from bench.figures import Figure, compared
from bench.metering import Meter
from signalbox.model.matching import tracked
from signalbox.model.trigger import asked
from signalbox.store import waking

SIZES = (10, 1_000, 100_000)
REPEATS = 15
EVENTS = 1_000


def figures() -> list[Figure]:
    """Measure the decision with the rules in memory, and after the configuration moved."""
    remembered: dict[int, list[float]] = {}
    read: dict[int, list[float]] = {}
    for size in SIZES:
        meter = Meter(world.World())
        with world.answering(meter):
            world.settle()
            world.add_rules(size)
            meter.reset()
            remembered[size] = _rounds(lambda: _decide(1), EVENTS)
            read[size] = _rounds(_decide_anew, EVENTS)
            if meter.total != 2 + 2 * EVENTS * REPEATS:
                raise RuntimeError(f"{meter.total} reads: more than two each time")
    few = SIZES[0]
    return [
        compared(
            f"matching with {size:,} rules, {how}",
            spent[size],
            spent[few],
            unit="µs",
            against=f"{few} rules",
        )
        for how, spent in (("remembered", remembered), ("read again", read))
        for size in SIZES[1:]
    ]


def _decide(version: int) -> None:
    event = world.event(1, name="name 0")
    (place,) = asked(event)
    partition = waking.partition(event.account_id, place)
    tracked(event, "1", waking.look_up({partition: version})[partition])


def _decide_anew() -> None:
    """Decide as after a change of the configuration: what was remembered is read again."""
    waking.forget()
    _decide(1)


def _rounds(work: Callable[[], None], times: int) -> list[float]:
    """Return the microseconds of one piece of work, in each round."""
    return [spent / times * 1e6 for spent in timeit.repeat(work, number=times, repeat=REPEATS)]
