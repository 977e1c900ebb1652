"""`sam deploy` of a build to the emulator, when what is deployed differs.

What was deployed last is noted in the emulator itself, beside the stack, so that the note is as old as
the stack when the emulator comes back with older data, or with none.
"""

from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from local.build import overrides, sam_environment
from local.errors import StackError
from local.processes import SAM, run_to_end
from local.stack import CREDENTIALS, REGION, STACK_NAME
from signalbox.model.domain_name import ascii_domain

NOTE = "/signalbox/local/deployed"
BROKEN = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})
DELETED = "does not exist"


class Deployment:
    """The CloudFormation stack in the emulator at `endpoint_url`."""

    def __init__(self, endpoint_url: str) -> None:
        """Prepare; nothing is called yet."""
        self.endpoint_url = endpoint_url
        self.session = boto3.Session(
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )

    def client(self, service: str) -> Any:
        """A client of one AWS service of the emulator."""
        return self.session.client(service, endpoint_url=self.endpoint_url)

    def description(self) -> dict[str, Any] | None:
        """The stack as CloudFormation describes it, or None when there is none."""
        try:
            found = self.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"]
        except ClientError as error:
            if DELETED in str(error):
                return None
            raise
        return dict(found[0]) if found else None

    def is_current(self, wanted: str) -> bool:
        """Whether what is deployed is what is wanted."""
        try:
            note = self.client("ssm").get_parameter(Name=NOTE)
        except ClientError:
            return False
        return bool(note["Parameter"]["Value"] == wanted)

    def deploy(self, build: Path, values: dict[str, str], log: Path) -> bool:
        """Deploy a build with the template's parameters; whether there was anything to do.

        Raises:
            StackError: it failed; `log` says why.
        """
        wanted = " ".join([build.name, *(f"{key}={value}" for key, value in values.items())])
        if self.is_current(wanted):
            return False
        self.remove_broken()
        command = [
            *(str(SAM), "deploy", "--template-file", str(build / "template.yaml")),
            *("--stack-name", STACK_NAME, "--region", REGION, "--resolve-s3"),
            *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"),
            *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
            *overrides(values),
        ]
        environment = {
            **sam_environment(build.parent),
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            # Seconds between two looks at the change set; SAM's own are made for AWS.
            "SAM_CLI_POLL_DELAY": "0.2",
        }
        run_to_end(command, environment=environment, log=log)
        self.client("ssm").put_parameter(Name=NOTE, Value=wanted, Type="String", Overwrite=True)
        return True

    def remove_broken(self) -> None:
        """Delete a stack whose creation failed: CloudFormation cannot update it."""
        description = self.description()
        if description and description["StackStatus"] in BROKEN:
            cloudformation = self.client("cloudformation")
            cloudformation.delete_stack(StackName=STACK_NAME)
            cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=STACK_NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )

    def outputs(self) -> dict[str, str]:
        """The outputs of the stack.

        Raises:
            StackError: there is no stack.
        """
        description = self.description()
        if description is None:
            raise StackError("The stack is not deployed: clear the data with `make reset`.")
        return {o["OutputKey"]: o["OutputValue"] for o in description.get("Outputs", [])}

    def verify_sender(self, address: str) -> None:
        """Let the domain of an address send mail; in the emulator any domain is verified at once."""
        domain = ascii_domain(address.rpartition("@")[2].strip("> "))
        try:
            self.client("sesv2").create_email_identity(EmailIdentity=domain)
        except ClientError as error:
            if error.response["Error"]["Code"] != "AlreadyExistsException":
                raise
