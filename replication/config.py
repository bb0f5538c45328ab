"""The settings of one replica of the log: unit, meaning and bounds of each."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

MIB: Final = 1024 * 1024
STATE_FORMAT_CHARS_MAX: Final = 64
ID_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class PeerAddress(NamedTuple):
    """Where another replica's Raft link listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of this replica. They may be replaced at any time: new sessions use the new ones.

    Attributes:
        ca: the authority of the cluster; several of them while one follows another.
        certificate: speaks for `trimast://<cluster_id>/master/<replica_id>`.
        key: of the certificate; nobody but its owner may read it.
    """

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationConfig:
    """Checks itself: a value out of bounds is a `ValueError` that names the setting."""

    cluster_id: str
    """The same for all replicas of a cluster, and for no other cluster. Letters, digits, `._-`."""

    replica_id: str
    """Who this replica is, for as long as its data directory lives. Letters, digits, `._-`."""

    data_directory: Path
    """Belongs to this replica alone. Made if it is not there."""

    listen_host: str = "127.0.0.1"
    """Where the Raft link listens. Anything but loopback needs `tls`."""

    listen_port: int = 5053
    """0 to 65535; 0 lets the system choose. Not used without peers."""

    peers: Mapping[str, PeerAddress] = field(default_factory=dict)
    """All other replicas that begin a cluster together, by id; or, for one that shall join a
    cluster, replicas of that. Once this replica knows a configuration, that counts instead.
    Empty: one alone, which commits what it has synced."""

    notes: Mapping[str, str] = field(default_factory=dict)
    """By id, of this replica too: what those who use the log want to know of the members of a
    cluster that begins. Nothing to the log itself."""

    advertised: PeerAddress | None = None
    """Where the others reach this replica's Raft link. None: where it listens."""

    tls: TlsFiles | None = None
    """Both sides of each session show a certificate. None: plaintext, between replicas whose
    addresses are all loopback."""

    insecure: bool = False
    """Plaintext on other addresses too: who reaches the port can play a replica and take over all
    that the log governs."""

    election_timeout_min_ms: int = 450
    """So long a leader may be unheard before it counts as gone, and so long a leader leads
    without hearing a quorum. At least 3 heartbeats."""

    election_timeout_max_ms: int = 800
    """Each replica waits a random time up to this before it tries to lead. More than the min."""

    heartbeat_ms: int = 100
    """How often a leader speaks if it has nothing to say. At least 10."""

    change_patience_ms: int = 30_000
    """A change of members is given up when so long nothing has come nearer to it. At least 1000."""

    proposal_deadline_ms: int = 10_000
    """After this an unanswered proposal is answered `OutcomeUnknown`. At least 100."""

    pending_proposals_max: int = 10_000
    """Proposals that may wait for their outcome; more are refused as `OVERLOADED`."""

    entries_under_way_max: int = 1
    """Entries of one leader that may wait for their commit; what is proposed meanwhile gathers for
    the next. Few make large entries under load, and cost nothing without. At least 1."""

    pending_bytes_max: int = 64 * MIB
    """Bytes of all commands that wait for their outcome; more are refused as `OVERLOADED`."""

    command_bytes_max: int = MIB
    """The largest command; larger are refused as `TOO_LARGE`. At most 1 MiB."""

    entry_commands_max: int = 4096
    """Commands that travel in one entry. An entry is applied in one turn of the loop: where a
    command takes long to apply, few. At least 1."""

    apply_commands_per_turn_max: int = 500
    """Commands applied before other work of the loop has its turn, or one entry if that has
    more."""

    segment_bytes_max: int = 64 * MIB
    """The log goes on in a new file when one has grown to this. At least 64 KiB."""

    snapshot_after_bytes: int = 64 * MIB
    """A snapshot of the state is written when commands of this size were applied since the last
    one; the log before it is then dropped. At least 1."""

    snapshot_after_entries: int = 500_000
    """The same, when so many entries were applied. At least 1."""

    snapshot_retry_ms: int = 10_000
    """Wait after a snapshot that could not be written, for want of space perhaps. At least 1."""

    disk_reserve_bytes: int = 64 * MIB
    """While less than this is free beside the data directory, the log does not grow: proposals are
    refused as `DISK_FULL`; reads and elections go on. 0: it grows until writing fails."""

    trailing_entries: int = 5_000
    """Entries kept in the log before a snapshot, for replicas that are a little behind."""

    trailing_bytes_max: int = 16 * MIB
    """But no more of them than this."""

    transfer_chunk_bytes: int = 128 * 1024
    """A snapshot travels to another replica in pieces of this size. 1 KiB to 1 MiB."""

    digest_every_entries: int = 10_000
    """So often replicas compare a hash of their states; less often if the state is larger than
    4 MiB. A replica whose state is another than the others' stops. At least 1."""

    state_format: str = ""
    """Names the program that writes the state as bytes. Hashes are compared only with those of
    replicas that say the same here, for another release may write the same state differently. At
    most 64 characters."""

    handshake_timeout_ms: int = 2_000
    """A new connection that has not said who it is within this time is closed."""

    reconnect_delay_min_ms: int = 20
    """Wait before dialling a lost peer again; doubles with each failure. At least 1."""

    reconnect_delay_max_ms: int = 500
    """The longest wait before dialling a lost peer again."""

    outbound_bytes_max: int = 32 * MIB
    """A session whose peer reads so slowly that this much waits for it is closed."""

    def __post_init__(self) -> None:
        _check(ID_PATTERN.fullmatch(self.cluster_id) is not None, "cluster_id", self.cluster_id)
        for replica_id in (self.replica_id, *self.peers):
            _check(ID_PATTERN.fullmatch(replica_id) is not None, "replica_id", replica_id)
        _check(self.replica_id not in self.peers, "peers", "a replica is not its own peer")
        _check(len(self.peers) <= 8, "peers", len(self.peers))
        _check(0 <= self.listen_port <= 65_535, "listen_port", self.listen_port)
        for address in self.peers.values():
            _check(0 < address.port <= 65_535, "peers", address)
        _check(self.heartbeat_ms >= 10, "heartbeat_ms", self.heartbeat_ms)
        _check(
            self.election_timeout_min_ms >= 3 * self.heartbeat_ms,
            "election_timeout_min_ms",
            self.election_timeout_min_ms,
        )
        _check(
            self.election_timeout_max_ms > self.election_timeout_min_ms,
            "election_timeout_max_ms",
            self.election_timeout_max_ms,
        )
        _check(self.change_patience_ms >= 1000, "change_patience_ms", self.change_patience_ms)
        _check(self.proposal_deadline_ms >= 100, "proposal_deadline_ms", self.proposal_deadline_ms)
        _check(self.pending_proposals_max >= 1, "pending_proposals_max", self.pending_proposals_max)
        _check(1 <= self.command_bytes_max <= MIB, "command_bytes_max", self.command_bytes_max)
        _check(self.entries_under_way_max >= 1, "entries_under_way_max", self.entries_under_way_max)
        _check(
            self.pending_bytes_max >= self.command_bytes_max,
            "pending_bytes_max",
            self.pending_bytes_max,
        )
        for setting in ("entry_commands_max", "apply_commands_per_turn_max"):
            _check(getattr(self, setting) >= 1, setting, getattr(self, setting))
        _check(self.segment_bytes_max >= 65_536, "segment_bytes_max", self.segment_bytes_max)
        for setting in (
            "snapshot_after_bytes",
            "snapshot_after_entries",
            "snapshot_retry_ms",
            "digest_every_entries",
        ):
            _check(getattr(self, setting) >= 1, setting, getattr(self, setting))
        _check(len(self.state_format) <= STATE_FORMAT_CHARS_MAX, "state_format", self.state_format)
        _check(self.disk_reserve_bytes >= 0, "disk_reserve_bytes", self.disk_reserve_bytes)
        _check(self.trailing_entries >= 0, "trailing_entries", self.trailing_entries)
        _check(self.trailing_bytes_max >= 0, "trailing_bytes_max", self.trailing_bytes_max)
        _check(
            1024 <= self.transfer_chunk_bytes <= MIB,
            "transfer_chunk_bytes",
            self.transfer_chunk_bytes,
        )
        _check(self.handshake_timeout_ms >= 100, "handshake_timeout_ms", self.handshake_timeout_ms)
        _check(
            1 <= self.reconnect_delay_min_ms <= self.reconnect_delay_max_ms,
            "reconnect_delay_min_ms",
            self.reconnect_delay_min_ms,
        )
        _check(self.outbound_bytes_max >= 16 * MIB, "outbound_bytes_max", self.outbound_bytes_max)
        self._check_encrypted()

    @property
    def is_local(self) -> bool:
        """It listens where only this machine can reach it."""
        return _is_loopback(self.listen_host)

    def _check_encrypted(self) -> None:
        if self.tls is not None or self.insecure or not self.peers:
            return
        hosts = (self.listen_host, *(address.host for address in self.peers.values()))
        open_to_others = sorted({host for host in hosts if not _is_loopback(host)})
        if open_to_others:
            raise ValueError(
                f"the Raft link would be plaintext on {', '.join(open_to_others)}, open to anybody "
                "who reaches its port. Make certificates with `trimast tls init` and name them "
                "(tls; of a master --raft-tls-dir), or say that the network lets nobody else near "
                "it (insecure; --raft-insecure)"
            )


def _check(holds: bool, setting: str, value: object) -> None:
    if not holds:
        raise ValueError(f"replication setting {setting} is out of bounds: {value}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # Any other name may mean another address tomorrow.
        return host == "localhost"
