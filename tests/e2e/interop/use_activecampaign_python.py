"""Use the client `activecampaign-python` as its documentation shows; print what it was answered.

Run by the client's own interpreter: BASE_URL TOKEN ACTID EVENT_KEY WEBHOOK_URL.
"""

import json
import sys
import time

import requests
from activecampaign.client import Client

BASE_URL, TOKEN, ACTID, EVENT_KEY, WEBHOOK_URL = sys.argv[1:]
client = Client(BASE_URL, TOKEN)
said: dict = {}
mark = str(time.time_ns())
email = f"ruby{mark}@example.com"

created = said["create"] = client.contacts.create_a_contact(
    {"contact": {"email": email, "firstName": "Ruby", "lastName": "Rails", "phone": "7223224241"}}
)
contact_id = created["contact"]["id"]
said["create_again"] = client.contacts.create_a_contact({"contact": {"email": email}})
said["sync"] = client.contacts.create_or_update_contact(
    {"contact": {"email": email.upper(), "firstName": "Rubina"}}
)
said["retrieve"] = client.contacts.retrieve_a_contact(contact_id)
said["update"] = client.contacts.update_a_contact(contact_id, {"contact": {"lastName": "Railway"}})
said["list_by_email"] = client.contacts.list_all_contacts(email=email)
said["list_page"] = client.contacts.list_all_contacts(limit=2, offset=0)

field = said["create_field"] = client.contacts.create_a_custom_field(
    {"field": {"type": "text", "title": f"Shoe size {mark}", "descript": "EU", "visible": 1}}
)
field_id = field["field"]["id"]
said["field_value"] = client.contacts.create_a_custom_field_value(
    {"fieldValue": {"contact": contact_id, "field": field_id, "value": "38"}}
)
said["field_values"] = client.contacts.retrieve_a_contacts_field_values(contact_id)
said["fields"] = client.contacts.list_all_custom_fields(limit=100)

made = said["create_list"] = client.lists.create_a_list(
    {
        "list": {
            "name": f"Friends {mark}",
            "stringid": f"friends-{mark}",
            "sender_url": "https://example.com",
            "sender_reminder": "You signed up.",
        }
    }
)
list_id = made["list"]["id"]
said["subscribe"] = client.contacts.update_list_status_for_a_contact(
    {"contactList": {"list": list_id, "contact": contact_id, "status": 1}}
)
said["list_by_list"] = client.contacts.list_all_contacts(listid=list_id)
said["unsubscribe"] = client.contacts.update_list_status_for_a_contact(
    {"contactList": {"list": list_id, "contact": contact_id, "status": "2"}}
)

tag = said["create_tag"] = client.tags.create_a_tag(
    {"tag": {"tag": f"vip-{mark}", "tagType": "contact", "description": "important"}}
)
tag_id = tag["tag"]["id"]
tagged = said["add_tag"] = client.contacts.add_a_tag_to_contact(
    {"contactTag": {"contact": contact_id, "tag": tag_id}}
)
said["contact_tags"] = client.contacts.retrieve_contact_tags(contact_id)
said["list_by_tag"] = client.contacts.list_all_contacts(tagid=tag_id)
said["tag_after"] = client.tags.retrieve_a_tag(tag_id)

hook = said["create_webhook"] = client.webhooks.create_a_webhook(
    {
        "webhook": {
            "name": "My Hook",
            "url": WEBHOOK_URL,
            "events": ["subscribe", "contact_tag_removed"],
            "sources": ["public", "admin", "api", "system"],
        }
    }
)
said["webhook_events"] = client.webhooks.list_all_webhook_events()
said["remove_tag"] = client.contacts.remove_a_tag_from_a_contact(tagged["contactTag"]["id"])
said["remove_tag_again"] = client.contacts.remove_a_tag_from_a_contact(tagged["contactTag"]["id"])

said["create_event"] = client.events.create_an_event(f"bought {mark}")
said["events"] = client.events.list_all_events()
form = {
    "actid": ACTID,
    "key": EVENT_KEY,
    "event": f"bought {mark}"[:32],
    "eventdata": "shoes",
    "visit": json.dumps({"email": email}),
}
said["track"] = requests.post(f"{BASE_URL}/event", data=form, timeout=30).json()
for _ in range(100):
    said["tracking_logs"] = client.contacts.retrieve_a_contacts_tracking_logs(contact_id)
    if said["tracking_logs"]["trackingLogs"]:
        break
    time.sleep(0.2)
said["activities"] = client.activities.list_all_activities(contact_id)
said["email_activities"] = client.emailActivities.list_all_email_activities()
said["me"] = client.users.retrieve_logged_in_user()

said["delete"] = client.contacts.delete_a_contact(contact_id)
said["delete_again"] = client.contacts.delete_a_contact(contact_id)
said["retrieve_deleted"] = client.contacts.retrieve_a_contact(contact_id)
said["delete_list"] = client.lists.delete_a_list(list_id)
said["delete_tag"] = client.tags.delete_a_tag(tag_id)
said["delete_webhook"] = client.webhooks.delete_a_webhook(hook["webhook"]["id"])
said["ids"] = {"contact": contact_id, "list": list_id, "tag": tag_id, "email": email, "mark": mark}
print(json.dumps(said))
