"""What tests share: an empty cloud for each, one mock of AWS for all."""

import pytest

from tests.cloud import empty_cloud, mock
from tests.people import settle


@pytest.fixture(scope="session")
def _mocked_aws():
    with mock():
        yield


@pytest.fixture(name="cloud")
def _cloud(monkeypatch, _mocked_aws):
    with empty_cloud(monkeypatch) as cloud:
        yield cloud


@pytest.fixture(name="account")
def _account(cloud):
    """An account with its keys, a contact and a registered event name."""
    return settle()
