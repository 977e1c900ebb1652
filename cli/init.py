"""`signalbox init`: the first account of a stack that was just deployed."""

from typing import Annotated

import typer

from cli.deployment import Deployment
from cli.errors import CommandError
from signalbox.model.errors import ConflictError


def init(
    deployment: Deployment,
    name: Annotated[str, typer.Option(help="Name of the account.")] = "Signalbox",
    actid: Annotated[str, typer.Option(help="Its id, nine digits; else a random one.")] = "",
    mail_from: Annotated[str, typer.Option(help="Sender of mails whose rule names none.")] = "",
    mail_from_name: Annotated[str, typer.Option(help="The name beside that sender.")] = "",
) -> None:
    """Create an account and its keys in a deployed stack, with AWS credentials."""
    from cli import accounts  # noqa: PLC0415 it loads what reaches DynamoDB

    with deployment.explained():
        try:
            made = accounts.create(
                deployment.variables,
                name=name,
                actid=actid,
                mail_from=mail_from,
                mail_from_name=mail_from_name,
            )
        except ConflictError as error:
            raise CommandError(
                f"Account {actid} exists already; if its keys are lost, `signalbox keys recover"
                f" --actid {actid}` makes a new one."
            ) from error
    answer = {**made, "api_url": deployment.api_url}
    if deployment.screen.is_json:
        deployment.screen.say(answer)
        return
    deployment.screen.facts(answer, answer.items())
    deployment.screen.say(answer, *_advice(answer))


def _advice(made: dict[str, str]) -> list[str]:
    url = made["api_url"]
    return [
        "",
        "The keys are shown this once: keep them now. Then, as a first try:",
        "",
        f"  curl -H 'Api-Token: {made['api_token']}' {url}/api/account",
        "",
        "and to let the commands find the stack:",
        "",
        f"  export SIGNALBOX_URL={url} SIGNALBOX_TOKEN={made['api_token']}",
        "  signalbox status",
    ]
