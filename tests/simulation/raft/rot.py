"""A bit of a log turns over, in a place that the replica can know to have been synced."""

from random import Random

from replication.engine.wal_records import synced_positions_after
from tests.simulation.raft.disk import SimDisk


def rot_a_promise(disk: SimDisk, random: Random) -> bool:
    """Whether there was anything to decay.

    Only what a later record, or a later segment, says to have been synced: damage in the last
    records of all looks like a write that was torn, and no log of one copy can tell them apart.
    """
    names = [name for name in disk.names() if name.endswith(".wal")]
    if not names:
        return False
    name = random.choice(names)
    data = disk.read(name)
    start = int(name.removesuffix(".wal"), 16)
    if name == names[-1]:
        end = max(synced_positions_after(data, 0, start), default=start) - start
    else:
        end = len(data)
    if end <= 0:
        return False
    disk.rot(before=name, position=end)
    return True
