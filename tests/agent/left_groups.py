"""What a launcher that was killed leaves of its cgroups, if no other comes after it."""

import os
from glob import glob


def remove_left_groups(root: str) -> None:
    """The deepest first."""
    for place in sorted(glob(f"/sys/fs/cgroup/**/{root}/**/", recursive=True), reverse=True):
        try:
            os.rmdir(place)
        except OSError:
            continue
