"""A look at a data directory says what it holds and what is wrong, whatever lies there."""

from collections.abc import Callable
from random import Random

import pytest

from replication.config import PeerAddress
from replication.engine.disk_layout import Identity, store_configuration, store_identity
from replication.engine.inspecting import FAULTS, Findings, LogFound, inspect
from replication.engine.snapshot_store import SnapshotStore
from replication.engine.term_file import Ballot, TermFile
from replication.engine.wal import Wal
from replication.engine.wal_scan import Damage
from replication.membership import BLANK, Configuration, Member
from replication.state_machine import Restoration
from tests.replication.test_read_only_directory import contents
from tests.replication.test_wal import add, sync
from tests.simulation.raft.commands import CapturedCommands, RestoredCommands
from tests.simulation.raft.disk import SimDisk

IDENTITY = Identity("prod", "m1", "d" * 32, 3)
CONFIGURATION = Configuration(4, {"m1": Member("d" * 32, PeerAddress("h", 5053), "n")}, {}, 2, 1)


class Commands:
    """A `StateMachine` that keeps a list."""

    def __init__(self) -> None:
        self.all: list[bytes] = []

    def apply(self, index: int, command: bytes) -> object:
        self.all.append(command)
        return None

    def capture(self) -> CapturedCommands:
        return CapturedCommands(self.all)

    def restore(self, index: int) -> Restoration:
        return RestoredCommands(self._replace)

    def _replace(self, commands: list[bytes]) -> None:
        self.all = commands


def entry_of(*commands: bytes) -> bytes:
    from replication.engine.entry import pack

    return pack(commands)


def write_snapshot(disk: SimDisk, index: int, commands: list[bytes]) -> None:
    for _ in SnapshotStore(disk).write(CapturedCommands(commands), index, 1):
        pass


def a_data_directory(seed: int = 0) -> SimDisk:
    """Entries 1 to 6, a snapshot after entry 3; committed up to 5, as far as this disk knows."""
    disk = SimDisk(Random(seed))
    store_identity(disk, IDENTITY)
    store_configuration(disk, CONFIGURATION)
    TermFile.create(disk).store(Ballot(2, "m1"))
    wal = Wal(disk, segment_bytes_max=200)
    for number in range(1, 7):
        add(wal, entry_of(b"%d" % number))
        sync(wal)
        wal.setRaftCommitIndex(number - 1)
        sync(wal) if wal._pending else None
    wal.close()
    write_snapshot(disk, 3, [b"1", b"2", b"3"])
    return disk


def state_after(findings: Findings, index: int) -> list[bytes]:
    machine = Commands()
    findings.state_after(index, machine)
    return machine.all


def segments(disk: SimDisk) -> list[str]:
    return [name for name in disk.names() if name.endswith(".wal")]


def test_a_sound_directory_is_described_and_left_as_it_was() -> None:
    disk = a_data_directory()
    before = contents(disk)
    findings = inspect(disk)
    assert contents(disk) == before
    assert (findings.identity, findings.configuration) == (IDENTITY, CONFIGURATION)
    assert findings.ballot == Ballot(2, "m1")
    assert findings.log == LogFound(1, 1, 6, 1, 4)
    assert findings.newest_snapshot is not None
    assert findings.newest_snapshot.index == 3
    assert findings.damages == []
    assert [each.file for each in findings.segments] == segments(disk)
    assert state_after(findings, 4) == [b"1", b"2", b"3", b"4"]
    assert state_after(findings, 6) == [b"1", b"2", b"3", b"4", b"5", b"6"]
    assert findings.commands_between(5, 6) == [(5, b"5"), (6, b"6")]


def test_an_empty_directory_says_what_is_not_there() -> None:
    findings = inspect(SimDisk(Random(0)))
    assert findings.identity is None
    assert findings.configuration == BLANK
    assert "there is no 'identity'" in findings.damages[0].what


def test_a_torn_tail_is_told_from_a_damaged_middle() -> None:
    disk = a_data_directory()
    last = inspect(disk).segments[-1]
    name, size_bytes = last.file, last.intact_bytes
    disk.open(name, size_bytes).append(b"\xd7TmR and no more")
    findings = inspect(disk)
    assert findings.is_sound
    [damage] = findings.damages
    assert (damage.file, damage.offset, damage.is_promised) == (name, size_bytes, False)
    assert "torn tail: its last 16 bytes" in damage.what

    disk.open(name, size_bytes).append(b"\xd7TmR and no more" + bytes(500))
    assert inspect(disk).damages[0].offset == size_bytes

    first = segments(disk)[0]
    disk._files[first].data[60] ^= 1
    findings = inspect(disk)
    assert not findings.is_sound
    assert findings.log is None
    assert any(d.file == first and d.offset is not None and d.is_promised for d in findings.damages)


def test_zeros_ahead_are_no_damage_and_not_counted() -> None:
    disk = a_data_directory()
    name = segments(disk)[-1]
    findings = inspect(disk)
    assert findings.damages == []
    last = findings.segments[-1]
    assert last.size_bytes == last.intact_bytes
    assert len(disk.read(name)) > last.size_bytes + 1_000


def test_a_finished_file_that_ends_with_zeros_is_damaged() -> None:
    disk = a_data_directory()
    first = segments(disk)[0]
    disk._files[first].data += bytes(10)
    findings = inspect(disk)
    assert not findings.is_sound


def test_a_missing_log_file_is_named_by_its_neighbour() -> None:
    disk = a_data_directory()
    names = segments(disk)
    assert len(names) > 2
    disk.remove(names[1])
    findings = inspect(disk)
    assert any(d.file == names[2] and "begins at position" in d.what for d in findings.damages)


def test_one_bad_copy_of_the_term_is_harmless_and_two_are_not() -> None:
    disk = a_data_directory()
    disk._files["term.a"].data[20] ^= 1
    findings = inspect(disk)
    assert findings.is_sound
    assert findings.ballot == Ballot(2, "m1")
    assert [each.file for each in findings.damages] == ["term.a"]
    disk._files["term.b"].data[20] ^= 1
    assert not inspect(disk).is_sound


def test_only_the_newest_snapshot_is_needed() -> None:
    disk = a_data_directory()
    old, new = "0000000000000003.snapshot", "0000000000000004.snapshot"
    write_snapshot(disk, 4, [b"1", b"2", b"3", b"4"])
    disk._files[old].data[-1] ^= 1
    findings = inspect(disk)
    assert findings.is_sound
    assert [(each.file, each.info is None) for each in findings.snapshots] == [
        (old, True),
        (new, False),
    ]
    disk._files[new].data[-1] ^= 1
    findings = inspect(disk)
    assert not findings.is_sound
    assert any(each.file == new and "wrong checksum" in each.what for each in findings.damages)


def flip(disk: SimDisk, random: Random) -> None:
    data = disk._files[random.choice(disk.names())].data
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def cut(disk: SimDisk, random: Random) -> None:
    data = disk._files[random.choice(disk.names())].data
    del data[random.randrange(len(data) + 1) :]


def lose_a_file(disk: SimDisk, random: Random) -> None:
    disk.remove(random.choice(disk.names()))


def overwrite(disk: SimDisk, random: Random) -> None:
    disk._files[random.choice(disk.names())].data[:] = random.randbytes(random.randrange(300))


def swap(disk: SimDisk, random: Random) -> None:
    one, other = random.sample(disk.names(), 2)
    disk._files[one], disk._files[other] = disk._files[other], disk._files[one]


def add_garbage(disk: SimDisk, random: Random) -> None:
    name = random.choice(
        ["zz.wal", "x.snapshot", "ffff.wal", "notes.txt", "-1.wal", "identity.new"]
    )
    disk.overwrite(name, random.randbytes(random.randrange(100)))


@pytest.mark.parametrize("harm", [flip, cut, lose_a_file, overwrite, swap, add_garbage])
def test_nothing_that_lies_there_makes_it_fail(harm: Callable[[SimDisk, Random], None]) -> None:
    for seed in range(150):
        random = Random(seed)
        disk = a_data_directory(seed)
        for _ in range(random.randrange(1, 4)):
            harm(disk, random)
        before = contents(disk)
        findings = inspect(disk)
        assert contents(disk) == before
        if findings.log is not None:
            try:
                state_after(findings, findings.log.last_index)
            except FAULTS:
                continue


def test_what_a_start_refuses_is_never_called_sound() -> None:
    for seed in range(300):
        disk = a_data_directory(seed)
        flip(disk, Random(seed))
        findings = inspect(disk)
        try:
            Wal(disk, segment_bytes_max=200, snapshot=SnapshotStore(disk).newest)
        except FAULTS:
            assert not findings.is_sound, f"seed {seed}"


def test_a_directory_that_cannot_be_read_is_named() -> None:
    class Unreadable(SimDisk):
        def names(self) -> list[str]:
            raise PermissionError(13, "Permission denied")

    [damage] = inspect(Unreadable(Random(0))).damages
    assert damage == Damage("", None, "the directory cannot be read: [Errno 13] Permission denied")
