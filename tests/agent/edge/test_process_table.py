"""Only a process that surely is ours is ended."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from agent.checkpoints.records import ProcessBegun
from agent.edge.machine import boot_id
from agent.edge.process_table import kill_leftover, process_facts
from tests.agent.one_agent import KEY

Child = subprocess.Popen[bytes]


@pytest.fixture
def child() -> Iterator[Child]:
    """The leader of a group of two."""
    child = subprocess.Popen(
        ["/bin/sh", "-c", "sleep 60 & echo; wait"], start_new_session=True, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.readline()
    yield child
    if child.poll() is None:
        os.killpg(child.pid, 9)
    child.communicate()


def begun(child: Child) -> ProcessBegun:
    facts = process_facts(child.pid)
    assert facts is not None
    return ProcessBegun(KEY, 7, child.pid, facts.start_ticks, boot_id())


def test_the_facts_are_those_of_the_process(child: Child) -> None:
    facts = process_facts(child.pid)
    assert facts is not None
    assert facts.group == child.pid
    assert process_facts(2**22 - 1) is None


def test_a_leftover_is_ended_with_its_whole_group(child: Child) -> None:
    assert kill_leftover(begun(child))
    assert child.wait(5) == -9
    assert child.stdout is not None
    # The other one of the group held this open.
    assert child.stdout.read() == b""


def test_what_fails_one_of_the_three_is_not_touched(child: Child) -> None:
    ours = begun(child)
    assert not kill_leftover(replace(ours, boot_id="another boot"))
    assert not kill_leftover(replace(ours, start_ticks=ours.start_ticks - 1))
    assert not kill_leftover(replace(ours, pid=2**22 - 1))
    assert not kill_leftover(replace(ours, pid=os.getpid()))
    assert child.poll() is None


def test_a_process_of_which_the_group_is_another_s_is_not_touched(child: Child) -> None:
    plain = subprocess.Popen(["sleep", "60"])
    try:
        assert not kill_leftover(begun(plain))
        assert plain.poll() is None
    finally:
        plain.kill()
        plain.wait()
