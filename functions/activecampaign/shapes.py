"""Our nouns in ActiveCampaign's shapes: ids as texts, flags as "0" and "1", links to the rest."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from signalbox.model.contact import Contact
from signalbox.model.log import LogEntry
from signalbox.model.wire import digest

LONGEST_VALUE = 250  # where the original cuts the value it shows


def contact_shape(contact: Contact, base_url: str) -> dict[str, Any]:
    """Return the contact as the original's create answers it."""
    at = f"{base_url}/api/3/contacts/{contact.contact_id}"
    local, _, domain = contact.email.rpartition("@")
    return {
        "email": contact.email,
        "phone": contact.phone,
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "email_empty": not contact.email,
        "email_local": local,
        "email_domain": domain,
        "orgid": "",
        "orgname": "",
        "cdate": stamp(contact.created_ms, "UTC"),
        "udate": stamp(contact.updated_ms, "UTC"),
        "created_utc_timestamp": utc_stamp(contact.created_ms),
        "updated_utc_timestamp": utc_stamp(contact.updated_ms),
        "hash": digest(contact.account_id, contact.contact_id)[:32],
        "links": {"trackingLogs": f"{at}/trackingLogs"},
        "id": contact.contact_id,
        "organization": "",
    }


def tracking_log_shape(entry: LogEntry, base_url: str, zone: str) -> dict[str, Any]:
    """Return an event of the log."""
    return {
        "subscriberid": entry.contact_id,
        "type": entry.name,
        "value": entry.value[:LONGEST_VALUE],
        "tstamp": stamp(entry.at_ms, zone),
        "hash": digest(entry.account_id, entry.entry_id)[:40],
        "links": {"contact": f"{base_url}/api/3/trackingLogs/{entry.entry_id}/contact"},
        "id": entry.entry_id,
        "contact": entry.contact_id,
    }


def activity_shape(entry: LogEntry, base_url: str, zone: str) -> dict[str, Any]:
    """Return an event of the log as an activity."""
    return {
        "tstamp": stamp(entry.at_ms, zone),
        "subscriberid": entry.contact_id,
        "reference_type": "TrackingLog",
        "reference_id": entry.entry_id,
        "reference_action": entry.name,
        "jsonData": None,
        "userid": "0",
        "permission": "",
        "referenceModelName": "tracking-log",
        "reference": {"type": "tracking-log", "id": entry.entry_id},
        "links": {"reference": f"{base_url}/api/3/trackingLogs/{entry.entry_id}"},
        "id": entry.entry_id,
        "user": None,
    }


def stamp(time_ms: int, zone: str) -> str:
    """Return a time in the account's zone, as in 2023-03-01T15:36:03-06:00."""
    moment = datetime.fromtimestamp(time_ms / 1000, tz=ZoneInfo(zone))
    return moment.isoformat(timespec="seconds")


def utc_stamp(time_ms: int) -> str:
    """Return a time as in 2023-03-01 21:36:03."""
    return datetime.fromtimestamp(time_ms / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
