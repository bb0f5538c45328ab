"""What the engine says waits for the end of its turn: it goes out while the disk is at work."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Final

from replication.config import PeerAddress
from replication.engine.net import Net

_PEER: Final = itemgetter(0)


class Outgoing:
    """Implements `outbox.Links`."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self._waiting: list[tuple[str, bytes]] = []

    def send(self, peer: str, frame: bytes) -> None:
        self._waiting.append((peer, frame))

    def send_all(self) -> None:
        for peer, frame in sorted(self._waiting, key=_PEER):
            self._net.send(peer, frame)
        self._waiting.clear()

    def forget(self, peer: str) -> None:
        """What was said in one session is never heard in the next."""
        self._waiting = [(to, frame) for to, frame in self._waiting if to != peer]

    def close_session(self, peer: str) -> None:
        self.send_all()
        self._net.close_session(peer)

    def set_contacts(self, contacts: Mapping[str, PeerAddress]) -> None:
        self._net.set_contacts(contacts)
