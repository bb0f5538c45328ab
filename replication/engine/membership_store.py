"""What this replica is, on its disk: which disk, which life, in which configuration."""

from typing import Final

import structlog

from replication.engine.checked_file import CheckedFileDamaged, read_checked, write_checked
from replication.engine.configuration_codec import load_configuration, store_configuration
from replication.engine.files import Directory
from replication.engine.identity import IdentityFile
from replication.engine.messages import Standing
from replication.membership import Configuration

log = structlog.get_logger(__name__)

LIVES_FILE: Final = "lives"


class MembershipStore:
    """
    Args:
        incarnation: random, of this start.

    Attributes:
        configuration: the newest that this replica knows; `BLANK` if it knows none.
    """

    def __init__(self, directory: Directory, identity: IdentityFile, *, incarnation: int) -> None:
        """
        Raises:
            CheckedFileDamaged, ConfigurationUnreadable: the configuration cannot be read.
        """
        self._directory = directory
        self._identity = identity
        self._incarnation = incarnation
        self._lives = _read_lives(directory)
        self.configuration = load_configuration(directory)

    @property
    def replica_id(self) -> str:
        return self._identity.identity.replica_id

    @property
    def disk_id(self) -> str:
        return self._identity.identity.disk_id

    @property
    def is_voter(self) -> bool:
        """By the word of the configuration; whoever lacks its base does not vote all the same."""
        return self.configuration.is_voter(self.replica_id, self.disk_id)

    @property
    def standing(self) -> Standing:
        identity = self._identity.identity
        number = self.configuration.number
        return Standing(number, identity.disk_id, identity.life, self._incarnation)

    def adopt(self, configuration: Configuration) -> None:
        """Durable on return. Never an older one."""
        assert configuration.number > self.configuration.number
        store_configuration(self._directory, configuration)
        self.configuration = configuration

    def become_another_disk(self, new_disk_id: str) -> None:
        """What this disk promised counts no more. Durable on return."""
        self._identity.become_another_disk(new_disk_id)

    def newest_life(self, peer: str, standing: Standing) -> int | None:
        """The life in which this disk was seen already, if what speaks now is older, or a copy."""
        disk_id, life, incarnation = self._lives.get(peer, ("", 0, 0))
        if standing.disk_id != disk_id or not disk_id:
            return None
        is_copy = standing.life == life and standing.incarnation != incarnation
        return life if standing.life < life or is_copy else None

    def note_life(self, peer: str, standing: Standing) -> None:
        """Before anything that this life promises is counted. Durable on return."""
        seen = (standing.disk_id, standing.life, standing.incarnation)
        if self._lives.get(peer) == seen:
            return
        self._lives[peer] = seen
        fields = {name: list(life) for name, life in self._lives.items()}
        write_checked(self._directory, LIVES_FILE, {"seen": fields})


def _read_lives(directory: Directory) -> dict[str, tuple[str, int, int]]:
    if LIVES_FILE not in directory.names():
        return {}
    try:
        seen = read_checked(directory, LIVES_FILE)["seen"]
        return {
            str(peer): (str(disk_id), int(life), int(incarnation))
            for peer, (disk_id, life, incarnation) in seen.items()
        }
    except (CheckedFileDamaged, KeyError, TypeError, ValueError, AttributeError) as error:
        # Only old copies are told by it: better to go on than to stay away.
        log.error("lives_unreadable", error=str(error))
        return {}
