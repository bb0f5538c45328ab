"""A framework hears how its operations went, until it says that it knows."""

from dataclasses import replace

import pytest

from master.leader.effects import LeaderEffect, SendOperationUpdate
from master.leader.events import (
    FrameworkDisconnected,
    InvalidOperation,
    OffersAccepted,
    OperationAcknowledged,
)
from master.presence.frameworks import StreamId
from tests.master.leader.test_converting import DATABASE, a_cluster, accepted
from tests.master.led_cluster import AGENT, FRAMEWORK, SETTINGS, STREAM, LedCluster
from trimast.framework.reserving import reserve, tracked
from trimast.model.ids import AgentId, OfferId, OperationId
from trimast.model.operation_update import OperationState, OperationUpdate

OPERATION = OperationId("op-1")
RESERVE = tracked(reserve("db", cpus=1), OPERATION)


def told(effects: list[LeaderEffect]) -> list[OperationUpdate]:
    return [effect.update for effect in effects if isinstance(effect, SendOperationUpdate)]


def reserved() -> tuple[LedCluster, OperationUpdate]:
    cluster = a_cluster()
    [update] = told(cluster.feed(accepted(cluster, RESERVE)))
    return cluster, update


def test_what_is_committed_is_finished_and_says_what_there_is_now() -> None:
    _, update = reserved()
    assert len(update.uuid) == 16
    assert update == OperationUpdate(
        FRAMEWORK,
        OPERATION,
        AGENT,
        OperationState.FINISHED,
        converted=RESERVE.resources,
        uuid=update.uuid,
    )


def test_nothing_is_told_before_it_is_committed() -> None:
    cluster = a_cluster()
    event = accepted(cluster, RESERVE)
    cluster.holds_log = True
    assert told(cluster.feed(event)) == []
    assert [each.state for each in told(cluster.release_log())] == [OperationState.FINISHED]


def test_one_without_an_id_is_told_to_nobody() -> None:
    cluster = a_cluster()
    assert told(cluster.feed(accepted(cluster, reserve("db", cpus=1)))) == []


def test_it_is_said_again_with_growing_patience_until_it_is_acknowledged() -> None:
    cluster, update = reserved()
    first_ms = SETTINGS.report_retry_first_ms
    assert told(cluster.wait(first_ms - SETTINGS.tick_ms)) == []
    assert told(cluster.wait(2 * SETTINGS.tick_ms)) == [update]
    assert told(cluster.wait(first_ms)) == []
    assert told(cluster.wait(first_ms + SETTINGS.tick_ms)) == [update]
    cluster.feed(OperationAcknowledged(STREAM, OPERATION, update.uuid))
    assert cluster.registry.operations == {}
    assert told(cluster.wait(100_000)) == []


@pytest.mark.parametrize(
    ("operation_id", "uuid"), [(OPERATION, b"-" * 16), (OperationId("other"), None)]
)
def test_another_acknowledgement_changes_nothing(
    operation_id: OperationId, uuid: bytes | None
) -> None:
    cluster, update = reserved()
    assert cluster.feed(OperationAcknowledged(STREAM, operation_id, uuid or update.uuid)) == []
    assert cluster.registry.operations


def test_a_new_leader_goes_on_telling() -> None:
    cluster, update = reserved()
    cluster.begin_reign("m2")
    assert told(cluster.framework_comes(info=DATABASE, stream_id=StreamId(7))) == [update]


def test_it_waits_for_a_framework_that_is_away() -> None:
    cluster = a_cluster()
    event = accepted(cluster, RESERVE)
    cluster.holds_log = True
    cluster.feed(event)
    cluster.feed(FrameworkDisconnected(STREAM))
    assert told(cluster.release_log()) == []
    [update] = told(cluster.framework_comes(info=DATABASE, stream_id=StreamId(7)))
    assert update.state is OperationState.FINISHED


def test_of_what_cannot_be_done_the_reason_is_told_and_nothing_kept() -> None:
    cluster = a_cluster()
    too_much = tracked(reserve("db", cpus=99), "op-2")
    unreadable = InvalidOperation("CREATE", "no volume", OperationId("op-3"))
    offers = accepted(cluster)
    updates = told(cluster.feed(replace(offers, launches=(too_much, unreadable, RESERVE, RESERVE))))
    assert [(u.operation_id, u.state, bool(u.uuid)) for u in updates] == [
        ("op-2", OperationState.ERROR, False),
        ("op-3", OperationState.ERROR, False),
        ("op-1", OperationState.FINISHED, True),
        ("op-1", OperationState.ERROR, False),
    ]
    assert "is left" in updates[0].message
    assert (updates[1].message, updates[1].agent_id) == ("no volume", AGENT)
    assert updates[3].message == "Operation has duplicate ID: op-1"


def test_an_operation_on_a_void_offer_is_an_error() -> None:
    cluster = a_cluster()
    [update] = told(cluster.feed(OffersAccepted(STREAM, (OfferId("gone"),), (RESERVE,), 0)))
    assert update == OperationUpdate(
        FRAMEWORK,
        OPERATION,
        AgentId(""),
        OperationState.ERROR,
        "Operation with invalid offers: Offer gone is no longer valid",
    )


def test_what_an_earlier_instance_wanted_and_was_not_looked_at_is_told_to_the_next() -> None:
    cluster = a_cluster()
    event = accepted(cluster, RESERVE, tracked(reserve("db", cpus=0.5), "op-2"))
    cluster.holds_log = True
    cluster.framework_comes(info=DATABASE, stream_id=StreamId(7))
    cluster.feed(event)
    updates = {update.operation_id: update for update in told(cluster.release_log())}
    assert updates[OPERATION].state is OperationState.FINISHED
    assert updates[OperationId("op-2")].message == "Framework failed over"
