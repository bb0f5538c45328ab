"""Who agrees: one configuration of the cluster after another, each sealed by the one before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

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


@dataclass(frozen=True, slots=True)
class NewMember:
    """Where a replica that shall become a member listens. Its disk tells itself who it is."""

    address: PeerAddress
    note: str = ""


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """
    Attributes:
        add: by replica id. A member may be among them: under its name another disk, or another
            address, takes its place.
        remove: ids of members. The leader may be among them.
    """

    add: Mapping[str, NewMember] = field(default_factory=dict)
    remove: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MembershipChanged:
    """This configuration is the newest, for good: its predecessor was sealed by a quorum."""

    configuration: Configuration


class ChangeRefusalCause(StrEnum):
    """
    UNREADY: who shall be added was not reached, or did not get all of the log, in time.
    NO_QUORUM: too few of the members to be are there and up to date: writes would stop.
    UNKNOWN: leadership was lost meanwhile. It may have come about; asking for the same again does
        no harm.
    """

    NOT_LEADING = "not_leading"
    UNDER_WAY = "under_way"
    IMPOSSIBLE = "impossible"
    UNREADY = "unready"
    NO_QUORUM = "no_quorum"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ChangeRefused:
    """Attributes:
    detail: names who or what is in the way.
    """

    cause: ChangeRefusalCause
    detail: str


ChangeOutcome = MembershipChanged | ChangeRefused
ChangeListener = Callable[[ChangeOutcome], None]


@dataclass(frozen=True, slots=True)
class MembershipStatus:
    """What one replica knows of the membership.

    Attributes:
        is_voter: its disk is a member's, and has all that a voter must have.
        learners: by id, how many entries each lacks that is being brought up to date; known to a
            leader only. None: not reached yet.
    """

    configuration: Configuration
    disk_id: str
    is_voter: bool
    learners: Mapping[str, int | None]
