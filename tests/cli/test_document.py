"""`signalbox openapi`."""

import json

import pytest

from functions.activecampaign.app import app as activecampaign
from functions.activecampaign.document import describe as describe_activecampaign
from functions.admin.app import app
from functions.admin.document import describe


@pytest.mark.parametrize("options", [[], ["--json"], ["--dialect", "native"]])
def test_the_document_is_printed_without_a_token(stand, options):
    result = stand.run("openapi", *options, SIGNALBOX_TOKEN=None)

    assert (0, "") == (result.exit_code, result.stderr)
    assert describe(app) == json.loads(result.stdout)
    assert "api-token" not in stand.server.requests[0][2]


def test_the_document_of_the_dialect_is_printed_too(stand):
    result = stand.run("openapi", "--dialect", "activecampaign", SIGNALBOX_TOKEN=None)

    assert (0, "") == (result.exit_code, result.stderr)
    assert describe_activecampaign(activecampaign) == json.loads(result.stdout)
    assert "api-token" not in stand.server.requests[0][2]


def test_a_dialect_that_no_stack_speaks_is_a_wrong_call(stand):
    result = stand.run("openapi", "--dialect", "esperanto", SIGNALBOX_TOKEN=None)

    assert 2 == result.exit_code
    assert [] == stand.server.requests
