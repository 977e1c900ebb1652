"""`signalbox mailings`: the limits at which a mailing pauses itself."""

import pytest

from tests.campaigns import MAIL, made


@pytest.fixture(name="campaign")
def _campaign(account) -> str:
    """An e-mail campaign with content."""
    campaign_id = made(account, name="Summer")
    account.call("PUT", f"/api/email-campaigns/{campaign_id}/content", MAIL)
    return campaign_id


def test_limits_are_given_and_changed(stand, campaign):
    made_with = stand.read("mailings", "create", campaign, "--hard-bounces", "5", "--after", "50")
    mailing = made_with["mailing_id"]

    (said,) = stand.lines("mailings", "change", mailing, "--complaints", "0")

    assert {"hard_bounce_percent": 5, "complaint_percent": 0.08, "after": 50} == made_with["limits"]
    assert said.endswith("pauses at 5 % hard bounces or never complaints, of 50 or more.")
    assert said.startswith("'News for …")
    assert 0 == stand.read("mailings", "show", mailing)["limits"]["complaint_percent"]


def test_without_a_word_limits_are_the_usual(stand, campaign):
    limits = stand.read("mailings", "create", campaign)["limits"]

    assert {"hard_bounce_percent": 2, "complaint_percent": 0.08, "after": 500} == limits


@pytest.mark.parametrize("options", [(), ("--hard-bounces", "101"), ("--after", "0")])
def test_what_says_nothing_is_a_wrong_use(options, stand, campaign):
    mailing = stand.read("mailings", "create", campaign)["mailing_id"]

    assert 2 == stand.run("mailings", "change", mailing, *options).exit_code
