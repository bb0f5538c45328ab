"""Accepting: what is checked, what is promised, and that nobody hears before the commit."""

from dataclasses import replace

from master.leader.effects import CountOffers, Propose, RunTask, SendUpdate
from master.leader.events import InvalidTask, OffersAccepted
from master.presence.agents import LinkId
from master.presence.frameworks import StreamId
from master.registry.commands import LaunchTask
from tests.master.led_cluster import (
    AGENT,
    FRAMEWORK,
    LINK,
    ONE_CORE,
    STREAM,
    TASK,
    TWO_CORES,
    a_cluster_with_agent_and_framework,
    a_task,
    updates_in,
)
from trimast.model.ids import AgentId, FrameworkId, OfferId, TaskId
from trimast.model.resources import NOTHING, Resources
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState

SECOND = TaskId("t2")


def test_accepting_an_offer_only_proposes_the_launch() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    accepted = OffersAccepted(STREAM, (offer.offer_id,), (a_task(),), refuse_ms=0)
    effects = cluster.leader.handle(accepted, cluster.now_ms)
    decisions = [e.command.decision for e in effects if isinstance(e, Propose)]
    assert decisions == [LaunchTask(FRAMEWORK, a_task())]
    assert [type(effect) for effect in effects] == [CountOffers, Propose]


def test_the_agent_hears_of_a_task_once_it_is_committed() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.holds_log = True
    offer = cluster.next_offer()
    assert cluster.accept(a_task(), offers=[offer.offer_id]) == [CountOffers("accepted", 1)]
    effects = cluster.release_log()
    assert effects == [RunTask(LINK, FRAMEWORK, a_task(), cluster.index, "nobody", True, role="*")]


def test_an_offer_can_be_accepted_once() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.accept(a_task(), offers=[offer.offer_id])
    [update] = updates_in(cluster.accept(a_task(SECOND), offers=[offer.offer_id]))
    assert (update.task_id, update.state) == (SECOND, TaskState.DROPPED)
    assert update.reason is StatusReason.INVALID_OFFERS
    assert update.message.endswith(f"Offer {offer.offer_id} is no longer valid")
    assert update.uuid == b""


def test_a_framework_that_does_not_know_dropped_is_told_lost() -> None:
    cluster = a_cluster_with_agent_and_framework()
    plain = cluster.registry.frameworks[FRAMEWORK].info
    other = FrameworkId("f2")
    cluster.framework_comes(
        other, stream_id=StreamId(2), info=replace(plain, capabilities=frozenset())
    )
    effects = cluster.accept(a_task(), offers=[OfferId("none")], stream_id=StreamId(2))
    assert [update.state for update in updates_in(effects)] == [TaskState.LOST]


def test_nobody_can_accept_what_was_offered_to_another() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.framework_comes(FrameworkId("f2"), stream_id=StreamId(2))
    effects = cluster.accept(a_task(), offers=[offer.offer_id], stream_id=StreamId(2))
    assert [update.state for update in updates_in(effects)] == [TaskState.DROPPED]
    assert offer.offer_id in cluster.leader.state.ledger.open_offers


def test_asking_for_more_than_was_offered_is_an_error_and_frees_the_offer() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    greedy = a_task(resources=Resources.of({"cpus": 2_001}))
    [update] = updates_in(cluster.accept(greedy, offers=[offer.offer_id]))
    assert (update.state, update.reason) == (TaskState.ERROR, StatusReason.TASK_INVALID)
    assert update.message == (
        "Total resources cpus:2.001 required by task and its executor is more than available "
        "cpus:2;mem:1024"
    )
    assert cluster.leader.state.ledger.accounts[AGENT].free == TWO_CORES


def test_an_invalid_task_is_an_error_and_the_others_are_launched() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    launches = (InvalidTask(TASK, "Task uses no resources"), a_task(SECOND))
    effects = cluster.feed(OffersAccepted(STREAM, (offer.offer_id,), launches, 0))
    assert [(u.task_id, u.message) for u in updates_in(effects)] == [
        (TASK, "Task uses no resources")
    ]
    assert [e.task.task_id for e in effects if isinstance(e, RunTask)] == [SECOND]


def test_a_task_id_in_use_is_refused_even_before_the_first_launch_is_committed() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.holds_log = True
    effects = cluster.accept(a_task(), a_task(), offers=[offer.offer_id])
    assert [u.message for u in updates_in(effects)] == [f"Task has duplicate ID: {TASK}"]
    assert [type(e) for e in cluster.release_log()] == [RunTask]


def test_a_task_for_another_agent_than_offered_is_refused() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    wrong = a_task(agent_id=AgentId("a9"))
    [update] = updates_in(cluster.accept(wrong, offers=[offer.offer_id]))
    assert update.message == "Task uses invalid agent a9 while agent a1 is expected"


def test_offers_of_two_agents_cannot_be_joined() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.agent_comes(AgentId("a2"), link_id=LinkId(2))
    offers = cluster.offers_within(30)
    assert len(offers) == 2
    [update] = updates_in(cluster.accept(a_task(), offers=[o.offer_id for o in offers]))
    assert "must belong to one single agent" in update.message
    assert cluster.leader.state.ledger.open_offers == {}


def test_the_rest_of_an_accepted_offer_is_not_offered_again_for_a_while() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.accept(a_task(), offers=[offer.offer_id], refuse_ms=5_000)
    assert cluster.offers_within(4_900) == []
    assert [o.resources for o in cluster.offers_within(2_000)] == [ONE_CORE]


def test_a_refused_launch_gives_its_resources_back() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.holds_log = True
    cluster.accept(a_task(), offers=[offer.offer_id])
    del cluster.registry.frameworks[FRAMEWORK]
    [answer] = cluster.release_log()
    assert isinstance(answer, SendUpdate)
    account = cluster.leader.state.ledger.accounts[AGENT]
    assert (account.free, account.promised) == (TWO_CORES, NOTHING)
