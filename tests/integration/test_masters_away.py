"""All masters are down for a while, and tasks end meanwhile: all of it is told, once, in order.

MASTERS_AWAY_S says for how long; `make soak` says a minute.
"""

import asyncio
import os
from collections import Counter
from pathlib import Path
from random import Random

from tests.integration.conftest import StartCluster
from tests.integration.ledger_tasks import Run, Writer, driver_for, ledger_of
from trimast.cli.local_cluster.lifecycle import cluster_in, kill_member, revive
from trimast.framework import SchedulerDriver, StatusUpdate, TaskState

AWAY_S = float(os.environ.get("MASTERS_AWAY_S", "3"))
SEED = int(os.environ.get("SEED", "7"))
STARTED_MIN = 10
ENDED_MIN = 3


class Repeating(Writer):
    """Counts what it is told, however often that is."""

    def __init__(self, ledger: Path, random: Random, *, lasts_s: float) -> None:
        super().__init__(ledger, random, lasts_s=lasts_s)
        self.told: Counter[tuple[str, bytes]] = Counter()

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        if update.uuid:
            self.told[update.task_id, update.uuid] += 1
        super().status_update(driver, update)


def check(name: str, run: Run, did: list[str]) -> None:
    """That it was told what the task itself has written down, all of it, in order."""
    states = [update.state for update in run.updates]
    if states == [TaskState.DROPPED]:
        assert did == [], name  # It was being launched when the masters went.
        return
    assert states[:-1] == [TaskState.STARTING, TaskState.RUNNING], (name, states)
    if run.code is None:
        # RUNNING is told when its process exists: a kill may come before its shell writes a word.
        assert states[-1] is TaskState.KILLED, (name, states)
        assert did in ([], ["start"]), (name, did)
        return
    end = TaskState.FAILED if run.code else TaskState.FINISHED
    assert (states[-1], did) == (end, ["start", "end"]), (name, states, did)
    assert run.updates[-1].exit_code == run.code


def test_what_happens_while_no_master_is_there_is_told_once_and_in_order(
    start_cluster: StartCluster,
) -> None:
    cluster = start_cluster(masters=3, agents=1)
    ledger = cluster.folder / "ledger"

    def ended() -> set[str]:
        return {name for name, did in ledger_of(ledger).items() if "end" in did}

    async def story() -> None:
        writer = Repeating(ledger, Random(SEED), lasts_s=AWAY_S)
        async with asyncio.timeout(90 + 2 * AWAY_S), driver_for(writer, cluster):
            while len(ledger_of(ledger)) < STARTED_MIN:  # noqa: ASYNC110 - tasks write it
                await asyncio.sleep(0.01)
            writer.is_enough = True
            for master in cluster_in(cluster.folder).masters:
                kill_member(cluster_in(cluster.folder), master.id)
            before = ended()
            await asyncio.sleep(AWAY_S)
            meanwhile = ended() - before
            await revive(cluster.folder)
            await writer.until_over()
        assert len(meanwhile) >= ENDED_MIN
        ledgers = ledger_of(ledger)
        for name, run in writer.runs.items():
            check(name, run, ledgers.get(name, []))
        assert set(writer.told.values()) == {1}

    asyncio.run(story())
