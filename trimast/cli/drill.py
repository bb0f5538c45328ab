"""`trimast drill ...`: breaks a local cluster on purpose, and measures what it costs."""

import asyncio
import dataclasses
import json
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from trimast.cli.drilling.drill import Drill, DrillFailed
from trimast.cli.drilling.report import AgentTrial, Trial, agent_summary_of, summary_of
from trimast.cli.failing import Failed, WrongUse, run_async
from trimast.cli.local import cluster_failures
from trimast.cli.local_cluster.cluster_file import ClusterFile, load
from trimast.cli.local_cluster.lifecycle import (
    bring_down,
    bring_up,
    cluster_in,
    default_folder,
)

TASKS_DEFAULT = 6
TrialT = TypeVar("TrialT", Trial, AgentTrial)
RESOURCES_OF_OWN = "cpus:4;mem:2048;disk:1024"


@click.group()
def drill() -> None:
    """Break a local cluster on purpose, and measure what it costs."""


folder_option = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="A local cluster that runs.  [default: the usual one; if it does not run, one made for "
    "the drill and removed afterwards]",
)
times_option = click.option("--times", type=click.IntRange(1, 10_000), default=5, show_default=True)
tasks_option = click.option(
    "--tasks",
    type=click.IntRange(1, 1_000),
    default=TASKS_DEFAULT,
    show_default=True,
    help="Long-running tasks that must not notice.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")


@drill.command("kill-leader")
@folder_option
@times_option
@tasks_option
@json_option
def kill_leader(folder: Path | None, times: int, tasks: int, as_json: bool) -> None:
    """kill -9 the leading master, again and again.

    Measured from each kill: until a new leader is known, until it commits a write, until a
    framework has a new offer. Counted from what the tasks themselves wrote down, and from the
    kernel's list of processes: tasks lost, doubled and restarted. Exit code 1 if there are any.
    """
    with cluster_failures():
        trials = run_async(
            lambda: _with_cluster(folder, times, tasks, Drill.trial, _line, masters_min=3)
        )
    _report(trials, summary_of(trials), _print_for_people, as_json=as_json)


@drill.command("kill-agent")
@folder_option
@times_option
@tasks_option
@click.option("--with-launcher", is_flag=True, help="And the process that waits for its tasks.")
@json_option
def kill_agent(
    folder: Path | None, times: int, tasks: int, with_launcher: bool, as_json: bool
) -> None:
    """kill -9 an agent, any of them, and start it again; again and again.

    Measured: until it serves again. Counted as by kill-leader: tasks lost, doubled and restarted.
    """

    def trial(drill: Drill) -> Awaitable[AgentTrial]:
        return drill.agent_trial(with_launcher=with_launcher)

    with cluster_failures():
        trials = run_async(
            lambda: _with_cluster(folder, times, tasks, trial, _agent_line, masters_min=1)
        )
    _report(trials, agent_summary_of(trials), _print_agents_for_people, as_json=as_json)


def _report(
    trials: list[TrialT],
    summary: dict[str, Any],
    print_for_people: Callable[[list[TrialT], dict[str, Any]], None],
    *,
    as_json: bool,
) -> None:
    if as_json:
        document: dict[str, Any] = {
            "trials": [dataclasses.asdict(trial) for trial in trials],
            "summary": summary,
        }
        print(json.dumps(document, indent=2))
    else:
        print_for_people(trials, summary)
    touched = [f"{summary[name]} {name}" for name in ("lost", "doubled", "restarted")]
    if any(summary[name] for name in ("lost", "doubled", "restarted")):
        raise Failed(f"tasks were touched: {', '.join(touched)}")


async def _with_cluster(
    folder: Path | None,
    times: int,
    tasks: int,
    trial: Callable[[Drill], Awaitable[TrialT]],
    line: Callable[[int, TrialT], str],
    *,
    masters_min: int,
) -> list[TrialT]:
    known = load((folder or default_folder()).absolute())
    if folder is not None or (known is not None and known.alive):
        return await _drill(
            _running(folder or default_folder(), masters_min), times, tasks, trial, line
        )
    own = Path(tempfile.mkdtemp(prefix="trimast-drill-"))
    try:
        click.echo(f"no local cluster runs; made one in {own}", err=True)
        cluster = await bring_up(own, resources=RESOURCES_OF_OWN)
        return await _drill(cluster, times, tasks, trial, line)
    finally:
        await asyncio.to_thread(bring_down, own)
        await asyncio.to_thread(shutil.rmtree, own, True)


def _running(folder: Path, masters_min: int) -> ClusterFile:
    with cluster_failures():
        cluster = cluster_in(folder)
    dead = [member.id for member in cluster.members if member not in cluster.alive]
    if not cluster.alive:
        raise WrongUse(f"the cluster in {folder} is down; start it: trimast up")
    if dead:
        raise WrongUse(f"{', '.join(dead)} not running; start them: trimast revive")
    if len(cluster.masters) < masters_min:
        raise WrongUse("fewer than 3 masters do not outlive their leader")
    return cluster


async def _drill(
    cluster: ClusterFile,
    times: int,
    tasks: int,
    trial: Callable[[Drill], Awaitable[TrialT]],
    line: Callable[[int, TrialT], str],
) -> list[TrialT]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    trials: list[TrialT] = []
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            bar = progress.add_task("starting tasks", total=times)

            def show(text: str) -> None:
                progress.update(bar, description=text)

            async with Drill(cluster, tasks, show=show) as drill:
                while len(trials) < times:
                    trials.append(await trial(drill))
                    progress.advance(bar)
                    console.print(line(len(trials), trials[-1]))
    except DrillFailed as error:
        raise Failed(f"after {len(trials)} trials: {error}") from error
    return trials


def _line(number: int, trial: Trial) -> str:
    touched = trial.tasks_lost + trial.tasks_doubled + trial.tasks_restarted
    return (
        f"{number:4}  leader {trial.kill_to_leader_s:.3f} s  write {trial.kill_to_commit_s:.3f} s"
        f"  offer {trial.kill_to_offer_s:.3f} s  tasks touched {touched}"
    )


def _print_for_people(trials: list[Trial], summary: dict[str, Any]) -> None:
    print(f"{len(trials)} leaders killed")
    for what in ("commit", "offer"):
        p50_s, p99_s = summary[f"{what}_p50_s"], summary[f"{what}_p99_s"]
        print(f"  kill to first {what:6}  p50 {p50_s:.3f} s   p99 {p99_s:.3f} s")
    _print_touched(summary)


def _agent_line(number: int, trial: AgentTrial) -> str:
    touched = trial.tasks_lost + trial.tasks_doubled + trial.tasks_restarted
    return f"{number:4}  back {trial.kill_to_back_s:.3f} s  tasks touched {touched}"


def _print_agents_for_people(trials: list[AgentTrial], summary: dict[str, Any]) -> None:
    print(f"{len(trials)} agents killed")
    p50_s, p99_s = summary["back_p50_s"], summary["back_p99_s"]
    print(f"  kill to serving again  p50 {p50_s:.3f} s   p99 {p99_s:.3f} s")
    _print_touched(summary)


def _print_touched(summary: dict[str, Any]) -> None:
    print(f"  tasks lost {summary['lost']}, doubled {summary['doubled']}", end="")
    print(f", restarted {summary['restarted']}")
