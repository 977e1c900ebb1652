"""What is due later than a queue can wait: EventBridge Scheduler.

One schedule a dispatch's try, and one a mailing's start. A schedule's name is made from what it
carries, so that making it again finds it made. It deletes itself once it has fired. What Scheduler
cannot queue, however often it tries within a day, it puts to the dead letters of the same queue.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from signalbox import aws
from signalbox.environment import environment
from signalbox.model.dispatch import Dispatch
from signalbox.model.sending import Start

SOONEST_MS = 60_000  # Scheduler keeps minutes, not seconds
GONE = "ResourceNotFoundException"


def put(dispatch: Dispatch, at_ms: int, *, now_ms: int) -> int:
    """Have the dispatch queued at that time, a minute from now at the soonest; return when."""
    due_ms = max(at_ms, now_ms + SOONEST_MS)
    name = f"{dispatch.dispatch_id}-{dispatch.attempt}"
    env = environment()
    to = _Target(env.actions_queue_arn, env.actions_dead_letter_queue_arn)
    _put(name, due_ms, to, dispatch.to_wire())
    return due_ms


def put_start(start: Start, *, now_ms: int) -> int:
    """Have the start of a mailing queued at its time, a minute from now at the soonest; return when."""
    due_ms = max(start.at_ms, now_ms + SOONEST_MS)
    env = environment()
    to = _Target(env.sends_queue_arn, env.sends_dead_letter_queue_arn)
    _put(_name_of(start), due_ms, to, start.to_wire())
    return due_ms


def drop_start(start: Start) -> None:
    """Delete what `put_start` made; one that fires nevertheless finds the mailing moved."""
    _delete(_name_of(start))


def forget(account_id: str, contact_id: str) -> None:
    """Delete what is scheduled for a contact, for it carries what the contact did.

    Another account's contact may have the same id, so each is looked into before it goes.
    """
    for name in _names(f"{contact_id}-"):
        due = _dispatch(name)
        if due is not None and due.account_id == account_id:
            _delete(name)


def _name_of(start: Start) -> str:
    return f"mailing-{start.account_id}-{start.mailing_id}-{start.at_ms}"


class _Target(NamedTuple):
    """Where Scheduler queues a message, and where it puts one that it cannot queue."""

    queue_arn: str
    dead_letters_arn: str


def _put(name: str, due_ms: int, to: _Target, message: str) -> None:
    due = datetime.fromtimestamp(due_ms / 1000, tz=UTC).replace(microsecond=0, tzinfo=None)
    env = environment()
    try:
        aws.call(
            "scheduler",
            "CreateSchedule",
            Name=name,
            GroupName=env.schedule_group,
            ScheduleExpression=f"at({due.isoformat()})",
            ScheduleExpressionTimezone="UTC",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target={
                "Arn": to.queue_arn,
                "RoleArn": env.scheduler_role_arn,
                "Input": message,
                "DeadLetterConfig": {"Arn": to.dead_letters_arn},
            },
        )
    except aws.AwsError as error:
        if error.code != "ConflictException":
            raise


def _names(prefix: str) -> list[str]:
    names: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = aws.call(
            "scheduler",
            "ListSchedules",
            GroupName=environment().schedule_group,
            NamePrefix=prefix,
            **more,
        )
        names += [one["Name"] for one in page["Schedules"] if one["Name"].startswith(prefix)]
        if not page.get("NextToken"):
            return names
        more = {"NextToken": page["NextToken"]}


def _dispatch(name: str) -> Dispatch | None:
    """Return what is scheduled; None where it has just fired."""
    try:
        found = aws.call(
            "scheduler", "GetSchedule", Name=name, GroupName=environment().schedule_group
        )
    except aws.AwsError as error:
        if error.code != GONE:
            raise
        return None
    return Dispatch.from_wire(found["Target"]["Input"])


def _delete(name: str) -> None:
    try:
        aws.call("scheduler", "DeleteSchedule", Name=name, GroupName=environment().schedule_group)
    except aws.AwsError as error:
        if error.code != GONE:
            raise
