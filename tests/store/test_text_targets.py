"""Where short links of texts lead: read once, and remembered."""

import pytest

from signalbox import aws
from signalbox.store import text_targets
from tests.hits import MAILING_ID, TARGETS, mailing_with, texts_with
from tests.people import ACCOUNT_ID


@pytest.fixture(name="reads")
def _reads(account, monkeypatch):
    """The names of the calls that are made."""
    asked: list[str] = []
    call = aws.call

    def counted(service: str, operation: str, **request):
        asked.append(operation)
        return call(service, operation, **request)

    texts_with("personal")
    monkeypatch.setattr(aws, "call", counted)
    return asked


def test_a_mailings_targets_are_read_once(reads):
    found = [text_targets.find(ACCOUNT_ID, MAILING_ID, link) for link in (0, 1, 2)]

    assert [*TARGETS, ""] == found
    assert ["GetItem"] == reads


def test_another_account_knows_none_of_it(reads):
    assert "" == text_targets.find("200000002", MAILING_ID, 0)


def test_what_has_not_started_is_not_remembered(account):
    """Nothing is settled of it; a mailing by mail has no such links."""
    assert "" == text_targets.find(ACCOUNT_ID, MAILING_ID, 0)
    mailing_with("personal")
    assert "" == text_targets.find(ACCOUNT_ID, MAILING_ID, 0)
    texts_with("personal")

    assert TARGETS[0] == text_targets.find(ACCOUNT_ID, MAILING_ID, 0)


def test_the_memory_has_an_end(reads, monkeypatch):
    monkeypatch.setattr(text_targets, "REMEMBERED", 2)
    others = [f"{MAILING_ID[:-1]}{number}" for number in (4, 5)]
    for one in others:
        texts_with("personal", one)
    reads.clear()
    for one in (MAILING_ID, *others, MAILING_ID):
        text_targets.find(ACCOUNT_ID, one, 0)

    assert 4 == len(reads)
