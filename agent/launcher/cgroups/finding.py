"""Finds out which way this machine offers to hold tasks to their bounds."""

import os

from agent.launcher.cgroups import v1, v2
from agent.launcher.cgroups.abandoned import drop_abandoned, starting_alone
from agent.launcher.cgroups.absent import NoGroups
from agent.launcher.cgroups.contract import Groups
from agent.launcher.cgroups.v1 import V1Groups
from agent.launcher.cgroups.v2 import V2Groups
from agent.launcher.said import say

_SYSTEMD = "name=systemd"


def find_groups(root: str) -> Groups:
    """
    Args:
        root: where the groups go in each hierarchy: two names, "trimast/0123abcd". Empty: nowhere.
    """
    if not root:
        return NoGroups("none are wanted")
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        unified, mounts = cgroup_mounts(file.read())
    if not unified and not mounts:
        return NoGroups("no cgroups are mounted on this machine")
    why = ""
    for make in (_find_v2, _find_v1):
        try:
            found = make(unified, mounts, root)
        except OSError as error:
            why = f"cgroups cannot be made here: {error.strerror or error}: {error.filename}"
            continue
        if not isinstance(found, str):
            return found
        why = why or found
    return NoGroups(why)


def _find_v2(unified: str, mounts: dict[str, str], root: str) -> Groups | str:
    if not unified:
        return f"cgroup v1 lacks {_lacking(mounts, v1.NEEDED)}"
    with open(os.path.join(unified, "cgroup.controllers"), encoding="ascii") as file:
        lacking = _lacking(file.read().split(), v2.NEEDED)
    if lacking:
        return f"cgroup v2 lacks {lacking}"
    with starting_alone(unified) as is_alone:
        groups = V2Groups(unified, root)
        groups.settle_in()
        if is_alone:
            _drop_abandoned([unified], root)
    return groups


def _find_v1(_unified: str, mounts: dict[str, str], root: str) -> Groups | str:
    lacking = _lacking(mounts, v1.NEEDED)
    if lacking:
        return f"cgroup v1 lacks {lacking}"
    with starting_alone(mounts["pids"]) as is_alone:
        groups = V1Groups(mounts, root, own_place=mounts.get(_SYSTEMD, ""))
        groups.settle_in()
        if is_alone:
            used = [mounts[name] for name in (*v1.NEEDED, "freezer", _SYSTEMD) if name in mounts]
            _drop_abandoned(used, root)
    return groups


def _drop_abandoned(hierarchies: list[str], root: str) -> None:
    above, own = os.path.split(root)
    try:
        for name in drop_abandoned([os.path.join(place, above) for place in hierarchies], own):
            say("abandoned_groups_removed", group=f"{above}/{name}")
    except OSError as error:
        say("abandoned_groups_left", error=str(error))


def _lacking(there: "dict[str, str] | list[str]", needed: tuple[str, ...]) -> str:
    return ", ".join(name for name in needed if name not in there)


def cgroup_mounts(mountinfo: str) -> tuple[str, dict[str, str]]:
    """Where cgroup v2 is mounted ("" if nowhere), and where each controller of v1 is."""
    unified = ""
    mounts: dict[str, str] = {}
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        place, fields = before.split()[4], after.split()
        if fields[0] == "cgroup2":
            unified = unified or place
        elif fields[0] == "cgroup":
            for option in fields[2].split(","):
                mounts.setdefault(option, place)
    return unified, mounts
