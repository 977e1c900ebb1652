"""The running stack, as `stack.json` tells it to programs.

While a stack is up, `.signalbox/stack.json` holds its addresses, its demo account's keys and the names
of its tables and queues; when it ends the file goes.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from local.errors import StackError
from local.home import Home, read_json, write_json

REGION = "us-east-1"
STACK_NAME = "signalbox"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}
"""What the emulator takes for credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Where a running stack is.

    Attributes:
        api_url: base URL of the HTTP API, for any client: `{api_url}/event`, `{api_url}/api/3/…`.
        console_url: the web console; None when the stack has none.
        receiver_url: the webhook receiver; POST records, GET lists, DELETE clears.
        mailbox_url: the mails that were sent; GET lists, DELETE clears.
        aws_endpoint_url: the emulator's AWS endpoint.
        region: the AWS region that it plays.
        stack_name: the CloudFormation stack.
        tables: DynamoDB table names by `contacts`, `rules`, `tracking`.
        queues: SQS queue URLs by `events`, `events_dead_letters`, `actions`, …
        outputs: every output of the CloudFormation stack.
        pid: the process to end; it ends all others.
        emulator_pid: the process of the emulator.
        actid: id of the demo account.
        event_key: its key for sending events.
        api_token: the token of its global admin.
    """

    api_url: str
    receiver_url: str
    mailbox_url: str
    aws_endpoint_url: str
    pid: int
    emulator_pid: int
    region: str = REGION
    stack_name: str = STACK_NAME
    console_url: str | None = None
    tables: dict[str, str] = field(default_factory=dict)
    queues: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    actid: str = ""
    event_key: str = ""
    api_token: str = ""

    @classmethod
    def read(cls, home: Home) -> Self:
        """The stack that runs in `home`.

        Raises:
            StackError: none does.
        """
        kept = read_json(home.stack_file)
        if not isinstance(kept, dict):
            raise StackError("Signalbox is not running: start it with `make run` or `make up`.")
        return cls(**kept)

    def write(self, home: Home) -> None:
        """Tell programs; what the stack does not have is left out."""
        write_json(home.stack_file, {k: v for k, v in asdict(self).items() if v is not None})

    def environment(self) -> dict[str, str]:
        """The environment of a program that works on the stack as its functions do.

        Credentials, region and endpoint for the AWS SDK, and each output as functions know it:
        `ContactsTable` as `CONTACTS_TABLE`, `EventsQueueUrl` as `EVENTS_QUEUE_URL`.
        """
        resources = {snake(name).upper(): value for name, value in self.outputs.items()}
        return {**resources, **CREDENTIALS, "AWS_ENDPOINT_URL": self.aws_endpoint_url}


def named(outputs: dict[str, str], suffix: str) -> dict[str, str]:
    """The outputs whose names end in `suffix`, by the rest of their names.

    `EventsDeadLetterQueueUrl` is `events_dead_letters` among those that end in `QueueUrl`.
    """
    found: dict[str, str] = {}
    for name, value in outputs.items():
        if name.endswith(suffix):
            words = snake(name.removesuffix(suffix))
            found[words + "s" if words.endswith("_dead_letter") else words] = value
    return found


def snake(name: str) -> str:
    """`DeadLetter` as `dead_letter`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def described(outputs: dict[str, str]) -> dict[str, Any]:
    """What a stack's outputs tell of `Stack`'s fields."""
    return {
        "tables": named(outputs, "Table"),
        "queues": named(outputs, "QueueUrl"),
        "console_url": outputs.get("ConsoleUrl"),
        "outputs": outputs,
    }
