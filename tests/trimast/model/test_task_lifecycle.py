"""Every state against every state: the table and this picture of it must agree."""

import pytest

from trimast.model.task_lifecycle import NEXT_STATES, TaskState

# to, in the order of the enum: staging starting running killing unreachable, the ends, unknown
PICTURE = {
    TaskState.STAGING: ". + + + + + + + + + + + + .",
    TaskState.STARTING: ". . + + + + + + + + + + + .",
    TaskState.RUNNING: ". . + + + + + + + + + + + .",
    TaskState.KILLING: ". . . . + . + + + + + + + .",
    TaskState.UNREACHABLE: "+ + + + . + + + + + + + + .",
    TaskState.UNKNOWN: ". . . . . . . . . . . . . .",
}
NOWHERE = ". . . . . . . . . . . . . ."


@pytest.mark.parametrize("state", list(TaskState))
def test_every_step_is_as_drawn(state: TaskState) -> None:
    marks = PICTURE.get(state, NOWHERE).split()
    allowed = {to for to, mark in zip(TaskState, marks, strict=True) if mark == "+"}
    assert NEXT_STATES[state] == allowed


def test_terminal_is_what_nothing_follows() -> None:
    for state in TaskState:
        assert state.is_terminal is (not NEXT_STATES[state] and state is not TaskState.UNKNOWN)
