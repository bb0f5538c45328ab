"""Any value of ours goes to JSON and back."""

import json

import pytest

from agent.checkpoints.value_codec import from_plain, to_plain
from agent.executors.executor import ExecutorNotes
from trimast.model.command import CommandInfo
from trimast.model.executor import ExecutorInfo, ExecutorKind
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import ExecutorId
from trimast.model.resources import Resources

COMMAND = CommandInfo("a", shell=False, arguments=("a", "b"), environment=(("n", "v"),))
NOTES = ExecutorNotes(
    ExecutorInfo(
        ExecutorId("x"),
        ExecutorKind.DEFAULT,
        COMMAND,
        Resources.of({"cpus": 5}, {"ports": [(1, 2)]}, {"disks": ["a"]}),
        shutdown_grace_ms=5,
        labels=(("k", "v"),),
        data=b"\x00\xff",
    ),
    FrameworkInfo(name="n", capabilities=frozenset({"B", "A"}), roles=("r",)),
    "user",
    "token",
)


def test_there_and_back() -> None:
    plain = json.loads(json.dumps(to_plain(NOTES)))
    assert from_plain(ExecutorNotes, plain) == NOTES


def test_defaults_are_left_out() -> None:
    assert to_plain(CommandInfo("a")) == {"value": "a"}


@pytest.mark.parametrize(
    "plain",
    [{}, {"value": 5}, {"value": "a", "strange": 1}, {"value": "a", "environment": [["n"]]}],
)
def test_what_does_not_fit_is_refused(plain: object) -> None:
    with pytest.raises((TypeError, ValueError, KeyError)):
        from_plain(CommandInfo, plain)
