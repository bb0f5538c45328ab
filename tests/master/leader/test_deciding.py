"""A log that is too busy: what must happen is proposed again, the rest is asked for again."""

from collections.abc import Callable

import pytest

from master.leader.effects import (
    AnswerOperator,
    CloseAgentLink,
    CloseFrameworkStream,
    LeaderEffect,
    Propose,
    SendUpdate,
)
from master.leader.events import (
    AgentDisconnected,
    CommandDecided,
    KillRequested,
    LeaderEvent,
    OffersAccepted,
    OperatorAsked,
    ReportAcknowledged,
    TeardownRequested,
)
from master.registry.commands import ProveQuorum
from tests.master.led_cluster import (
    AGENT,
    LINK,
    STREAM,
    TASK,
    LedCluster,
    a_cluster_with_agent_and_framework,
    a_report,
    a_task,
    updates_in,
)
from trimast.model.refusal import RefusalReason, Refused
from trimast.model.task_lifecycle import TaskState

BUSY = Refused(RefusalReason.OVERLOADED, "the masters are too busy")


def refuse_all(cluster: LedCluster) -> list[LeaderEffect]:
    """The log takes nothing of what is held back."""
    held_back, cluster.held_back = cluster.held_back, []
    return [
        effect
        for proposal in held_back
        for effect in cluster.leader.handle(
            CommandDecided(proposal.command.decision, 0, BUSY, proposal.regards), cluster.now_ms
        )
    ]


def test_a_launch_that_the_log_has_no_room_for_was_never_made() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.holds_log = True
    cluster.feed(OffersAccepted(STREAM, (offer.offer_id,), (a_task(),), 0))
    [answer] = refuse_all(cluster)
    assert isinstance(answer, SendUpdate)
    assert (answer.update.state, answer.update.message) == (TaskState.DROPPED, BUSY.detail)
    assert cluster.leader.state.launching == {}
    cluster.assert_sums_balance()


Ask = Callable[[LedCluster], object]


def lose_the_agent(cluster: LedCluster) -> None:
    cluster.feed(AgentDisconnected(LINK))
    cluster.wait(40_000)


@pytest.mark.parametrize(
    "ask",
    [
        lose_the_agent,
        lambda cluster: cluster.feed(KillRequested(STREAM, TASK, AGENT, None)),
        lambda cluster: cluster.feed(TeardownRequested(STREAM)),
    ],
    ids=["unreachable", "kill", "teardown"],
)
def test_what_nobody_would_ask_for_again_is_proposed_again(ask: Ask) -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.holds_log = True
    ask(cluster)
    wanted = [proposal.command.decision for proposal in cluster.held_back]
    assert len(wanted) == 1
    refuse_all(cluster)
    cluster.wait(1_100)
    assert [proposal.command.decision for proposal in cluster.held_back] == wanted


def test_a_report_whose_acknowledgement_found_no_room_is_sent_again() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    report = a_report(TaskState.RUNNING, 1, fence=fence)
    cluster.holds_log = True
    cluster.feed(ReportAcknowledged(STREAM, TASK, report.uuid))
    refuse_all(cluster)
    assert updates_in(cluster.wait(11_000)) == [report]


def test_a_report_that_found_no_room_stays_with_its_agent() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.holds_log = True
    cluster.report(a_report(TaskState.FINISHED, 2, fence=fence))
    assert refuse_all(cluster) == []


def test_whoever_is_not_admitted_for_want_of_room_just_comes_again() -> None:
    cluster = LedCluster()
    cluster.holds_log = True
    cluster.agent_comes()
    cluster.framework_comes()
    assert refuse_all(cluster) == [
        CloseAgentLink(LINK, BUSY.detail),
        CloseFrameworkStream(STREAM, ""),
    ]


def test_an_operator_is_told_that_there_is_no_room() -> None:
    cluster = LedCluster()
    cluster.holds_log = True
    asked: LeaderEvent = OperatorAsked(4, ProveQuorum())
    assert [type(e) for e in cluster.leader.handle(asked, cluster.now_ms)] == [Propose]
    cluster.feed(asked)
    assert refuse_all(cluster) == [AnswerOperator(4, BUSY, 0)]
