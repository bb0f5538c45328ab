"""A real launcher, spoken to over its socket: what it starts, reaps, remembers and outlives."""

import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.launcher.listening import LOCK_NAME
from agent.launcher.processes import process_facts
from agent.launcher.wire import CAN, SOCKET_NAME, Message, MessageReader, message_to_bytes
from tests.agent.launcher.rig import Rig

RSS_KIB_MAX = 25 * 1024


def of(news: Message) -> tuple[str, str, int | None, int | None]:
    return news["launch"], news["is"], news["exit_code"], news["signal"]


def wait_until(is_true: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < end_s
        time.sleep(0.005)


def test_it_greets_with_its_version_and_number(rig: Rig) -> None:
    greeting = rig.connect()
    assert greeting == {
        "say": "hello",
        "version": 1,
        "pid": rig.process.pid,
        "can": CAN,
        "damage": [],
        "isolation": "process",
        "isolation_why": "none are wanted",
    }


def test_it_says_nothing_before_it_has_greeted(rig: Rig) -> None:
    rig.start("t", "until test -e go; do sleep 0.01; done")
    rig.next()
    former, rig.connection = rig.connection, socket.socket(socket.AF_UNIX)
    folder = os.open(rig.folder, os.O_RDONLY)
    rig.connection.connect(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
    os.close(folder)
    assert former is not None
    assert former.recv(100) == b"", "it has turned to the new one"
    former.close()
    (rig.boxes / "go").touch()
    journal = rig.folder / "journal"
    wait_until(lambda: b'"over"' in journal.read_bytes())
    rig.reader = MessageReader()
    rig.say(do="hello", version=1)
    assert rig.next()["say"] == "hello"


def test_its_socket_is_for_its_own_user_only(rig: Rig) -> None:
    assert (rig.folder / SOCKET_NAME).stat().st_mode & 0o777 == 0o600
    assert rig.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("line", "exit_code", "by_signal"), [("exit 0", 0, None), ("exit 7", 7, None)]
)
def test_a_task_starts_then_ends(
    rig: Rig, line: str, exit_code: int | None, by_signal: int | None
) -> None:
    rig.start("t", line)
    assert of(rig.next()) == ("t", "running", None, None)
    assert of(rig.next()) == ("t", "ended", exit_code, by_signal)


def test_the_same_order_again_starts_nothing(rig: Rig) -> None:
    for _ in range(3):
        rig.start("t", "echo ran >> ledger")
    assert [of(rig.next())[1] for _ in range(2)] == ["running", "ended"]
    rig.start("t", "echo ran >> ledger")
    assert of(rig.next()) == ("t", "ended", 0, None)
    assert (rig.boxes / "ledger").read_text() == "ran\n"


def test_nor_does_it_when_it_comes_among_very_many(rig: Rig) -> None:
    assert rig.connection is not None
    names = [name for number in range(150) for name in (f"t{number}", "again")]
    orders = [rig.order(name, f"echo {name} >> ledger") for name in names]
    rig.connection.sendall(b"".join(map(message_to_bytes, orders)))
    ended: set[str] = set()
    while len(ended) < 151:
        news = rig.next()
        if news["is"] == "ended":
            ended.add(news["launch"])
    assert sorted((rig.boxes / "ledger").read_text().split()) == sorted(ended)


def test_nor_does_it_after_the_launcher_has_died(rig: Rig) -> None:
    rig.start("t", "echo ran >> ledger")
    ended = [rig.next(), rig.next()][1]
    rig.kill()
    rig.run()
    rig.connect()
    rig.start("t", "echo ran >> ledger")
    assert rig.next() == ended
    assert (rig.boxes / "ledger").read_text() == "ran\n"


def test_a_burst_of_ends_loses_none(rig: Rig) -> None:
    names = {f"t{number}" for number in range(300)}
    for name in names:
        rig.start(name, "exit 3")
    news = [of(rig.next()) for _ in range(2 * len(names))]
    assert {n for n in news if n[1] == "ended"} == {(name, "ended", 3, None) for name in names}
    assert {n[0] for n in news if n[1] == "running"} == names


def test_an_end_while_no_agent_is_there_is_told_to_the_next(rig: Rig) -> None:
    rig.start("t", "until test -e go; do sleep 0.01; done; exit 9")
    assert rig.next()["is"] == "running"
    assert rig.connection is not None
    rig.connection.close()
    (rig.boxes / "go").touch()
    journal = rig.folder / "journal"
    wait_until(lambda: b'"over"' in journal.read_bytes())
    rig.connect()
    assert of(rig.watch("t")) == ("t", "ended", 9, None)


def test_an_end_is_told_by_the_next_launcher_too_until_it_is_forgotten(rig: Rig) -> None:
    rig.start("t", "kill -9 $$")
    assert of([rig.next(), rig.next()][1]) == ("t", "ended", None, 9)
    rig.kill()
    rig.run()
    rig.connect()
    assert of(rig.watch("t")) == ("t", "ended", None, 9)
    rig.say(do="forget", launches=["t", "unknown"])
    assert rig.watch("t")["is"] == "unknown"
    rig.kill()
    rig.run()
    rig.connect()
    assert rig.watch("t")["is"] == "unknown"


def test_a_task_outlives_the_launcher_and_is_watched_by_the_next(rig: Rig) -> None:
    rig.start("t", "sleep 60 & until test -e go; do sleep 0.01; done")
    running = rig.next()
    rig.kill()
    rig.run()
    rig.connect()
    assert rig.watch("t") == running
    (rig.boxes / "go").touch()
    vanished = rig.next()
    assert (vanished["is"], vanished["why"]) == ("vanished", "launcher_died")


def test_one_that_ended_between_two_launchers_has_vanished(rig: Rig) -> None:
    rig.start("t", "exec sleep 60")
    pid = rig.next()["pid"]
    rig.kill()
    os.kill(pid, 9)
    rig.run()
    rig.connect()
    vanished = rig.watch("t")
    assert (vanished["is"], vanished["why"]) == ("vanished", "launcher_died")


def test_of_another_boot_nothing_is_touched(rig: Rig) -> None:
    rig.start("t", "exec sleep 60")
    running = rig.next()
    place = (running["pid"], running["start_ticks"])
    vanished = rig.watch("u", *place, "another boot")
    assert (vanished["is"], vanished["why"]) == ("vanished", "machine_restarted")
    reused = rig.watch("v", place[0], place[1] - 1, running["boot_id"])
    assert (reused["is"], reused["why"]) == ("vanished", "launcher_died")
    rig.say(do="signal", launch="u", number=9, mark="")
    rig.say(do="signal", launch="v", number=9, mark="")
    assert rig.watch("t") == running
    facts = process_facts(running["pid"])
    assert facts is not None
    assert not facts.is_gone


def test_a_process_that_only_the_agent_knows_of_is_watched(rig: Rig) -> None:
    rig.start("t", "exec sleep 60")
    running = rig.next()
    rig.kill()
    (rig.folder / "journal").unlink()
    rig.run()
    rig.connect()
    place = (running["pid"], running["start_ticks"], running["boot_id"])
    assert rig.watch("t", *place) == running
    rig.say(do="signal", launch="t", number=15, mark="by_order")
    assert rig.next()["mark"] == "by_order"


def test_an_order_that_was_on_its_way_when_the_agent_died_is_void(rig: Rig) -> None:
    os.kill(rig.process.pid, signal.SIGSTOP)
    rig.start("t", "echo ran >> ledger")
    former = rig.connection
    rig.connection = socket.socket(socket.AF_UNIX)
    folder = os.open(rig.folder, os.O_RDONLY)
    rig.connection.connect(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
    os.close(folder)
    rig.reader = MessageReader()
    rig.say(do="hello", version=1)
    os.kill(rig.process.pid, signal.SIGCONT)
    assert rig.next()["say"] == "hello"
    # Whichever of the two it heard first: what it says now holds for good.
    news = rig.watch("t")
    ran = (rig.boxes / "ledger").exists()
    assert (news["is"] == "unknown") == (not ran) or news["is"] in {"running", "ended"}
    assert former is not None
    former.close()


def test_a_message_that_is_not_understood_ends_the_connection_and_nothing_else(rig: Rig) -> None:
    rig.start("t", "exec sleep 60")
    running = rig.next()
    rig.say(do="dance")
    assert rig.connection is not None
    assert rig.connection.recv(100) == b""
    rig.connect()
    assert rig.watch("t") == running


def test_a_second_launcher_leaves_the_first_alone(rig: Rig) -> None:
    first = rig.process
    assert rig.run() == 0
    assert rig.process.wait() == 75
    rig.processes.pop().communicate()
    assert rig.process is first
    assert rig.connect()["pid"] == first.pid
    assert (rig.folder / LOCK_NAME).exists()


def test_it_ends_when_it_has_been_of_no_use_for_a_while(tmp_path: Path) -> None:
    rig = Rig(tmp_path, idle_s=0.2)
    rig.connect()
    rig.start("t", "until test -e go; do sleep 0.01; done")
    rig.next()
    assert rig.connection is not None
    rig.connection.close()
    with pytest.raises(subprocess.TimeoutExpired):
        rig.process.wait(0.6)
    (rig.boxes / "go").touch()
    assert rig.process.wait(10) == 0
    rig.close()


def test_told_to_leave_it_stays_as_long_as_a_task_does(rig: Rig) -> None:
    rig.start("t", "until test -e go; do sleep 0.01; done")
    rig.next()
    rig.say(do="leave")
    assert rig.connection is not None
    rig.connection.close()
    with pytest.raises(subprocess.TimeoutExpired):
        rig.process.wait(0.3)
    (rig.boxes / "go").touch()
    assert rig.process.wait(10) == 0


def test_told_to_end_it_ends_everything(rig: Rig) -> None:
    rig.start("t", "trap '' TERM; sleep 60 & sleep 60")
    pid = rig.next()["pid"]
    rig.say(do="end")
    assert rig.process.wait(10) == 0
    assert process_facts(pid) is None


def test_it_is_small(rig: Rig) -> None:
    for number in range(100):
        rig.start(f"t{number}", "exec sleep 60")
        rig.next()
    status = Path(f"/proc/{rig.process.pid}/status").read_text()
    [rss] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    assert int(rss) < RSS_KIB_MAX


def test_a_launcher_with_a_damaged_record_says_so_and_is_not_sure(rig: Rig) -> None:
    rig.start("t", "exit 3")
    rig.next()
    rig.next()
    rig.start("u", "exit 4")
    ended = [rig.next(), rig.next()][1]
    rig.kill()
    journal = rig.folder / "journal"
    data = bytearray(journal.read_bytes())
    data[40] ^= 1
    journal.write_bytes(data)
    rig.run()
    [damage] = rig.connect()["damage"]
    assert damage.startswith(f"{journal}.damaged-1 at byte 0")
    assert rig.watch("u") == ended
    unsure = rig.watch("v")
    assert (unsure["is"], unsure["why"]) == ("vanished", "records_damaged")


def test_an_agent_that_does_not_listen_keeps_nobody_waiting(rig: Rig) -> None:
    rig.start("t", "until test -e go; do sleep 0.01; done")
    rig.next()
    for _ in range(2_000):
        rig.say(do="watch", launch="t", pid=0, start_ticks=0, boot_id="", folder="")
    (rig.boxes / "go").touch()
    journal = rig.folder / "journal"
    wait_until(lambda: b'"over"' in journal.read_bytes())
    assert rig.connection is not None
    assert select.select([rig.connection], [], [], 0)[0]
    log = [json.loads(line) for line in (rig.folder.parent / "log").read_text().splitlines()]
    assert log[0]["event"] == "launcher_started"
