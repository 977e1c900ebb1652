"""What a function is told by its environment, read once.

`template.yaml` sets every variable; `docs/operations.md` lists them.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple


class MissingVariableError(RuntimeError):
    """The environment lacks a variable that Signalbox cannot do without."""


class Environment(NamedTuple):
    """Names of the stack's resources and the settings of its operator."""

    contacts_table: str
    rules_table: str
    tracking_table: str
    events_queue_url: str
    events_dead_letter_queue_url: str
    actions_queue_url: str
    actions_dead_letter_queue_url: str
    changes_dead_letter_queue_url: str
    actions_queue_arn: str
    schedule_group: str
    scheduler_role_arn: str
    webhook_allowed_hosts: frozenset[str]
    mail_configuration_set: str
    sms_origination_identity: str
    dispatch_threads: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Environment":
        """Read the variables; raise `MissingVariableError` with the name of the first that lacks."""

        def required(name: str) -> str:
            if name not in env:
                raise MissingVariableError(f"the environment variable {name} is not set")
            return env[name]

        hosts = env.get("WEBHOOK_ALLOWED_HOSTS", "").split(",")
        return cls(
            contacts_table=required("CONTACTS_TABLE"),
            rules_table=required("RULES_TABLE"),
            tracking_table=required("TRACKING_TABLE"),
            events_queue_url=required("EVENTS_QUEUE_URL"),
            events_dead_letter_queue_url=required("EVENTS_DEAD_LETTER_QUEUE_URL"),
            actions_queue_url=required("ACTIONS_QUEUE_URL"),
            actions_dead_letter_queue_url=required("ACTIONS_DEAD_LETTER_QUEUE_URL"),
            changes_dead_letter_queue_url=required("CHANGES_DEAD_LETTER_QUEUE_URL"),
            actions_queue_arn=env.get("ACTIONS_QUEUE_ARN", ""),
            schedule_group=env.get("SCHEDULE_GROUP", ""),
            scheduler_role_arn=env.get("SCHEDULER_ROLE_ARN", ""),
            webhook_allowed_hosts=frozenset(host.strip() for host in hosts if host.strip()),
            mail_configuration_set=env.get("MAIL_CONFIGURATION_SET", ""),
            sms_origination_identity=env.get("SMS_ORIGINATION_IDENTITY", ""),
            dispatch_threads=int(env.get("DISPATCH_THREADS", "10")),
        )


@cache
def environment() -> Environment:
    """Return the settings of this process."""
    return Environment.from_env(os.environ)
