"""Who may do what in the dialect of ActiveCampaign, and with which bodies that is asked.

`{list_id}` and the like in a body stand for things of the first account, as they do in a path.
"""

from typing import Any

from signalbox.model.credential import Role

EVERYBODY = {Role.GLOBAL_ADMIN, Role.ADMIN, Role.MARKETER, Role.ANALYST, Role.VIEWER}
READERS = {Role.GLOBAL_ADMIN, Role.ADMIN, Role.MARKETER, Role.ANALYST}
WRITERS = {Role.GLOBAL_ADMIN, Role.ADMIN, Role.MARKETER}
ADMINS = {Role.GLOBAL_ADMIN, Role.ADMIN}

NEW_CONTACT = {"email": "new@signalbox.example"}
SWITCH = {"eventTracking": {"enabled": False}}
NEW_LIST = {"name": "new", "stringid": "new", "sender_url": "x", "sender_reminder": "x"}
NEW_WEBHOOK = {
    "name": "new",
    "url": "https://hooks.example/new",
    "events": ["subscribe"],
    "sources": ["api"],
}
MEMBER = {"list": "{list_id}", "contact": "{contact_id}", "status": 1}
TAGGED = {"contact": "{contact_id}", "tag": "{tag_id}"}
VALUE = {"contact": "{contact_id}", "field": "{field_id}", "value": "9"}

# Operation -> who may, and the body that it is asked with. What deletes comes last.
DIALECT: dict[str, tuple[set[Role], Any]] = {
    "GET /api/3/activities": (READERS, None),
    "GET /api/3/activities/{entry_id}/notes": (READERS, None),
    "GET /api/3/activities/{entry_id}/recipients": (READERS, None),
    "GET /api/3/activities/{entry_id}/reference": (READERS, None),
    "GET /api/3/activities/{entry_id}/user": (READERS, None),
    "GET /api/3/automations": (EVERYBODY, None),
    "GET /api/3/campaigns": (EVERYBODY, None),
    "POST /api/3/contact/sync": (WRITERS, {"contact": NEW_CONTACT}),
    "GET /api/3/contactAutomations": (EVERYBODY, None),
    "GET /api/3/contactLists": (READERS, None),
    "POST /api/3/contactLists": (WRITERS, {"contactList": MEMBER}),
    "GET /api/3/contactLists/{membership_id}": (READERS, None),
    "GET /api/3/contactLists/{membership_id}/{part}": (READERS, None),
    "GET /api/3/contactTags": (READERS, None),
    "POST /api/3/contactTags": (WRITERS, {"contactTag": TAGGED}),
    "GET /api/3/contactTags/{contact_tag_id}": (READERS, None),
    "GET /api/3/contactTags/{contact_tag_id}/contact": (READERS, None),
    "GET /api/3/contactTags/{contact_tag_id}/tag": (READERS, None),
    "GET /api/3/contacts": (READERS, None),
    "POST /api/3/contacts": (WRITERS, {"contact": NEW_CONTACT}),
    "GET /api/3/contacts/{shown_id}": (READERS, None),
    "PUT /api/3/contacts/{shown_id}": (WRITERS, {"contact": {"firstName": "Augusta"}}),
    "GET /api/3/contacts/{shown_id}/accountContacts": (READERS, None),
    "GET /api/3/contacts/{shown_id}/automationEntryCounts": (READERS, None),
    "GET /api/3/contacts/{shown_id}/bounceLogs": (READERS, None),
    "GET /api/3/contacts/{shown_id}/contactAutomations": (READERS, None),
    "GET /api/3/contacts/{shown_id}/contactData": (READERS, None),
    "GET /api/3/contacts/{shown_id}/contactDeals": (READERS, None),
    "GET /api/3/contacts/{shown_id}/contactGoals": (READERS, None),
    "GET /api/3/contacts/{shown_id}/contactLists": (READERS, None),
    "GET /api/3/contacts/{shown_id}/contactLogs": (READERS, None),
    "GET /api/3/contacts/{shown_id}/contactTags": (READERS, None),
    "GET /api/3/contacts/{shown_id}/deals": (READERS, None),
    "GET /api/3/contacts/{shown_id}/fieldValues": (READERS, None),
    "GET /api/3/contacts/{shown_id}/geoIps": (READERS, None),
    "GET /api/3/contacts/{shown_id}/notes": (READERS, None),
    "GET /api/3/contacts/{shown_id}/organization": (READERS, None),
    "GET /api/3/contacts/{shown_id}/plusAppend": (READERS, None),
    "GET /api/3/contacts/{shown_id}/scoreValues": (READERS, None),
    "GET /api/3/contacts/{shown_id}/trackingLogs": (READERS, None),
    "GET /api/3/emailActivities": (EVERYBODY, None),
    "GET /api/3/eventTracking": (EVERYBODY, None),
    "POST /api/3/eventTracking": (ADMINS, SWITCH),
    "PUT /api/3/eventTracking": (ADMINS, SWITCH),
    "GET /api/3/eventTrackingEvents": (EVERYBODY, None),
    "POST /api/3/eventTrackingEvents": (WRITERS, {"eventTrackingEvent": {"name": "new"}}),
    "POST /api/3/fieldOption/bulk": (
        WRITERS,
        {"fieldOptions": [{"field": "{field_id}", "value": "red"}]},
    ),
    "POST /api/3/fieldRels": (WRITERS, {"fieldRel": {"field": "{field_id}", "relid": 0}}),
    "GET /api/3/fieldValues": (READERS, None),
    "POST /api/3/fieldValues": (WRITERS, {"fieldValue": VALUE}),
    "GET /api/3/fieldValues/{shown_id}": (READERS, None),
    "PUT /api/3/fieldValues/{shown_id}": (WRITERS, {"fieldValue": {"value": "10"}}),
    "GET /api/3/fieldValues/{shown_id}/field": (READERS, None),
    "GET /api/3/fieldValues/{shown_id}/owner": (READERS, None),
    "GET /api/3/fields": (EVERYBODY, None),
    "POST /api/3/fields": (WRITERS, {"field": {"type": "text", "title": "New"}}),
    "GET /api/3/fields/{field_id}": (EVERYBODY, None),
    "PUT /api/3/fields/{field_id}": (WRITERS, {"field": {"title": "Changed"}}),
    "GET /api/3/fields/{field_id}/options": (EVERYBODY, None),
    "GET /api/3/fields/{field_id}/relations": (EVERYBODY, None),
    "GET /api/3/groups": (EVERYBODY, None),
    "GET /api/3/import/bulk_import": (READERS, None),
    "POST /api/3/import/bulk_import": (WRITERS, {"contacts": [NEW_CONTACT]}),
    "GET /api/3/import/info": (READERS, None),
    "GET /api/3/lists": (EVERYBODY, None),
    "POST /api/3/lists": (WRITERS, {"list": NEW_LIST}),
    "GET /api/3/lists/{list_id}": (EVERYBODY, None),
    "PUT /api/3/lists/{list_id}": (WRITERS, {"list": {"name": "changed"}}),
    "GET /api/3/lists/{list_id}/addressLists": (EVERYBODY, None),
    "GET /api/3/lists/{list_id}/contactGoalLists": (EVERYBODY, None),
    "GET /api/3/lists/{list_id}/user": (EVERYBODY, None),
    "GET /api/3/tags": (EVERYBODY, None),
    "POST /api/3/tags": (WRITERS, {"tag": {"tag": "new", "tagType": "contact"}}),
    "GET /api/3/tags/{tag_id}": (EVERYBODY, None),
    "PUT /api/3/tags/{tag_id}": (WRITERS, {"tag": {"description": "changed"}}),
    "GET /api/3/tags/{tag_id}/contactGoalTags": (EVERYBODY, None),
    "GET /api/3/trackingLogs/{entry_id}": (READERS, None),
    "GET /api/3/trackingLogs/{entry_id}/contact": (READERS, None),
    "GET /api/3/users": (EVERYBODY, None),
    "GET /api/3/users/me": (EVERYBODY, None),
    "GET /api/3/users/{user_id}": (EVERYBODY, None),
    "GET /api/3/users/{user_id}/{part}": (EVERYBODY, None),
    "GET /api/3/webhook/events": (EVERYBODY, None),
    "GET /api/3/webhooks": (EVERYBODY, None),
    "POST /api/3/webhooks": (ADMINS, {"webhook": NEW_WEBHOOK}),
    "GET /api/3/webhooks/events": (EVERYBODY, None),
    "GET /api/3/webhooks/{shown_id}": (EVERYBODY, None),
    "PUT /api/3/webhooks/{shown_id}": (ADMINS, {"webhook": {"name": "changed"}}),
    "DELETE /api/3/fieldRels/{relation_id}": (WRITERS, None),
    "DELETE /api/3/fieldValues/{shown_id}": (WRITERS, None),
    "DELETE /api/3/contactTags/{contact_tag_id}": (WRITERS, None),
    "DELETE /api/3/fields/{field_id}": (WRITERS, None),
    "DELETE /api/3/tags/{tag_id}": (WRITERS, None),
    "DELETE /api/3/webhooks/{shown_id}": (ADMINS, None),
    "DELETE /api/3/contacts/{shown_id}": (WRITERS, None),
    "DELETE /api/3/lists/{list_id}": (WRITERS, None),
    "DELETE /api/3/eventTrackingEvents/{quoted}": (WRITERS, None),
}

# What a path calls a thing by a name that others have too, by the beginning of the path.
CALLED = {
    "/api/3/contacts/{shown_id}": "/api/3/contacts/{contact_id}",
    "/api/3/fieldValues/{shown_id}": "/api/3/fieldValues/{value_id}",
    "/api/3/webhooks/{shown_id}": "/api/3/webhooks/{webhook_id}",
    "/api/3/eventTrackingEvents/{quoted}": "/api/3/eventTrackingEvents/{name}",
}

# What another account is told of references to this one's things in a body: there are none such.
UNRELATED = {
    "POST /api/3/contactLists",
    "POST /api/3/fieldOption/bulk",
    "POST /api/3/fieldRels",
    "POST /api/3/fieldValues",
}
# What refers to this one's things in the query or body, and is answered 404 elsewhere.
NOT_FOUND = {
    "GET /api/3/activities",
    "GET /api/3/import/info",
    "POST /api/3/contactTags",
    "POST /api/presets",
    "POST /api/mailings",
}
# What lists an account's things of a kind, of which the other account has none.
EMPTY_ELSEWHERE = {
    "GET /api/3/contactLists": "contactLists",
    "GET /api/3/contactTags": "contactTags",
    "GET /api/3/fieldValues": "fieldValues",
    "GET /api/3/fields": "fields",
    "GET /api/3/lists": "lists",
    "GET /api/3/tags": "tags",
    "GET /api/3/webhooks": "webhooks",
    "GET /api/mailers": "mailers",
    "GET /api/mailings": "mailings",
    "GET /api/relay/days": "days",
    "GET /api/rule-log": "rows",
    "GET /api/rule-log/accesses": "accesses",
    "GET /api/{kind}": "containers",
}


def named(operation: str) -> str:
    """Return the operation as the docs write it: every thing by its own name."""
    for theirs, ours in CALLED.items():
        operation = operation.replace(theirs, ours)
    return operation
