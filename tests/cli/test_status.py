"""`signalbox status`."""

from signalbox.model.credential import Role
from tests.cloud import client


def test_a_global_admin_sees_the_stack_the_account_and_the_own_key(stand):
    """Each fact stands on its line, aligned."""
    lines = stand.lines("status")

    assert [
        f"stack           {stand.server.url} answers",
        "account         100000001 Test",
        "key             global_admin, global_admin",
        "mail tracking   anonymous",
        "event tracking  on",
        "dead letters    none",
    ] == lines


def test_programs_get_the_same_as_json(stand):
    answer = stand.read("status")

    assert stand.server.url == answer["api_url"]
    assert "100000001" == answer["account_id"]
    assert answer["account"]["tracking_enabled"]
    assert "global_admin" == answer["key"]["role"]
    queues = ("events", "actions", "sends", "feedback", "changes", "rollup")
    assert [{"queue": queue, "waiting": 0} for queue in queues] == answer["dead_letters"]


def test_tracking_that_is_off_and_dead_letters_are_told(stand, account, cloud):
    account.call("PATCH", "/api/account", {"tracking_enabled": False})
    for queue in ("ACTIONS", "CHANGES"):
        url = cloud.variables[f"{queue}_DEAD_LETTER_QUEUE_URL"]
        client("sqs").send_message(QueueUrl=url, MessageBody="{}")

    assert [
        "event tracking  off",
        "dead letters    actions 1, changes 1",
    ] == stand.lines("status")[-2:]


def test_an_event_key_reaches_the_stack_and_learns_who_it_is(stand):
    """Parts that the role may not read are told as such, and are null for programs."""
    lines = stand.lines("status", role=Role.EVENT)
    answer = stand.read("status", role=Role.EVENT)

    assert ["account         100000001", "key             event, event"] == lines[1:3]
    assert ("event", ["send_events"]) == (answer["key"]["role"], answer["key"]["permissions"])
    assert (None, None) == (answer["account"], answer["dead_letters"])


def test_a_wrong_token_is_refused(stand):
    result = stand.run("status", SIGNALBOX_TOKEN="sb_100000001_" + "z" * 43)

    assert (1, "") == (result.exit_code, result.stdout)
    assert "signalbox: Api-Token: The key is missing or not valid.\n" == result.stderr
