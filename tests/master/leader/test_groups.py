"""Groups are launched as a whole, or refused as a whole."""

from dataclasses import replace

from master.leader.effects import RunTask
from master.leader.events import AgentTookStock, InvalidGroup, OffersAccepted, TaskGroup
from master.presence.agents import LinkId
from master.registry.records import AgentState
from tests.master.led_cluster import (
    AGENT,
    STREAM,
    TASK,
    LedCluster,
    a_cluster_with_agent_and_framework,
    a_task,
    updates_in,
)
from trimast.model.command import CommandInfo
from trimast.model.executor import ExecutorInfo, ExecutorKind
from trimast.model.ids import ExecutorId, TaskId
from trimast.model.resources import NOTHING, Resources
from trimast.model.status_update import StatusReason
from trimast.model.task import NO_COMMAND
from trimast.model.task_lifecycle import TaskState

SECOND = TaskId("t2")
HALF = Resources.of({"cpus": 500})
INFO = ExecutorInfo(ExecutorId("g"), ExecutorKind.DEFAULT, resources=HALF)


def group(second_cpus: int = 500) -> TaskGroup:
    first = replace(a_task(resources=HALF), executor=INFO)
    resources = Resources.of({"cpus": second_cpus})
    return TaskGroup((first, replace(first, task_id=SECOND, resources=resources)))


def used(cluster: LedCluster) -> tuple[Resources, Resources]:
    return cluster.registry.used_on(AGENT), cluster.leader.state.ledger.accounts[AGENT].used


def test_a_group_is_one_command_and_has_one_fence() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    effects = cluster.feed(OffersAccepted(STREAM, (offer.offer_id,), (group(),), 0))
    runs = [e for e in effects if isinstance(e, RunTask)]
    assert [(run.task.task_id, run.fence) for run in runs] == [
        (TASK, cluster.index),
        (SECOND, cluster.index),
    ]
    assert used(cluster) == (Resources.of({"cpus": 1_500}), Resources.of({"cpus": 1_500}))


def test_an_executor_of_the_frameworks_own_hears_of_all_at_once() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    mine = replace(INFO, kind=ExecutorKind.CUSTOM, command=CommandInfo("serve"))
    tasks = tuple(replace(task, executor=mine, command=NO_COMMAND) for task in group().tasks)
    effects = cluster.feed(OffersAccepted(STREAM, (offer.offer_id,), (TaskGroup(tasks),), 0))
    runs = [e for e in effects if isinstance(e, RunTask)]
    assert [run.group_size for run in runs] == [2, 2]
    cluster.begin_reign("m2")
    again = cluster.agent_comes(link_id=LinkId(9))
    again += cluster.feed(AgentTookStock(LinkId(9), ()))
    assert [e.group_size for e in again if isinstance(e, RunTask)] == [2, 2]


def test_the_tasks_of_others_are_processes_of_their_own() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    effects = cluster.feed(OffersAccepted(STREAM, (offer.offer_id,), (group(),), 0))
    assert [e.group_size for e in effects if isinstance(e, RunTask)] == [0, 0]


def test_if_one_does_not_fit_none_is_launched() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    effects = cluster.feed(OffersAccepted(STREAM, (offer.offer_id,), (group(1_001),), 0))
    updates = updates_in(effects)
    assert [(u.task_id, u.state, u.reason) for u in updates] == [
        (name, TaskState.ERROR, StatusReason.TASK_GROUP_INVALID) for name in (TASK, SECOND)
    ]
    assert updates[0].message == (
        "Total resources cpus:2.001 required by task and its executor is more than available "
        "cpus:2;mem:1024"
    )
    assert used(cluster) == (NOTHING, NOTHING)


def test_one_that_cannot_be_read_is_answered_task_by_task() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    invalid = InvalidGroup((TASK, SECOND), "no")
    effects = cluster.feed(OffersAccepted(STREAM, (offer.offer_id,), (invalid,), 0))
    assert [(u.task_id, u.message) for u in updates_in(effects)] == [(TASK, "no"), (SECOND, "no")]


def test_a_refusal_by_the_registry_answers_all_and_gives_everything_back() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.holds_log = True
    cluster.feed(OffersAccepted(STREAM, (offer.offer_id,), (group(),), 0))
    agent = cluster.registry.agents[AGENT]
    cluster.registry.agents[AGENT] = replace(agent, state=AgentState.UNREACHABLE)
    states = [(u.task_id, u.state) for u in updates_in(cluster.release_log())]
    assert states == [(TASK, TaskState.DROPPED), (SECOND, TaskState.DROPPED)]
    assert used(cluster) == (NOTHING, NOTHING)
