"""What a framework is told when it asks how its operations went."""

from master.leader.events import AgentDisconnected, OperationsAsked
from tests.master.leader.test_converting import a_cluster, accepted
from tests.master.leader.test_telling_operations import OPERATION, RESERVE, reserved, told
from tests.master.led_cluster import AGENT, LINK, STREAM, LedCluster
from trimast.framework.reserving import reserve, tracked
from trimast.model.ids import AgentId, OperationId
from trimast.model.operation_update import OperationState

LOST = OperationId("lost")


def ask(
    cluster: LedCluster, *operations: tuple[OperationId, AgentId | None]
) -> list[tuple[OperationId, OperationState, AgentId]]:
    updates = told(cluster.feed(OperationsAsked(STREAM, operations)))
    assert all(update.uuid == b"" for update in updates)
    return [(update.operation_id, update.state, update.agent_id) for update in updates]


def test_one_that_is_not_acknowledged_is_answered_with_how_it_went() -> None:
    cluster, _ = reserved()
    finished = [(OPERATION, OperationState.FINISHED, AGENT)]
    assert ask(cluster) == ask(cluster, (OPERATION, None)) == finished


def test_one_that_is_in_no_registry_was_not_done() -> None:
    cluster = a_cluster()
    for agent_id in (None, AGENT, AgentId("nobody")):
        assert ask(cluster, (LOST, agent_id)) == [(LOST, OperationState.UNKNOWN, agent_id or "")]
    cluster.feed(AgentDisconnected(LINK))
    cluster.wait(40_000)
    assert ask(cluster, (LOST, AGENT)) == [(LOST, OperationState.UNREACHABLE, AGENT)]


def test_one_that_is_being_decided_is_pending_and_so_is_the_next() -> None:
    cluster = a_cluster()
    event = accepted(cluster, RESERVE, tracked(reserve("db", cpus=1), "op-2"))
    cluster.holds_log = True
    cluster.feed(event)
    second = OperationId("op-2")
    pending = OperationState.PENDING
    assert ask(cluster, (OPERATION, None), (second, None)) == [
        (OPERATION, pending, AGENT),
        (second, pending, AGENT),
    ]
