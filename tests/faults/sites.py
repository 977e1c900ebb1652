"""The committed list of call sites: which calls the functions make, in which scenario."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from tests.faults.enumerator import SPARSE, Mode, Site

FILE = Path(__file__).with_name("sites.json")
WRITING = "SIGNALBOX_WRITE_SITES"
READS = {"GetItem", "BatchGetItem", "Query"}
OF_READS = {Mode.SERVER_ERROR, Mode.PARTIAL}
HOW = f"run `{WRITING}=1 pytest tests/faults -k enumerated` and look at what changed in sites.json"


def known() -> dict[str, list[str]]:
    """Return the sites of each scenario."""
    sites: dict[str, list[str]] = json.loads(FILE.read_text()) if FILE.exists() else {}
    return sites


def check(scenario: str, seen: Iterable[Site]) -> None:
    """Compare the sites of an undisturbed run with the list, or write the list anew."""
    sites = sorted({str(site) for site in seen})
    if os.environ.get(WRITING):
        listed = known() | {scenario: sites}
        FILE.write_text(json.dumps(dict(sorted(listed.items())), indent=1) + "\n")
    unknown = [site for site in sites if site not in known().get(scenario, [])]
    gone = [site for site in known().get(scenario, []) if site not in sites]
    assert not unknown, f"{scenario} makes calls that no fault is tried at: {unknown}; {HOW}"
    assert not gone, f"{scenario} makes these calls no longer: {gone}; {HOW}"


def modes(site: str) -> list[Mode]:
    """Return what can go wrong at a site."""
    operation = site.split(":")[1]
    return [mode for mode in Mode if mode is not Mode.PARTIAL or operation in SPARSE]


def telling_modes(site: str) -> list[Mode]:
    """Return what can go wrong at a site, without what is the same again where nothing is written.

    Dying at a read is dying after the write before it, and an error is an error.
    """
    if site.split(":")[1] in READS:
        return [mode for mode in modes(site) if mode in OF_READS]
    return modes(site)
