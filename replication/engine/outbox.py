"""Nothing leaves this replica that its disk might not remember."""

from collections.abc import Mapping
from typing import Final, Protocol

from replication.config import PeerAddress
from replication.engine import wire
from replication.engine.messages import Body, Envelope, Stale
from replication.engine.wal import Wal


class Links(Protocol):
    """The sessions with the other replicas: each carries frames in order, or closes."""

    def send(self, peer: str, frame: bytes) -> None:
        """Must not call back into the engine, not even when the session breaks on it."""

    def close_session(self, peer: str) -> None:
        """And begin it anew, if this peer is still a contact. What was sent before may be lost.
        The engine hears nothing more of the old one."""

    def set_contacts(self, contacts: Mapping[str, PeerAddress]) -> None:
        """With whom there should be a session from now on. Those with others end."""


class Outbox:
    """Stamps each message with the sender's term (S1), which is on disk before it leaves (R6)."""

    def __init__(self, wal: Wal, links: Links) -> None:
        self._wal = wal
        self._links = links
        self._last: tuple[int, int, Body, bytes] = (0, 0, Stale(), b"")
        self.open_sessions: Final[set[str]] = set()

    def send(self, peer: str, body: Body, *, echo: int = 0) -> None:
        if peer not in self.open_sessions:
            return
        self._wal.make_term_durable()
        term, (last_term, last_echo, last_body, frame) = self._wal.term, self._last
        if body is not last_body or (term, echo) != (last_term, last_echo):
            frame = wire.encode(Envelope(term, echo, body))
            self._last = (term, echo, body, frame)
        self._links.send(peer, frame)
