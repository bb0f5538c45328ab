"""What tasks write down about themselves, so that nobody's records need to be believed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trimast.cli.local_cluster.processes import ProcessMark, is_alive

SCRIPT: Final = (
    # Fields of /proc/self/stat: 22 is the start time. `exec` keeps both numbers.
    'set -- $(cat /proc/$$/stat); echo "$TASK_NAME $$ ${22}" >> "$TASK_LEDGER"; exec sleep 86400'
)


@dataclass(frozen=True, slots=True)
class Touched:
    """Names of tasks that are not what they were."""

    lost: frozenset[str] = frozenset()
    doubled: frozenset[str] = frozenset()
    restarted: frozenset[str] = frozenset()


def read_ledger(path: Path) -> dict[str, list[ProcessMark]]:
    """Every start of every task, in order."""
    starts: dict[str, list[ProcessMark]] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    for line in lines:
        name, pid, start_ticks = line.split()
        starts.setdefault(name, []).append(ProcessMark(int(pid), int(start_ticks)))
    return starts


def touched_tasks(
    first: Mapping[str, ProcessMark], now: Mapping[str, list[ProcessMark]]
) -> Touched:
    """
    Args:
        first: the process of each task before the first trial.
        now: the ledger as it is.
    """
    lost, doubled, restarted = set[str](), set[str](), set[str]()
    for name, process in first.items():
        alive = [start for start in now.get(name, []) if is_alive(start)]
        if len(alive) > 1:
            doubled.add(name)
        if not alive:
            lost.add(name)
        elif process not in alive:
            restarted.add(name)
    return Touched(frozenset(lost), frozenset(doubled), frozenset(restarted))
