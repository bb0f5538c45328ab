"""Which replicas' states are alike after an entry, and who is to stop when they are not."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

DIGESTS_KEPT: Final = 16
"""Of each replica, the last that were heard."""


class StateDiverged(Exception):
    """Another state came of the same commands here than elsewhere: never to be trusted again."""


class Digests:
    """The last digests of all replicas, by the entry that they were taken after.

    Deterministic: it knows no time. Who is outvoted by a majority of all replicas stops. Where
    nobody has a majority, because too few are alive, whoever differs from the leader twice stops:
    after the first time there is still hope that a third will say who is right.
    """

    def __init__(self, replica_id: str, peers: Iterable[str]) -> None:
        self._replica_id = replica_id
        self._known: dict[str, dict[int, bytes]] = {name: {} for name in (replica_id, *peers)}

    def note(self, replica_id: str, index: int, digest: bytes) -> bool:
        """Whether that is news."""
        known = self._known[replica_id]
        is_news = known.pop(index, None) != digest
        known[index] = digest
        if len(known) > DIGESTS_KEPT:
            del known[next(iter(known))]
        return is_news

    def own(self) -> list[tuple[int, bytes]]:
        return list(self._known[self._replica_id].items())

    def others_at(self, index: int) -> dict[str, bytes]:
        """Of all peers that have said what they hold after this entry."""
        return {
            name: known[index]
            for name, known in self._known.items()
            if name != self._replica_id and index in known
        }

    def check(self, index: int, leader_id: str | None) -> None:
        """
        Raises:
            StateDiverged: this replica must stop.
        """
        own = self._known[self._replica_id].get(index)
        if own is None:
            return
        agreed = self._agreed_at(index)
        if agreed is not None and agreed != own:
            raise StateDiverged(_account(index, own, "a majority of the replicas holds", agreed))
        if leader_id is None or not self._is_open(index, leader_id):
            return
        if sum(self._is_open(each, leader_id) for each in self._known[leader_id]) > 1:
            leaders = self._known[leader_id][index]
            raise StateDiverged(_account(index, own, f"the leader {leader_id} holds", leaders))

    def _is_open(self, index: int, leader_id: str) -> bool:
        """This replica and the leader differ, and no majority says who is right."""
        own, leaders = self._known[self._replica_id].get(index), self._known[leader_id].get(index)
        differ = own is not None and leaders is not None and own != leaders
        return differ and self._agreed_at(index) is None

    def _agreed_at(self, index: int) -> bytes | None:
        """What a majority of all replicas holds, as far as it is known."""
        said = Counter(known[index] for known in self._known.values() if index in known)
        digest, times = said.most_common(1)[0] if said else (b"", 0)
        return digest if 2 * times > len(self._known) else None


def _account(index: int, own: bytes, who_differs: str, other: bytes) -> str:
    return (
        f"after entry {index} the state here has the digest {own.hex()}, but {who_differs} "
        f"{other.hex()}. Keep this data directory for examination, and start this replica with an "
        "empty one: it is brought up to date and votes again by itself."
    )
