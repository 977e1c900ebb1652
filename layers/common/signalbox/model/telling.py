"""What happened, told in one line."""

from collections.abc import Mapping
from typing import Any

from signalbox.model.drop import DropReason


def sentence(line: Mapping[str, Any]) -> str:
    """Return a line of the live feed for people."""
    who = line.get("address", "").partition(":")[2] or f"contact {line.get('contact_id', '?')}"
    match line["kind"]:
        case "event":
            fired = len(line["rules"])
            value = f" = {line['value']}" if line["value"] else ""
            woke = f", {fired} rule{'s' * (fired != 1)} fired" if fired else ""
            return f"{line['name']!r}{value} by {who} recorded{woke}"
        case "dropped":
            reason = DropReason(line["reason"])
            return f"{line['name']!r} by {who} dropped ({reason}): {reason.explanation}"
        case "action":
            tries = f", try {line['attempt']}" if line["attempt"] > 1 else ""
            told = line["detail"] and line["outcome"] != "done"
            detail = f": {line['detail']}" if told else ""
            return f"{line['action']} of rule {line['rule_id']} {line['outcome']}{tries}{detail}"
    return str(line["kind"])
