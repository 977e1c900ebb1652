"""What is due later than a queue can wait: EventBridge Scheduler, one schedule a dispatch's try.

A schedule's name is made from what it carries, so that making it again finds it made. It deletes
itself once it has fired.
"""

from datetime import UTC, datetime

from signalbox import aws
from signalbox.environment import environment
from signalbox.model.dispatch import Dispatch

SOONEST_MS = 60_000  # Scheduler keeps minutes, not seconds


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
