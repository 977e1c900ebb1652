"""Lists that the API answers page by page."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from cli.api import Api

PAGE = 100


def pages(api: Api, path: str, noun: str, query: dict[str, str | int]) -> Iterator[dict[str, Any]]:
    """Yield the entries of a list, asking for the next page once it is needed."""
    after = ""
    while True:
        page = api.call("GET", path, query=query | {"limit": PAGE, "after": after})
        yield from page[noun]
        after = page["next"]
        if not after:
            return


def everything(
    api: Api, path: str, noun: str, *, limit: int | None = None, **query: str | int
) -> list[dict[str, Any]]:
    """Return the entries of a list, or the first `limit` of them."""
    return list(islice(pages(api, path, noun, query), limit))
