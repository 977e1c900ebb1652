"""A stack in AWS, as its owner sees it: `signalbox init`, and whatever needs AWS credentials."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

from cli.errors import CommandError, UnreachableError
from cli.screen import Screen
from cli.session import Json

OUTPUTS = {
    "CONTACTS_TABLE": "ContactsTable",
    "RULES_TABLE": "RulesTable",
    "TRACKING_TABLE": "TrackingTable",
    "EVENTS_QUEUE_URL": "EventsQueueUrl",
    "EVENTS_DEAD_LETTER_QUEUE_URL": "EventsDeadLetterQueueUrl",
    "ACTIONS_QUEUE_URL": "ActionsQueueUrl",
    "ACTIONS_DEAD_LETTER_QUEUE_URL": "ActionsDeadLetterQueueUrl",
    "SENDS_QUEUE_URL": "SendsQueueUrl",
    "SENDS_DEAD_LETTER_QUEUE_URL": "SendsDeadLetterQueueUrl",
    "CHANGES_DEAD_LETTER_QUEUE_URL": "ChangesDeadLetterQueueUrl",
}
"""The outputs of the CloudFormation stack by the variable that its functions know them as."""

StackName = Annotated[
    str,
    typer.Option("--stack-name", help="The CloudFormation stack.", rich_help_panel="Which stack"),
]
Region = Annotated[
    str,
    typer.Option(
        "--region",
        help="AWS region; else that of the AWS settings. Credentials are always theirs.",
        rich_help_panel="Which stack",
    ),
]


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployed stack: where its API is, and the variables that its tables and queues go by."""

    api_url: str
    variables: dict[str, str]
    screen: Screen

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what the store or AWS refuses into the command's own errors."""
        from signalbox.model.errors import SignalboxError  # noqa: PLC0415

        with _aws_explained():
            try:
                yield
            except SignalboxError as error:
                raise CommandError(_sentence(str(error))) from error


def open_deployment(
    *, stack_name: StackName = "signalbox", region: Region = "", is_json: Json = False
) -> Deployment:
    """Read the outputs of the stack.

    Raises:
        CommandError: there is no such stack, it is another's, or AWS refuses.
        UnreachableError: AWS did not answer.
    """
    if region:
        os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region
    outputs = _outputs(stack_name)
    missing = [output for output in (*OUTPUTS.values(), "ApiUrl") if output not in outputs]
    if missing:
        raise CommandError(
            f"The stack {stack_name} has no output {missing[0]}: it is not one of Signalbox."
        )
    variables = {variable: outputs[output] for variable, output in OUTPUTS.items()}
    return Deployment(outputs["ApiUrl"], variables, Screen(is_json))


def _outputs(stack_name: str) -> dict[str, str]:
    from signalbox import aws  # noqa: PLC0415 boto3 stands behind it

    with _aws_explained():
        found = aws.call("cloudformation", "DescribeStacks", StackName=stack_name)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found[0].get("Outputs", [])}


@contextmanager
def _aws_explained() -> Iterator[None]:
    from signalbox.awsjson import AwsError  # noqa: PLC0415 only where AWS is asked

    try:
        yield
    except AwsError as error:
        if not error.status:
            raise UnreachableError(f"AWS gave no answer: {_sentence(error.message)}") from error
        raise CommandError(f"AWS refuses: {_sentence(error.message)}") from error


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
