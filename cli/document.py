"""`signalbox openapi`: the description of the API, for generators of clients and for reading."""

from cli.screen import show_json
from cli.session import Session


def openapi(session: Session) -> None:
    """Print the OpenAPI 3.1 document of the stack's API; needs no token."""
    show_json(session.api.read_public("/api/openapi.json"))
