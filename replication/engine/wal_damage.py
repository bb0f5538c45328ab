"""What is a torn end of the log, and what is damage."""

from replication.engine.wal_records import synced_positions_after


class WalDamaged(Exception):
    """The disk lost or changed what it had promised to keep."""


def check_nothing_promised(data: bytes, end: int, start: int, *, was_synced: bool) -> None:
    """The intact part of a segment ends at `end`. Had what follows been synced?

    Args:
        data: all of the segment.
        start: position of its first byte in the log.
        was_synced: another segment follows, so all of this one was.

    Raises:
        WalDamaged
    """
    damaged_position = start + end
    promised = max(synced_positions_after(data, end, start), default=0)
    if was_synced or promised > damaged_position:
        raise WalDamaged(
            f"the log is damaged at position {damaged_position}, which had been synced: the disk "
            "lost promised entries"
        )
