"""`signalbox import` and `export` of many contacts: rows a second, and the memory they take.

Run `python -m bench.imports [ROWS]` beside the local stack, or with `--stub` against a server that
takes everything at once and keeps nothing: the speed of the command itself.
"""

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

COMMAND = Path(sys.executable).with_name("signalbox")
ROWS = 100_000


class Stub(BaseHTTPRequestHandler):
    """Answers as the API does that has nothing to do."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer that there is nothing, and that nothing failed."""
        self._answer({"lists": [], "fields": [], "failureReasons": [], "status": "completed"})

    def do_POST(self) -> None:
        """Take an import."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"Success": 1, "batchId": "0"})

    def _answer(self, value: dict[str, object]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def stub() -> Iterator[dict[str, str]]:
    """Serve meanwhile; yield the variables that lead the command there."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Stub) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        token = f"sb_100000001_{'x' * 43}"
        yield {
            "SIGNALBOX_URL": f"http://127.0.0.1:{server.server_port}",
            "SIGNALBOX_TOKEN": token,
        }
        server.shutdown()
        thread.join()


def write(path: Path, rows: int) -> None:
    """Write a file of contacts that no other run has."""
    run = time.time_ns()
    with path.open("w", encoding="utf-8") as file:
        file.write("email,first name,last name,phone,notes\n")
        for number in range(rows):
            file.write(f'p{number}.{run}@bench.example,Ada,"Love, lace",,"line\nline"\n')


def measure(rows: int, variables: dict[str, str], *, is_stub: bool) -> None:
    """Import a file, and export everything where there is something."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contacts.csv"
        write(path, rows)
        seconds = _seconds(["import", str(path)], variables)
        _print("import", rows, seconds)
        if not is_stub:
            exported = Path(folder) / "all.csv"
            seconds = _seconds(["export", str(exported)], variables)
            _print("export", exported.read_bytes().count(b"\r\n") - 1, seconds)


def _seconds(arguments: Sequence[str], variables: dict[str, str]) -> float:
    begun = time.monotonic()
    subprocess.run([str(COMMAND), *arguments], env=os.environ | variables, check=True)
    return time.monotonic() - begun


def _print(name: str, rows: int, seconds: float) -> None:
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"{name}: {rows} rows in {seconds:.1f} s, {rows / seconds:.0f} rows/s,"
        f" at most {memory:.0f} MB"
    )


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rows", type=int, nargs="?", default=ROWS)
    parser.add_argument("--stub", action="store_true", help="measure the command alone")
    wanted = parser.parse_args()
    if wanted.stub:
        with stub() as variables:
            measure(wanted.rows, variables, is_stub=True)
    else:
        measure(wanted.rows, {}, is_stub=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
