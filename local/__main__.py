"""The local stack's commands: `python -m local run`, `up`, `down`, `reset`, `demo`, `status`.

Written so that an older Python gets as far as the check of its version.
"""

import argparse
import os
import sys

OLDEST, NEWEST = (3, 11), (3, 13)
LOOPBACK = "127.0.0.1,localhost"


def main() -> None:
    """Run one command; every fault is one sentence and exit code 1."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found = "%d.%d" % sys.version_info[:2]  # noqa: UP031 - an older Python must read it
        sys.exit("Signalbox needs Python 3.11, 3.12 or 3.13, and this is %s." % found)  # noqa: UP031
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=["run", "up", "down", "reset", "demo", "status"])
    parser.add_argument(
        "--ports",
        choices=["usual", "free"],
        default="usual",
        help="usual: 8800 to 8802 or SIGNALBOX_{API,EMULATOR,RECEIVER}_PORT; free: any",
    )
    options = parser.parse_args()
    isolate()
    execute(options.command, options.ports == "free")


def isolate() -> None:
    """Leave the user's AWS settings and proxies out: everything here is on this machine."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), LOOPBACK]))


def execute(command: str, free: bool) -> None:
    """Do what was asked."""
    from local import background, demo, home, run, stack  # noqa: PLC0415 - after the check
    from local.errors import StackError  # noqa: PLC0415

    here = home.find(os.environ)
    commands = {
        "run": lambda: run.run(here, dict(os.environ), free=free, say=say),
        "up": lambda: background.up(here, free=free, say=say),
        "down": lambda: background.down(here, say),
        "reset": lambda: background.reset(here, say),
        "demo": lambda: demo.play(stack.Stack.read(here), say),
        "status": lambda: background.status(here, say),
    }
    try:
        commands[command]()
    except StackError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def say(text: str) -> None:
    """Print at once, also into a file or a pipe."""
    print(text, flush=True)


if __name__ == "__main__":
    main()
