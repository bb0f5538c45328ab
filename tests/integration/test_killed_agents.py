"""kill -9 of the agent, of its launcher, or of both, at any time: no task is lost or run twice.

AGENT_KILLS says how often; `make soak` says 200.
"""

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path
from random import Random

import structlog

from tests.integration.conftest import StartCluster
from tests.integration.ledger_tasks import Run, Writer, driver_for, ledger_of
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import cluster_in, kill_member, revive, start_one
from trimast.cli.local_cluster.processes import (
    is_alive,
    launchers_under,
    send,
    tasks_left_under,
)
from trimast.framework import TaskState
from trimast.model.status_update import StatusReason

log = structlog.get_logger()

KILLS = int(os.environ.get("AGENT_KILLS", "12"))
SEED = int(os.environ.get("SEED", "33"))
AGENT = "a1"
PAUSE_S_MAX = 2.0
"""Longer than a start takes, so that a kill comes while the agent starts, or while it serves."""
ORDER = [TaskState.STARTING, TaskState.RUNNING]


async def kill_on(cluster: ClusterFile, writer: Writer, random: Random) -> set[str]:
    """Returns the tasks of which nobody may have seen the end: those whose launcher was killed."""
    bereft: set[str] = set()
    for _ in range(KILLS):
        await asyncio.sleep(random.uniform(0.0, PAUSE_S_MAX))
        what = random.choice(["agent", "agent", "launcher", "both"])
        now = cluster_in(cluster.folder)
        agent = now.member(AGENT)
        assert agent is not None
        if what != "launcher" and is_alive(agent.process):
            kill_member(now, AGENT)
        if what != "agent":
            for launcher in launchers_under(cluster.folder):
                send(launcher, signal.SIGKILL)
            bereft |= writer.going
        if what != "launcher":
            start_one(cluster_in(cluster.folder), AGENT)
    return bereft


def check(name: str, run: Run, did: list[str], bereft: set[str]) -> str:
    """Returns how it ended, in a word."""
    end = run.end
    assert end is not None
    states = [update.state for update in run.updates]
    sequences = [update.sequence for update in run.updates]
    assert sequences == sorted(sequences), (name, run)
    assert states[:-1] == ORDER[: len(states) - 1], (name, states)
    assert did.count("start") <= 1, (name, did)
    if end.state is TaskState.DROPPED:
        assert did == [], (name, did)
        return "dropped"
    if end.reason is StatusReason.EXECUTOR_TERMINATED:
        assert name in bereft, (name, end)
        assert (end.exit_code, end.signal) == (None, None)
        return "unknown"
    if run.code is None:
        assert end.state is TaskState.KILLED, (name, end)
        return "killed"
    assert did == ["start", "end"], (name, did, end)
    assert end.exit_code == run.code, (name, end)
    assert end.state is (TaskState.FAILED if run.code else TaskState.FINISHED)
    return "as_it_did"


def test_every_task_ran_once_and_ended_as_it_did(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=1)
    ledger = cluster.folder / "ledger"
    random = Random(SEED)

    async def story() -> None:
        writer = Writer(ledger, random)
        async with asyncio.timeout(40 + 3 * KILLS), driver_for(writer, cluster):
            bereft = await kill_on(cluster, writer, random)
            await revive(cluster.folder)
            writer.is_enough = True
            try:
                await writer.until_over()
            except asyncio.CancelledError:
                going = {name: writer.runs[name] for name in writer.going}
                log.error("tasks_do_not_end", tasks=going)
                raise
        ledgers = ledger_of(ledger)
        ends = Counter(
            check(name, run, ledgers.get(name, []), bereft) for name, run in writer.runs.items()
        )
        log.info("agents_killed", seed=SEED, kills=KILLS, tasks=len(writer.runs), **ends)
        assert ends["as_it_did"] > 2 * KILLS
        assert list(tasks_left_under(cluster.folder)) == []

    asyncio.run(story())


def test_what_ends_while_all_masters_are_down_is_told_when_they_are_back(
    start_cluster: StartCluster,
) -> None:
    cluster = start_cluster(masters=1, agents=1)
    ledger = cluster.folder / "ledger"

    async def story() -> None:
        writer = Writer(ledger, Random(SEED), lasts_s=2.0)
        async with asyncio.timeout(60), driver_for(writer, cluster):
            await until_started(ledger, 5)
            writer.is_enough = True
            # A launch that is under way would be lost with the master: that is another story.
            await until_all_started(ledger, writer)
            kill_member(cluster_in(cluster.folder), "m1")
            going = writer.going
            await until_ended(ledger, {n for n in going if writer.runs[n].code is not None})
            # And the agent with it: what it had to say is on its disk.
            kill_member(cluster_in(cluster.folder), AGENT)
            await revive(cluster.folder)
            await writer.until_over()
        ledgers = ledger_of(ledger)
        assert len(going) > 2
        for name, run in writer.runs.items():
            assert check(name, run, ledgers.get(name, []), set()) in {"as_it_did", "killed"}

    asyncio.run(story())


async def until_started(ledger: Path, count: int) -> None:
    while len(ledger_of(ledger)) < count:  # noqa: ASYNC110 - tasks write it
        await asyncio.sleep(0.01)


async def until_all_started(ledger: Path, writer: Writer) -> None:
    while not writer.going <= ledger_of(ledger).keys():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def until_ended(ledger: Path, names: set[str]) -> None:
    while not all("end" in ledger_of(ledger).get(n, []) for n in names):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
