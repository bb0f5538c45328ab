"""`trimast master`, `agent` and what looks at data directories: this process becomes that one.

`trimast master add` and its like are orders to masters that run: `members.py`.
"""

import os
import sys
from typing import NoReturn

import click

from trimast.cli.local_cluster.processes import python_path

ORDERS = frozenset({"add", "remove", "replace", "list", "transfer"})
PASSED_ON = {"ignore_unknown_options": True, "help_option_names": []}


@click.command(context_settings=PASSED_ON, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def master(arguments: tuple[str, ...]) -> None:
    """Be a master."""
    if arguments and arguments[0] in ORDERS:
        from trimast.cli.members import members

        members.main(args=list(arguments), prog_name="trimast master", standalone_mode=False)
        return
    become("master", arguments)


@click.command(context_settings=PASSED_ON, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def agent(arguments: tuple[str, ...]) -> None:
    """Be an agent."""
    become("agent", arguments)


@click.command(context_settings=PASSED_ON, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def inspect(arguments: tuple[str, ...]) -> None:
    """Say what a data directory or a backup holds."""
    become("master.disaster", ("inspect", *arguments))


@click.command(context_settings=PASSED_ON, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def restore(arguments: tuple[str, ...]) -> None:
    """Make a master's data directory from a backup."""
    become("master.disaster", ("restore", *arguments))


@click.command(context_settings=PASSED_ON, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def recover(arguments: tuple[str, ...]) -> None:
    """Go on after the loss of a majority of masters."""
    become("master.disaster", ("recover", *arguments))


def become(module: str, arguments: tuple[str, ...]) -> NoReturn:
    # The verbosity of gRPC was set for the sake of this command, not for a server's log.
    kept = {name: text for name, text in os.environ.items() if name != "GRPC_VERBOSITY"}
    command = [sys.executable, "-P", "-m", module, *arguments]
    os.execve(sys.executable, command, {**kept, "PYTHONPATH": python_path()})
