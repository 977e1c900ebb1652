"""Webhooks in ActiveCampaign's manner: made, read, listed, changed and deleted by who may."""

import pytest

from signalbox.model.credential import Role
from signalbox.model.webhook import DOCUMENTED
from tests.functions.activecampaign_webhooks import WEBHOOKS, new_list, wanted
from tests.people import settle


def test_a_webhook_is_made_read_changed_and_deleted(account):
    status, answer = account.call("POST", WEBHOOKS, wanted())
    shown = answer["webhook"]
    at = f"{WEBHOOKS}/{shown['id']}"

    assert 201 == status
    expected = wanted()["webhook"] | {"listid": "0", "links": [], "active": "1"}
    assert expected == {name: shown[name] for name in shown if name not in ("id", "cdate")}
    assert (200, answer) == account.call("GET", at)
    status, changed = account.call("PUT", at, {"webhook": {"name": "Other", "events": ["update"]}})
    assert 200 == status
    assert shown | {"name": "Other", "events": ["update"]} == changed["webhook"]
    assert (200, changed) == account.call("GET", at)
    assert (200, {}) == account.call("DELETE", at)
    missing = {"message": f"No Result found for Webhook with id {shown['id']}"}
    for method in ("GET", "DELETE"):
        assert (404, missing) == account.call(method, at)


def test_deleting_leaves_nothing_behind(account, cloud):
    """The items that wake it are gone with it, those of events that it left before, too.

    The head of a place stays, for a worker that remembers the place asks it whether that still holds.
    """

    def standing():
        found = {(item["pk"]["S"], item["sk"]["S"]) for item in cloud.items("RULES")}
        return {(pk, sk) for pk, sk in found if sk != "head"}

    before = standing()
    body = wanted(events=["subscribe", "update", "event:download"])
    shown = account.call("POST", WEBHOOKS, body)[1]["webhook"]
    at = f"{WEBHOOKS}/{shown['id']}"
    account.call("PUT", at, {"webhook": {"events": ["update"]}})

    assert 200 == account.call("DELETE", at)[0]
    assert before == standing()


def test_webhooks_are_listed_and_filtered(account):
    list_id = new_list(account)
    account.call("POST", WEBHOOKS, wanted(name="a", listid=int(list_id)))
    account.call("POST", WEBHOOKS, wanted(name="b", url="https://b.example.com/"))

    def names(query=""):
        status, answer = account.call("GET", WEBHOOKS, query=query)
        assert 200 == status
        return [one["name"] for one in answer["webhooks"]], answer["meta"]["total"]

    assert (["a", "b"], "2") == names()
    assert (["a"], "1") == names("filters[name]=a")
    assert (["b"], "1") == names("filters[url]=https://b.example.com/")
    assert (["a"], "1") == names(f"filters[listid]={list_id}")
    assert (["b"], "2") == names("limit=1&offset=1")


@pytest.mark.parametrize("path", ["/api/3/webhook/events", "/api/3/webhooks/events"])
def test_the_events_are_the_originals_and_the_registered_names(account, path):
    """The total is a number, as the original's is."""
    expected = [*DOCUMENTED, "event:download"]

    assert 25 == len(DOCUMENTED)
    assert (200, {"webhookEvents": expected, "meta": {"total": 26}}) == account.call("GET", path)


@pytest.mark.parametrize(
    ("changes", "field", "named"),
    [
        ({"events": ["subscribe", "opened"]}, "events", "opened"),
        ({"events": ["event:nobody"]}, "events", "event:nobody"),
        ({"events": []}, "events", "events"),
        ({"events": "subscribe"}, "events", "list"),
        ({"events": [7]}, "events", "text"),
        ({"events": [f"event:{n}" for n in range(101)]}, "events", "100"),
        ({"sources": ["api", "mars"]}, "sources", "mars"),
        ({"sources": {}}, "sources", "list"),
        ({"url": "ftp://hooks.example.com/"}, "url", "reached"),
        ({"url": "https://127.0.0.1/"}, "url", "reached"),
        ({"url": "https://hooks.example.com:444/"}, "url", "reached"),
        ({"name": " "}, "name", "empty"),
        ({"name": None}, "name", "missing"),
        ({"listid": 77}, "listid", "exist"),
        ({"listid": "x"}, "listid", "exist"),
        ({"listid": {"a": 1}}, "listid", "exist"),
    ],
)
def test_what_cannot_be_is_refused_by_name(account, cloud, changes, field, named):
    before = cloud.items("RULES")

    status, answer = account.call("POST", WEBHOOKS, wanted(**changes))

    (fault,) = answer["errors"]
    assert (422, f"/data/attributes/{field}") == (status, fault["source"]["pointer"])
    assert named in fault["title"]
    assert before == cloud.items("RULES")


def test_more_events_than_a_webhook_can_hold_are_refused(account):
    names = [f"e{number}" for number in range(46)]
    for name in names:
        account.call("POST", "/api/3/eventTrackingEvents", {"eventTrackingEvent": {"name": name}})

    status, answer = account.call(
        "POST", WEBHOOKS, wanted(events=[f"event:{name}" for name in names])
    )

    assert (422, "events are more than 45") == (status, answer["errors"][0]["title"])


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [(Role.ADMIN, 200, 201), (Role.MARKETER, 200, 403), (Role.EVENT, 403, 403)],
)
def test_who_may_send_data_out_is_who_manages_the_account(account, role, reads, writes):
    assert reads == account.call("GET", WEBHOOKS, role=role)[0]
    assert writes == account.call("POST", WEBHOOKS, wanted(), role=role)[0]


def test_an_account_does_not_see_anothers_webhooks(account):
    other = settle("200000002")
    shown = account.call("POST", WEBHOOKS, wanted())[1]["webhook"]

    assert 404 == other.call("GET", f"{WEBHOOKS}/{shown['id']}")[0]
    assert [] == other.call("GET", WEBHOOKS)[1]["webhooks"]
