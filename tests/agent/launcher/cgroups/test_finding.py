"""Which cgroups a machine has."""

from agent.launcher.cgroups.contract import PROCESS
from agent.launcher.cgroups.finding import cgroup_mounts, find_groups

HYBRID = """\
25 30 0:22 / /proc rw,nosuid - proc proc rw
34 33 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
35 33 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
36 33 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
37 33 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
"""


def test_mounts_are_told_apart() -> None:
    unified, mounts = cgroup_mounts(HYBRID)
    assert unified == "/sys/fs/cgroup/unified"
    assert mounts["cpu"] == mounts["cpuacct"] == "/sys/fs/cgroup/cpu,cpuacct"
    assert mounts["memory"] == "/sys/fs/cgroup/memory"
    assert mounts["name=systemd"] == "/sys/fs/cgroup/systemd"
    assert "pids" not in mounts


def test_none_are_none() -> None:
    assert cgroup_mounts("25 30 0:22 / /proc rw - proc proc rw\n") == ("", {})


def test_none_are_found_if_none_are_wanted() -> None:
    groups = find_groups("")
    assert (groups.kind, groups.why) == (PROCESS, "none are wanted")
