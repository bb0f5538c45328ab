"""`trimast restore`: one master's data directory for a cluster that begins again from a backup."""

import hashlib
import os
from pathlib import Path
from typing import Final

import click

from master.disaster.counting import counts_as_text
from master.disaster.edge.backing_up import checked_backup
from master.disaster.edge.failing import Failed, WrongUse
from master.disaster.edge.registry_reading import (
    captured_for_new_life,
    counts_of,
    registry_in_chunks,
)
from master.edge.directory import MasterAddress
from master.edge.peers_text import host_and_port, peers_from_text
from master.registry.state import RegistryState
from replication.config import ID_PATTERN, PeerAddress
from replication.engine.backup_file import BackupFile, BackupInfo, BackupRefused
from replication.engine.configuration_codec import MEMBERS_MAX, encode
from replication.engine.disk_layout import (
    MAY_BE_THERE,
    DataDirectoryRefused,
    Identity,
    locked,
)
from replication.engine.files import OsDirectory
from replication.engine.inspecting import FAULTS
from replication.engine.new_life import NUMBERS_SKIPPED, base_beyond, make_directory
from replication.membership import Configuration, Member
from trimast.model.ids import MasterId

_ID_DIGITS: Final = 32


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--data-dir",
    required=True,
    type=click.Path(path_type=Path),
    help="Made, or empty: of this master alone.",
)
@click.option("--id", "own_id", required=True, metavar="ID", help="Of this master.")
@click.option(
    "--peers",
    required=True,
    metavar="ID=RAFT/GRPC/HTTP,...",
    help="All masters of the new life, this one included; as for `trimast master`.",
)
@click.option("--cluster", metavar="NAME", help="Default: that of the backup.")
@click.option(
    "--restore-id",
    default="",
    metavar="TEXT",
    help="The same on every master's host; another one for another restore of the same backup.",
)
def restore_command(
    file: Path, data_dir: Path, own_id: str, peers: str, cluster: str | None, restore_id: str
) -> None:
    """Make a master's data directory from a backup, for a new life of the cluster.

    Give the same command, each with its own --id, on the host of every master; then start them.
    All masters of the life before must be gone for good.
    """
    masters = _masters(peers, own_id)
    _check_empty(data_dir)
    info = checked_backup(file)
    cluster_id = cluster or info.header.cluster_id
    if not ID_PATTERN.fullmatch(cluster_id):
        raise WrongUse(f"--cluster {cluster_id!r} should be letters, digits and ._-")
    state = _registry(file, info)
    configuration = configuration_of_new_life(info, masters, restore_id)
    identity = Identity(cluster_id, own_id, configuration.members[own_id].disk_id, 0)
    capture = captured_for_new_life(state)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with locked(data_dir):
            make_directory(OsDirectory(data_dir), identity, configuration, capture)
    except DataDirectoryRefused as error:
        raise WrongUse(f"{data_dir}: {error}") from error
    except OSError as error:
        raise Failed(
            f"{error.filename or data_dir}: {error.strerror}; empty {data_dir} before you try again"
        ) from error
    click.echo(
        f"{data_dir}: {own_id} of cluster {cluster_id}, configuration {configuration.number} "
        f"({', '.join(configuration.members)}), "
        f"fingerprint {hashlib.sha256(encode(configuration)).hexdigest()[:12]}\n"
        f"  after entry {info.header.index} of the life before, which is entry "
        f"{configuration.base_index} of this one: {counts_as_text(counts_of(state).as_fields())}\n"
        "The fingerprint must be the same on every master. Start them when all are made; restore "
        "each only once."
    )


def configuration_of_new_life(
    info: BackupInfo, masters: dict[MasterId, MasterAddress], restore_id: str
) -> Configuration:
    """The same wherever the same backup is restored in the same way."""
    base = base_beyond(info.header.index, info.header.term)
    return Configuration(
        # Beyond any of the lost life, whose masters would be believed otherwise.
        info.header.configuration.number + NUMBERS_SKIPPED,
        {
            str(name): Member(
                disk_id_of(info.sha256, restore_id, name),
                PeerAddress(*host_and_port(address.raft)),
                f"{address.grpc}/{address.http}",
            )
            for name, address in sorted(masters.items())
        },
        {},
        base.index,
        base.term,
    )


def disk_id_of(sha256: str, restore_id: str, replica_id: str) -> str:
    name = "\n".join((sha256, restore_id or sha256, replica_id))
    return hashlib.sha256(name.encode()).hexdigest()[:_ID_DIGITS]


def _masters(peers: str, own_id: str) -> dict[MasterId, MasterAddress]:
    try:
        masters = peers_from_text(filter(None, (peer.strip() for peer in peers.split(","))))
    except ValueError as error:
        raise WrongUse(f"--peers: {error}") from error
    if own_id not in masters:
        raise WrongUse(f"--peers must name all masters, and {own_id} is not among them")
    bad = [name for name in masters if not ID_PATTERN.fullmatch(name)]
    if bad:
        raise WrongUse(f"--peers: {bad[0]!r} should be letters, digits and ._-")
    if len(masters) > MEMBERS_MAX:
        raise WrongUse(f"--peers names {len(masters)} masters; {MEMBERS_MAX} at most")
    return masters


def _check_empty(data_dir: Path) -> None:
    try:
        names = [name for name in os.listdir(data_dir) if name not in MAY_BE_THERE]
    except FileNotFoundError:
        return
    except OSError as error:
        raise Failed(f"{data_dir} cannot be read: {error.strerror}") from error
    if names:
        raise WrongUse(
            f"{data_dir} is not empty ({sorted(names)[0]!r} is in it); name an empty directory, or "
            "move what is there away"
        )


def _registry(file: Path, info: BackupInfo) -> RegistryState:
    try:
        return registry_in_chunks(info.header.index, BackupFile(file).chunks())
    except (*FAULTS, BackupRefused) as error:
        raise Failed(f"{file}: the registry in it cannot be read: {error}") from error
