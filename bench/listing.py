"""Listing contacts out of few and out of very many: a page of 100 by every kind of key."""

import json
import time
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from bench import population, world
from bench.figures import Figure, compared
from bench.metering import Meter
from bench.shelves import Shelves

FEW, MANY = 1_000, 100_000
PAGE = 100
REPEATS = 15
QUESTIONS = {
    "of all": "/api/3/contacts?limit=100",
    "by address": "/api/3/contacts?limit=100&orders[email]=ASC",
    "of a list": f"/api/3/contacts?limit=100&listid={population.LIST_ID}",
    "with a tag": f"/api/3/contacts?limit=100&tagid={population.TAG_ID}",
    "by beginning of address": "/api/3/contacts?limit=100&email_like=p0000",
    "for an export": "/api/contacts?limit=100",
}


def figures() -> list[Figure]:
    """Measure each question out of few and of many, and see that both read the same."""
    spent: dict[int, dict[str, list[float]]] = {}
    costs: dict[int, dict[str, tuple[int, float]]] = {}
    for size in (FEW, MANY):
        shelves = Shelves()
        meter = Meter(shelves)
        with world.answering(meter):
            population.settle(shelves, size)
            costs[size] = {name: cost(meter, asked) for name, asked in QUESTIONS.items()}
            spent[size] = {name: _rounds(asked) for name, asked in QUESTIONS.items()}
    if costs[FEW] != costs[MANY]:
        raise RuntimeError(f"a page out of many reads more: {costs}")
    return [
        compared(
            f"a page {name}, of {MANY:,}",
            spent[MANY][name],
            spent[FEW][name],
            unit="ms",
            against=f"{FEW:,} ({calls} calls, {units:g} read units each)",
        )
        for name, (calls, units) in costs[FEW].items()
    ]


def cost(meter: Meter, asked: str) -> tuple[int, float]:
    """Return how many calls and read units an answer takes of a process that knows its caller."""
    ask(asked)
    meter.reset()
    ask(asked)
    return meter.total, meter.read_units


def ask(asked: str) -> dict[str, Any]:
    """Return the answer to a question; it holds a whole page."""
    from functions.activecampaign import app as activecampaign  # noqa: PLC0415 in the set environment
    from functions.admin import app as admin  # noqa: PLC0415 see above

    path, _, query = asked.partition("?")
    event = world.request(f"GET {path}", "", token=population.TOKEN)
    event["requestContext"]["domainName"] = event["headers"]["host"]
    event["rawQueryString"] = query
    event["queryStringParameters"] = dict(part.split("=") for part in query.split("&"))
    app = activecampaign if path.startswith("/api/3/") else admin
    with redirect_stdout(StringIO()):  # its log is not asked for
        answer = app.handler(event, _Context())
    body: dict[str, Any] = json.loads(answer["body"])
    if len(body["contacts"]) != PAGE:
        raise RuntimeError(f"{asked}: {answer['statusCode']} {len(body['contacts'])} contacts")
    return body


def _rounds(asked: str) -> list[float]:
    """Return the milliseconds of processor time of an answer, in each round."""
    times = []
    for _ in range(REPEATS):
        begun = time.process_time()
        ask(asked)
        times.append((time.process_time() - begun) * 1000)
    return times


class _Context:
    """What Lambda tells a function of an invocation."""

    function_name = "bench"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:bench"
    aws_request_id = "00000000-0000-0000-0000-000000000000"
