"""The dialect of ActiveCampaign keeps to its own OpenAPI document, whatever it is sent."""

from collections.abc import Iterator

import pytest
import schemathesis

from tests.cloud import empty_cloud
from tests.functions.activecampaign_probe import SOME, inhabited, probe
from tests.functions.activecampaign_schema import document
from tests.functions.test_authorization import World

schema = schemathesis.openapi.from_dict(document())
schema.config.phases.coverage.enabled = False  # thousands of requests; the long run makes them


@pytest.fixture(scope="module", name="lasting")
def _lasting(_mocked_aws) -> Iterator[World]:
    """An account that the requests of all operations meet."""
    with pytest.MonkeyPatch.context() as monkeypatch, empty_cloud(monkeypatch) as cloud:
        yield inhabited(cloud, monkeypatch)


@schema.parametrize()
@SOME
def test_every_operation_answers_as_its_document_says(case, lasting):
    """No generated request gets a 5xx, an undocumented status or type, or another shape."""
    probe(case, lasting)
