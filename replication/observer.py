"""What one replica tells about itself while it works: for metrics, never for decisions."""

from typing import Protocol


class LogObserver(Protocol):
    """Called from the event loop; must return at once and never raise."""

    def commands_committed(self, count: int) -> None:
        """One entry with so many commands was applied here. 0: a leader's own first entry."""

    def proposal_committed(self, latency_s: float) -> None:
        """From `propose` to its `Committed` outcome, on the replica that proposed."""

    def log_synced(self, duration_s: float, size_bytes: int) -> None:
        """One write of the log reached stable storage."""

    def leader_changed(self, leader_id: str | None) -> None:
        """This replica follows another leader than before, or none."""

    def frame_rejected(self, cause: str) -> None:
        """Bytes or a certificate from the network were refused, or a handshake was cut short; the
        session was closed. `cause` is one of a few fixed words."""

    def snapshot_written(self, index: int, size_bytes: int, duration_s: float) -> None:
        """A snapshot of the state after this entry is on stable storage."""

    def snapshot_failed(self) -> None:
        """A snapshot could not be written or installed; it is tried again later."""

    def snapshot_installed(self, index: int, size_bytes: int) -> None:
        """The state was replaced by one that a leader sent."""

    def disk_space_seen(self, free_bytes: int) -> None:
        """So much is free where the data directory is."""

    def configuration_begun(self, number: int, members: int) -> None:
        """This replica goes by this configuration now; 0 if it knows of none yet."""

    def digest_compared(self) -> None:
        """The hash of this replica's state and that of a peer's after the same entry are known."""

    def digest_mismatched(self) -> None:
        """They differ: one of the two replicas is about to stop."""


class SilentObserver:
    """Tells nobody."""

    def commands_committed(self, count: int) -> None: ...

    def proposal_committed(self, latency_s: float) -> None: ...

    def log_synced(self, duration_s: float, size_bytes: int) -> None: ...

    def leader_changed(self, leader_id: str | None) -> None: ...

    def frame_rejected(self, cause: str) -> None: ...

    def snapshot_written(self, index: int, size_bytes: int, duration_s: float) -> None: ...

    def snapshot_failed(self) -> None: ...

    def snapshot_installed(self, index: int, size_bytes: int) -> None: ...

    def disk_space_seen(self, free_bytes: int) -> None: ...

    def configuration_begun(self, number: int, members: int) -> None: ...

    def digest_compared(self) -> None: ...

    def digest_mismatched(self) -> None: ...
