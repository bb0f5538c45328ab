"""Whose data directory this is: one replica's of one cluster, one disk's, and one life's.

A disk is known by an id of its own, made with the directory. So nobody takes an emptied disk for
the one that made promises under the same name. A life is counted at each start, so nobody takes an
old copy of a disk for the newest.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from replication.config import PeerAddress
from replication.engine.checked_file import CheckedFileDamaged, read_checked, write_checked
from replication.engine.configuration_codec import CONFIGURATION_FILE, store_configuration
from replication.engine.files import Directory
from replication.engine.term_file import COPIES, TermFile
from replication.membership import Configuration, Member

IDENTITY_FILE: Final = "identity"
LOCK_FILE: Final = "lock"
_FORMAT: Final = 2
_FORMAT_OF_FIXED_VOTERS: Final = 1
_REMAINS: Final = frozenset({LOCK_FILE, *COPIES, IDENTITY_FILE + ".new", "lost+found"})
"""What a first start leaves behind when it is killed."""


class DataDirectoryRefused(Exception):
    """This process must not use this data directory. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Attributes:
    life: counts the starts from this directory, this one too.
    """

    cluster_id: str
    replica_id: str
    disk_id: str
    life: int


class IdentityFile:
    """The identity of one start."""

    def __init__(self, directory: Directory, identity: Identity) -> None:
        self._directory = directory
        self.identity = identity

    @classmethod
    def begin_life(
        cls,
        directory: Directory,
        cluster_id: str,
        replica_id: str,
        *,
        new_disk_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> "IdentityFile":
        """Mark the directory as ours if it is new, check the mark if it is not; count the start.

        Raises:
            DataDirectoryRefused: another's, damaged, or of something else.
        """
        try:
            if IDENTITY_FILE in directory.names():
                found = _read(directory)
                _check(found, cluster_id, replica_id)
                identity = replace(found, life=found.life + 1)
            else:
                _prepare(directory)
                identity = Identity(cluster_id, replica_id, new_disk_id(), 1)
            begun = cls(directory, identity)
            begun._store()
        except OSError as error:
            raise DataDirectoryRefused(f"the data directory cannot be used: {error}") from error
        return begun

    def become_another_disk(self, new_disk_id: str) -> None:
        """What this disk promised counts no more, here or anywhere. Durable on return."""
        self.identity = replace(self.identity, disk_id=new_disk_id, life=1)
        self._store()

    def _store(self) -> None:
        store_identity(self._directory, self.identity)


def store_identity(directory: Directory, identity: Identity) -> None:
    """Durable on return."""
    write_checked(directory, IDENTITY_FILE, {"format": _FORMAT, **asdict(identity)})


def read_identity(directory: Directory) -> Identity:
    """For who only looks: changes nothing.

    Raises:
        DataDirectoryRefused: there is none, or it cannot be read.
    """
    if IDENTITY_FILE not in directory.names():
        raise DataDirectoryRefused(f"there is no {IDENTITY_FILE!r}: not a data directory")
    return _read(directory)


def _check(found: Identity, cluster_id: str, replica_id: str) -> None:
    if found.cluster_id != cluster_id:
        raise DataDirectoryRefused(
            f"the data directory belongs to cluster {found.cluster_id!r}, not to {cluster_id!r}"
        )
    if found.replica_id != replica_id:
        raise DataDirectoryRefused(
            f"the data directory belongs to replica {found.replica_id!r}, not to {replica_id!r}"
        )


def _read(directory: Directory) -> Identity:
    try:
        fields = read_checked(directory, IDENTITY_FILE)
    except CheckedFileDamaged as error:
        old = _with_fixed_voters(directory.read(IDENTITY_FILE))
        if old is not None:
            return _upgraded(directory, old)
        raise DataDirectoryRefused(
            f"{error}. Keep this directory, and start with an empty one: if other members are "
            "there, this one comes back by itself"
        ) from error
    try:
        if fields["format"] != _FORMAT:
            raise DataDirectoryRefused(
                f"the data directory has format {fields['format']}, not {_FORMAT}"
            )
        return Identity(
            cluster_id=str(fields["cluster_id"]),
            replica_id=str(fields["replica_id"]),
            disk_id=str(fields["disk_id"]),
            life=int(fields["life"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataDirectoryRefused(f"{IDENTITY_FILE} is damaged: {error!r}") from error


def _with_fixed_voters(data: bytes) -> dict[str, Any] | None:
    """The fields of an identity as it was written before disks had ids; None if it is not one."""
    try:
        fields = json.loads(data)
        return fields if fields["format"] == _FORMAT_OF_FIXED_VOTERS else None
    except (ValueError, KeyError, TypeError):
        return None


def _upgraded(directory: Directory, fields: dict[str, Any]) -> Identity:
    """Its voters become configuration 1, in which disks have no ids."""
    nowhere = Member("", PeerAddress("", 0))
    if CONFIGURATION_FILE not in directory.names():
        members = {str(voter): nowhere for voter in fields["voters"]}
        store_configuration(directory, Configuration(1, members))
    return Identity(str(fields["cluster_id"]), str(fields["replica_id"]), "", 0)


def _prepare(directory: Directory) -> None:
    """All that a new directory needs before its mark: without the mark it is as good as empty."""
    foreign = [name for name in directory.names() if name not in _REMAINS]
    if foreign:
        raise DataDirectoryRefused(
            f"the data directory holds {foreign[0]!r} but no {IDENTITY_FILE!r}: it is something "
            "else's, or damaged. Name an empty directory"
        )
    TermFile.create(directory)
