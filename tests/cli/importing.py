"""What tests of `signalbox import` share: files, the people in them, and a gate before the API."""

import contextlib
import csv
import io
import json
import sys
import threading
from pathlib import Path

from functions.activecampaign import app as activecampaign
from signalbox.model.contact import Contact
from signalbox.store import contact_listing, contacts
from tests.people import ACCOUNT_ID

IMPORT = "/api/3/import/bulk_import"
REFUSAL = {"statusCode": 500, "body": json.dumps({"message": "Internal Server Error"})}


class Hushed(contextlib.AbstractContextManager):
    """Standard output goes nowhere while any thread is within; `contextlib`'s knows one thread."""

    lock, within, real = threading.Lock(), 0, None

    def __init__(self, nowhere) -> None:
        self._nowhere = nowhere

    def __enter__(self):
        with self.lock:
            if not Hushed.within:
                Hushed.real, sys.stdout = sys.stdout, self._nowhere
            Hushed.within += 1

    def __exit__(self, *fault):
        with self.lock:
            Hushed.within -= 1
            if not Hushed.within:
                sys.stdout = Hushed.real


class Gate:
    """Lets so many calls of the import through to the API, and answers all others as planned.

    `seen` are the addresses that each call named.
    """

    def __init__(self, monkeypatch, passing: int, answer: dict) -> None:
        self.seen: list[list[str]] = []
        self._through, self._passing, self._answer = activecampaign.handler, passing, answer
        self._lock = threading.Lock()
        monkeypatch.setattr(activecampaign, "handler", self)

    def __call__(self, event, context):
        """Answer a request."""
        if event["rawPath"] == IMPORT:
            with self._lock:
                sent = json.loads(event["body"])["contacts"]
                self.seen.append([contact["email"] for contact in sent])
                if len(self.seen) > self._passing:
                    return self._answer
        return self._through(event, context)


def everybody() -> dict[str, Contact]:
    """Return the account's contacts by address, without Ada, whom every test has."""
    ids = list(contact_listing.within(ACCOUNT_ID, expected=10_000))
    found = contacts.fetch_many(ACCOUNT_ID, ids)
    return {one.email: one for one in found if one.email != "ada@signalbox.example"}


def people(count: int) -> str:
    """Return a file of so many contacts."""
    return "email,first name\n" + "".join(f"p{n}@a.example,P{n}\n" for n in range(count))


def answered(*reasons: dict) -> dict:
    """Return the answer to an import of which these contacts failed."""
    body = {"Success": 1, "batchId": "b", "failureReasons": list(reasons)}
    return {"statusCode": 200, "body": json.dumps(body)}


def rejected(folder: Path) -> list[list[str]]:
    """Return the rows of the file of rejected rows, the header first."""
    text = (folder / "contacts.csv.rejected.csv").read_bytes().decode("utf-8", "replace")
    return list(csv.reader(io.StringIO(text, newline="")))
