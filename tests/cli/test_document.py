"""`signalbox openapi`."""

import json

import pytest

from functions.admin.app import app
from functions.admin.document import describe


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_the_document_is_printed_without_a_token(stand, options):
    result = stand.run("openapi", *options, SIGNALBOX_TOKEN=None)

    assert (0, "") == (result.exit_code, result.stderr)
    assert describe(app) == json.loads(result.stdout)
    assert "api-token" not in stand.server.requests[0][2]
