"""A part of a page: up to 25 messages, each claimed, looked at once more, sent and written down."""

import secrets
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

from signalbox import emf
from signalbox.model.message import LEASE_MS, Message, State, is_due
from signalbox.model.message_event import sent_event
from signalbox.model.sending import Deliver
from signalbox.queues import EVENTS, SENDS
from signalbox.store import mailing_pages, mailings
from signalbox.store.pace import SECOND_US

from . import pacing, scenes
from .attempts import Attempt, Fate, Tried, attempt
from .scenes import Scene

BUSY_S: Final = LEASE_MS // 1000 + 1  # until a claim has run out whose owner died


@dataclass(slots=True)
class Done:
    """What came of the contacts of a part.

    `messages` are settled. `busy` are with another worker, and `left` are to be tried again, in
    `delay_s` seconds.
    """

    messages: list[Message] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    delay_s: int = 0
    stopped: bool = False

    def add(self, contact_id: str, tried: Tried) -> None:
        """Note what came of one contact."""
        match tried.fate:
            case Fate.SETTLED if tried.message is not None:
                self.messages.append(tried.message)
            case Fate.BUSY:
                self.busy.append(contact_id)
            case _:
                self.left.append(contact_id)
        self.stopped = tried.fate is Fate.STOPPED
        self.delay_s = max(self.delay_s, tried.delay_s)


def deliver(part: Deliver, until: float) -> None:
    """Send what is due of a part; what is left when it is over is queued again.

    `until` (of `time.monotonic`) is when no further mail is begun. The part is closed once each of
    its contacts has a message that is settled. Before that the events of what was sent are queued,
    also of what an earlier worker sent that died in between. Of a mailing that was stopped nothing is
    queued but these: whoever resumes it lists everybody again. A mailing pauses one of whose opt-out
    lists is gone, for nobody knows whom it kept out.
    """
    scene = scenes.read(part)
    if scene is None:
        return
    if scene.sends and scene.missing:
        mailings.pause(part.account_id, part.mailing_id, scene.missing)
        scene = replace(scene, sends=False)
    done = Done([one for one in scene.messages.values() if _is_over(one, scene)])
    over = {one.contact_id for one in done.messages}
    due = [one for one in part.contact_ids if one not in over]
    if due and scene.sends:
        _send_all(scene, part, due, done, until)
    _tell(scene, part, done)
    if scene.sends and not done.stopped:
        _go_on(part, done)


def _is_over(message: Message, scene: Scene) -> bool:
    return message.is_terminal and not is_due(message, scene.mailing.retry_run)


def _send_all(scene: Scene, part: Deliver, due: list[str], done: Done, until: float) -> None:
    """Send one after the other, each in its slot, until the time is up or SES wants to rest."""
    slots = pacing.take(scene.mailing.container, len(due))
    if not slots.taken:
        done.left, done.delay_s = due, pacing.delay_until(slots.first_us)
        return
    this = Attempt(scene, part.run, secrets.token_hex(8))
    for number, contact_id in enumerate(due):
        if done.stopped or done.delay_s or _begins(slots.at(number)) >= until:
            done.left += due[number:]
            return
        pacing.wait_until(slots.at(number))
        done.add(contact_id, attempt(this, contact_id))


def _begins(slot_us: int) -> float:
    """Return when a slot begins, or now where it has begun, by the clock of `time.monotonic`."""
    return time.monotonic() + max(0.0, slot_us / SECOND_US - time.time())


def _tell(scene: Scene, part: Deliver, done: Done) -> None:
    """Queue the events of what was sent in this run, and count."""
    sent = [one for one in done.messages if one.state is State.SENT and one.run == part.run]
    if scene.mailing.track_dispatch and sent:
        EVENTS.put([sent_event(one, scene.mailing) for one in sent])
    emf.count(Counter(f"Messages{one.state.title()}" for one in done.messages), Function="send")


def _go_on(part: Deliver, done: Done) -> None:
    """Queue what is left of a part, or close it."""
    if done.left:
        SENDS.put([part.left_with(tuple(done.left))], delay_s=done.delay_s)
    if done.busy:
        SENDS.put([part.left_with(tuple(done.busy))], delay_s=BUSY_S)
    if not done.left and not done.busy:
        mailing_pages.close(part)
