"""Agents come and come back: admitted once, resumed without fuss, settled by their differences."""

from dataclasses import replace

import pytest

from master.leader.effects import (
    CloseAgentLink,
    KillTask,
    RescindOffer,
    RunTask,
    SendUpdate,
    TurnAgentAway,
    WelcomeAgent,
)
from master.leader.events import AgentDisconnected, AgentTookStock, KillRequested
from master.presence.agents import LinkId
from master.registry.records import AgentState
from tests.master.led_cluster import (
    AGENT,
    AGENT_INFO,
    FRAMEWORK,
    LINK,
    ONE_CORE,
    STREAM,
    TASK,
    LedCluster,
    a_cluster_with_agent_and_framework,
    a_report,
    a_task,
    updates_in,
)
from trimast.model.ids import AgentId, TaskId
from trimast.model.inventory import HeldTask
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState

AGAIN = LinkId(2)


def test_a_new_agent_is_given_an_id_that_names_the_epoch() -> None:
    cluster = LedCluster()
    assert cluster.agent_comes(None) == [
        WelcomeAgent(LINK, AgentId("c-1-S1"), send_inventory=False)
    ]
    assert list(cluster.registry.agents) == ["c-1-S1"]


def test_an_agent_that_comes_back_as_it_was_needs_no_command() -> None:
    cluster = LedCluster()
    cluster.agent_comes()
    cluster.feed(AgentDisconnected(LINK))
    index = cluster.index
    assert cluster.agent_comes(link_id=AGAIN) == [WelcomeAgent(AGAIN, AGENT, send_inventory=False)]
    assert cluster.index == index


def test_a_second_link_of_an_agent_ends_the_first() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    effects = cluster.agent_comes(link_id=AGAIN)
    assert RescindOffer(STREAM, offer.offer_id) in effects
    assert CloseAgentLink(LINK, "a1 has connected again") in effects
    # The end of the first link is no loss of the agent.
    assert cluster.feed(AgentDisconnected(LINK)) == []
    assert cluster.next_offer().agent_id == AGENT


def test_an_agent_that_has_seen_a_later_epoch_is_turned_away() -> None:
    cluster = LedCluster()
    [effect] = cluster.agent_comes(epoch_seen=9)
    assert isinstance(effect, TurnAgentAway)
    assert "has seen epoch 9, and this master leads epoch 1" in effect.reason
    assert cluster.registry.agents == {}


def test_an_agent_cannot_come_back_smaller_than_its_tasks() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.feed(AgentDisconnected(LINK))
    small = replace(AGENT_INFO, resources=ONE_CORE - ONE_CORE)
    [effect] = cluster.agent_comes(link_id=AGAIN, info=small)
    assert isinstance(effect, TurnAgentAway)
    assert "its tasks hold cpus:1;mem:512" in effect.reason
    assert cluster.registry.agents[AGENT].info == AGENT_INFO


def test_an_agent_that_has_grown_is_offered_as_it_is_now() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.feed(AgentDisconnected(LINK))
    grown = replace(AGENT_INFO, resources=AGENT_INFO.resources + ONE_CORE)
    held = [HeldTask(FRAMEWORK, TASK, cluster.registry.tasks[FRAMEWORK, TASK].fence)]
    cluster.agent_comes(link_id=AGAIN, info=grown, holding=held)
    assert cluster.next_offer().resources == AGENT_INFO.resources


def test_a_launch_the_agent_did_not_hear_of_is_repeated() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.accept(a_task(), offers=[offer.offer_id])
    fence = cluster.index
    cluster.feed(AgentDisconnected(LINK))
    assert cluster.agent_comes(link_id=AGAIN) == [WelcomeAgent(AGAIN, AGENT, send_inventory=True)]
    effects = cluster.feed(AgentTookStock(AGAIN, ()))
    assert effects == [RunTask(AGAIN, FRAMEWORK, a_task(), fence, "nobody", True, role="*")]


@pytest.mark.parametrize("checkpoint", [True, False])
def test_an_agent_is_told_whether_a_task_is_to_outlive_it(checkpoint: bool) -> None:
    cluster = a_cluster_with_agent_and_framework()
    record = cluster.registry.frameworks[FRAMEWORK]
    info = replace(record.info, checkpoint=checkpoint)
    cluster.registry.frameworks[FRAMEWORK] = replace(record, info=info)
    offer = cluster.next_offer()
    [run] = cluster.accept(a_task(), offers=[offer.offer_id])[-1:]
    assert isinstance(run, RunTask)
    assert run.ends_with_agent is not checkpoint


def test_a_task_the_agent_has_lost_is_given_up_once_and_its_resources_are_free() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.feed(AgentDisconnected(LINK))
    cluster.agent_comes(link_id=AGAIN)
    [update] = updates_in(cluster.feed(AgentTookStock(AGAIN, ())))
    assert (update.state, update.reason) == (TaskState.GONE, StatusReason.TASK_UNKNOWN)
    assert len(update.uuid) == 16
    assert cluster.registry.used_on(AGENT).is_empty


def test_what_an_agent_has_too_much_is_killed() -> None:
    cluster = LedCluster()
    stray = HeldTask(FRAMEWORK, TaskId("stray"), 99)
    cluster.agent_comes(holding=[stray])
    effects = cluster.feed(AgentTookStock(LINK, (stray,)))
    assert effects == [KillTask(LINK, FRAMEWORK, TaskId("stray"), None)]


def test_a_task_whose_end_the_registry_knows_is_not_killed_again() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.report(a_report(TaskState.FINISHED, 2, fence=fence))
    cluster.feed(AgentDisconnected(LINK))
    ended = HeldTask(FRAMEWORK, TASK, fence)
    cluster.agent_comes(link_id=AGAIN, holding=[ended])
    assert cluster.feed(AgentTookStock(AGAIN, (ended,))) == []


def test_a_kill_ordered_while_the_agent_was_away_is_repeated_when_it_is_back() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.feed(AgentDisconnected(LINK))
    assert cluster.feed(KillRequested(STREAM, TASK, AGENT, grace_ms=7)) == []
    effects = cluster.agent_comes(link_id=AGAIN, holding=[HeldTask(FRAMEWORK, TASK, fence)])
    assert effects[1:] == [KillTask(AGAIN, FRAMEWORK, TASK, 7)]


def test_a_new_leader_needs_only_the_digest_of_an_agent_that_runs_what_it_should() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.begin_reign("m2")
    effects = cluster.agent_comes(holding=[HeldTask(FRAMEWORK, TASK, fence)], epoch_seen=1)
    assert effects == [WelcomeAgent(LINK, AGENT, send_inventory=False)]


def test_tasks_of_an_agent_that_returns_are_announced_as_they_are() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.feed(AgentDisconnected(LINK))
    cluster.wait(cluster.settings.agent_silence_max_ms + 2_000)
    assert cluster.registry.agents[AGENT].state is AgentState.UNREACHABLE
    effects = cluster.agent_comes(link_id=AGAIN, holding=[HeldTask(FRAMEWORK, TASK, fence)])
    [welcome, announced] = effects
    assert welcome == WelcomeAgent(AGAIN, AGENT, send_inventory=False)
    assert isinstance(announced, SendUpdate)
    assert announced.update.state is TaskState.RUNNING
    assert announced.update.reason is StatusReason.AGENT_REREGISTERED
