"""Who may do what: the one table. What does not stand here is refused."""

from enum import StrEnum

from signalbox.model.credential import Role


class Permission(StrEnum):
    """What an operation of an API asks of its caller."""

    SEND_EVENTS = "send_events"
    READ_SETUP = "read_setup"
    READ_PEOPLE = "read_people"
    READ_DETAILS = "read_details"
    WRITE_PEOPLE = "write_people"
    WRITE_RULES = "write_rules"
    WRITE_PROJECT_RULES = "write_project_rules"
    SEND_MAILINGS = "send_mailings"
    RELAY_MAIL = "relay_mail"
    REPLAY = "replay"
    MANAGE_ACCOUNT = "manage_account"
    OPERATE = "operate"


ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.GLOBAL_ADMIN: frozenset(Permission),
    Role.ADMIN: frozenset(Permission) - {Permission.WRITE_PROJECT_RULES, Permission.OPERATE},
    Role.MARKETER: frozenset(
        {
            Permission.READ_SETUP,
            Permission.READ_PEOPLE,
            Permission.WRITE_PEOPLE,
            Permission.WRITE_RULES,
            Permission.SEND_MAILINGS,
            Permission.RELAY_MAIL,
        }
    ),
    Role.ANALYST: frozenset({Permission.READ_SETUP, Permission.READ_PEOPLE}),
    Role.VIEWER: frozenset({Permission.READ_SETUP}),
    Role.EVENT: frozenset({Permission.SEND_EVENTS}),
    Role.RELAY: frozenset({Permission.RELAY_MAIL}),
}


def allowed(role: Role, permission: Permission) -> bool:
    """Tell whether this role may do that."""
    return permission in ALLOWED[role]
