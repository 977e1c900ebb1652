"""An allowed host is reached although private, and opens nothing beside it."""

import pytest

from signalbox.channels import outbound
from signalbox.model.retries import Fault
from tests.channels.names import PRIVATE_NAMES, PUBLIC, names


@pytest.mark.parametrize(
    "entry",
    [
        "127.0.0.1",
        "localhost:{port}",
        "127.0.0.2:{port}",
        "127.0.0.1:{other}",
        "27.0.0.1:{port}",
        "*:{port}",
        "0.0.0.0:{port}",
    ],
)
def test_an_allowed_host_is_that_host_and_port_and_no_other(entry, connections):
    port, other = 9999, 9998
    hosts = frozenset({entry.format(port=port, other=other)}) if ":" in entry else frozenset()

    answer = outbound.request("POST", f"http://127.0.0.1:{port}/", allowed_hosts=hosts)

    assert Fault.REFUSED == answer.fault
    assert [] == connections


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9998/",
        "http://127.0.0.2:9999/",
        "http://127.1:9999/",
        "http://[::ffff:127.0.0.1]:9999/",
        "http://x@127.0.0.1:9999/",
        "http://127.0.0.1:9999@10.0.0.1/",
        "ftp://127.0.0.1:9999/",
        f"http://{PUBLIC}:9999/",
        "http://localhost:9999/",
        "http://127.0.0.1/",
    ],
)
def test_an_allowed_host_opens_nothing_beside_it(url, connections):
    answer = outbound.request(
        "POST",
        url,
        allowed_hosts=frozenset({"127.0.0.1:9999"}),
        resolver=names(PRIVATE_NAMES),
    )

    assert Fault.REFUSED == answer.fault
    assert [] == connections


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "100.64.0.1", "224.0.0.1"])
def test_an_allowed_name_does_not_lead_to_metadata(address, connections):
    answer = outbound.request(
        "POST",
        "http://inside.example:9999/",
        allowed_hosts=frozenset({"inside.example:9999"}),
        resolver=names({"inside.example": [address]}),
    )

    assert Fault.REFUSED == answer.fault
    assert [] == connections


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("localhost:9999", ("127.0.0.1", 9999)),
        ("[::1]:9999", ("::1", 9999, 0, 0)),
        ("10.1.2.3:80", ("10.1.2.3", 80)),
        ("192.168.1.1:443", ("192.168.1.1", 443)),
    ],
)
def test_an_allowed_host_is_reached_although_private(entry, expected, connections):
    answer = outbound.request(
        "POST",
        f"http://{entry}/",
        allowed_hosts=frozenset({entry, "other.example:1"}),
        resolver=names(PRIVATE_NAMES),
    )

    assert Fault.CONNECTION == answer.fault
    assert [expected] == connections
