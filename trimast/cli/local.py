"""`trimast up`, `down`, `kill-leader`, `start-master`, `revive`: a cluster on this machine."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from trimast.cli.connecting import TIMEOUT_DEFAULT_S
from trimast.cli.failing import Failed, WrongUse, run_async, told
from trimast.cli.local_cluster.cluster_file import BadClusterFile, ClusterFile, Master
from trimast.cli.local_cluster.free_ports import NoFreePort
from trimast.cli.local_cluster.leader import leader_of
from trimast.cli.local_cluster.lifecycle import (
    GRACE_S,
    MEMBERS_DEFAULT,
    START_TIMEOUT_S,
    StartFailed,
    WrongState,
    bring_down,
    bring_up,
    cluster_in,
    default_folder,
    kill_member,
    revive,
    start_one,
)
from trimast.model.resources_text import resources_from_text

MASTERS_MAX = 7
AGENTS_MAX = 100

folder_option = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=default_folder,
    help=f"Logs, data and cluster.json of the cluster.  [default: {default_folder()}]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")
timeout_option = click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=1),
    default=START_TIMEOUT_S,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait until it serves.",
)


@contextmanager
def cluster_failures() -> Iterator[None]:
    with told():
        try:
            yield
        except (WrongState, BadClusterFile) as error:
            raise WrongUse(str(error)) from error
        except (StartFailed, NoFreePort) as error:
            raise Failed(str(error)) from error
        except OSError as error:
            raise Failed(f"{error.filename}: {error.strerror}") from error


def _is_resources(_ctx: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    try:
        resources_from_text(text or "")
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return text


@click.command()
@click.option(
    "--masters",
    type=click.IntRange(1, MASTERS_MAX),
    help=f"How many; 3 outlive one of them.  [default: {MEMBERS_DEFAULT}]",
)
@click.option(
    "--agents", type=click.IntRange(0, AGENTS_MAX), help=f"How many.  [default: {MEMBERS_DEFAULT}]"
)
@click.option(
    "--agent-resources",
    "resources",
    callback=_is_resources,
    help='What each agent has, like "cpus:4;mem:2048".  [default: what the machine has]',
)
@click.option(
    "--tls/--no-tls",
    default=None,
    help="Make certificates for the masters, and have them speak TLS to each other.  [default: no]",
)
@folder_option
@timeout_option
@json_option
def up(
    masters: int | None,
    agents: int | None,
    resources: str | None,
    tls: bool | None,
    folder: Path,
    timeout_s: float,
    as_json: bool,
) -> None:
    """Start a local cluster, or one that was brought down, with its data.

    Returns when it serves: a leader is known and all agents are registered.
    """
    with cluster_failures():
        cluster = run_async(
            lambda: bring_up(
                folder,
                masters=masters,
                agents=agents,
                resources=resources,
                tls=tls,
                timeout_s=timeout_s,
            )
        )
    if as_json:
        print(json.dumps(cluster.as_printed()))
    else:
        _describe(cluster)


@click.command()
@folder_option
@click.option(
    "--grace",
    "grace_s",
    type=click.FloatRange(min=0),
    default=GRACE_S,
    show_default=True,
    metavar="SECONDS",
    help="Between asking processes to end and ending them.",
)
def down(folder: Path, grace_s: float) -> None:
    """End a local cluster, tasks and all. Its data stays for the next `up`."""
    with cluster_failures():
        ended = bring_down(folder, grace_s=grace_s)
    click.echo(f"{ended} processes ended; data and logs are in {folder}", err=True)


@click.command("kill-leader")
@folder_option
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0),
    default=TIMEOUT_DEFAULT_S,
    show_default=True,
    metavar="SECONDS",
    help="How long to look for a leader.",
)
@json_option
def kill_leader(folder: Path, timeout_s: float, as_json: bool) -> None:
    """kill -9 the leading master of a local cluster, and say which it was."""
    with cluster_failures():
        cluster = cluster_in(folder)
        leader = run_async(lambda: leader_of(cluster, timeout_s))
        killed = kill_member(cluster, leader.id)
    assert killed.process is not None
    if as_json:
        print(json.dumps({"id": killed.id, "pid": killed.process.pid}))
    else:
        print(f"{killed.id} led; it is killed (pid {killed.process.pid})")


@click.command("start-master")
@folder_option
@click.argument("master_id")
def start_master(folder: Path, master_id: str) -> None:
    """Start a master of a local cluster that is dead, such as m1. Does not wait for it."""
    with cluster_failures():
        cluster = cluster_in(folder)
        if not isinstance(cluster.member(master_id), Master | None):
            raise WrongState(f"{master_id} is not a master; to start all: trimast revive")
        started = start_one(cluster, master_id).member(master_id)
    assert started is not None
    assert started.process is not None
    print(f"{master_id} is started (pid {started.process.pid})")


@click.command("revive")
@folder_option
@timeout_option
def revive_dead(folder: Path, timeout_s: float) -> None:
    """Start every process of a local cluster that is dead, and wait until all is whole."""
    with cluster_failures():
        started = run_async(lambda: revive(folder, timeout_s=timeout_s))
    names = ", ".join(member.id for member in started)
    click.echo(f"started again: {names}" if started else "nothing was dead", err=True)


def _describe(cluster: ClusterFile) -> None:
    masters, agents = len(cluster.masters), len(cluster.agents)
    print(f"{masters} masters and {agents} agents serve; data and logs are in {cluster.folder}")
    print(f"  http://{cluster.masters[0].http}  and the other masters' show the cluster")
    is_default = cluster.folder == default_folder()
    where = "" if is_default else f" --dir {cluster.folder}"
    print(f"  trimast run{where} -- echo hello      trimast tasks{where} --completed")
    print(f"  trimast down{where}")
