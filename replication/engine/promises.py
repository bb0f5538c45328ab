"""What each peer has promised here, so that a disk which has forgotten it is known as an old copy.

What a sound disk shows never goes back: its configuration, its term, its vote in that term, and
what it holds of that term's leader. All of it was on the disk before it was shown.
"""

from dataclasses import dataclass

from replication.engine.messages import Envelope, Matched, Standing, Vote


@dataclass(slots=True)
class _Promised:
    """Attributes:
    matched_index: up to here it had this replica's log, when this replica led in `term`.
    has_voted: for this replica, in `term`.
    """

    disk_id: str
    configuration: int
    term: int
    matched_index: int = 0
    has_voted: bool = False


class Promises:
    def __init__(self, replica_id: str) -> None:
        self._replica_id = replica_id
        self._by_peer: dict[str, _Promised] = {}

    def note_standing(self, peer: str, standing: Standing) -> None:
        promised = self._by_peer.get(peer)
        is_same = promised is not None and promised.disk_id == standing.disk_id
        if promised is None or not is_same or promised.configuration != standing.configuration:
            self._by_peer[peer] = _Promised(standing.disk_id, standing.configuration, standing.term)

    def note(self, peer: str, envelope: Envelope) -> None:
        promised = self._by_peer.get(peer)
        if promised is None or envelope.term < promised.term:
            return
        if envelope.term > promised.term:
            promised.term, promised.matched_index, promised.has_voted = envelope.term, 0, False
        if isinstance(envelope.body, Matched):
            matched_index = envelope.body.matched_below - 1
            promised.matched_index = max(promised.matched_index, matched_index)
        elif isinstance(envelope.body, Vote):
            promised.has_voted = True

    def are_forgotten(self, peer: str, standing: Standing) -> bool:
        promised = self._by_peer.get(peer)
        if promised is None or promised.disk_id != standing.disk_id:
            return False
        if standing.configuration != promised.configuration:
            return standing.configuration < promised.configuration
        if standing.term != promised.term:
            return standing.term < promised.term
        is_vote_forgotten = promised.has_voted and standing.voted_for != self._replica_id
        return is_vote_forgotten or standing.last_index < promised.matched_index
