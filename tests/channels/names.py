"""Names for tests of what goes out: public and private addresses, and who resolves them."""

import socket

PUBLIC = "93.184.215.14"
OTHER_PUBLIC = "93.184.215.15"


def names(table: dict[str, list[str]], asked: list[str] | None = None):
    """Resolve the names of a table; digits as the system does, all else not at all."""

    def resolver(host, port, *_):
        if asked is not None:
            asked.append(host)
        if host not in table:
            return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in table[host]
        ]

    return resolver


PRIVATE_NAMES = {
    "localhost": ["127.0.0.1"],
    "localhost.": ["127.0.0.1"],
    "localhost.localdomain": ["::1"],
    "metadata.google.internal": ["169.254.169.254"],
    "metadata.google.internal.": ["169.254.169.254"],
    "metadata": ["169.254.169.254"],
    "instance-data": ["169.254.169.254"],
    "instance-data.ec2.internal": ["169.254.169.254"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "169.254.169.254.nip.io": ["169.254.169.254"],
    "customer1.app.localhost": ["127.0.0.1"],
    "spoofed.example": ["10.0.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "xn--bcher-kva.example": ["192.168.0.1"],
    "two.example": [PUBLIC, "10.0.0.1"],
    "two6.example": [PUBLIC, "fd00::1"],
    "last.example": [PUBLIC, OTHER_PUBLIC, "2606:4700::1111", "169.254.169.254"],
}
