"""Lists of contacts come page by page, each contact once, at a cost that does not grow."""

import pytest

from signalbox import aws
from signalbox.model.contact_index import Order
from tests.functions.activecampaign_contacts import FULL, listed, write_many


@pytest.mark.parametrize("limit", [13, 59])
@pytest.mark.parametrize(
    "order", ["", "id", "cdate", "udate", "email", "first_name", "last_name", "name", "score"]
)
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_pages_give_each_contact_once(account, many, limit, order, direction):
    """In every order, forwards and backwards."""
    asked = f"&orders[{order}]={direction}" if order else ""
    found = []
    for offset in range(0, 60, limit):
        ids, total = listed(account, f"limit={limit}&offset={offset}{asked}")
        assert "60" == total
        found += ids

    values = {
        "email": lambda one: one.email,
        "first_name": lambda one: one.first_name.casefold(),
        "name": lambda one: one.first_name.casefold(),
        "last_name": lambda one: one.last_name,
        "udate": lambda one: one.updated_ms,
    }.get(order, lambda one: int(one.contact_id))
    by_id = {one.contact_id: one for one in many}
    assert 60 == len(set(found))
    shown = [values(by_id[one]) for one in found]
    assert shown == sorted(shown, reverse=bool(order) and direction == "DESC")


@pytest.mark.parametrize("limit", [17, 100])
def test_ids_lead_from_page_to_page(account, many, limit):
    """`id_greater` and `id_less` give each contact once, and leave out the one they name."""
    found, last = [], "0"
    while True:
        ids, _ = listed(account, f"limit={limit}&id_greater={last}")
        if not ids:
            break
        found, last = found + ids, ids[-1]

    assert [one.contact_id for one in many] == found
    middle = many[30].contact_id
    assert found[:30] == listed(account, f"limit=100&id_less={middle}")[0]
    between = f"id_greater={many[3].contact_id}&id_less={many[6].contact_id}"
    assert (found[4:6], "2") == listed(account, between)


def test_a_page_says_what_was_asked(account, many):
    status, answer = account.call("GET", "/api/3/contacts", query="limit=500&offset=3&search=ann")

    meta = answer["meta"]
    assert (200, []) == (status, answer["scoreValues"])
    assert ("12", 100, 3, "ann", 0) == (
        meta["total"],
        meta["page_input"]["limit"],
        meta["page_input"]["offset"],
        meta["page_input"]["search"],
        meta["page_input"]["segmentid"],
    )
    assert 9 == len(answer["contacts"])
    assert FULL | {"scoreValues"} == set(answer["contacts"][0])


@pytest.fixture(name="reads")
def _reads(monkeypatch):
    """The number of items that each call to DynamoDB returned."""
    real, returned = aws.call, []

    def counting(service, operation, **request):
        answer = real(service, operation, **request)
        many = sum(map(len, answer.get("Responses", {}).values()))
        returned.append(len(answer.get("Items", [])) + many + ("Item" in answer))
        return answer

    monkeypatch.setattr(aws, "call", counting)
    return returned


def test_a_page_costs_the_same_out_of_any_number(account, reads):
    """Out of 100 and out of 3,000: in items that are read, and calls."""
    orders = {Order.EMAIL, Order.FIRST_NAME}
    costs = []
    questions = ["", "orders[id]=DESC", "orders[email]=ASC", "orders[first_name]=DESC", "email={}"]
    for count in (100, 3_000):
        people = write_many(account.account_id, count, wanted=lambda order, _: order in orders)
        found = []
        for question in questions:
            reads.clear()
            ids, _ = listed(account, "limit=20&" + question.format(people[1].email))
            assert ids
            found.append((len(reads), sum(reads)))
        costs.append(found)

    small, large = costs
    # A share that holds more than its part of a page is asked once more.
    for (few_calls, few), (many_calls, many) in zip(small, large, strict=True):
        assert many_calls <= few_calls + 4
        assert many <= few + 4 * 8
    assert max(items for _, items in large) < 150


def test_a_search_looks_at_no_more_than_it_says(account, reads):
    """However many contacts a word finds, at most 2,000 are looked at, and counted."""
    write_many(account.account_id, 2_100, wanted=lambda _, value: value == "signalbox")
    reads.clear()

    ids, total = listed(account, "search=signalbox&limit=20")

    assert (20, "2000") == (len(ids), total)
    assert sum(reads) < 2_100 + 100
