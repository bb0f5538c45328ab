"""What a task may not do and does not see; without root, that this is refused."""

import os
import resource
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.agent.launcher.rig import Rig

IS_ROOT = os.geteuid() == 0
LOOK = "grep -E '^(Cap|NoNew)' /proc/self/status"


def ran(rig: Rig, line: str, box: dict[str, Any], **more: Any) -> str:
    """What a task wrote that ended well."""
    rig.start("t", line, box=box, **more)
    news = rig.next()
    if news["is"] == "running":
        news = rig.next()
    assert (news["is"], news["exit_code"]) == ("ended", 0), news
    return (rig.boxes / "t.stdout").read_text()


def status(text: str) -> dict[str, int]:
    lines = (line.split(":") for line in text.splitlines())
    return {name: int(number, 16) for name, number in lines}


def why_not(rig: Rig, box: dict[str, Any]) -> str:
    rig.start("t", "touch ran", box=box)
    news = rig.next()
    assert news["is"] == "failed"
    assert not (rig.boxes / "ran").exists()
    return str(news["why"])


def test_a_task_gets_no_privileges_that_it_does_not_have(rig: Rig) -> None:
    assert status(ran(rig, LOOK, {"no_new_privs": True}))["NoNewPrivs"] == 1


def test_without_a_word_nothing_is_taken(rig: Rig) -> None:
    own = status(
        "".join(
            f"{line}\n"
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith(("Cap", "NoNew"))
        )
    )
    assert status(ran(rig, LOOK, {})) == own


def test_root_keeps_the_capabilities_that_are_named(rig: Rig) -> None:
    held = status(ran(rig, LOOK, {"capabilities": [0, 5, 9_999]}))
    if IS_ROOT:
        assert held["CapBnd"] == held["CapEff"] == held["CapPrm"] == 0b100001


def test_others_keep_none_and_can_get_none(rig: Rig) -> None:
    if not IS_ROOT:
        assert "not permitted" in why_not(rig, {"namespaces": ["ipc"]})
        return
    for name in ("t.stdout", "t.stderr"):
        (rig.boxes / name).touch()
        (rig.boxes / name).chmod(0o666)
    for folder in (rig.boxes, *rig.boxes.parents):
        folder.chmod(folder.stat().st_mode | 0o011)
    held = status(ran(rig, LOOK, {"capabilities": [], "no_new_privs": True}, user=[1, 1, [1]]))
    assert not any(held[name] for name in held if name.startswith("Cap"))


def test_resources_of_a_process_are_bounded(rig: Rig) -> None:
    box = {"rlimits": [[resource.RLIMIT_NOFILE, 100, 200], [resource.RLIMIT_CORE, 0, 0]]}
    assert ran(rig, "ulimit -Sn; ulimit -Hn; ulimit -c", box).split() == ["100", "200", "0"]


def test_a_bound_that_cannot_be_is_said(rig: Rig) -> None:
    assert "exceeds maximum" in why_not(rig, {"rlimits": [[resource.RLIMIT_NOFILE, 9, 8]]})


def test_a_task_sees_no_processes_but_its_own(rig: Rig) -> None:
    box = {"namespaces": ["pid", "ipc"]}
    if not IS_ROOT:
        assert "not permitted" in why_not(rig, box)
        return
    pids = ran(rig, "for each in /proc/[0-9]*; do echo ${each#/proc/}; done", box).split()
    assert pids == ["1", "2"]


def test_a_network_of_its_own_is_a_loopback_that_works(rig: Rig) -> None:
    box = {"namespaces": ["net"]}
    if not IS_ROOT:
        assert "not permitted" in why_not(rig, box)
        return
    talk = (
        "import socket; server = socket.create_server(('127.0.0.1', 0));"
        " socket.create_connection(server.getsockname());"
        " print([name for _, name in socket.if_nameindex()])"
    )
    assert ran(rig, f'{sys.executable} -c "{talk}"', box).strip() == "['lo']"


@pytest.mark.parametrize(("line", "exit_code"), [("exit 7", 7), ("kill -9 $$", 137)])
def test_how_it_ended_is_told_from_within(rig: Rig, line: str, exit_code: int) -> None:
    if not IS_ROOT:
        assert "not permitted" in why_not(rig, {"namespaces": ["pid"]})
        return
    rig.start("t", line, box={"namespaces": ["pid"]})
    assert rig.next()["is"] == "running"
    news = rig.next()
    assert (news["exit_code"], news["signal"]) == (exit_code, None)


def test_so_is_what_cannot_be_started(rig: Rig) -> None:
    if not IS_ROOT:
        assert "not permitted" in why_not(rig, {"namespaces": ["pid"]})
        return
    rig.start("t", "", program="/no/such", box={"namespaces": ["pid"]})
    news = rig.next()
    assert news["is"] == "failed"
    assert "No such file or directory: '/no/such'" in news["why"]


def test_asked_to_end_it_is_the_task_that_is_asked(rig: Rig) -> None:
    if not IS_ROOT:
        assert "not permitted" in why_not(rig, {"namespaces": ["pid"]})
        return
    line = "trap 'exit 5' TERM; touch ready; while :; do sleep 0.01; done"
    rig.start("t", line, box={"namespaces": ["pid"]})
    rig.next()
    while not (rig.boxes / "ready").exists():
        rig.watch("t")
    rig.say(do="signal", launch="t", number=15, mark="by_order")
    assert rig.next()["exit_code"] == 5
