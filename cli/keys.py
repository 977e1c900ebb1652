"""`signalbox keys`: API tokens and event keys."""

from typing import Annotated

import typer

from cli.deployment import Deployment, open_deployment
from cli.screen import moment
from cli.session import Session, command, open_session
from signalbox.model.credential import Role

group = typer.Typer(help="API tokens and event keys.", no_args_is_help=True)


@command(group, open_session, name="list")
def list_keys(session: Session) -> None:
    """List the account's keys, oldest first."""
    answer = session.api.call("GET", "/api/keys")
    rows = [
        (key["key_id"], key["role"], f"…{key['hint']}", moment(key["created_ms"]), key["name"])
        for key in answer["keys"]
    ]
    headings = ("KEY ID", "ROLE", "ENDS IN", "CREATED", "NAME")
    session.screen.table(answer, headings, rows, "There are no keys.")


@command(group, open_session)
def create(
    session: Session,
    role: Annotated[
        Role,
        typer.Argument(metavar="ROLE", help="What it may do; event sends events only."),
    ],
    name: Annotated[str, typer.Option(help="Whose or what for it is.")],
) -> None:
    """Make a key and show it, this once."""
    made = session.api.call("POST", "/api/keys", body={"role": role, "name": name})
    session.screen.say(made, made["key"], f"Key {made['key_id']} ({role}); it is shown this once.")


@command(group, open_session)
def revoke(
    session: Session,
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As `keys list` shows it.")],
) -> None:
    """Revoke a key, for good; it may work for another minute."""
    from urllib.parse import quote  # noqa: PLC0415 only here

    session.api.call("DELETE", f"/api/keys/{quote(key_id, safe='')}")
    session.screen.say({"revoked": key_id}, f"Key {key_id} is revoked.")


@command(group, open_deployment)
def recover(
    deployment: Deployment,
    actid: Annotated[str, typer.Option(help="Id of the account.")],
    name: Annotated[str, typer.Option(help="Whose the new token is.")] = "recovered",
) -> None:
    """Make a new token of a global admin where the last one is lost, with AWS credentials."""
    from cli import accounts  # noqa: PLC0415 it loads what reaches DynamoDB

    with deployment.explained():
        made = accounts.recover(deployment.variables, actid=actid, name=name)
    deployment.screen.say(
        {**made, "api_url": deployment.api_url},
        made["api_token"],
        f"A token of a global admin of account {actid}; it is shown this once.",
    )
