"""Ends the process where going on would be worse: said in the log, then over, with no tidying."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn, TypeVar

import structlog

log = structlog.get_logger()

FATAL_EXIT_CODE: Final = 70
"""As in sysexits.h: an error inside the program."""

T = TypeVar("T")


def end_process(event: str, *, exit_code: int = FATAL_EXIT_CODE, **fields: object) -> NoReturn:
    """Log and exit at once. Nothing is flushed or closed but the log itself.

    Args:
        exc_info: among the fields, adds the traceback.
    """
    try:
        log.critical(event, **fields)
        sys.stderr.flush()
    finally:
        os._exit(exit_code)


def fatal_if_it_fails(submit: Callable[[T], None]) -> Callable[[T], None]:
    """`submit` of a core: whatever it raises is our own mistake, and nobody may swallow it.

    Servers catch what their handlers raise and go on; a core that failed half-way must not.
    """

    def guarded(event: T) -> None:
        try:
            submit(event)
        except Exception as error:
            end_process("core_failed", what=type(event).__name__, exc_info=error)

    return guarded


def make_failed_asserts_fatal(loop: asyncio.AbstractEventLoop) -> None:
    """Asyncio logs what a callback raises and goes on; a failed `assert` ends the process."""

    def on_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, AssertionError):
            end_process("assertion_failed", what=context.get("message"), exc_info=error)
        log.error("callback_failed", what=context.get("message"), exc_info=error)

    loop.set_exception_handler(on_exception)


def own_task(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """A task that is meant never to fail: nobody waits for it, so its failure must be heard."""

    def on_done(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            end_process("task_failed", what=str(task.get_coro()), exc_info=error)

    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(on_done)
    return task
