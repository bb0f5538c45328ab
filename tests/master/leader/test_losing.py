"""Silent agents: their offers go, their tasks are unreachable, and neither is given up."""

import pytest

from master.leader import losing
from master.leader.effects import AnnounceAgentFailure, CloseAgentLink, PingAgent, RescindOffer
from master.leader.events import AgentAnswered, AgentDisconnected
from master.leader.losing import MARKED_AGAIN_MS, MARKED_AGENTS_MAX
from master.presence.agents import LinkId
from master.registry.records import AgentState
from tests.master.led_cluster import (
    AGENT,
    FRAMEWORK,
    LINK,
    STREAM,
    TASK,
    LedCluster,
    a_cluster_with_agent_and_framework,
    a_report,
    updates_in,
)
from trimast.model.ids import AgentId
from trimast.model.inventory import HeldTask
from trimast.model.task_lifecycle import TaskState


def test_offers_of_an_agent_that_goes_are_rescinded() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    assert RescindOffer(STREAM, offer.offer_id) in cluster.feed(AgentDisconnected(LINK))
    assert cluster.offers_within(5_000) == []


def test_an_agent_is_pinged_and_keeps_its_link_as_long_as_it_answers() -> None:
    cluster = LedCluster()
    cluster.agent_comes()
    for _ in range(20):
        assert cluster.wait(6_000).count(PingAgent(LINK)) >= 1
        cluster.feed(AgentAnswered(LINK))
    assert cluster.leader.state.agents.active_link(AGENT) is not None


def test_a_link_over_which_nothing_comes_is_closed_and_the_agent_unreachable() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    effects = cluster.wait(cluster.settings.agent_silence_max_ms + 3_000)
    assert [e.link_id for e in effects if isinstance(e, CloseAgentLink)] == [LINK]
    assert AnnounceAgentFailure(STREAM, AGENT) in effects
    told = [u for u in updates_in(effects) if u.state is TaskState.UNREACHABLE]
    assert [u.task_id for u in told] == [TASK]
    assert cluster.registry.agents[AGENT].state is AgentState.UNREACHABLE
    task = cluster.registry.tasks[FRAMEWORK, TASK]
    assert cluster.registry.state_of(task) is TaskState.UNREACHABLE
    assert task.state is TaskState.RUNNING


def test_many_that_go_at_once_are_given_up_a_few_at_a_time() -> None:
    """A rack's switch is enough. Each of them has tasks that frameworks are to be told of."""
    cluster = LedCluster()
    count = 2 * MARKED_AGENTS_MAX + 1
    for number in range(count):
        cluster.agent_comes(AgentId(f"a{number}"), link_id=LinkId(number))
    for number in range(count):
        cluster.feed(AgentDisconnected(LinkId(number)))
    cluster.holds_log = True
    given_up = []
    while len(cluster.held_back) < count:
        before = len(cluster.held_back)
        cluster.wait(MARKED_AGAIN_MS)
        given_up.append(len(cluster.held_back) - before)
    assert [number for number in given_up if number] == [MARKED_AGENTS_MAX, MARKED_AGENTS_MAX, 1]
    cluster.release_log()
    states = {agent.state for agent in cluster.registry.agents.values()}
    assert states == {AgentState.UNREACHABLE}


def test_agents_with_many_tasks_are_given_up_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losing, "MARKED_TASKS_MAX", 0)
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.agent_comes(AgentId("other"), link_id=LinkId(2))
    for link_id in (LINK, LinkId(2)):
        cluster.feed(AgentDisconnected(link_id))
    cluster.wait(cluster.settings.agent_silence_max_ms - 1)
    cluster.holds_log = True
    while not cluster.held_back:
        cluster.wait(1)
    assert len(cluster.held_back) == 1, "its one task is as many as may be told of at once"
    cluster.wait(MARKED_AGAIN_MS)
    assert len(cluster.held_back) == 2


def test_one_that_comes_back_while_others_are_given_up_is_kept() -> None:
    cluster = LedCluster()
    count = MARKED_AGENTS_MAX + 1
    for number in range(count):
        cluster.agent_comes(AgentId(f"a{number}"), link_id=LinkId(number))
    for number in range(count):
        cluster.feed(AgentDisconnected(LinkId(number)))
    cluster.holds_log = True
    while not cluster.held_back:
        cluster.wait(1)
    cluster.agent_comes(AgentId(f"a{count - 1}"), link_id=LinkId(count))
    cluster.wait(5_000)
    assert len(cluster.held_back) == MARKED_AGENTS_MAX


def test_an_agent_that_is_back_in_time_is_never_unreachable() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.feed(AgentDisconnected(LINK))
    cluster.wait(20_000)
    again = LinkId(2)
    cluster.agent_comes(link_id=again, holding=[HeldTask(FRAMEWORK, TASK, fence)])
    cluster.wait(20_000)
    cluster.feed(AgentAnswered(again))
    assert cluster.registry.agents[AGENT].state is AgentState.ACTIVE


def test_an_agent_that_returns_while_it_is_being_given_up_is_active_in_the_end() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.feed(AgentDisconnected(LINK))
    cluster.holds_log = True
    cluster.wait(40_000)
    cluster.agent_comes(link_id=LinkId(2), holding=[HeldTask(FRAMEWORK, TASK, fence)])
    cluster.release_log()
    assert cluster.registry.agents[AGENT].state is AgentState.ACTIVE
    assert cluster.leader.state.agents.active_link(AGENT) is not None


def test_a_new_leader_waits_for_agents_before_it_gives_them_up() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.begin_reign("m2")
    cluster.wait(cluster.settings.agent_return_ms - 2_000)
    assert cluster.registry.agents[AGENT].state is AgentState.ACTIVE
    cluster.wait(4_000)
    assert cluster.registry.agents[AGENT].state is AgentState.UNREACHABLE


def test_the_end_of_a_task_is_taken_although_its_agent_was_given_up() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.feed(AgentDisconnected(LINK))
    cluster.wait(40_000)
    again = LinkId(2)
    cluster.agent_comes(link_id=again, holding=[HeldTask(FRAMEWORK, TASK, fence)])
    report = a_report(TaskState.FINISHED, 2, fence=fence)
    assert report in updates_in(cluster.report(report, link_id=again))
