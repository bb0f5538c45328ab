"""Where a write of the log is synced: by another thread, or on the event loop itself.

The way to another thread and back costs more than the sync does on a fast disk; but a sync on the
loop holds up all else, and no disk is fast for ever. So the loop may be held up only where it
costs no leadership, however long it lasts: never on a leader, and on one follower at most, while
all replicas are there. The leader then hears a quorum without that one. And one that syncs at once
is enough for a low latency: with the leader itself it is a quorum of three.
"""

from collections import deque
from collections.abc import Collection
from statistics import median_low
from typing import Final

_FAST_S: Final = 0.001
_HICCUP_S: Final = 0.005
_RECENT: Final = 15
_GOOD_AFTER_HICCUP: Final = 1_000


class SyncPlacement:
    def __init__(self, replica_id: str) -> None:
        self._replica_id = replica_id
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._good_in_a_row = _GOOD_AFTER_HICCUP

    @property
    def is_fast(self) -> bool:
        """The disk needed less than a millisecond for most of the last syncs, and of the last 1000
        none took more than 5: of those before the first hiccup it need not know so many."""
        return (
            self._good_in_a_row >= _GOOD_AFTER_HICCUP
            and len(self._recent) == _RECENT
            and median_low(self._recent) < _FAST_S
        )

    def synced(self, duration_s: float) -> None:
        self._recent.append(duration_s)
        self._good_in_a_row = 0 if duration_s > _HICCUP_S else self._good_in_a_row + 1

    def is_on_loop(
        self, leader_id: str | None, members: Collection[str], open_sessions: Collection[str]
    ) -> bool:
        """
        Args:
            leader_id: whom this replica follows.
            members: ids of all voters.
            open_sessions: the peers that are connected now.
        """
        if leader_id in (None, self._replica_id) or not self.is_fast:
            return False
        if not set(members) <= {self._replica_id, *open_sessions}:
            return False
        return self._replica_id == min(set(members) - {leader_id}, default=None)
