"""Listings: what people see of the registry."""

from master.leader.events import AgentDisconnected, ReportAcknowledged, TeardownRequested
from master.registry.state import RegistryState
from master.views.rows import TaskRow, agent_rows, framework_rows, offer_rows, task_rows
from tests.master.led_cluster import (
    AGENT,
    FRAMEWORK,
    LINK,
    STREAM,
    TASK,
    a_cluster_with_agent_and_framework,
    a_report,
)
from trimast.model.ids import AgentId, FrameworkId
from trimast.model.task_lifecycle import TaskState


def shown_tasks(
    registry: RegistryState, framework_id: FrameworkId | None = None, *, completed: bool = False
) -> list[TaskRow]:
    rows = task_rows(registry, framework_id, completed=completed)
    return [row for row in rows if row is not None]


def test_a_running_cluster_is_shown_as_it_is() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    [agent] = agent_rows(cluster.registry)
    assert (agent.id, agent.state, agent.http) == (AGENT, "active", "host-1:5051")
    assert (agent.resources, agent.used, agent.tasks) == ("cpus:2;mem:1024", "cpus:1;mem:512", 1)
    [framework] = framework_rows(cluster.registry, completed=False)
    assert (framework.id, framework.state, framework.tasks) == (FRAMEWORK, "active", 1)
    [task] = shown_tasks(cluster.registry)
    assert (task.id, task.state, task.fence, task.unacknowledged) == (TASK, "running", fence, 1)
    cluster.next_offer()
    [offer] = offer_rows(cluster.leader.state.ledger)
    assert (offer.agent_id, offer.resources) == (AGENT, "cpus:1;mem:512")


def test_tasks_are_not_counted_one_by_one() -> None:
    """There may be a million, and who looks at them all does not lead any more."""
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.registry.tasks, kept = {}, cluster.registry.tasks
    [agent] = agent_rows(cluster.registry)
    [framework] = framework_rows(cluster.registry, completed=False)
    assert (agent.tasks, framework.tasks) == (1, 1)
    assert (agent.used, framework.used) == ("cpus:1;mem:512", "cpus:1;mem:512")
    cluster.registry.tasks = kept
    cluster.report(a_report(TaskState.FINISHED, 2, fence=fence))
    [agent] = agent_rows(cluster.registry)
    [framework] = framework_rows(cluster.registry, completed=False)
    assert (agent.tasks, framework.tasks) == (0, 0)
    assert (agent.used, framework.used) == ("nothing", "nothing")


def test_tasks_of_an_unreachable_agent_are_shown_unreachable() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.feed(AgentDisconnected(LINK))
    cluster.wait(40_000)
    assert [row.state for row in agent_rows(cluster.registry)] == ["unreachable"]
    assert [row.state for row in shown_tasks(cluster.registry)] == ["unreachable"]


def test_what_is_over_is_shown_on_request() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    ended = a_report(TaskState.FINISHED, 2, fence=fence)
    cluster.report(ended)
    for uuid in (a_report(TaskState.RUNNING, 1, fence=fence).uuid, ended.uuid):
        cluster.feed(ReportAcknowledged(STREAM, TASK, uuid))
    assert shown_tasks(cluster.registry) == []
    [task] = shown_tasks(cluster.registry, FRAMEWORK, completed=True)
    assert task.state == "finished"
    assert shown_tasks(cluster.registry, FrameworkId("other"), completed=True) == []
    cluster.feed(TeardownRequested(STREAM))
    assert list(framework_rows(cluster.registry, completed=False)) == []
    assert [f.state for f in framework_rows(cluster.registry, completed=True)] == ["removed"]


def test_tasks_of_others_are_passed_over_one_by_one() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    assert [*task_rows(cluster.registry, FrameworkId("other"), completed=False)] == [None]


def test_rows_are_of_the_moment_in_which_they_were_asked_for() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    agents = agent_rows(cluster.registry)
    frameworks = framework_rows(cluster.registry, completed=True)
    tasks = task_rows(cluster.registry, None, completed=True)
    cluster.feed(TeardownRequested(STREAM))
    cluster.registry.agents[AgentId("a2")] = cluster.registry.agents[AGENT]
    assert [row.id for row in agents] == [AGENT]
    assert [(row.id, row.state) for row in frameworks] == [(FRAMEWORK, "active")]
    assert [row.id for row in tasks if row is not None] == [TASK]


def test_what_is_forgotten_meanwhile_is_shown_as_far_as_it_is_known() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    agents = agent_rows(cluster.registry)
    frameworks = framework_rows(cluster.registry, completed=False)
    tasks = task_rows(cluster.registry, None, completed=False)
    nothing = RegistryState()
    for name in RegistryState.__slots__:
        setattr(cluster.registry, name, getattr(nothing, name))
    assert [(row.id, row.resources, row.tasks) for row in agents] == [(AGENT, "cpus:2;mem:1024", 0)]
    assert [(row.id, row.tasks) for row in frameworks] == [(FRAMEWORK, 0)]
    assert [(row.id, row.state) for row in tasks if row is not None] == [(TASK, "unreachable")]
