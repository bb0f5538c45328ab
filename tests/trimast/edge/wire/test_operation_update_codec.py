"""What became of operations, on the wire."""

import pytest

from trimast.edge.wire.operation_update_codec import (
    operation_update_from_proto,
    operation_update_to_proto,
)
from trimast.framework.reserving import reserve
from trimast.model.ids import AgentId, FrameworkId, OperationId
from trimast.model.operation_update import OperationState, OperationUpdate

FRAMEWORK = FrameworkId("f1")
CONVERTED = reserve("db", cpus=1).resources


@pytest.mark.parametrize("state", list(OperationState))
def test_every_state_comes_back(state: OperationState) -> None:
    update = OperationUpdate(
        FRAMEWORK, OperationId("op-1"), AgentId("a1"), state, "how it went", CONVERTED, b"u" * 16
    )
    assert operation_update_from_proto(operation_update_to_proto(update), FRAMEWORK) == update


def test_an_answer_has_no_uuid_and_maybe_no_agent() -> None:
    answer = OperationUpdate(FRAMEWORK, OperationId("o"), AgentId(""), OperationState.UNKNOWN)
    message = operation_update_to_proto(answer)
    assert not message.HasField("uuid")
    assert not message.HasField("agent_id")
    assert operation_update_from_proto(message, FRAMEWORK) == answer
