"""The contract of groups, held against every kind that this machine has, and a pretended v2."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.launcher.cgroups.absent import NoGroups
from agent.launcher.cgroups.contract import PROCESS, Bounds, Groups
from agent.launcher.cgroups.finding import cgroup_mounts
from agent.launcher.cgroups.v1 import V1Groups
from agent.launcher.cgroups.v2 import V2Groups
from tests.agent.launcher.cgroups.fake_cgroup2 import FakeCgroup2

BOUNDS = Bounds(102, 50_000, 64 << 20, 32 << 20, 50)


def await_that(is_true: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < end_s
        time.sleep(0.002)


@pytest.fixture(params=["v1", "v2", "pretended v2"])
def groups(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Groups]:
    """What the machine does not have is none: whoever uses that is told so."""
    root = f"trimast-test/{tmp_path.name}"
    unified, mounts = cgroup_mounts(Path("/proc/self/mountinfo").read_text())
    made: Groups = NoGroups(f"no {request.param} here")
    try:
        if request.param == "pretended v2":
            made = V2Groups(str(FakeCgroup2(tmp_path / "cgroup", monkeypatch).mount), root)
        elif request.param == "v2" and unified:
            made = V2Groups(unified, root)
        elif request.param == "v1" and {"memory", "cpu", "pids", "freezer"} <= mounts.keys():
            made = V1Groups(mounts, root)
    except OSError as error:
        made = NoGroups(str(error))
    yield made
    for name in made.names():
        await_that(lambda name=name: made.end_all(name) and made.remove(name))  # type: ignore[misc]
    made.close()


Process = subprocess.Popen[bytes]


@pytest.fixture
def sleeper() -> Iterator[Process]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def has_none(groups: Groups) -> bool:
    """Then this is what is left of the contract."""
    if groups.kind != PROCESS:
        return False
    assert groups.why
    assert groups.names() == []
    assert groups.members("g") == []
    assert groups.end_all("g")
    assert groups.remove("g")
    assert not groups.exists("g")
    assert not groups.is_frozen("g")
    with pytest.raises(OSError, match=r"no .* here|denied|Read-only"):
        groups.make("g", BOUNDS)
    return True


def is_pretended(groups: Groups, tmp_path: Path) -> bool:
    """There the children of a process are nowhere."""
    return isinstance(groups, V2Groups) and str(tmp_path) in groups._path


def test_a_group_is_made_entered_emptied_and_removed(groups: Groups, sleeper: Process) -> None:
    if has_none(groups):
        return
    assert not groups.exists("g")
    groups.make("g", BOUNDS)
    assert (groups.names(), groups.members("g")) == (["g"], [])
    groups.enter("g", sleeper.pid)
    assert groups.members("g") == [sleeper.pid]
    assert groups.exists("g")
    assert not groups.remove("g")
    await_that(lambda: groups.end_all("g"))
    assert sleeper.wait(10) == -9
    assert groups.remove("g")
    assert groups.names() == []


def test_children_are_born_where_their_parents_are_and_end_with_them(
    groups: Groups, tmp_path: Path
) -> None:
    if has_none(groups) or is_pretended(groups, tmp_path):
        return
    groups.make("g", BOUNDS)
    process = subprocess.Popen(["sh", "-c", "read line; setsid sleep 60 & wait"], stdin=-1)
    groups.enter("g", process.pid)
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    process.stdin.close()
    await_that(lambda: len(groups.members("g")) == 2)
    await_that(lambda: groups.end_all("g"))
    assert process.wait(10) == -9
    assert groups.members("g") == []


def test_who_is_paused_stays_so_and_can_be_ended(groups: Groups, sleeper: Process) -> None:
    if has_none(groups):
        return
    groups.make("g", BOUNDS)
    groups.enter("g", sleeper.pid)
    assert not groups.is_frozen("g")
    groups.freeze("g", False)
    groups.freeze("g", True)
    assert groups.is_frozen("g")
    groups.freeze("g", False)
    assert not groups.is_frozen("g")
    groups.freeze("g", True)
    await_that(lambda: groups.end_all("g"))
    assert sleeper.wait(10) == -9
    assert groups.remove("g")


def test_what_it_uses_can_be_read(groups: Groups, sleeper: Process) -> None:
    if has_none(groups):
        return
    groups.make("g", BOUNDS)
    groups.enter("g", sleeper.pid)
    usage = groups.usage("g")
    assert usage.pids == 1
    assert usage.cpu_user_s >= 0
    assert usage.memory.limit in {64 << 20, None}
    assert usage.memory.peak >= usage.memory.usage
    assert groups.memory("g").oom_kills == 0


def test_who_lives_is_given_other_bounds(groups: Groups, sleeper: Process) -> None:
    if has_none(groups):
        return
    groups.make("g", BOUNDS)
    groups.enter("g", sleeper.pid)
    assert groups.resize("g", Bounds(2048, 150_000, 128 << 20, 64 << 20, None))
    assert groups.memory("g").limit in {128 << 20, None}
    assert groups.resize("g", Bounds(2))
    assert groups.memory("g").limit is None
    assert groups.resize("g", BOUNDS)
    assert groups.memory("g").limit in {64 << 20, None}


def test_who_holds_more_than_its_new_bound_lives_on(groups: Groups, tmp_path: Path) -> None:
    if has_none(groups) or is_pretended(groups, tmp_path):
        return
    groups.make("g", Bounds(1024, mem_bytes=128 << 20))
    line = "import sys; input(); held = bytearray(64 << 20); print(flush=True); input(); del held;"
    line += "print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", line], stdin=-1, stdout=-1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        groups.enter("g", process.pid)
        for is_possible in (False, True):
            process.stdin.write(b"\n")
            process.stdin.flush()
            process.stdout.readline()
            if groups.memory("g").limit is not None:
                assert groups.resize("g", Bounds(1024, mem_bytes=48 << 20)) == is_possible
        assert process.poll() is None
        process.kill()


def test_what_is_not_there_is_empty_and_removed(groups: Groups) -> None:
    if has_none(groups):
        return
    assert groups.members("nobody") == []
    assert groups.end_all("nobody")
    assert groups.remove("nobody")
    assert not groups.is_frozen("nobody")


def test_what_it_may_use_of_the_cpu_can_be_said_later(groups: Groups, sleeper: Process) -> None:
    if has_none(groups):
        return
    groups.make("g", BOUNDS, with_cpu=False)
    before = cpu_files(groups)
    groups.bound_cpu("g", BOUNDS)
    after = cpu_files(groups)
    groups.make("h", BOUNDS)
    assert after == cpu_files(groups, "h")
    assert before != after or not after, "where there is no such controller, there are no files"


def cpu_files(groups: Groups, name: str = "g") -> list[str]:
    folder = groups._path if isinstance(groups, V2Groups) else groups._paths["cpu"]  # type: ignore[attr-defined]
    files = ("cpu.weight", "cpu.max", "cpu.shares", "cpu.cfs_quota_us")
    return [path.read_text() for file in files if (path := Path(folder, name, file)).exists()]


def test_made_twice_is_made_once(groups: Groups, sleeper: Process) -> None:
    if has_none(groups):
        return
    groups.make("g", BOUNDS)
    groups.enter("g", sleeper.pid)
    groups.make("g", BOUNDS)
    assert groups.members("g") == [sleeper.pid]


def test_groups_that_a_task_made_below_its_own_go_with_it(
    groups: Groups, sleeper: Process, tmp_path: Path
) -> None:
    if has_none(groups) or is_pretended(groups, tmp_path):
        return
    groups.make("g", BOUNDS)
    folders = [groups._path] if isinstance(groups, V2Groups) else list(groups._by_path)  # type: ignore[attr-defined]
    for folder in folders:
        if Path(folder, "g").exists():
            Path(folder, "g/own").mkdir()
            Path(folder, "g/own/cgroup.procs").write_text(str(sleeper.pid))
    assert not groups.remove("g")
    await_that(lambda: groups.end_all("g"))
    assert sleeper.wait(10) == -9
    assert groups.remove("g")
    assert groups.names() == []
