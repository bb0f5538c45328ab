"""A pause is passed on to the agent, or refused; nothing of it is committed."""

from master.leader.effects import AnswerOperator, PauseTask
from master.leader.events import AgentDisconnected, KillRequested, PauseAsked
from master.registry.outcome import APPLIED
from tests.master.led_cluster import (
    AGENT,
    FRAMEWORK,
    LINK,
    STREAM,
    TASK,
    LedCluster,
    a_cluster_with_agent_and_framework,
)
from trimast.model.ids import TaskId
from trimast.model.refusal import Refused


def refusal(cluster: LedCluster, task_id: TaskId = TASK) -> str:
    [answer] = cluster.feed(PauseAsked(9, FRAMEWORK, task_id, True))
    assert isinstance(answer, AnswerOperator)
    assert isinstance(answer.outcome, Refused)
    return answer.outcome.detail


def test_it_reaches_the_agent() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    for paused in (True, False):
        assert cluster.feed(PauseAsked(9, FRAMEWORK, TASK, paused)) == [
            PauseTask(LINK, FRAMEWORK, TASK, paused),
            AnswerOperator(9, APPLIED, 0),
        ]


def test_what_does_not_run_is_not_paused() -> None:
    cluster = a_cluster_with_agent_and_framework()
    assert "no task none of" in refusal(cluster, TaskId("none"))
    cluster.running_task()
    cluster.feed(KillRequested(STREAM, TASK, AGENT, None))
    assert "about to end" in refusal(cluster)


def test_nor_what_runs_out_of_reach() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.feed(AgentDisconnected(LINK))
    assert "is not connected" in refusal(cluster)
