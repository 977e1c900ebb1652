"""Clicks that could not be led on, as nobody could read where the link leads.

Such a click says no `url`, and is looked at some minutes late. Where its visitor has clicked that
link again meanwhile it is nothing of its own: a visit is one click. Where nobody came back it counts,
for losing a click would be worse than counting one twice.
"""

from collections.abc import Mapping, Sequence

from signalbox.model.event import Event
from signalbox.model.hit import HitKind
from signalbox.store.hits import HOUR_MS, CountedHit, standing_of
from signalbox.store.table import Item, Key


def is_unled(event: Event) -> bool:
    """Tell whether a hit is a click that could not be led on."""
    return event.kind == HitKind.CLICK and "url" not in event.properties


def repeated(
    events: Sequence[Event], counted: Mapping[int, CountedHit], items: Mapping[Key, Item]
) -> list[int]:
    """Return which of a batch's clicks were not led on and came again: of those, all but the first.

    Hits go by the number of their event. What was counted tells the hour alone, so a click on that
    link earlier in the hour is taken for the repetition, too.
    """
    numbers = [number for number in counted if is_unled(events[number])]
    if not numbers:
        return []
    led = [counted[number] for number in counted.keys() - set(numbers)]
    found = []
    for number in sorted(numbers, key=lambda one: counted[one].at_ms):
        hit = counted[number]
        standing = standing_of(items.get(hit.key))
        others = standing.human if hit.is_human else standing.machine
        others |= {one.text for one in led if (one.key, one.is_human) == (hit.key, hit.is_human)}
        if any(_is_same_click(hit, text) for text in others):
            found.append(number)
        led.append(hit)
    return found


def _is_same_click(hit: CountedHit, text: str) -> bool:
    """Tell whether another's text is that of a click on the same link, about when this one was."""
    later = hit._replace(at_ms=hit.at_ms + HOUR_MS)
    abouts = {one.text.rpartition(".")[0] for one in (hit, later)}
    return text != hit.text and text.rpartition(".")[0] in abouts
