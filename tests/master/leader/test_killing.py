"""Kills: committed, then ordered; of what is not there, the truth is told instead."""

from master.leader.effects import AnswerOperator, KillTask, RunTask
from master.leader.events import KillRequested, OperatorAsked
from master.registry.commands import OrderKill
from master.registry.outcome import Applied
from tests.master.led_cluster import (
    AGENT,
    FRAMEWORK,
    LINK,
    STREAM,
    TASK,
    a_cluster_with_agent_and_framework,
    a_task,
    updates_in,
)
from trimast.model.ids import TaskId
from trimast.model.refusal import Refused
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState


def test_a_kill_reaches_the_agent_once_it_is_committed() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.holds_log = True
    assert cluster.feed(KillRequested(STREAM, TASK, AGENT, grace_ms=50)) == []
    assert cluster.release_log() == [KillTask(LINK, FRAMEWORK, TASK, 50)]


def test_killing_a_task_nobody_knows_is_answered_like_a_question() -> None:
    cluster = a_cluster_with_agent_and_framework()
    [update] = updates_in(cluster.feed(KillRequested(STREAM, TaskId("none"), None, None)))
    assert (update.state, update.reason) == (TaskState.UNKNOWN, StatusReason.RECONCILIATION)


def test_a_launch_that_is_being_decided_can_be_killed() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.holds_log = True
    cluster.accept(a_task(), offers=[offer.offer_id])
    cluster.feed(KillRequested(STREAM, TASK, None, None))
    assert [type(e) for e in cluster.release_log()] == [RunTask, KillTask]


def test_an_operator_is_answered() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    effects = cluster.feed(OperatorAsked(5, OrderKill(FRAMEWORK, TASK, None)))
    answer = effects[0]
    assert isinstance(answer, AnswerOperator)
    assert isinstance(answer.outcome, Applied)
    assert effects[1:] == [KillTask(LINK, FRAMEWORK, TASK, None)]
    [answer] = cluster.feed(OperatorAsked(6, OrderKill(FRAMEWORK, TaskId("none"), None)))
    assert isinstance(answer, AnswerOperator)
    assert isinstance(answer.outcome, Refused)
