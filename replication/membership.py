"""Who agrees: one configuration of the cluster after another, each sealed by the one before."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from replication.config import PeerAddress


@dataclass(frozen=True, slots=True)
class Member:
    """Attributes:
    disk_id: of the data directory that may vote and promise under this name. Another one, an
        emptied disk or an old copy, may not until a configuration names it.
    address: of its Raft link.
    note: what those who use the log want to know of a member; nothing to the log itself.
    """

    disk_id: str
    address: PeerAddress
    note: str = ""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The voters from one entry of the log to the next that changes them.

    Attributes:
        number: counts configurations from 1; 0 is said by who knows of none.
        members: by replica id.
        departed: members of the configuration before that are none now. They are told.
        base_index, base_term: of the entry that sealed the configuration before. Whoever does not
            have the log up to there does not vote.
    """

    number: int
    members: Mapping[str, Member]
    departed: Mapping[str, Member] = field(default_factory=dict)
    base_index: int = 1
    base_term: int = 0

    def is_voter(self, replica_id: str, disk_id: str) -> bool:
        member = self.members.get(replica_id)
        return member is not None and member.disk_id == disk_id


BLANK = Configuration(0, {})
"""What a new data directory knows."""
