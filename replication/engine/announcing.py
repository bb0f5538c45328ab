"""Tells who leads: those who use the log hear of each term once, and of its end once."""

from collections.abc import Callable

from replication.engine.instance import Instance
from replication.engine.proposals import Proposals
from replication.observer import LogObserver
from replication.replicated_log import LeadershipListener


class Announcing:
    """
    Args:
        instance: the one that lasts now.
        applied_term: of the last entry applied; None between two configurations.

    Attributes:
        term: this replica leads it, and its listener knows.
    """

    def __init__(
        self,
        listener: LeadershipListener,
        *,
        instance: Callable[[], Instance],
        applied_term: Callable[[], int | None],
        proposals: Proposals,
        observer: LogObserver,
    ) -> None:
        self._listener = listener
        self._instance = instance
        self._applied_term = applied_term
        self._proposals = proposals
        self._observer = observer
        self._leader_id: str | None = None
        self.term: int | None = None

    def note(self) -> None:
        """Leadership was won or lost, or nothing has changed."""
        instance = self._instance()
        core = instance.core
        leads = core.is_leader
        if self.term is not None and not (leads and core.term == self.term):
            self.lose()
        # N24: an entry of the own term is applied, and so is all that was committed before it.
        if leads and self.term is None and self._applied_term() == core.term:
            self.term = core.term
            self._listener.leadership_gained(self.term)
        leader_id = instance.elections.known_leader
        if leader_id != self._leader_id:
            self._leader_id = leader_id
            self._observer.leader_changed(leader_id)

    def lose(self) -> None:
        if self.term is None:
            return
        term, self.term = self.term, None
        self._proposals.give_up_all()
        self._instance().reads.give_up_all()
        self._listener.leadership_lost(term)
