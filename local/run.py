"""Starting the stack, keeping it up, ending it."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

from local import build, demo, live, sockets
from local.deployment import Deployment
from local.errors import StackError
from local.home import Home, read_json, write_json
from local.mailbox import Mailbox
from local.processes import emulator, require_tools, wait_for_emulator
from local.receiver import HOOK, MAIL, Hooks, Receiver
from local.sockets import LOOPBACK, Sockets
from local.stack import Stack, described

Say = Callable[[str], None]


def run(home: Home, environ: dict[str, str], *, free: bool, say: Say) -> None:
    """Run the stack until Ctrl-C or SIGTERM.

    Raises:
        StackError: it cannot be started, or the emulator ended.
    """
    # A shell starts background jobs with SIGINT ignored, so that one is set as well.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with up(home, environ, free=free, say=say) as (stack, process, hooks):
            hooks.on_request = lambda request: say(hook_line(request))
            say(greeting(stack))
            live.follow(stack, lambda: process.poll() is None, say)
            raise StackError(f"The emulator ended by itself: see {home.log('emulator')}.")
    except KeyboardInterrupt:
        say("Ended; the data is kept.")


@contextmanager
def up(
    home: Home, environ: dict[str, str], *, free: bool, say: Say
) -> Iterator[tuple[Stack, "subprocess.Popen[bytes]", Hooks]]:
    """The running stack; at the end, everything that was started has ended."""
    require_tools()
    with ExitStack() as started:
        lock(home, started)
        home.create()
        taken = started.enter_context(Sockets(sockets.chosen(environ, home, free=free)))
        receiver = started.enter_context(Receiver(taken, Mailbox(home.mailbox)))
        started.callback(undisturbed)
        started.callback(home.stack_file.unlink, missing_ok=True)
        with Timer(say, "Building"):
            process = started.enter_context(emulator(home, taken))
            machine = build.parameters()
            built = build.build(home.log("build"), machine)
        url = taken.url("emulator")
        with Timer(say, "Deploying"):
            wait_for_emulator(url, process, home.log("emulator"))
            outputs = deploy(home, built, {**machine, **reachable(taken)}, url)
        sockets.remember(home, taken)
        stack = Stack(
            api_url=taken.url("api"),
            receiver_url=taken.url("receiver") + HOOK,
            mailbox_url=taken.url("receiver") + MAIL,
            aws_endpoint_url=url,
            pid=os.getpid(),
            emulator_pid=process.pid,
            **described(outputs),
        )
        release(taken)
        with Timer(say, "Seeding"):
            keep = partial(write_json, home.demo_file)
            seeded = demo.seed(stack, read_json(home.demo_file), keep)
        receiver.hooks.secrets[:] = demo.webhook_secrets(stack, seeded["api_token"])
        keys = {name: seeded[name] for name in ("actid", "event_key", "api_token")}
        stack = replace(stack, **keys)
        stack.write(home)
        yield stack, process, receiver.hooks


def lock(home: Home, started: ExitStack) -> None:
    """Hold the home for as long as the process lives, whatever ends it.

    Raises:
        StackError: another process holds it.
    """
    home.folder.mkdir(parents=True, exist_ok=True)
    stream = started.enter_context(home.lock_file.open("a+"))
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StackError(
            f"Signalbox is already running (process {holder(stream)}): `make down` ends it."
        ) from error
    stream.truncate(0)
    stream.write(str(os.getpid()))
    stream.flush()


def holder(stream: IO[str]) -> str:
    """The id of the process that holds a lock."""
    stream.seek(0)
    return stream.read().strip() or "unknown"


def undisturbed() -> None:
    """Let a second Ctrl-C not cut off the ending: the emulator is writing its data."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def reachable(taken: Sockets) -> dict[str, str]:
    """What only this stack sets: where webhooks, texts, links and the proof of feedback lead and come from.

    The receiver of webhooks has a private address, and the emulator signs with a key of its own.
    """
    port = taken.port("receiver")
    return {
        "WebhookAllowedHosts": f"{LOOPBACK}:{port}",
        "SmsOriginationIdentity": "Signalbox",
        "FeedbackCertificateOrigin": taken.url("emulator"),
        "PublicUrl": taken.url("api"),
    }


def deploy(home: Home, built: Path, values: dict[str, str], url: str) -> dict[str, str]:
    """Deploy what was built; the outputs of the stack."""
    deployment = Deployment(url)
    if deployment.deploy(built, values, home.log("deploy")):
        deployment.verify_sender(demo.SENDER)
    return deployment.outputs()


def release(taken: Sockets) -> None:
    """Close our copies of the emulator's sockets, so that nobody waits on them once it has ended."""
    for name in ("api", "emulator"):
        taken.by_name[name].close()


class Timer:
    """Says what is being done, and how long it took."""

    def __init__(self, say: Say, what: str) -> None:
        """`what` is being done from now on."""
        self.say = say
        self.what = what
        self.started_at = time.monotonic()

    def __enter__(self) -> None:
        """Nothing is said before it is done: a line that stays is worth more than one that moves."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Say it."""
        if kind is None:
            self.say(f"{self.what} took {time.monotonic() - self.started_at:.1f} s")


def greeting(stack: Stack) -> str:
    """What a person needs to know of a stack that is up."""
    curl = (
        f"curl {stack.api_url}/event -d actid={stack.actid} -d key={stack.event_key} "
        f"-d 'event={demo.EVENT_NAME}' -d eventdata={demo.EVENT_DATA} "
        f"""--data-urlencode 'visit={{"email":"{demo.CONTACTS[0]["email"]}"}}'"""
    )
    rows = {
        "API": stack.api_url,
        "Console": stack.console_url,
        "Mailbox": stack.mailbox_url,
        "Webhooks": stack.receiver_url,
        "AWS endpoint": stack.aws_endpoint_url,
        "actid": stack.actid,
        "Event key": stack.event_key,
        "API token": stack.api_token,
    }
    table = "\n".join(f"  {name:<13} {value}" for name, value in rows.items() if value)
    return f"\nSignalbox is up.\n\n{table}\n\nTry:\n\n  {curl}\n\nCtrl-C ends it.\n"


def hook_line(request: dict[str, Any]) -> str:
    """A webhook that came in, as a live line."""
    signed = {True: "signature verified", False: "SIGNATURE WRONG", None: "signature not checked"}
    message = request["headers"].get("webhook-id", "without webhook-id")
    at = datetime.fromisoformat(request["at"]).astimezone()
    told = f"{request['method']} {request['path']} {message}, {signed[request['verified']]}"
    return f"{at:%H:%M:%S}  {'received':<8} {told}, answered {request['answered']}"
