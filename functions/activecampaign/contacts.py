"""Contacts: /contacts."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from signalbox.model.errors import ConflictError, InvalidError
from signalbox.model.permission import Permission
from signalbox.people import add_contact
from signalbox.store import contacts

from .answers import answer, answer_duplicate
from .requests import base_url, body_part, caller, text
from .shapes import contact_shape

router = Router()
LONGEST_TEXT = 255


@router.post("/contacts")
def create() -> Response[str]:
    """Create a contact; 422 with code `duplicate` where the e-mail address is taken."""
    key = caller(router, Permission.WRITE_PEOPLE)
    sent = body_part(router, "contact")
    if sent.get("fieldValues"):
        raise InvalidError("fieldValues", "refers to a custom field that does not exist")
    email = text(sent, "email", LONGEST_TEXT).strip()
    if not email:
        raise InvalidError("email", "must not be empty")
    try:
        contact = add_contact(
            key.account_id,
            email=email,
            first_name=text(sent, "firstName", LONGEST_TEXT),
            last_name=text(sent, "lastName", LONGEST_TEXT),
            phone=text(sent, "phone", LONGEST_TEXT),
        )
    except ConflictError:
        return answer_duplicate("email", "Email address already exists in the system")
    return answer({"contact": contact_shape(contact, base_url(router))}, 201)


@router.get("/contacts/<contact_id>")
def read(contact_id: str) -> Response[str]:
    """Return a contact."""
    key = caller(router, Permission.READ_PEOPLE)
    contact = contacts.fetch(key.account_id, contact_id)
    return answer({"contact": contact_shape(contact, base_url(router))})
