"""URLs that lead inside, however disguised, are refused without a connection; others are not."""

import pytest

from signalbox.channels import outbound
from signalbox.model.errors import InvalidError
from signalbox.model.retries import Fault
from tests.channels.names import OTHER_PUBLIC, PRIVATE_NAMES, PUBLIC, names

REFUSED = [
    # This machine, in every spelling.
    "http://127.0.0.1/",
    "http://127.0.0.1:80/",
    "https://127.0.0.1/",
    "http://127.255.255.254/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0177.0.0.01/",
    "http://00000177.0.0.1/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0x7f.1/",
    "http://0X7F.0.0.1/",
    "http://127.0.0.1./",
    "http://127.0.0.1%00/",
    "http://%31%32%37.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://１２７.0.0.1/",  # noqa: RUF001 the wide digits are the point
    "http://0/",
    "http://0.0.0.0/",
    "http://0.0.0.0:8080/",
    "http://0.1.2.3/",
    "http://[::1]/",
    "http://[::1]:8080/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:7f00:0001]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[::1%25lo]/",
    "http://[fe80::1%25eth0]/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://localhost.localdomain/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://customer1.app.localhost/",
    "http://127.0.0.1.nip.io/",
    # Networks behind this machine, and the cloud's own services.
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/v2/credentials/",
    "http://169.254.169.123/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::a9fe:a9fe]/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://metadata.google.internal/",
    "http://metadata.google.internal./",
    "http://metadata/",
    "http://instance-data/",
    "http://instance-data.ec2.internal/",
    "http://169.254.169.254.nip.io/",
    # What is nobody's, everybody's or on paper only.
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://[ff02::1]/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://192.88.99.1/",
    "http://[2001:db8::1]/",
    "http://[100::1]/",
    # Names that lead inside, and names of which one address does.
    "https://spoofed.example/",
    "https://mapped.example/",
    "https://bücher.example/",
    "https://two.example/",
    "https://two6.example/",
    "https://last.example/",
    # URLs that say two things, or nothing that can be reached.
    f"http://{PUBLIC}@127.0.0.1/",
    "http://example.com@127.0.0.1/",
    "http://user:password@example.com/",
    "http://127.0.0.1#@example.com/",
    "http://127.0.0.1?@example.com/",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\.example.com/",
    "http://example.com:80@127.0.0.1/",
    "http://example.com\t.evil/",
    "http://exam\nple.com/",
    "http://example.com/a\r\nHost: x",
    "http://example .com/",
    " http://example.com/",
    "http:///etc/passwd",
    "http:example.com",
    "//example.com/",
    "example.com",
    "",
    "http://",
    "http://[::1/",
    "http://exa_mple.com/",
    "http://example..com/",
    f"http://{'a' * 300}.example/",
    f"http://example.com/{'a' * 9000}",
    "file:///etc/passwd",
    "ftp://example.com/",
    "gopher://example.com:70/_x",
    "dict://example.com:11211/",
    "unix:///var/run/docker.sock",
    "javascript:alert(1)",
    "data:text/plain,x",
    # Ports that are not the web's.
    f"http://{PUBLIC}:22/",
    f"http://{PUBLIC}:25/",
    f"http://{PUBLIC}:6379/",
    f"http://{PUBLIC}:9001/",
    f"http://{PUBLIC}:0/",
    f"http://{PUBLIC}:65536/",
    f"http://{PUBLIC}:-80/",
    f"http://{PUBLIC}:٨٠/",
    f"http://{PUBLIC}:8o/",
]


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_inside_or_disguised_is_refused_without_a_connection(url, connections):
    answer = outbound.request("POST", url, resolver=names(PRIVATE_NAMES))

    assert Fault.REFUSED == answer.fault
    assert [] == connections


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://127.0.0.1/", {}),
        ("ftp://example.com/", {}),
        (f"http://{PUBLIC}:22/", {}),
        ("https://user@example.com/", {}),
        ("https://example.com/\ud800", {}),
        ("https://example.com/", {"X-A": "a\r\nX-B: b"}),
        ("https://example.com/", {"Host": "other.example"}),
    ],
)
def test_what_could_never_be_sent_is_refused_when_it_is_written_down(url, headers, connections):
    with pytest.raises(InvalidError):
        outbound.check(url, headers, frozenset(), field="actions.0")

    assert [] == connections


@pytest.mark.parametrize("url", ["https://example.com/%EMAIL%", "http://127.0.0.1:9999/"])
def test_what_can_be_sent_is_accepted_without_asking_for_its_name(url, connections):
    outbound.check(url, {"X-A": "b"}, frozenset({"127.0.0.1:9999"}), field="actions.0")

    assert [] == connections


@pytest.mark.parametrize("url", ["http://example.com/\ud800", "http://example.com/?\udfff"])
def test_a_url_that_no_encoding_has_is_invalid(url, connections):
    answer = outbound.request("POST", url, resolver=names({}))

    assert Fault.INVALID == answer.fault
    assert [] == connections


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"http://{PUBLIC}/", (PUBLIC, 80)),
        (f"https://{PUBLIC}/", (PUBLIC, 443)),
        (f"http://{PUBLIC}:8080/", (PUBLIC, 8080)),
        (f"https://{PUBLIC}:8443/", (PUBLIC, 8443)),
        ("HTTPS://Hooks.Example/", (OTHER_PUBLIC, 443)),
        ("https://hooks.example./", (OTHER_PUBLIC, 443)),
        ("https://[2606:4700::1111]/", ("2606:4700::1111", 443, 0, 0)),
    ],
)
def test_public_addresses_are_reached(url, expected, connections):
    table = {"hooks.example": [OTHER_PUBLIC], "hooks.example.": [OTHER_PUBLIC]}

    answer = outbound.request("POST", url, resolver=names(table))

    assert Fault.CONNECTION == answer.fault
    assert [expected] == connections


def test_a_name_that_changes_its_address_is_asked_once_and_the_first_answer_is_used(connections):
    """DNS rebinding: public when it is judged, this machine when it is connected to."""
    answers = iter([[PUBLIC], ["127.0.0.1"], ["169.254.169.254"]])
    asked: list[str] = []

    def resolver(host, port, *rest):
        return names({host: next(answers)}, asked)(host, port, *rest)

    answer = outbound.request("POST", "http://rebinding.example/", resolver=resolver)

    assert Fault.CONNECTION == answer.fault
    assert [(PUBLIC, 80)] == connections
    assert ["rebinding.example"] == asked


def test_the_address_that_a_name_led_to_is_not_told():
    answer = outbound.request(
        "POST", "https://spoofed.example/", resolver=names({"spoofed.example": ["10.9.8.7"]})
    )

    assert "10.9.8.7" not in answer.summary
    assert "refused: the name leads to an address that is not public" == answer.summary
