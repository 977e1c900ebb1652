"""`signalbox openapi`: the description of an API, for generators of clients and for reading."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.screen import show_json
from cli.session import Session


class Dialect(StrEnum):
    """What a stack speaks."""

    NATIVE = "native"
    ACTIVECAMPAIGN = "activecampaign"


PATHS = {
    Dialect.NATIVE: "/api/openapi.json",
    Dialect.ACTIVECAMPAIGN: "/api/3/openapi.json",
}


def openapi(
    session: Session,
    dialect: Annotated[Dialect, typer.Option(help="Which API to describe.")] = Dialect.NATIVE,
) -> None:
    """Print the OpenAPI 3.1 document of the stack's API; needs no token."""
    show_json(session.api.read_public(PATHS[dialect]))
