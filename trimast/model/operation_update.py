"""What a framework hears of an operation for which it has chosen an id."""

from dataclasses import dataclass
from enum import StrEnum

from trimast.model.ids import AgentId, FrameworkId, OperationId
from trimast.model.resources import NOTHING, Resources


class OperationState(StrEnum):
    """Named as in `mesos.v1.OperationState`, without its prefix.

    Masters say PENDING, FINISHED, ERROR, UNREACHABLE and UNKNOWN, the SDK says DROPPED for them.
    """

    UNSUPPORTED = "unsupported"
    PENDING = "pending"
    FINISHED = "finished"
    FAILED = "failed"
    ERROR = "error"
    DROPPED = "dropped"
    UNREACHABLE = "unreachable"
    GONE_BY_OPERATOR = "gone_by_operator"
    RECOVERING = "recovering"
    UNKNOWN = "unknown"

    @property
    def is_terminal(self) -> bool:
        """Nothing more will come of it. UNKNOWN is: no master has done it, nor ever will."""
        return self not in {
            OperationState.PENDING,
            OperationState.UNREACHABLE,
            OperationState.RECOVERING,
        }


@dataclass(frozen=True, slots=True)
class OperationUpdate:
    """
    Attributes:
        uuid: 16 bytes of what is committed: it is sent until the framework acknowledges it. What a
            master merely answers has b"" and is sent once.
        converted: what there is now, of one that is FINISHED.
    """

    framework_id: FrameworkId
    operation_id: OperationId
    agent_id: AgentId
    state: OperationState
    message: str = ""
    converted: Resources = NOTHING
    uuid: bytes = b""
