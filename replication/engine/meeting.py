"""What comes of it when two replicas meet: who knows the newer configuration, whose disk is old.

Only those that know the same configuration speak Raft with each other. So nobody is ever counted
in one that is over for the other.
"""

from typing import Final

import structlog

from replication.config import PeerAddress, ReplicationConfig
from replication.engine.membership_store import MembershipStore
from replication.engine.messages import ConfigurationNews, DiskNews, Standing
from replication.engine.promises import Promises
from replication.membership import Configuration, Member

log = structlog.get_logger(__name__)


class Meeting:
    """Attributes:
    standings: of those with whom there is a session, as they were when it began.
    """

    def __init__(self, config: ReplicationConfig, membership: MembershipStore) -> None:
        self._config = config
        self._membership = membership
        self.promises: Final = Promises(membership.replica_id)
        self.standings: Final[dict[str, Standing]] = {}
        self._old_disks: set[str] = set()

    def opened(self, peer: str, standing: Standing) -> ConfigurationNews | DiskNews | None:
        """What is to be said first, instead of Raft."""
        self.standings[peer] = standing
        ours = self._membership.configuration
        self._old_disks.discard(peer)
        life = self._membership.newest_life(peer, standing)
        if life is None and self.promises.are_forgotten(peer, standing):
            life = standing.life
        if life is not None:
            self._old_disks.add(peer)
            log.error("old_disk_met", peer=peer, life=standing.life, seen_life=life)
            return DiskNews(standing.disk_id, life)
        if standing.configuration < ours.number:
            return ConfigurationNews(ours)
        if standing.configuration == ours.number:
            self._membership.note_life(peer, standing)
            self.promises.note_standing(peer, standing)
        return None

    def speaks_raft(self, peer: str) -> bool:
        standing = self.standings.get(peer)
        if standing is None or standing.configuration == 0:
            return False
        is_old = peer in self._old_disks
        return not is_old and standing.configuration == self._membership.configuration.number

    def is_learner(self, peer: str) -> bool:
        """Its disk is not the one that votes under its name."""
        return not self._membership.configuration.is_voter(peer, self.standings[peer].disk_id)

    def founded(self) -> Configuration | None:
        """The first configuration, if it is this replica that begins the cluster, now.

        One does, the first by name, and only when all are there that shall be members, and none
        of them knows of a configuration. So a cluster that is there already cannot be begun anew
        by replicas whose disks were emptied.
        """
        own_id = self._membership.replica_id
        peers = self._config.peers
        if self._membership.configuration.number > 0 or own_id != min({own_id, *peers}):
            return None
        if not all(name in self.standings for name in peers):
            return None
        if any(self.standings[name].configuration > 0 for name in peers):
            return None
        members = {
            name: Member(self.standings[name].disk_id, address, self._config.notes.get(name, ""))
            for name, address in peers.items()
        }
        note = self._config.notes.get(own_id, "")
        members[own_id] = Member(self._membership.disk_id, self._own_address(), note)
        return Configuration(1, dict(sorted(members.items())))

    def contacts(self, learners: dict[str, PeerAddress]) -> dict[str, PeerAddress]:
        """With whom there should be a session, and where they are: never with ourselves."""
        configuration = self._membership.configuration
        known = {**configuration.departed, **configuration.members}
        addresses = {
            name: member.address if member.address.port else self._config.peers.get(name)
            for name, member in known.items()
        }
        # Those that the settings name as well: who was away for long may know nobody else of those
        # that are members by now.
        found = dict(self._config.peers)
        found.update((name, address) for name, address in addresses.items() if address is not None)
        found.update(learners)
        found.pop(self._membership.replica_id, None)
        return found

    def _own_address(self) -> PeerAddress:
        listens = PeerAddress(self._config.listen_host, self._config.listen_port)
        return self._config.advertised or listens
