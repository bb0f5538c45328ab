"""A thread that does one thing at a time, while whoever wants that waits."""

import threading

import pytest

from agent.launcher.own_thread import OwnThread


def test_all_is_done_in_the_same_thread_which_is_another_and_in_order() -> None:
    done: list[int] = []
    thread = OwnThread()
    for _ in range(3):
        thread.do(lambda: done.append(threading.get_native_id()))
    assert len(done) == 3
    assert len(set(done)) == 1
    assert done[0] != threading.get_native_id()


def test_whoever_waits_is_told_what_went_wrong_and_can_go_on() -> None:
    done: list[str] = []
    thread = OwnThread()
    with pytest.raises(ZeroDivisionError):
        thread.do(lambda: done.append(str(1 // 0)))
    thread.do(lambda: done.append("went on"))
    assert done == ["went on"]
