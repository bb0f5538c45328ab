"""How far an operation is."""

from trimast.model.operation_update import OperationState


def test_what_may_still_change_has_not_ended() -> None:
    open_states = [state for state in OperationState if not state.is_terminal]
    assert open_states == [
        OperationState.PENDING,
        OperationState.UNREACHABLE,
        OperationState.RECOVERING,
    ]
