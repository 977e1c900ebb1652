"""The bucket of content."""

import pytest
from botocore.exceptions import ReadTimeoutError

from signalbox import aws
from signalbox.aws import AwsError
from signalbox.model.errors import NotFoundError
from signalbox.store import content
from tests.store.things import A, B


@pytest.mark.usefixtures("cloud")
def test_bytes_are_found_by_what_they_are():
    name = content.put(A, b"%PDF-", media_type="application/pdf")

    assert (b"%PDF-", 5) == (content.fetch(A, name), content.size(A, name))
    assert name == content.put(A, b"%PDF-")


def test_the_same_bytes_stand_once(cloud):
    for _ in range(2):
        content.put(A, b"x")

    assert 1 == len(cloud.objects())


@pytest.mark.usefixtures("cloud")
def test_an_account_has_nothing_of_another():
    name = content.put(A, b"%PDF-")

    for look in (content.fetch, content.size):
        with pytest.raises(NotFoundError):
            look(B, name)


@pytest.mark.usefixtures("cloud")
def test_an_answer_that_breaks_off_is_a_fault_of_aws(monkeypatch):
    class Broken:
        def read(self) -> bytes:
            raise ReadTimeoutError(endpoint_url="https://s3.example")

    monkeypatch.setattr(aws, "call", lambda *_, **__: {"Body": Broken()})

    with pytest.raises(AwsError) as caught:
        content.fetch(A, "x")
    assert ("ReadTimeoutError", 0) == (caught.value.code, caught.value.status)


def test_a_bucket_that_is_not_there_is_a_fault_of_aws(cloud, monkeypatch):
    monkeypatch.setattr("signalbox.store.content.environment", Nowhere)

    with pytest.raises(AwsError):
        content.fetch(A, "x")
    with pytest.raises(AwsError):
        content.put(A, b"x")
    assert [] == cloud.objects()


class Nowhere:
    """A stack whose bucket is gone."""

    content_bucket = "gone"
