"""What the hot functions load: each module costs every start."""

import json
import subprocess
import sys
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.ingest.request import MOST_FIELDS, form_fields
from signalbox.model.errors import InvalidError
from tests.cloud import FAKE
from tests.template import ROOT

SLOW = {
    "aws_lambda_powertools",
    "boto3",
    "botocore",
    "email_validator",
    "http",
    "idna",
    "pydantic",
    "requests",
    "urllib",
    "urllib3",
}
PROGRAM = """
import importlib, json, sys
before = set(sys.modules)
importlib.import_module(sys.argv[1])
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def loaded(module):
    """Return the modules that an interpreter loads for one; it has the standard library alone."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", PROGRAM, module],
        env=FAKE | {"AWS_CLIENT": "lean", "PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'common'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("module", "own", "standard"),
    [
        ("functions.ingest.app", 28, 50),
        ("functions.pixel.app", 22, 50),
        ("functions.track.app", 39, 50),
    ],
)
def test_a_hot_function_loads_little(module, own, standard):
    """A start loads no SDK, no validator and no framework, and few modules in all."""
    modules = loaded(module)

    tops = {name.partition(".")[0] for name in modules}
    ours = [name for name in modules if name.startswith(("signalbox", "functions"))]
    assert set() == tops & SLOW
    assert set() == tops - {"signalbox", "functions"} - sys.stdlib_module_names
    assert len(ours) <= own, ours
    assert len(modules) - len(ours) <= standard, sorted(set(modules) - set(ours))


def test_a_hot_function_makes_tls_ready_while_it_starts():
    """The first request finds TLS loaded, not only the second."""
    assert "ssl" in loaded("functions.ingest.app")
    assert "ssl" in loaded("functions.pixel.app")
    assert "ssl" in loaded("functions.track.app")


FORMS = st.lists(st.text("ab=&+%41zÄ\x00;éc3A9 "), max_size=8).map("&".join) | st.text(
    max_size=40
).filter(lambda text: "&" * MOST_FIELDS not in text)


@given(FORMS)
def test_the_short_form_reader_reads_as_the_standard_library_does(text):
    """Ingest reads forms itself, because `urllib.parse` costs a seventh of its start."""
    try:
        expected = dict(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        expected = None

    try:
        read = form_fields(text)
    except InvalidError:
        read = None
    assert expected == read


@pytest.mark.parametrize(("fields", "taken"), [(MOST_FIELDS, True), (MOST_FIELDS + 1, False)])
def test_a_form_has_a_limit_of_fields(fields, taken):
    """A body of nothing but separators is not worked through."""
    form = "&".join(["a=b"] * fields)
    try:
        read = form_fields(form)
    except InvalidError:
        read = None

    assert ({"a": "b"} if taken else None) == read
