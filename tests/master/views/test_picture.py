"""A picture stays as it was taken, whatever happens to the cluster."""

from master.leader.events import AgentDisconnected, TeardownRequested
from master.registry.records import AgentState
from master.views.picture import take_picture
from tests.master.led_cluster import (
    AGENT,
    FRAMEWORK,
    LINK,
    STREAM,
    a_cluster_with_agent_and_framework,
)
from trimast.model.task_lifecycle import TaskState


def test_it_shows_who_is_there_and_what_runs() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    picture = take_picture(cluster.leader.state)
    assert (set(picture.linked), set(picture.subscribed)) == ({AGENT}, {FRAMEWORK})
    [agent] = picture.known_agents
    assert str(picture.total_on(agent)) == "cpus:2;mem:1024"
    assert str(picture.used_on(agent)) == "cpus:1;mem:512"
    assert [picture.state_of(task) for task in picture.tasks] == [TaskState.RUNNING]


def test_what_happens_later_is_not_in_it() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    picture = take_picture(cluster.leader.state)
    cluster.feed(AgentDisconnected(LINK))
    cluster.wait(40_000)
    cluster.feed(TeardownRequested(STREAM))
    [agent] = picture.known_agents
    assert agent.state is AgentState.ACTIVE
    assert list(picture.frameworks) == [FRAMEWORK]
    later = take_picture(cluster.leader.state)
    assert later.known_agents == []
    assert [later.state_of(task) for task in later.tasks] == [TaskState.UNREACHABLE]
    assert later.framework_of(FRAMEWORK) is later.completed_frameworks[FRAMEWORK]
