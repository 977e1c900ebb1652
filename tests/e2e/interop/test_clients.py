"""Programs written for ActiveCampaign, run unchanged against the stack: only the URL differs."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Stack
from tests.template import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]  # one stack for all
INTERPRETER = ROOT / ".venvs/interop/bin/python"


def used(script: str, *arguments: str) -> dict:
    """Run a client and return what it was answered."""
    done = subprocess.run(
        [str(INTERPRETER), str(Path(__file__).parent / script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert 0 == done.returncode, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module", name="python")
def _python(stack: Stack) -> dict:
    about = stack.about
    return used(
        "use_activecampaign_python.py",
        about["api_url"],
        about["api_token"],
        about["actid"],
        about["event_key"],
        about["receiver_url"],
    )


@pytest.fixture(scope="module", name="mcp")
def _mcp(stack: Stack) -> dict:
    return used("use_ac_mcp_server.py", stack.about["api_url"], stack.about["api_token"])


def test_contacts_are_created_synced_changed_listed_and_deleted(python):
    """The contact calls of activecampaign-python."""
    ids = python["ids"]

    assert ids["email"] == python["create"]["contact"]["email"]
    assert "duplicate" == python["create_again"]["errors"][0]["code"]
    assert (ids["contact"], "Rubina") == (
        python["sync"]["contact"]["id"],
        python["sync"]["contact"]["firstName"],
    )
    assert "Rails" == python["retrieve"]["contact"]["lastName"]
    assert "Railway" == python["update"]["contact"]["lastName"]
    assert [ids["contact"]] == [one["id"] for one in python["list_by_email"]["contacts"]]
    assert 2 == len(python["list_page"]["contacts"])
    assert int(python["list_page"]["meta"]["total"]) > 2
    assert {} == python["delete"]
    gone = {"message": f"No Result found for Subscriber with id {ids['contact']}"}
    assert (gone, gone) == (python["delete_again"], python["retrieve_deleted"])


def test_custom_fields_hold_values(python):
    """A field is defined, set on a contact, and read back."""
    assert "38" == python["field_value"]["fieldValue"]["value"]
    assert ["38"] == [one["value"] for one in python["field_values"]["fieldValues"]]
    field_id = python["create_field"]["field"]["id"]
    assert field_id in {one["id"] for one in python["fields"]["fields"]}


def test_lists_and_tags_hold_contacts(python):
    """Subscribing, tagging, and finding contacts by both."""
    ids = python["ids"]

    assert "1" == str(python["subscribe"]["contactList"]["status"])
    assert [ids["contact"]] == [one["id"] for one in python["list_by_list"]["contacts"]]
    assert "2" == str(python["unsubscribe"]["contactList"]["status"])
    assert ids["tag"] == python["add_tag"]["contactTag"]["tag"]
    assert [ids["tag"]] == [one["tag"] for one in python["contact_tags"]["contactTags"]]
    assert [ids["contact"]] == [one["id"] for one in python["list_by_tag"]["contacts"]]
    assert "1" == python["tag_after"]["tag"]["subscriber_count"]
    assert {} == python["remove_tag"]
    assert "No Result found for SubscriberTag" in python["remove_tag_again"]["message"]
    assert ({}, {}) == (python["delete_list"], python["delete_tag"])


def test_events_are_registered_tracked_and_read(python):
    """The event calls, with the event itself sent as the tutorial says."""
    assert python["create_event"]["eventTrackingEvent"] in python["events"]["eventTrackingEvents"]
    assert {"success": 1, "message": "Event spawned"} == python["track"]
    (log,) = python["tracking_logs"]["trackingLogs"]
    assert "shoes" == log["value"]
    assert "TrackingLog" == python["activities"]["activities"][0]["reference_type"]
    assert [] == python["email_activities"]["emailActivities"]
    assert "user" in python["me"]


def test_webhooks_are_kept_and_their_events_named(python):
    """Creating, and the list of events at the plural path that this client asks."""
    assert ["subscribe", "contact_tag_removed"] == python["create_webhook"]["webhook"]["events"]
    assert "subscribe" in python["webhook_events"]["webhookEvents"]
    assert {} == python["delete_webhook"]


def test_the_original_vendors_own_server_works_unchanged(mcp):
    """What ac-mcp-server asks is answered."""
    ids = mcp["ids"]

    assert "Mina" == mcp["sync_again"]["contact"]["firstName"]
    assert len(mcp["contacts"]["contacts"]) > 0
    emails = [one["email"] for one in mcp["contacts"]["contacts"]]
    assert sorted(emails) == emails
    assert str(ids["contact"]) == mcp["contact"]["contact"]["id"]
    assert [f"mcp-{ids['mark']}"] == [one["tag"] for one in mcp["tags"]["tags"]]
    assert str(ids["tag"]) == mcp["tagged"]["contactTag"]["tag"]
    assert str(ids["list"]) in {one["id"] for one in mcp["lists"]["lists"]}
    assert "1" == str(mcp["subscribed"]["contactList"]["status"])
    assert [] == mcp["contact_automations"]["contactAutomations"]
