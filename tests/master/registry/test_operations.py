"""Operations with an id are kept until their framework says that it knows of them."""

from dataclasses import replace

import pytest

from master.edge.registry_snapshot_codec import RegistryReading, snapshot_chunks
from master.registry import operations
from master.registry.commands import AcknowledgeOperation, RemoveFramework
from master.registry.outcome import APPLIED
from master.registry.snapshot import capture
from tests.master.led_cluster import FRAMEWORK
from tests.master.registry.test_reservations import Registry
from trimast.framework.reserving import reserve, tracked
from trimast.model.ids import OperationId
from trimast.model.operation import Operation
from trimast.model.refusal import RefusalReason, Refused

OPERATION = OperationId("op-1")
RESERVE = tracked(reserve("db", cpus=1), OPERATION)


def registry_with_operation() -> Registry:
    registry = Registry()
    assert registry.convert(RESERVE) == APPLIED
    return registry


def why_not(registry: Registry, operation: Operation) -> str:
    refused = registry.convert(operation)
    assert isinstance(refused, Refused)
    assert refused.reason is RefusalReason.INVALID
    return refused.detail


def test_one_that_was_done_is_kept_with_a_uuid_of_its_own() -> None:
    registry = registry_with_operation()
    registry.convert(tracked(RESERVE, "op-2"))
    first, second = registry.state.operations_of(FRAMEWORK)
    assert (first.operation, first.fence) == (RESERVE, 3)
    assert len(first.uuid) == len(second.uuid) == 16
    assert first.uuid != second.uuid


def test_one_without_an_id_is_not() -> None:
    registry = Registry()
    registry.convert(reserve("db", cpus=1))
    assert registry.state.operations == {}


def test_nothing_is_done_twice_under_one_id() -> None:
    registry = registry_with_operation()
    before = registry.state.reserved.copy()
    assert why_not(registry, RESERVE) == "Operation has duplicate ID: op-1"
    assert registry.state.reserved == before


def test_what_is_acknowledged_is_forgotten_and_its_id_free_again() -> None:
    registry = registry_with_operation()
    [record] = registry.state.operations_of(FRAMEWORK)
    known = AcknowledgeOperation(FRAMEWORK, OPERATION, record.uuid)
    wrong = replace(known, uuid=b"-" * 16)
    for refused in (registry.do(wrong), registry.do(replace(known, operation_id=OperationId("x")))):
        assert isinstance(refused, Refused)
    assert registry.do(known) == APPLIED
    assert registry.state.operations == {}
    assert isinstance(registry.do(known), Refused)
    assert registry.convert(RESERVE) == APPLIED
    [again] = registry.state.operations_of(FRAMEWORK)
    assert again.uuid != record.uuid


def test_who_acknowledges_nothing_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "UNACKNOWLEDGED_MAX", 1)
    registry = registry_with_operation()
    assert "1 operations of the framework are not acknowledged" in why_not(
        registry, tracked(RESERVE, "op-2")
    )


def test_nobody_is_told_for_a_framework_that_is_over() -> None:
    registry = registry_with_operation()
    registry.do(RemoveFramework(FRAMEWORK, None))
    assert registry.state.operations == {}


def test_they_survive_a_snapshot() -> None:
    registry = registry_with_operation()
    reading = RegistryReading()
    for chunk in snapshot_chunks(capture(registry.state)):
        reading.take(chunk)
    assert reading.state.operations == registry.state.operations
