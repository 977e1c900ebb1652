"""The actions `put_event` and `start_execution`: hand the event to other services of AWS."""

from signalbox import aws, rendering
from signalbox.model.action import PutEvent, StartExecution
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, Outcome
from signalbox.model.rule import Rule

from .deferring import refused
from .result import Result, Settled

ENTRY_STATUSES = {"InternalFailure": 500, "InternalException": 500}


def put_event(action: PutEvent, dispatch: Dispatch, rule: Rule, contact: Contact) -> Result:
    """Put the event on a bus of EventBridge."""
    entry = rendering.bus_entry(action, dispatch, rule, contact)
    try:
        answer = aws.call("events", "PutEvents", Entries=[entry])
    except aws.AwsError as error:
        return refused(dispatch, error)
    (result,) = answer["Entries"]
    if answer.get("FailedEntryCount"):  # EventBridge refuses an entry with status 200
        code = str(result.get("ErrorCode", ""))
        status = ENTRY_STATUSES.get(code, 400)
        said = aws.AwsError(code, str(result.get("ErrorMessage", "")), status, {})
        return refused(dispatch, said)
    return Settled(Outcome.DONE, str(result.get("EventId", "")))


def start_execution(
    action: StartExecution, dispatch: Dispatch, rule: Rule, contact: Contact
) -> Result:
    """Start an execution; a repeat finds it started."""
    try:
        answer = aws.call(
            "stepfunctions",
            "StartExecution",
            **rendering.execution_of(action, dispatch, rule, contact),
        )
    except aws.AwsError as error:
        if error.code == "ExecutionAlreadyExists":
            return Settled(Outcome.DONE, dispatch.dispatch_id)
        return refused(dispatch, error)
    return Settled(Outcome.DONE, str(answer["executionArn"]))
