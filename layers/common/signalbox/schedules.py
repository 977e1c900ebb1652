"""What is due later than a queue can wait: EventBridge Scheduler, one schedule a dispatch's try.

A schedule's name is made from what it carries, so that making it again finds it made. It deletes
itself once it has fired.
"""

from datetime import UTC, datetime

from signalbox import aws
from signalbox.environment import environment
from signalbox.model.dispatch import Dispatch

SOONEST_MS = 60_000  # Scheduler keeps minutes, not seconds
GONE = "ResourceNotFoundException"


def put(dispatch: Dispatch, at_ms: int, *, now_ms: int) -> int:
    """Have the dispatch queued at that time, a minute from now at the soonest; return when."""
    due_ms = max(at_ms, now_ms + SOONEST_MS)
    due = datetime.fromtimestamp(due_ms / 1000, tz=UTC).replace(microsecond=0, tzinfo=None)
    env = environment()
    try:
        aws.call(
            "scheduler",
            "CreateSchedule",
            Name=f"{dispatch.dispatch_id}-{dispatch.attempt}",
            GroupName=env.schedule_group,
            ScheduleExpression=f"at({due.isoformat()})",
            ScheduleExpressionTimezone="UTC",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target={
                "Arn": env.actions_queue_arn,
                "RoleArn": env.scheduler_role_arn,
                "Input": dispatch.to_wire(),
            },
        )
    except aws.AwsError as error:
        if error.code != "ConflictException":
            raise
    return due_ms


def forget(account_id: str, contact_id: str) -> None:
    """Delete what is scheduled for a contact, for it carries what the contact did.

    Another account's contact may have the same id, so each is looked into before it goes.
    """
    for name in _names(f"{contact_id}-"):
        due = _dispatch(name)
        if due is not None and due.account_id == account_id:
            _delete(name)


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
