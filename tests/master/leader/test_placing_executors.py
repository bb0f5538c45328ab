"""An executor's own resources are held once, and it is the same for all of its tasks."""

from dataclasses import replace

import pytest

from master.leader.events import OffersAccepted
from master.leader.taking_over import take_over
from tests.master.led_cluster import (
    AGENT,
    FRAMEWORK,
    STREAM,
    TASK,
    LedCluster,
    a_cluster_with_agent_and_framework,
    a_report,
    a_task,
    updates_in,
)
from trimast.model.command import CommandInfo
from trimast.model.executor import ExecutorInfo
from trimast.model.ids import ExecutorId, FrameworkId, TaskId
from trimast.model.resources import Resources
from trimast.model.status_update import StatusReason
from trimast.model.task import TaskInfo
from trimast.model.task_lifecycle import TaskState

SECOND = TaskId("t2")
HALF = Resources.of({"cpus": 500})
INFO = ExecutorInfo(ExecutorId("x"), command=CommandInfo("serve"), resources=HALF)


def by_executor(task_id: TaskId = TASK, info: ExecutorInfo = INFO) -> TaskInfo:
    return replace(a_task(task_id, resources=HALF), executor=info)


def used(cluster: LedCluster) -> tuple[Resources, Resources]:
    """As the registry has it, and as the ledger has it."""
    return cluster.registry.used_on(AGENT), cluster.leader.state.ledger.accounts[AGENT].used


def launch(cluster: LedCluster, *tasks: TaskInfo) -> list[str]:
    offer = cluster.next_offer()
    effects = cluster.feed(OffersAccepted(STREAM, (offer.offer_id,), tasks, 0))
    return [update.message for update in updates_in(effects)]


def ends(cluster: LedCluster, task_id: TaskId) -> None:
    fence = cluster.registry.tasks[FRAMEWORK, task_id].fence
    cluster.report(a_report(TaskState.FINISHED, 1, task_id=task_id, fence=fence))


def cpus(milli: int) -> tuple[Resources, Resources]:
    amount = Resources.of({"cpus": milli})
    return amount, amount


def test_two_tasks_in_one_accept_hold_their_executor_once() -> None:
    cluster = a_cluster_with_agent_and_framework()
    assert launch(cluster, by_executor(), by_executor(SECOND)) == []
    assert used(cluster) == cpus(1_500)


def test_a_later_task_holds_only_its_own() -> None:
    cluster = a_cluster_with_agent_and_framework()
    launch(cluster, by_executor())
    assert used(cluster) == cpus(1_000)
    launch(cluster, by_executor(SECOND))
    assert used(cluster) == cpus(1_500)


def test_the_last_task_gives_back_what_the_executor_held() -> None:
    cluster = a_cluster_with_agent_and_framework()
    launch(cluster, by_executor(), by_executor(SECOND))
    ends(cluster, TASK)
    assert used(cluster) == cpus(1_000)
    ends(cluster, SECOND)
    assert used(cluster) == cpus(0)


def test_a_new_leader_counts_the_same() -> None:
    cluster = a_cluster_with_agent_and_framework()
    launch(cluster, by_executor(), by_executor(SECOND))
    state = take_over(
        cluster.registry,
        cluster.leader.state.settings,
        id_prefix="x",
        wall_offset_ms=0,
        now_ms=0,
    )
    assert state.ledger.accounts[AGENT].used == cluster.registry.used_on(AGENT)


def test_an_executor_must_fit_beside_its_task() -> None:
    cluster = a_cluster_with_agent_and_framework()
    large = replace(INFO, resources=Resources.of({"cpus": 1_501}))
    [message] = launch(cluster, by_executor(info=large))
    assert message == (
        "Total resources cpus:2.001 required by task and its executor is more than available "
        "cpus:2;mem:1024"
    )


@pytest.mark.parametrize(
    ("info", "message"),
    [
        (replace(INFO, name="other"), "ExecutorInfo is not compatible with existing ExecutorInfo"),
        (
            replace(INFO, framework_id=FrameworkId("f9")),
            f"ExecutorInfo has an invalid FrameworkID (Actual: f9 vs Expected: {FRAMEWORK})",
        ),
    ],
)
def test_an_executor_that_cannot_be_is_refused(info: ExecutorInfo, message: str) -> None:
    cluster = a_cluster_with_agent_and_framework()
    [fault] = launch(cluster, by_executor(), by_executor(SECOND, info))
    assert fault.startswith(message)


def test_a_launch_that_counts_on_tasks_that_have_ended_is_dropped() -> None:
    cluster = a_cluster_with_agent_and_framework()
    launch(cluster, by_executor())
    offer = cluster.next_offer()
    cluster.holds_log = True
    ends(cluster, TASK)
    cluster.feed(OffersAccepted(STREAM, (offer.offer_id,), (by_executor(SECOND),), 0))
    found = {u.task_id: u for u in updates_in(cluster.release_log())}
    dropped = found[SECOND]
    assert (dropped.state, dropped.reason) == (
        TaskState.DROPPED,
        StatusReason.EXECUTOR_TERMINATED,
    )
    assert used(cluster) == cpus(0)
