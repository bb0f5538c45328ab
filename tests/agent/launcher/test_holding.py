"""A real launcher with cgroups: whatever a task does, it ends whole, and leaves nothing.

Where there are no cgroups, each of these tells what becomes of the task without them.
"""

import os
import signal
import sys
import time
from glob import glob
from pathlib import Path

import pytest

from agent.launcher.cgroups.contract import PROCESS
from agent.launcher.wire import Message, message_to_bytes
from tests.agent.launcher.rig import BOUNDS, Rig, await_that, groups_of, is_alive, kind_of


def pids_in(rig: Rig, name: str, count: int) -> list[int]:
    """Once that many have been written there."""
    path = rig.boxes / name
    await_that(lambda: path.exists() and len(path.read_text().split()) == count)
    return [int(pid) for pid in path.read_text().split()]


def ended(rig: Rig) -> Message:
    """The next end that is told."""
    while (news := rig.next())["is"] == "running":
        pass
    return news


# Daemons leave their group and session, and with them everything but their cgroup.
DAEMONS = "for i in 1 2 3; do setsid sh -c 'echo $$ >> pids; trap \"\" TERM; sleep 60; :' & done; "


def test_a_task_is_in_its_group_before_it_runs(held: Rig) -> None:
    kind = kind_of(held)
    held.start("t", "cat /proc/self/cgroup")
    assert ended(held)["exit_code"] == 0
    is_in = f"/{held.root}/g-t" in (held.boxes / "t.stdout").read_text()
    assert is_in == (kind != PROCESS)
    assert groups_of(held) == []


def test_daemons_end_with_the_task_that_left_them(held: Rig) -> None:
    kind = kind_of(held)
    held.start("t", DAEMONS + "until test $(wc -l < pids) = 3; do sleep 0.01; done; exit 4")
    assert ended(held)["exit_code"] == 4
    left = [pid for pid in pids_in(held, "pids", 3) if is_alive(pid)]
    assert (left == []) == (kind != PROCESS)
    for pid in left:
        os.kill(pid, signal.SIGKILL)


def test_daemons_end_when_their_task_is_killed(held: Rig) -> None:
    kind = kind_of(held)
    held.start("t", DAEMONS + "wait")
    pids = pids_in(held, "pids", 3)
    held.say(do="signal", launch="t", number=9, mark="by_order")
    news = ended(held)
    assert (news["signal"], news["mark"]) == (9, "by_order")
    left = [pid for pid in pids if is_alive(pid)]
    assert (left == []) == (kind != PROCESS)
    for pid in left:
        os.kill(pid, signal.SIGKILL)


def test_a_fork_bomb_is_bounded_and_ends(held: Rig) -> None:
    kind = kind_of(held)
    if kind == PROCESS:
        return  # Nothing bounds it, so it is better not begun.
    bomb = "import os\nwhile True:\n try: os.fork()\n except OSError: pass\n"
    roomy = BOUNDS | {"mem_bytes": 512 << 20}
    python = {"program": sys.executable, "arguments": ["python", "-c", bomb]}
    held.start("t", "", bounds=roomy, **python)
    place = f"/sys/fs/cgroup/**/{held.root}/g-t/pids.current"
    await_that(lambda: glob(place, recursive=True) != [])
    [count] = glob(place, recursive=True)
    await_that(lambda: int(Path(count).read_text()) == BOUNDS["pids_max"])
    held.say(do="watch", launch="t", pid=0, start_ticks=0, boot_id="", folder="")
    assert held.next()["is"] == "running"
    held.say(do="signal", launch="t", number=9, mark="by_order")
    assert ended(held)["signal"] == 9
    assert groups_of(held) == []


def test_who_takes_too_much_memory_ends_and_the_figures_are_told(held: Rig) -> None:
    kind = kind_of(held)
    hog = "x = bytearray(100 << 20)"
    held.start("t", "", program=sys.executable, arguments=["python", "-c", hog])
    news = ended(held)
    if kind == PROCESS:
        assert (news["exit_code"], news["memory"]) == (0, [])
        return
    assert news["signal"] == 9
    limit, usage, peak = news["memory"]
    assert limit == BOUNDS["mem_bytes"]
    assert usage <= peak <= limit
    held.kill()
    held.run()
    held.connect()
    assert held.watch("t") == news


def test_so_does_a_child_of_it(held: Rig) -> None:
    kind = kind_of(held)
    held.start("t", f"{sys.executable} -c 'x = bytearray(100 << 20)'; exit $?")
    news = ended(held)
    assert (news["exit_code"], bool(news["memory"])) == (
        (0, False) if kind == PROCESS else (137, True)
    )


def test_one_that_is_killed_before_it_is_in_its_group_ends(held: Rig) -> None:
    """Nothing waits between these two orders."""
    assert held.connection is not None
    order = held.order("t", "touch ran; sleep 60")
    kill = {"do": "signal", "launch": "t", "number": 9, "mark": "by_order"}
    end = {"do": "end"}
    os.kill(held.process.pid, signal.SIGSTOP)
    held.connection.sendall(b"".join(map(message_to_bytes, [order, kill])))
    os.kill(held.process.pid, signal.SIGCONT)
    held.connection.sendall(message_to_bytes(end))
    assert held.process.wait(10) == 0
    assert groups_of(held) == []


def test_one_that_is_stopped_can_be_ended(held: Rig) -> None:
    held.start("t", "sleep 60 & echo $! >> pids; kill -STOP $! $$")
    [child] = pids_in(held, "pids", 1)
    held.say(do="signal", launch="t", number=9, mark="by_order")
    assert ended(held)["signal"] == 9
    assert not is_alive(child)
    assert groups_of(held) == []


COUNTING = "echo $$ >> pids; while :; do echo x >> beats; sleep 0.01; done"


def beats(rig: Rig) -> int:
    path = rig.boxes / "beats"
    return path.stat().st_size if path.exists() else 0


def test_a_paused_task_does_nothing_until_it_goes_on(held: Rig) -> None:
    held.start("t", COUNTING)
    assert held.next()["paused"] is False
    await_that(lambda: beats(held) > 0)
    held.say(do="pause", launch="t", paused=True)
    assert held.next()["paused"] is True
    before = beats(held)
    time.sleep(0.1)
    assert beats(held) <= before + 2
    held.say(do="pause", launch="t", paused=False)
    assert held.next()["paused"] is False
    await_that(lambda: beats(held) > before + 2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_paused_task_can_be_ended(held: Rig, number: int) -> None:
    held.start("t", COUNTING)
    held.next()
    pids_in(held, "pids", 1)
    held.say(do="pause", launch="t", paused=True)
    assert held.next()["paused"] is True
    held.say(do="signal", launch="t", number=number, mark="by_order")
    assert ended(held)["signal"] == number
    assert groups_of(held) == []


def test_the_next_launcher_knows_that_it_is_paused(held: Rig) -> None:
    held.start("t", COUNTING)
    held.next()
    pids_in(held, "pids", 1)
    held.say(do="pause", launch="t", paused=True)
    held.next()
    held.kill()
    held.run()
    held.connect()
    assert held.watch("t")["paused"] is True
    held.say(do="signal", launch="t", number=15, mark="by_order")
    assert ended(held)["is"] == "vanished"


def test_the_next_launcher_ends_all_of_a_task_it_did_not_start(held: Rig) -> None:
    kind = kind_of(held)
    held.start("t", DAEMONS + "wait")
    running = held.next()
    pids = pids_in(held, "pids", 3)
    held.kill()
    os.kill(running["pid"], signal.SIGKILL)
    held.run()
    held.connect()
    news = held.watch("t")
    while news["is"] == "running":
        news = held.next()
    assert news["is"] == "vanished"
    left = [pid for pid in pids if is_alive(pid)]
    assert (left == []) == (kind != PROCESS)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert groups_of(held) == []


def test_a_group_that_nobody_knows_is_emptied_and_removed(held: Rig) -> None:
    held.start("t", "exec sleep 60")
    pid = held.next()["pid"]
    held.kill()
    (held.folder / "journal").unlink()
    held.run()
    kind = kind_of(held)
    held.say(do="list")
    assert held.next() == {"say": "list", "live": [], "done": []}
    if kind == PROCESS:
        assert is_alive(pid)
        os.kill(pid, signal.SIGKILL)
        return
    await_that(lambda: not is_alive(pid) and groups_of(held) == [])


def test_one_that_only_the_agent_knows_is_found_with_its_group(held: Rig) -> None:
    held.start("t", DAEMONS + "wait")
    running = held.next()
    pids_in(held, "pids", 3)
    held.kill()
    (held.folder / "journal").unlink()
    held.run()
    held.connect()
    place = {name: running[name] for name in ("pid", "start_ticks", "boot_id")}
    held.say(do="watch", launch="t", folder=str(held.boxes), group="g-t", **place)
    assert held.next()["is"] == "running"
    held.say(do="list")
    held.next()
    held.say(do="signal", launch="t", number=9, mark="")
    assert ended(held)["is"] == "vanished"
    assert groups_of(held) == []
    for pid in pids_in(held, "pids", 3):
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


def test_told_to_end_it_leaves_nothing(held: Rig) -> None:
    kind = kind_of(held)
    held.start("t", DAEMONS + "wait")
    held.start("u", COUNTING)
    pids = pids_in(held, "pids", 4)
    held.say(do="pause", launch="u", paused=True)
    held.say(do="end")
    assert held.process.wait(10) == 0
    left = [pid for pid in pids if is_alive(pid)]
    assert (left == []) == (kind != PROCESS)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert groups_of(held) == []


def test_bounds_that_cannot_be_fail_their_own_task_only(held: Rig) -> None:
    kind = kind_of(held)
    if kind == PROCESS:
        held.start("t", "true", bounds={"cpu_shares": -1})
        assert ended(held)["is"] == "failed"
        return
    held.start("t", "touch ran", bounds={"cpu_shares": -1})
    news = held.next()
    assert news["is"] == "failed"
    assert "cpu_shares is an amount, not -1" in news["why"]
    held.start("u", "touch ran", group="../g")
    assert "a group is not called '../g'" in held.next()["why"]
    assert not (held.boxes / "ran").exists()
    held.start("v", "true")
    assert ended(held)["exit_code"] == 0


def test_what_tasks_use_is_told(held: Rig) -> None:
    kind = kind_of(held)
    held.start("t", "echo $$ >> pids; exec sleep 60")
    held.next()
    pids_in(held, "pids", 1)
    held.say(do="usage")
    answer = held.next()
    assert answer["say"] == "usage"
    if kind == PROCESS:
        assert answer["launches"] == {}
        return
    used = answer["launches"]["t"]
    assert used["pids"] == 1
    assert used["mem_limit_bytes"] == BOUNDS["mem_bytes"]


def test_the_launcher_is_where_the_end_of_its_parent_does_not_reach_it(held: Rig) -> None:
    kind = kind_of(held)
    places = Path(f"/proc/{held.process.pid}/cgroup").read_text()
    assert (f"/{held.root}/launcher" in places) == (kind != PROCESS)


def test_a_task_is_given_other_bounds_while_it_runs(held: Rig) -> None:
    kind = kind_of(held)
    held.start("t", "sleep 60")
    assert held.next()["is"] == "running"
    held.say(do="bound", launch="t", bounds={**BOUNDS, "mem_bytes": 64 << 20})
    held.say(do="bound", launch="nobody", bounds=BOUNDS)
    held.say(do="usage")
    used = held.next()["launches"]
    assert [used[name]["mem_limit_bytes"] for name in used] == [64 << 20] * (kind != PROCESS)
