"""From one configuration to the next: what is void is dropped, then the next is written down."""

import structlog

from replication.engine.membership_store import MembershipStore
from replication.engine.wal import Wal
from replication.membership import Configuration

log = structlog.get_logger(__name__)


class Reconfiguring:
    """A stop in between repeats it: the seal is committed, and those who know of it tell."""

    def __init__(self, membership: MembershipStore, wal: Wal) -> None:
        self._membership = membership
        self._wal = wal
        self._next: Configuration | None = None

    @property
    def is_under_way(self) -> bool:
        """Nothing is said or heard of either configuration."""
        return self._next is not None

    def begin(self, configuration: Configuration, *, applied_index: int) -> bool:
        """Whether this is news. Its predecessor is over, here, from now on."""
        known = self._next or self._membership.configuration
        if configuration.number <= known.number:
            return False
        is_successor = configuration.number == self._membership.configuration.number + 1
        if is_successor and self._next is None:
            # What followed the seal never counted. Terms of the next configuration may come again
            # in what followed, so none of it may stay.
            self._wal.void_after(configuration.base_index)
        else:
            # Where the configurations between began is not known here: only what was applied is
            # sure to be in all of them.
            self._wal.void_after(max(applied_index, 1))
        self._next = configuration
        return True

    def run(self) -> bool:
        """Whether the next configuration is on disk, and can begin."""
        if self._next is None or not self._wal.is_flushed:
            return False
        self._membership.adopt(self._next)
        log.info(
            "configuration_begun",
            number=self._next.number,
            members=sorted(self._next.members),
            base_index=self._next.base_index,
            is_member=self._membership.is_voter,
        )
        self._next = None
        return True
