"""A small file is what was written, or it is refused; there is never half of a new one."""

import zlib
from random import Random

import pytest

from replication.engine.checked_file import CheckedFileDamaged, read_checked, write_checked
from tests.simulation.raft.disk import PowerLoss, SimDisk, losing_power_at

FIELDS = {"number": 7, "names": ["a", "ü"], "inner": {"x": None}}


def written() -> SimDisk:
    disk = SimDisk(Random(0))
    write_checked(disk, "small", FIELDS)
    return disk


def damaged_to(data: bytes) -> SimDisk:
    disk = SimDisk(Random(0))
    disk.become({"small": data})
    return disk


def test_it_holds_what_was_written() -> None:
    disk = written()
    assert read_checked(disk, "small") == FIELDS
    assert disk.names() == ["small"]


def test_people_can_read_it() -> None:
    assert '"number": 7' in written().read("small").decode().splitlines()[-3]


def test_no_flipped_bit_goes_unnoticed() -> None:
    intact = written().read("small")
    for bit in range(8 * len(intact)):
        data = bytearray(intact)
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CheckedFileDamaged, match="small is damaged"):
            read_checked(damaged_to(bytes(data)), "small")


def test_no_cut_goes_unnoticed_nor_anything_added() -> None:
    intact = written().read("small")
    for data in [*(intact[:end] for end in range(len(intact))), intact + b"\n", intact * 2]:
        with pytest.raises(CheckedFileDamaged, match="small is damaged"):
            read_checked(damaged_to(data), "small")


@pytest.mark.parametrize("text", ["[1]", "7", "{", '"text"'])
def test_what_is_not_fields_is_refused_though_its_checksum_is_right(text: str) -> None:
    data = text.encode()
    with pytest.raises(CheckedFileDamaged):
        read_checked(damaged_to(data + f"{zlib.crc32(data):08x}\n".encode()), "small")


@pytest.mark.parametrize("seed", range(20))
def test_a_loss_of_power_leaves_the_old_or_the_new(seed: int) -> None:
    for operations in range(1, 5):
        disk = SimDisk(Random(seed))
        write_checked(disk, "small", {"is": "old"})
        disk.fault = losing_power_at(operations)
        try:
            write_checked(disk, "small", {"is": "new"})
            was_told = True
        except PowerLoss:
            was_told = False
        disk.lose_power()
        found = read_checked(disk, "small")
        assert found in ([{"is": "new"}] if was_told else [{"is": "old"}, {"is": "new"}])
        # And what is left behind is in nobody's way.
        write_checked(disk, "small", {"is": "newer"})
        assert read_checked(disk, "small") == {"is": "newer"}
