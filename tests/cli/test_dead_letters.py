"""`signalbox redrive`."""

import pytest

from tests.cloud import client


@pytest.fixture(autouse=True)
def _letters(cloud) -> None:
    """Put two dead letters of events and one of actions."""
    for queue in ("EVENTS", "EVENTS", "ACTIONS"):
        url = cloud.variables[f"{queue}_DEAD_LETTER_QUEUE_URL"]
        client("sqs").send_message(QueueUrl=url, MessageBody=f"a letter of {queue}")


def test_dead_letters_go_back_to_their_queues(stand, cloud):
    lines = stand.lines("redrive")

    assert [
        "events    2 went back",
        "actions   1 went back",
        "sends     0 went back",
        "feedback  0 went back",
        "changes   0 went back",
        "rollup    0 went back",
    ] == lines
    assert ["a letter of EVENTS"] * 2 == cloud.waiting("EVENTS")
    assert ["a letter of ACTIONS"] == cloud.waiting("ACTIONS")


def test_one_queue_can_be_chosen(stand, cloud):
    answer = stand.read("redrive", "actions")

    assert {"redriven": [{"queue": "actions", "moved": 1, "left": 0}]} == answer
    assert ([], 1) == (cloud.waiting("EVENTS"), len(cloud.waiting("ACTIONS")))


def test_it_goes_on_while_there_is_more(stand):
    stand.server.planned = [(200, {}, '{"moved": 1000, "left": 0, "more": true}')]

    assert ["events    1002 went back"] == stand.lines("redrive", "events")


def test_letters_that_cannot_go_back_are_told_and_not_asked_for_for_ever(stand, cloud):
    """They show again after a while, so that there is always more."""
    url = cloud.variables["CHANGES_DEAD_LETTER_QUEUE_URL"]
    client("sqs").send_message(QueueUrl=url, MessageBody="no letter of Lambda's")

    told = stand.lines("redrive", "changes")
    stand.server.planned = [(200, {}, '{"moved": 0, "left": 100, "more": true}')]
    again = stand.lines("redrive", "changes")

    assert ["changes   0 went back, 1 could not"] == told
    assert ["changes   0 went back, 100 could not"] == again


def test_an_unknown_queue_is_a_fault_of_usage(stand):
    result = stand.run("redrive", "letters")

    assert (2, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n"))
