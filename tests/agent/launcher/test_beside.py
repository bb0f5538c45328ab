"""Commands beside tasks of a real launcher: like the task, and gone with it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.launcher.cgroups.contract import PROCESS
from agent.launcher.processes import process_facts
from agent.launcher.wire import Message
from tests.agent.launcher.rig import Rig, await_that

IS_ROOT = os.geteuid() == 0
HELD = "exec sleep 600"


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, root=f"trimast-test/{tmp_path.name}")
    rig.connect()
    yield rig
    rig.close()


def is_alive(pid: int) -> bool:
    facts = process_facts(pid)
    return facts is not None and not facts.is_gone


def begin(rig: Rig, line: str, number: int = 1, **more: Any) -> Message:
    """Beside the task t; returns the first that is told of it."""
    order = {
        "launch": "t",
        "number": number,
        "program": "/bin/sh",
        "arguments": ["sh", "-c", line],
        "environment": None,
        "folder": str(rig.boxes),
        "user": None,
        "files": [None, None, None],
        **more,
    }
    rig.say(do="beside", **order)
    return rig.next()


def output(rig: Rig, line: str, **more: Any) -> str:
    """What a command writes that ends well."""
    reading, writing = os.pipe()
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        news = begin(rig, line, files=[nothing, writing, writing], **more)
        assert news["is"] == "running", news
        os.close(writing)
        with os.fdopen(reading) as file:
            text = file.read()
    finally:
        os.close(nothing)
    assert (news := rig.next())["is"] == "ended"
    assert news["code"] == 0, text
    return text


def start(rig: Rig, line: str = HELD, **more: Any) -> Message:
    rig.start("t", line, **more)
    news = rig.next()
    assert news["is"] == "running"
    return news


def test_it_is_in_the_group_of_the_task_with_its_environment(held: Rig) -> None:
    kind = held.connect()["isolation"]
    start(held, environment={"PATH": os.environ["PATH"], "WORD": "hi"})
    lines = output(held, "pwd; echo $WORD; cat /proc/self/cgroup")
    assert lines.startswith(f"{held.boxes}\nhi\n")
    assert (f"/{held.root}/g-t" in lines) == (kind != PROCESS)
    assert output(held, "echo $WORD", environment={"WORD": "mine"}) == "mine\n"


def test_nothing_is_left_to_it_that_was_taken_from_the_task(held: Rig) -> None:
    box = {"rlimits": [[7, 100, 200]], "capabilities": [0, 5], "no_new_privs": True}
    start(held, box=box)
    look = "ulimit -Sn; ulimit -Hn; grep -E '^(CapBnd|CapEff|NoNew)' /proc/self/status"
    soft, hard, *status = output(held, look).splitlines()
    assert (soft, hard) == ("100", "200")
    found = {name: int(mask, 16) for name, mask in (line.split(":") for line in status)}
    assert found["NoNewPrivs"] == 1
    if IS_ROOT:
        assert (found["CapBnd"], found["CapEff"]) == (0b100001, 0b100001)


def test_it_sees_what_the_task_sees(held: Rig) -> None:
    if IS_ROOT:
        start(held, "exec sleep 4711", box={"namespaces": ["pid", "ipc"], "capabilities": [2]})
        seen = output(
            held,
            # The task may still be the shell that is to become it.
            'until [ "$(head -c 5 /proc/2/cmdline)" = sleep ]; do :; done; '
            "cat /proc/2/cmdline; echo; ls -d /proc/[0-9]* | wc -l; grep CapB /proc/self/status",
        )
        sleeper, count, bound = seen.replace("\0", " ").splitlines()
        assert (sleeper, bound.split()[1]) == ("sleep 4711 ", "0000000000000004")
        assert int(count) <= 6
    else:
        start(held)
        assert str(os.getuid()) in output(held, "id -u")


@pytest.mark.parametrize("line", ["sleep 600", "sleep 600 & sleep 600"])
def test_it_ends_with_the_task(held: Rig, line: str) -> None:
    pid = start(held)["pid"]
    assert begin(held, line)["is"] == "running"
    os.kill(pid, 9)
    says = [held.next(), held.next()]
    assert sorted(news["say"] for news in says) == ["beside", "launch"]
    assert [news["code"] for news in says if news["say"] == "beside"] == [-9]


def test_it_ends_when_it_is_told_to_with_its_children(held: Rig) -> None:
    start(held)
    begin(held, "sleep 600 & echo $! > child.new; mv child.new child; wait")
    await_that((held.boxes / "child").exists)
    held.say(do="end_beside", number=1)
    assert held.next()["code"] == -9
    child = int((held.boxes / "child").read_text())
    await_that(lambda: not is_alive(child))


def test_it_ends_when_its_agent_has_gone(held: Rig) -> None:
    start(held)
    pid = begin(held, "exec sleep 600")["pid"]
    held.connect()
    await_that(lambda: not is_alive(pid))
    assert held.watch("t")["is"] == "running"


def test_it_ends_when_its_launcher_is_killed(held: Rig) -> None:
    start(held)
    pid = begin(held, "exec sleep 600")["pid"]
    held.kill()
    await_that(lambda: not is_alive(pid))
    held.run()
    held.connect()
    assert held.watch("t")["is"] == "running"
    assert output(held, "echo $BOX") == f"{held.boxes}\n"


def test_what_cannot_run_says_why(held: Rig) -> None:
    news = begin(held, "true")
    assert (news["is"], news["why"]) == ("failed", "the task does not run")
    start(held)
    news = begin(held, "true", program="/no/such")
    assert (news["is"], news["errno"], news["at"]) == ("failed", 2, "program")
    news = begin(held, "true", folder="/no/such")
    assert (news["is"], news["errno"], news["at"]) == ("failed", 2, "start")
