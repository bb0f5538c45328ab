"""Only a process that surely is the one that is meant is held, or ended."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.launcher.processes import (
    boot_id,
    kill_left_of_group,
    open_if_it_is,
    process_facts,
    signal_group,
)

Child = subprocess.Popen[bytes]


@pytest.fixture
def child() -> Iterator[Child]:
    """The leader of a group of two, which ends when it hears something."""
    child = subprocess.Popen(
        ["/bin/sh", "-c", "sleep 60 & echo; read line"],
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "BOX": "/the/box"},
    )
    assert child.stdout is not None
    child.stdout.readline()
    yield child
    signal_group(child.pid, 9)
    child.communicate()


def ticks_of(child: Child) -> int:
    facts = process_facts(child.pid)
    assert facts is not None
    return facts.start_ticks


def end_leader(child: Child) -> None:
    """And reap it, as init would."""
    assert child.stdin is not None
    child.stdin.close()
    child.stdin = None
    child.wait(5)


def is_other_alive(child: Child) -> bool:
    """The other of the group holds this open."""
    assert child.stdout is not None
    os.set_blocking(child.stdout.fileno(), False)
    return child.stdout.read() is None


def test_the_facts_are_those_of_the_process(child: Child) -> None:
    facts = process_facts(child.pid)
    assert facts is not None
    assert (facts.group, facts.session, facts.is_gone) == (child.pid, child.pid, False)
    assert process_facts(2**22 - 1) is None
    assert len(boot_id()) == 36


def test_what_is_the_same_in_number_and_start_is_held(child: Child) -> None:
    handle = open_if_it_is(child.pid, ticks_of(child))
    assert handle is not None
    os.close(handle)


def test_a_later_process_of_that_number_is_not(child: Child) -> None:
    assert open_if_it_is(child.pid, ticks_of(child) - 1) is None
    assert open_if_it_is(2**22 - 1, 1) is None


def test_one_that_does_not_lead_its_group_is_not() -> None:
    plain = subprocess.Popen(["sleep", "60"])
    try:
        assert open_if_it_is(plain.pid, ticks_of(plain)) is None
    finally:
        plain.kill()
        plain.wait()


def test_one_that_has_ended_is_not(child: Child) -> None:
    ticks = ticks_of(child)
    signal_group(child.pid, 9)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert open_if_it_is(child.pid, ticks) is None


def test_what_a_leader_leaves_behind_is_ended(child: Child) -> None:
    end_leader(child)
    assert is_other_alive(child)
    kill_left_of_group(child.pid, "/the/box")
    assert child.stdout is not None
    os.set_blocking(child.stdout.fileno(), True)
    assert child.stdout.read() == b""


@pytest.mark.parametrize("folder", ["", "/the", "/another/box"])
def test_a_group_of_somebody_else_is_not_touched(child: Child, folder: str) -> None:
    end_leader(child)
    kill_left_of_group(child.pid, folder)
    assert is_other_alive(child)
    for task in Path("/proc").glob("[0-9]*"):
        facts = process_facts(int(task.name))
        if facts is not None and facts.session == child.pid:
            os.kill(int(task.name), 9)
