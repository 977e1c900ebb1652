"""`sam build` of the template, once for each state of the sources.

A build is kept under the hash of what went into it, so starting again without a change builds nothing,
and several stacks may share one. Functions and the layer are built for the Python and the processor of
this machine; the template's parameters say which.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.errors import StackError
from local.home import REPOSITORY, builds
from local.processes import RUNTIME_PYTHON, SAM, VENVS, python_version, run_to_end

SOURCES = ("template.yaml", "samconfig.toml", "functions", "layers")
IGNORED = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache"})
KEPT_BUILDS = 3
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def parameters() -> dict[str, str]:
    """The template's parameters that say what this machine is."""
    return {"PythonRuntime": python_version(RUNTIME_PYTHON), "Architecture": architecture()}


def architecture() -> str:
    """This machine's processor as Lambda names it.

    Raises:
        StackError: Lambda has none like it.
    """
    machine = platform.machine().lower()
    if machine not in ARCHITECTURES:
        raise StackError(f"Lambda has no {machine} processors: Signalbox runs on x86_64 and arm64.")
    return ARCHITECTURES[machine]


def overrides(values: dict[str, str]) -> list[str]:
    """Parameters as SAM takes them on its command line."""
    pairs = [f"ParameterKey={key},ParameterValue={value}" for key, value in values.items()]
    return ["--parameter-overrides", " ".join(pairs)]


def build(log: Path, values: dict[str, str]) -> Path:
    """The folder of the build of the sources as they are; built now if it is not there.

    Raises:
        StackError: a tool is missing, or the build failed; `log` says why.
    """
    folder = builds()
    folder.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(folder / "lock"):
        wanted = folder / hash_of_sources(values)
        if not wanted.exists():
            require_make()
            sam_build(folder, wanted, log, values)
        os.utime(wanted)
        forget_old(folder)
    return wanted


def sam_build(folder: Path, wanted: Path, log: Path, values: dict[str, str]) -> None:
    """Run `sam build`; the folder appears under its name when the build is whole."""
    half = folder / "half"
    command = [
        *(str(SAM), "build", "--template-file", str(REPOSITORY / "template.yaml")),
        *("--build-dir", str(half), "--cached", "--cache-dir", str(folder / "cache")),
        *("--parallel", *overrides(values)),
    ]
    run_to_end(command, environment=sam_environment(folder), log=log)
    half.rename(wanted)


def sam_environment(folder: Path) -> dict[str, str]:
    """The environment of SAM: ours, and what the Makefiles of the functions and the layer ask for."""
    return {
        **os.environ,
        "SIGNALBOX_UV": str(VENVS / "uv" / "bin" / "uv"),
        "SIGNALBOX_PYTHON": str(RUNTIME_PYTHON),
        "SIGNALBOX_PYTHON_VERSION": python_version(RUNTIME_PYTHON).removeprefix("python"),
        "SIGNALBOX_PLATFORM": wheels_platform(),
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(folder / "sam"),
    }


def wheels_platform() -> str:
    """What uv calls this machine when it chooses wheels."""
    processor = {"x86_64": "x86_64", "arm64": "aarch64"}[architecture()]
    return f"{processor}-{'apple-darwin' if sys.platform == 'darwin' else 'manylinux_2_28'}"


def require_make() -> None:
    """Check that `make` is there, which builds functions and layer.

    Raises:
        StackError: it is not.
    """
    if shutil.which("make") is None:
        raise StackError("The program `make` is missing; install it (Debian: `apt install make`).")


def hash_of_sources(values: dict[str, str]) -> str:
    """A name for the sources and the parameters as they are."""
    digest = hashlib.sha256(repr(sorted(values.items())).encode())
    for file in sorted(source_files()):
        digest.update(str(file.relative_to(REPOSITORY)).encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def source_files() -> Iterator[Path]:
    """Every file that goes into a build.

    Raises:
        StackError: there is no template.
    """
    if not (REPOSITORY / "template.yaml").exists():
        raise StackError(f"There is no template.yaml in {REPOSITORY}.")
    for name in SOURCES:
        path = REPOSITORY / name
        found = path.rglob("*") if path.is_dir() else [path]
        for file in found:
            if file.is_file() and not IGNORED.intersection(file.parts):
                yield file


def forget_old(folder: Path) -> None:
    """Remove all builds but the ones used last."""
    kept = [path.parent for path in folder.glob("*/template.yaml") if path.parent.name != "half"]
    kept.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for old in kept[KEPT_BUILDS:]:
        shutil.rmtree(old)


@contextmanager
def one_at_a_time(file: Path) -> Iterator[None]:
    """Wait until no other process builds."""
    with file.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
