"""Use the HTTP client of ActiveCampaign's own `ac-mcp-server`; print what it was answered.

Run by the client's own interpreter: BASE_URL TOKEN.
"""

import json
import sys
import time

from ac_mcp_server import types
from ac_mcp_server.ac_client import ACMCPHttpClient, ACMCPHttpClientAuth

BASE_URL, TOKEN = sys.argv[1:]
client = ACMCPHttpClient(
    ACMCPHttpClientAuth(url=BASE_URL, header_name="Api-Token", header_value=TOKEN)
)
said: dict = {}
mark = str(time.time_ns())
email = f"mcp{mark}@example.com"

synced = said["sync"] = client.create_or_update_contact(
    types.ContactCreateParams(email=email, firstName="Mia", lastName="Cpeters", phone="")
)
contact_id = int(synced["contact"]["id"])
said["sync_again"] = client.create_or_update_contact(
    types.ContactCreateParams(email=email, firstName="Mina", lastName="Cpeters", phone="")
)
said["contacts"] = client.list_contacts(
    types.ContactListParams(
        limit=5,
        offset=0,
        orders={"email": "ASC"},
        filters={"created_after": "2026-01-01"},
    )
)
said["contact"] = client.get_contact(contact_id)
tag = said["tag"] = client.create_contact_tag(
    types.TagCreateParams(tag=f"mcp-{mark}", tagType="contact", description="")
)
tag_id = int(tag["tag"]["id"])
said["tags"] = client.list_tags(
    types.TagListParams(search_filters={"contains": mark}, order_method="weight")
)
said["tagged"] = client.add_tag_to_contact(types.ContactTagParams(contact=contact_id, tag=tag_id))
made = said["list"] = client.create_list(
    types.ListCreateParams(
        name=f"MCP {mark}",
        channel="email",
        sender_url="https://example.com",
        sender_reminder="You signed up.",
    )
)
list_id = int(made["list"]["id"])
said["subscribed"] = client.add_contact_to_list(
    types.ContactListUpdateParams(contact=contact_id, list=list_id, status=1)
)
said["lists"] = client.list_lists(types.ListListParams(limit=100))
said["email_activities"] = client.list_email_activities(types.EmailActivityListParams())
said["contact_automations"] = client.list_contact_automations(types.ContactAutomationListParams())
said["ids"] = {"contact": contact_id, "tag": tag_id, "list": list_id, "mark": mark}
print(json.dumps(said))
