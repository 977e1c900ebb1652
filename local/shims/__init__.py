"""Where MiniStack differs from AWS, made alike: one module a gap.

MiniStack 1.5.33 is an emulator of AWS in one process. Each module here says what AWS does, what the
emulator does instead, and replaces the smallest part of it that can be replaced. `tests/local/`
holds, for each, a test of the mended behaviour and a test that the gap is still there; when the
second one fails after an upgrade, the module can go.

The modules run inside the emulator's own environment and import nothing else of the project.
"""

from pathlib import Path

MINISTACK_VERSION = "1.5.33"
"""The version whose private functions the modules replace; another one is refused at start."""


def install(interpreter: Path, mailbox: Path) -> None:
    """Fill every gap; to be called once, before the emulator serves.

    Args:
        interpreter: the Python that runs Lambda functions whose runtime is Python.
        mailbox: the folder that keeps the mails which are sent.
    """
    from local.shims import (  # noqa: PLC0415 - each imports a service of the emulator: late, on purpose
        expressions,
        http_api_answers,
        http_api_body,
        http_api_requests,
        interpreters,
        mail,
        mail_events,
        queue_batches,
        queue_concurrency,
        schedules,
        signatures,
        silent_handlers,
        streams,
        texts,
    )

    http_api_body.install()
    http_api_requests.install()
    http_api_answers.install()
    interpreters.install(interpreter)
    silent_handlers.install()
    queue_batches.install()
    queue_concurrency.install()
    streams.install()
    expressions.install()
    schedules.install()
    mail.install(mailbox)
    signatures.install()
    mail_events.install()
    texts.install(mailbox)
