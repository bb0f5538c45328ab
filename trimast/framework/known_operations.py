"""What a driver remembers of operations, so that each ends once for its scheduler."""

from collections.abc import Iterable

from trimast.model.ids import AgentId, FrameworkId, OperationId
from trimast.model.operation import Operation
from trimast.model.operation_update import OperationState, OperationUpdate


class KnownOperations:
    """
    Args:
        heard_max: of updates that are remembered, lest they be told twice.
    """

    def __init__(self, heard_max: int) -> None:
        self._heard_max = heard_max
        self._heard: dict[bytes, bool] = {}
        """Each with whether it was acknowledged."""
        self._open: dict[OperationId, None] = {}
        self._asks_for_all = False

    @property
    def open_ids(self) -> tuple[OperationId, ...]:
        """Begun, or asked for, and not known to have ended."""
        return tuple(self._open)

    def begun(self, operations: Iterable[Operation]) -> None:
        for operation in operations:
            if operation.operation_id is not None:
                self._open[operation.operation_id] = None

    def asked_for(self, operation_ids: Iterable[OperationId]) -> None:
        self._open.update(dict.fromkeys(operation_ids))

    def asked_for_all(self) -> None:
        self._asks_for_all = True

    def take(self, update: OperationUpdate) -> bool:
        """Whether its scheduler is to hear of it."""
        if update.uuid:
            is_news = update.uuid not in self._heard
            self._remember(update.uuid, is_acknowledged=self.is_acknowledged(update.uuid))
        else:
            is_news = update.operation_id in self._open or self._asks_for_all
        if update.state.is_terminal:
            self._open.pop(update.operation_id, None)
        return is_news

    def acknowledged(self, uuid: bytes) -> None:
        self._remember(uuid, is_acknowledged=True)

    def is_acknowledged(self, uuid: bytes) -> bool:
        return self._heard.get(uuid, False)

    def _remember(self, uuid: bytes, *, is_acknowledged: bool) -> None:
        self._heard[uuid] = is_acknowledged
        while len(self._heard) > self._heard_max:
            del self._heard[next(iter(self._heard))]


def dropped(
    framework_id: FrameworkId, agent_id: AgentId, operations: Iterable[Operation]
) -> list[OperationUpdate]:
    """What becomes of operations on offers that are void."""
    return [
        OperationUpdate(
            framework_id,
            operation.operation_id,
            agent_id,
            OperationState.DROPPED,
            "Operation with invalid offers: an offer is void, or its leader is gone",
        )
        for operation in operations
        if operation.operation_id is not None
    ]
