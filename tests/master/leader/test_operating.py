"""Operators reserve, and make and destroy volumes, of what no task uses."""

from dataclasses import replace

import pytest

from master.leader.effects import AnswerOperator, KeepVolumes, LeaderEffect, RescindOffer
from master.leader.events import AgentDisconnected, ConversionAsked
from master.registry.outcome import Applied
from tests.master.led_cluster import (
    AGENT,
    AGENT_INFO,
    FRAMEWORK,
    LINK,
    STREAM,
    LedCluster,
    a_cluster_with_agent_and_framework,
)
from trimast.model.agent import AgentInfo
from trimast.model.ids import AgentId
from trimast.model.operation import Operation, OperationKind
from trimast.model.refusal import RefusalReason, Refused
from trimast.model.resource_kind import Kind, VolumeName
from trimast.model.resources import Resources

REQUEST = 7
RESERVED = Resources.of({"cpus(db)": 1_000, "mem(db)": 64_000})


def ask(
    cluster: LedCluster,
    kind: OperationKind,
    resources: Resources = RESERVED,
    agent_id: AgentId = AGENT,
) -> list[LeaderEffect]:
    return cluster.feed(ConversionAsked(REQUEST, agent_id, Operation(kind, resources)))


def answer_in(effects: list[LeaderEffect]) -> RefusalReason | None:
    """None: it is done."""
    [answer] = [effect for effect in effects if isinstance(effect, AnswerOperator)]
    assert answer.request == REQUEST
    if isinstance(answer.outcome, Refused):
        return answer.outcome.reason
    assert isinstance(answer.outcome, Applied)
    return None


def test_what_is_reserved_is_reserved_and_can_be_given_back() -> None:
    cluster = LedCluster()
    cluster.agent_comes()
    assert answer_in(ask(cluster, OperationKind.RESERVE)) is None
    assert cluster.registry.reserved[AGENT] == RESERVED
    assert str(cluster.leader.state.ledger.accounts[AGENT].free) == (
        "cpus:1;cpus(db):1;mem:960;mem(db):64"
    )
    assert answer_in(ask(cluster, OperationKind.UNRESERVE)) is None
    assert AGENT not in cluster.registry.reserved
    assert answer_in(ask(cluster, OperationKind.UNRESERVE)) is RefusalReason.NOT_ENOUGH_RESOURCES


def test_offers_that_stand_in_the_way_are_taken_back_and_made_anew() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    effects = ask(cluster, OperationKind.RESERVE)
    assert RescindOffer(STREAM, offer.offer_id) in effects
    assert answer_in(effects) is None
    assert str(cluster.next_offer(2_000).resources) == "cpus:1;mem:960"


def test_what_tasks_use_is_left_to_them() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    too_much = Resources.of({"cpus(db)": 1_500})
    refusal = answer_in(ask(cluster, OperationKind.RESERVE, too_much))
    assert refusal is RefusalReason.NOT_ENOUGH_RESOURCES
    assert answer_in(ask(cluster, OperationKind.RESERVE)) is None


def test_nobody_is_offered_it_before_it_is_decided() -> None:
    cluster = LedCluster()
    cluster.agent_comes()
    cluster.framework_comes()
    cluster.holds_log = True
    all_of_it = Resources.of({"cpus(db)": 2_000, "mem(db)": 1_024_000})
    assert ask(cluster, OperationKind.RESERVE, all_of_it) == []
    assert cluster.offers_within(1_000) == []
    assert answer_in(cluster.release_log()) is None
    assert cluster.leader.state.ledger.held_by_framework(FRAMEWORK).is_empty


def test_an_agent_is_told_of_volumes() -> None:
    cluster = LedCluster()
    cluster.agent_comes(info=_with_disk())
    disk = Resources.of({"disk(db)": 10_000})
    volume = Kind("disk", "db", volume=VolumeName("files", "data")).text
    made = Resources.of({volume: 10_000})
    assert answer_in(ask(cluster, OperationKind.RESERVE, disk)) is None
    effects = ask(cluster, OperationKind.CREATE, made)
    assert answer_in(effects) is None
    assert [e.link_id for e in effects if isinstance(e, KeepVolumes)] == [LINK]
    assert answer_in(ask(cluster, OperationKind.CREATE, made)) is not None
    effects = ask(cluster, OperationKind.DESTROY, made)
    [told] = [e for e in effects if isinstance(e, KeepVolumes)]
    assert [record.is_doomed for record in told.volumes] == [True]


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        (Resources.of({"cpus": 1_000}), RefusalReason.INVALID),
        (Resources(), RefusalReason.INVALID),
    ],
)
def test_what_cannot_be_meant_is_refused(resources: Resources, reason: RefusalReason) -> None:
    cluster = LedCluster()
    cluster.agent_comes()
    assert answer_in(ask(cluster, OperationKind.RESERVE, resources)) is reason


def test_an_agent_that_is_not_there_has_nothing() -> None:
    cluster = LedCluster()
    assert answer_in(ask(cluster, OperationKind.RESERVE)) is RefusalReason.AGENT_UNKNOWN
    cluster.agent_comes()
    cluster.feed(AgentDisconnected(LINK))
    assert answer_in(ask(cluster, OperationKind.RESERVE)) is RefusalReason.AGENT_UNKNOWN


def test_if_the_agent_goes_before_it_is_decided_the_sums_balance_all_the_same() -> None:
    cluster = LedCluster()
    cluster.agent_comes()
    cluster.holds_log = True
    ask(cluster, OperationKind.RESERVE)
    cluster.feed(AgentDisconnected(LINK))
    effects = cluster.release_log()
    assert answer_in(effects) is None
    cluster.assert_sums_balance()
    assert cluster.registry.reserved[AGENT] == RESERVED


def _with_disk() -> AgentInfo:
    more = Resources.of({"disk": 100_000})
    return replace(AGENT_INFO, resources=AGENT_INFO.resources + more)
