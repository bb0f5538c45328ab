"""How a command ends when it cannot do what it was asked: one line, and the exit code."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import click
import grpc.aio

from trimast.edge.leader_finder import NoLeader

INTERRUPTED: Final = 130
TERMINATED: Final = 143
"""As shells put it: 128 and the number of SIGINT, and of SIGTERM."""

ResultT = TypeVar("ResultT")


class Failed(click.ClickException):
    """Its text names what is wrong and what would be right."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(f"trimast: {self.format_message()}", file=file, err=True)


class WrongUse(Failed):
    exit_code = 2


class LeaderMissing(Failed):
    exit_code = 3


class Interrupted(Failed):
    exit_code = INTERRUPTED


class Terminated(Failed):
    exit_code = TERMINATED


def run_async(work: Callable[[], Coroutine[Any, Any, ResultT]]) -> ResultT:
    """The loop of a command. Ctrl-C ends it with 130, after what it does on the way out."""
    with told():
        try:
            return asyncio.run(work())
        except KeyboardInterrupt:
            raise Interrupted("interrupted") from None
        except asyncio.CancelledError:
            # Only a command that asks for it is cancelled by SIGTERM.
            raise Terminated("terminated") from None


@contextmanager
def told() -> Iterator[None]:
    """Failures that may be expected become one line."""
    try:
        yield
    except NoLeader as error:
        raise LeaderMissing(str(error)) from error
    except grpc.aio.AioRpcError as error:
        raise Failed(f"the master answered {error.code().name}: {error.details()}") from error
