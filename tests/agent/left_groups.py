"""What a launcher that was killed leaves of its cgroups, if no other comes after it."""

import os
from glob import glob


def groups_left(root: str) -> list[str]:
    """By name; the one that holds them is among them."""
    places = glob(f"/sys/fs/cgroup/**/{root}/**/", recursive=True)
    return sorted({os.path.basename(place.rstrip("/")) for place in places})


def remove_left_groups(root: str) -> None:
    """The deepest first."""
    for place in sorted(glob(f"/sys/fs/cgroup/**/{root}/**/", recursive=True), reverse=True):
        try:
            os.rmdir(place)
        except OSError:
            continue
