"""A new leader's memory is that of the one before, made from sums that the registry keeps."""

from collections.abc import Iterator
from typing import NoReturn

import pytest

from master.leader.settings import LeaderSettings
from master.leader.taking_over import take_over
from master.registry.records import TaskKey, TaskRecord
from tests.master.led_cluster import (
    AGENT,
    FRAMEWORK,
    ONE_CORE,
    LedCluster,
    a_cluster_with_agent_and_framework,
    a_report,
)
from trimast.model.resources import NOTHING
from trimast.model.task_lifecycle import TaskState


def test_a_new_leader_knows_what_is_used_and_by_whom() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.begin_reign("m2")
    ledger = cluster.leader.state.ledger
    account = ledger.accounts[AGENT]
    assert account.used == ONE_CORE
    assert account.free + ONE_CORE == account.total
    assert ledger.held_by == {FRAMEWORK: ONE_CORE}


def test_what_has_ended_is_held_by_nobody() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.report(a_report(TaskState.FINISHED, 2, fence=fence))
    cluster.begin_reign("m2")
    ledger = cluster.leader.state.ledger
    assert ledger.accounts[AGENT].used == NOTHING
    assert ledger.held_by == {}


class NeverLookedThrough(dict[TaskKey, TaskRecord]):
    def refuse(self) -> NoReturn:
        raise AssertionError("with a million tasks that takes longer than an election")

    def __iter__(self) -> Iterator[TaskKey]:
        self.refuse()

    def values(self) -> NoReturn:
        self.refuse()

    def items(self) -> NoReturn:
        self.refuse()


def test_taking_over_does_not_look_at_every_task(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    registry = cluster.registry
    registry.tasks = NeverLookedThrough(registry.tasks)
    take_over(registry, LeaderSettings(), id_prefix="c", wall_offset_ms=0, now_ms=0)


def test_a_registry_from_a_snapshot_has_the_same_sums() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    again = LedCluster().registry
    for task in cluster.registry.tasks.values():
        again.put_back_task(task)
    assert again.held == cluster.registry.held == {FRAMEWORK: ONE_CORE}
