"""The vote of a term is never forgotten, whatever happens to one of its two copies."""

from random import Random

import pytest

from replication.engine.term_file import COPIES, Ballot, TermFile, TermFileDamaged
from tests.simulation.raft.disk import PowerLoss, SimDisk, losing_power_at


def new_file() -> tuple[SimDisk, TermFile]:
    disk = SimDisk(Random(1))
    return disk, TermFile.create(disk)


def test_a_vote_is_read_back() -> None:
    disk, term_file = new_file()
    term_file.store(Ballot(3, "b"))
    assert TermFile.open(disk).ballot == Ballot(3, "b")


@pytest.mark.parametrize("copy", COPIES)
def test_one_damaged_copy_does_not_matter(copy: str) -> None:
    disk, term_file = new_file()
    term_file.store(Ballot(3, "b"))
    size_bytes = len(disk.read(copy))
    for byte in range(size_bytes):
        damaged = bytearray(disk.read(copy))
        damaged[byte] ^= 0x10
        disk.overwrite(copy, bytes(damaged))
        assert TermFile.open(disk).ballot == Ballot(3, "b")


def test_two_damaged_copies_are_refused() -> None:
    disk, _ = new_file()
    for copy in COPIES:
        disk.overwrite(copy, b"damaged")
    with pytest.raises(TermFileDamaged):
        TermFile.open(disk)


def test_missing_copies_are_refused() -> None:
    with pytest.raises(TermFileDamaged):
        TermFile.open(SimDisk(Random(1)))


@pytest.mark.parametrize("operation", [0, 1])
def test_a_loss_of_power_in_a_write_leaves_the_old_or_the_new(operation: int) -> None:
    for seed in range(50):
        disk = SimDisk(Random(seed))
        term_file = TermFile.create(disk)
        term_file.store(Ballot(3, "b"))
        disk.fault = losing_power_at(operation)
        with pytest.raises(PowerLoss):
            term_file.store(Ballot(4, "c"))
        disk.lose_power()
        assert TermFile.open(disk).ballot in (Ballot(3, "b"), Ballot(4, "c"))
