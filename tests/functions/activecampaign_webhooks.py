"""Webhooks in ActiveCampaign's manner, and what they are about, as its API makes them."""

WEBHOOKS = "/api/3/webhooks"
SOURCES = ["public", "admin", "api", "system"]


def wanted(**changes):
    """Return the body of a webhook."""
    usual = {
        "name": "My Hook",
        "url": "https://hooks.example.com/in",
        "events": ["subscribe"],
        "sources": SOURCES,
    }
    return {"webhook": usual | changes}


def made(account, path, part, **fields):
    """Make a thing by the API and return its id."""
    status, body = account.call("POST", f"/api/3/{path}", {part: fields})
    assert status in (200, 201), body
    return body[part]["id"]


def new_list(account, name="News"):
    """Make a list and return its id."""
    return made(
        account, "lists", "list", name=name, stringid=name, sender_url="x", sender_reminder="x"
    )
