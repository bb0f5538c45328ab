"""A launch of a process that was just born, and what is told of it."""

import os
import signal
from collections.abc import Iterator

import pytest

from agent.launcher.launch import RUNNING, launch_of_child, news_of
from agent.launcher.processes import process_facts


@pytest.fixture
def child() -> Iterator[int]:
    """A process of ours that does nothing."""
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    yield pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_it_is_known_by_what_tells_it_from_any_other_process(child: int) -> None:
    order = {"launch": "t", "folder": "/box", "group": "g", "program": "/bin/true"}
    launch = launch_of_child(order, child, "boot-1")
    facts = process_facts(child)
    assert facts is not None
    try:
        told = news_of(launch)
        assert (told["launch"], told["is"], told["pid"]) == ("t", RUNNING, child)
        assert (told["start_ticks"], told["boot_id"]) == (facts.start_ticks, "boot-1")
        assert (launch.folder, launch.group, launch.is_child) == ("/box", "g", True)
        signal.pidfd_send_signal(launch.handle, 0)  # Or it would not be that of a process.
    finally:
        os.close(launch.handle)


def test_an_order_of_an_earlier_version_has_no_group(child: int) -> None:
    launch = launch_of_child({"launch": "t", "folder": "/box"}, child, "boot-1")
    os.close(launch.handle)
    assert launch.group == ""
