"""Tasks that are born of a thread in their cgroup: they find all as those that are forked."""

import os
import resource
import signal
from glob import glob
from pathlib import Path
from typing import Any

import pytest

from agent.launcher.cgroups.contract import CGROUP_1, PROCESS
from agent.launcher.journal import Journal, begins
from agent.launcher.processes import boot_id
from agent.launcher.vforking import PIDS_MAX_LEAST, suits
from agent.launcher.wire import message_to_bytes
from tests.agent.launcher.rig import BOUNDS, Rig, groups_of, is_alive, kind_of

SAY_ALL = (
    "cat /proc/self/cgroup; grep -E '^(SigIgn|SigBlk|NoNew|Uid|Gid|Groups)' /proc/self/status;"
    " umask; pwd; ulimit -n; ls /proc/self/fd; ps -o sid= -p $$ | grep -c $$; env"
)
CORE = [None if bound == -1 else bound for bound in resource.getrlimit(resource.RLIMIT_CORE)]
WITH_A_LIMIT = {"rlimits": [[int(resource.RLIMIT_CORE), *CORE]]}
"""Of what it has anyway; but it is done to the process itself, which therefore is forked."""


def order(**more: Any) -> dict[str, Any]:
    return {"user": None, "group": "g", "bounds": BOUNDS, "box": {}, **more}


def ended(rig: Rig) -> dict[str, Any]:
    while (news := rig.next())["is"] == "running":
        pass
    return news


def without_kept_signals(path: Path) -> str:
    """The C library keeps two for itself, and has them ignored by whatever it starts."""
    settable = sum(1 << (number - 1) for number in signal.valid_signals())
    name, _, rest = path.read_text().partition("SigIgn:\t")
    mask, _, more = rest.partition("\n")
    return f"{name}{int(mask, 16) & settable}{more}"


@pytest.mark.parametrize(
    ("more", "is_suitable"),
    [
        ({}, True),
        ({"box": {"no_new_privs": True, "capabilities": None, "rlimits": []}}, True),
        ({"bounds": {**BOUNDS, "pids_max": None}}, True),
        ({"bounds": {**BOUNDS, "pids_max": PIDS_MAX_LEAST - 1}}, False),
        ({"group": ""}, False),
        ({"user": [1, 1, []]}, False),
        ({"box": {"namespaces": ["pid"]}}, False),
        ({"box": WITH_A_LIMIT}, False),
        ({"box": {"capabilities": []}}, os.geteuid() != 0),
    ],
)
def test_who_has_something_done_to_it_is_forked(more: dict[str, Any], is_suitable: bool) -> None:
    assert suits(order(**more)) is is_suitable


@pytest.mark.parametrize("no_new_privs", [False, True])
def test_it_finds_all_as_one_that_was_forked(held: Rig, no_new_privs: bool) -> None:
    box = {"no_new_privs": no_new_privs}
    held.start("t", SAY_ALL, box=box)
    assert ended(held)["exit_code"] == 0, (held.boxes / "t.stderr").read_text()
    held.start("u", SAY_ALL, group="g-t", box={**box, **WITH_A_LIMIT})
    assert ended(held)["exit_code"] == 0
    said = [without_kept_signals(held.boxes / f"{name}.stdout") for name in ("t", "u")]
    assert said[0] == said[1]
    assert f"NoNewPrivs:\t{int(no_new_privs)}" in said[0]


def test_what_cannot_be_started_is_said_and_leaves_nothing(held: Rig) -> None:
    held.start("t", "", program="no-such-program")
    failed = held.next()
    assert (failed["is"], failed["launch"]) == ("failed", "t")
    assert "No such file or directory" in failed["why"]
    assert "no-such-program" in failed["why"]
    held.start("u", "true", stdout=str(held.boxes / "missing" / "stdout"))
    assert "missing/stdout" in held.next()["why"]
    held.start("v", "true", folder=str(held.boxes / "nowhere"))
    assert "nowhere" in held.next()["why"]
    held.start("w", "true")
    assert ended(held)["exit_code"] == 0
    assert groups_of(held) == []


def test_its_program_is_looked_for_where_its_environment_says(held: Rig) -> None:
    (held.boxes / "bin").mkdir()
    program = held.boxes / "bin" / "say"
    program.write_text("#!/bin/sh\necho found\n")
    program.chmod(0o755)
    path = f"/nowhere:{held.boxes}/t.stdout:{program.parent}:/bin"
    held.start("t", "", program="say", arguments=["say"], environment={"PATH": path})
    assert ended(held)["exit_code"] == 0
    assert (held.boxes / "t.stdout").read_text() == "found\n"


def test_the_launcher_is_in_no_group_of_a_task_afterwards(held: Rig) -> None:
    kind = kind_of(held)
    for name in ("t", "u"):
        held.start(name, "exec sleep 60")
        assert held.next()["is"] == "running"
    threads = Path(f"/proc/{held.process.pid}/task").iterdir()
    places = "".join((thread / "cgroup").read_text() for thread in threads)
    assert "/g-" not in places
    assert (f"/{held.root}/launcher" in places) == (kind != PROCESS)


def test_each_of_many_is_held_to_its_own_bounds_and_the_launcher_to_none(held: Rig) -> None:
    kind = kind_of(held)
    assert held.connection is not None
    orders = [
        held.order(f"t{shares}", "exec sleep 60", bounds={**BOUNDS, "cpu_shares": shares})
        for shares in (64, 128, 256)
    ]
    held.connection.sendall(b"".join(map(message_to_bytes, orders)))
    for _ in orders:
        assert held.next()["is"] == "running"
    found = {
        Path(path).parent.name: Path(path).read_text().strip()
        for path in glob(f"/sys/fs/cgroup/**/{held.root}/*/cpu.shares", recursive=True)
    }
    if kind == CGROUP_1:
        groups = {"g-t64": "64", "g-t128": "128", "g-t256": "256"}
        assert found == {**groups, "launcher": "1024"}
    held.say(do="end")
    assert held.process.wait(10) == 0


def test_what_a_launcher_was_about_to_start_when_it_died_is_ended(held: Rig) -> None:
    """It may have run for a moment, so it is not said that it never did."""
    kind = kind_of(held)
    held.start("t", "exec sleep 60")
    pid = held.next()["pid"]
    held.kill()
    (held.folder / "journal").unlink()
    journal = Journal(str(held.folder))
    journal.append([begins("t", boot_id(), "g-t"), begins("u", boot_id(), "g-u")])
    journal.close()
    held.run()
    held.connect()
    for name in ("t", "u"):
        news = held.watch(name)
        assert (news["is"], news["why"], news["pid"]) == ("vanished", "launcher_died", 0)
    assert is_alive(pid) == (kind == PROCESS)
    if is_alive(pid):
        os.kill(pid, 9)
    assert groups_of(held) == []


def test_nothing_that_others_left_open_reaches_a_task(held: Rig) -> None:
    held.start("t", "", program="/bin/ls", arguments=["ls", "/proc/self/fd"])
    assert ended(held)["exit_code"] == 0
    assert (held.boxes / "t.stdout").read_text().split() == ["0", "1", "2", "3"]
