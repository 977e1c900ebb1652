"""The docs name what there is; nothing that users meet goes without a word."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from functions.activecampaign.app import app as activecampaign
from functions.admin.app import app as admin
from functions.admin.document import describe
from functions.ingest.app import ROUTES
from signalbox.model.action import KINDS
from signalbox.model.credential import Role
from signalbox.model.dispatch import Outcome, SkipReason
from signalbox.model.drop import DropReason
from signalbox.model.mailing import MailingState
from signalbox.model.permission import ALLOWED, Permission
from signalbox.model.rule import RuleStatus
from signalbox.model.trigger import Level, Trigger
from tests.functions.authorization_table import named
from tests.template import ROOT, template
from tests.test_template import variables_of

DOCS = ROOT / "docs"
ITEM = re.compile(r"^Item +pk (.*)$", re.MULTILINE)


@cache
def api() -> str:
    """Return the page about the API."""
    return (DOCS / "api.md").read_text()


@cache
def all_docs() -> str:
    """Return every page."""
    return "\n".join(page.read_text() for page in sorted(DOCS.rglob("*.md")))


@pytest.mark.parametrize(
    "words",
    [
        Role,
        Permission,
        DropReason,
        Outcome,
        SkipReason,
        KINDS,
        Trigger,
        Level,
        RuleStatus,
        MailingState,
    ],
    ids=lambda words: getattr(words, "__name__", "kinds"),
)
def test_the_api_page_names_every_word_of_a_closed_set(words):
    assert set() == {str(word) for word in words if f"`{word}`" not in api()} - {
        role for role in map(str, Role) if f" {role} |" in api()
    }


def test_the_page_of_the_data_model_has_every_item():
    """Each `Item` that a file in store/ opens with: the account's part of its key, and its sort key."""
    page = (DOCS / "data-model.md").read_text()
    stores = sorted((ROOT / "layers/common/signalbox/store").glob("*.py"))
    found = {
        (store.stem, part)
        for store in stores
        for text in ITEM.findall(ast.get_docstring(ast.parse(store.read_text())) or "")
        for part in parts_of(text)
    }

    assert len(found) > len(stores)
    assert set() == {(store, part) for store, part in found if f"`{part}" not in page}


def parts_of(item: str) -> set[str]:
    """Return of an item's keys what does not vary: its partition and its sort key up to a value."""
    partition, _, sort = item.partition(" sk ")
    ours = [partition.strip()] if partition.startswith("A#") else []
    kinds = re.sub(r"<[^>]*>", "<>", sort.strip()).partition("  ")[0].split(", ")
    fixed = {kind.partition("<")[0].partition(" ")[0] for kind in kinds}
    fixed |= {f"A#<account>{pk.removeprefix('A#<account>').partition('<')[0]}" for pk in ours}
    return {part.rstrip("…") for part in fixed if part}


def test_the_api_page_names_every_operation():
    """Native routes by method and path, and those of ingestion."""
    wanted = operations_of(admin) | set(ROUTES) | {"GET /api/openapi.json", "POST /relay"}

    assert set() == {operation for operation in wanted if operation not in api()}


def test_the_page_of_the_dialect_names_every_operation():
    page = (DOCS / "activecampaign.md").read_text()

    assert set() == {
        operation
        for operation in map(named, operations_of(activecampaign))
        if f"`{operation}`" not in page
    }


def operations_of(app: APIGatewayHttpResolver) -> set[str]:
    """Return what an API serves, by method and path."""
    return {
        f"{method.upper()} {path}"
        for path, operations in describe(app)["paths"].items()
        for method in operations
    }


def test_the_permissions_are_told_as_they_are():
    """The table of roles and permissions on the page is the one in the code."""
    roles = api().partition("Who may call what")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|((?:[^|]*\|){7})$", roles, re.MULTILINE)
    shown = {
        (role, Permission(permission))
        for permission, ticks in rows
        for role, cell in zip(Role, ticks.split("|"), strict=False)
        if cell.strip()
    }

    assert {(role, one) for role, allowed in ALLOWED.items() for one in allowed} == shown


def test_examples_are_json():
    """Every JSON block of every page can be read."""
    blocks = re.findall(r"```json\n(.*?)```", all_docs(), re.DOTALL)

    assert blocks
    for block in blocks:
        json.loads(block)


def test_every_variable_is_explained():
    variables = {name for function in variables_of().values() for name in function}
    ours = {name for name in variables if not name.startswith("POWERTOOLS_")}

    assert set() == {name for name in ours if f"`{name}`" not in all_docs()}


def test_every_parameter_is_explained():
    assert set() == {name for name in template()["Parameters"] if f"`{name}`" not in all_docs()}


def test_no_page_links_to_nothing():
    """Relative links of the docs and the README reach a file."""
    broken = {
        f"{page.relative_to(ROOT)}: {target}"
        for page in [ROOT / "README.md", *DOCS.rglob("*.md")]
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text())
        if not (Path(page).parent / target).exists()
    }

    assert set() == broken
