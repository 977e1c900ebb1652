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
    content_bucket: str
    events_queue_url: str
    events_dead_letter_queue_url: str
    actions_queue_url: str
    actions_dead_letter_queue_url: str
    changes_dead_letter_queue_url: str
    rollup_dead_letter_queue_url: str
    actions_queue_arn: str
    actions_dead_letter_queue_arn: str
    sends_queue_url: str
    sends_dead_letter_queue_url: str
    sends_queue_arn: str
    sends_dead_letter_queue_arn: str
    schedule_group: str
    scheduler_role_arn: str
    webhook_allowed_hosts: frozenset[str]
    feedback_queue_url: str
    feedback_dead_letter_queue_url: str
    feedback_topic_arn: str
    feedback_certificate_origin: str
    mail_configuration_set: str
    sms_origination_identity: str
    mail_rate: float
    unsubscribe_mailbox: str
    dispatch_threads: int
    token_keys: str
    public_url: str

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
            content_bucket=env.get("CONTENT_BUCKET", ""),
            events_queue_url=required("EVENTS_QUEUE_URL"),
            events_dead_letter_queue_url=required("EVENTS_DEAD_LETTER_QUEUE_URL"),
            actions_queue_url=required("ACTIONS_QUEUE_URL"),
            actions_dead_letter_queue_url=required("ACTIONS_DEAD_LETTER_QUEUE_URL"),
            changes_dead_letter_queue_url=required("CHANGES_DEAD_LETTER_QUEUE_URL"),
            rollup_dead_letter_queue_url=required("ROLLUP_DEAD_LETTER_QUEUE_URL"),
            actions_queue_arn=env.get("ACTIONS_QUEUE_ARN", ""),
            actions_dead_letter_queue_arn=env.get("ACTIONS_DEAD_LETTER_QUEUE_ARN", ""),
            sends_queue_url=required("SENDS_QUEUE_URL"),
            sends_dead_letter_queue_url=required("SENDS_DEAD_LETTER_QUEUE_URL"),
            sends_queue_arn=env.get("SENDS_QUEUE_ARN", ""),
            sends_dead_letter_queue_arn=env.get("SENDS_DEAD_LETTER_QUEUE_ARN", ""),
            schedule_group=env.get("SCHEDULE_GROUP", ""),
            scheduler_role_arn=env.get("SCHEDULER_ROLE_ARN", ""),
            webhook_allowed_hosts=frozenset(host.strip() for host in hosts if host.strip()),
            feedback_queue_url=env.get("FEEDBACK_QUEUE_URL", ""),
            feedback_dead_letter_queue_url=env.get("FEEDBACK_DEAD_LETTER_QUEUE_URL", ""),
            feedback_topic_arn=env.get("FEEDBACK_TOPIC_ARN", ""),
            feedback_certificate_origin=env.get("FEEDBACK_CERTIFICATE_ORIGIN", ""),
            mail_configuration_set=env.get("MAIL_CONFIGURATION_SET", ""),
            sms_origination_identity=env.get("SMS_ORIGINATION_IDENTITY", ""),
            mail_rate=float(env.get("MAIL_RATE") or 0),
            unsubscribe_mailbox=env.get("UNSUBSCRIBE_MAILBOX", ""),
            dispatch_threads=int(env.get("DISPATCH_THREADS", "10")),
            token_keys=env.get("TOKEN_KEYS", ""),
            public_url=env.get("PUBLIC_URL", "").rstrip("/"),
        )


@cache
def environment() -> Environment:
    """Return the settings of this process."""
    return Environment.from_env(os.environ)
