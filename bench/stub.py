"""A local endpoint that answers SQS and DynamoDB out of the stand-in world, in its own process.

What it spends is not counted, and it answers at once, so a benchmark sees the client's own work.
`python -m bench.stub` prints its port and ends when its input closes.
"""

import hashlib
import json
import re
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from bench.world import World, answering, settle
from local.home import REPOSITORY

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
TARGET = re.compile(rb"\r\nx-amz-target: *(\w+)\.(\w+)", re.IGNORECASE)
SERVICES = {"AmazonSQS": "sqs", "DynamoDB_20120810": "dynamodb"}
RECEIVED_AT_ONCE = 1 << 20
MAIL = b"POST /v2/email/outbound-emails "
MAIL_TAKEN = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 76\r\n\r\n"
    b'{"MessageId":"' + b"0" * 60 + b'"}'
)


@contextmanager
def serving() -> Iterator[str]:
    """Run the endpoint; give its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.stub"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the stub has no pipes")
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def main() -> None:
    """Serve until the input closes."""
    world = World()
    with answering(world):
        settle()
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, world), daemon=True).start()
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()


def _accept(listener: socket.socket, world: World) -> None:
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(connection, world), daemon=True).start()


def _serve(connection: socket.socket, world: World) -> None:
    with connection, suppress(ConnectionError):
        received = b""
        while True:
            head, mark, rest = received.partition(b"\r\n\r\n")
            length = int(found[1]) if (found := LENGTH.search(head)) else 0
            if mark and len(rest) >= length:
                connection.sendall(_answer(head, rest[:length], world))
                received = rest[length:]
                continue
            more = connection.recv(RECEIVED_AT_ONCE)
            if not more:
                return
            received += more


def _answer(head: bytes, body: bytes, world: World) -> bytes:
    target = TARGET.search(head)
    if head.startswith(MAIL):
        return MAIL_TAKEN
    if target is None:
        return b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    request: dict[str, Any] = json.loads(body)
    service, operation = SERVICES[target[1].decode()], target[2].decode()
    answer = world(service, operation, request)
    world.sent.clear()
    if operation == "SendMessage":
        answer["MD5OfMessageBody"] = hashlib.md5(request["MessageBody"].encode()).hexdigest()  # noqa: S324 SQS's own
    content = json.dumps(answer).encode()
    return (
        f"HTTP/1.1 200 OK\r\nx-amzn-RequestId: {'0' * 52}\r\nx-amz-crc32: {zlib.crc32(content)}\r\n"
        f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(content)}\r\n\r\n"
    ).encode() + content


if __name__ == "__main__":
    main()
