"""The Python that functions run on.

On AWS a function finds Python, boto3, its own files and its layers. MiniStack 1.5.33 runs functions on
its own interpreter, so everything that MiniStack itself needs can be imported and a dependency that
is missing from the layer goes unseen. It also imports botocore into each function before its first
line, to count how deep functions invoke each other: 0.2 s of every start, and the hot functions are
made to do without.
"""

from pathlib import Path

DEPTH_COUNTER = "    _ms_install_invoke_depth()\n"


def install(interpreter: Path) -> None:
    """Run Python functions on `interpreter`, without the counter of depth."""
    from ministack.core import lambda_runtime  # noqa: PLC0415 - the emulator's

    original = lambda_runtime._detect_runtime_binary  # noqa: SLF001 - a shim replaces it

    def detect(runtime: str) -> tuple[str, str]:
        binary, script = original(runtime)
        if not runtime.startswith("python"):
            return binary, script
        return str(interpreter), script.replace(DEPTH_COUNTER, "", 1)

    lambda_runtime._detect_runtime_binary = detect  # noqa: SLF001
