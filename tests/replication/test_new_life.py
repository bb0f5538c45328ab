"""A new life begins beyond all that the lost one can have shown, whole or not at all."""

from dataclasses import replace
from random import Random

import pytest

from replication.engine.disk_layout import (
    DataDirectoryRefused,
    load_configuration,
    read_identity,
)
from replication.engine.inspecting import inspect
from replication.engine.new_life import (
    INDEXES_SKIPPED,
    NUMBERS_SKIPPED,
    TERMS_SKIPPED,
    base_beyond,
    lay_base,
    make_directory,
)
from tests.replication.test_inspecting import (
    CONFIGURATION,
    IDENTITY,
    a_data_directory,
    state_after,
)
from tests.simulation.raft.commands import CapturedCommands
from tests.simulation.raft.disk import PowerLoss, SimDisk

COMMANDS = [b"1", b"2", b"3", b"4", b"5", b"6"]
BASE = base_beyond(6, 2)
NEXT = replace(
    CONFIGURATION, number=4 + NUMBERS_SKIPPED, base_index=BASE.index, base_term=BASE.term
)


def is_in_new_life(disk: SimDisk) -> bool:
    findings = inspect(disk)
    if findings.log is None or findings.log.last_index != BASE.index:
        return False
    assert findings.is_sound
    assert findings.configuration == NEXT
    assert findings.ballot is not None
    assert findings.ballot.term >= BASE.term
    assert findings.log.commit_index == BASE.index
    assert state_after(findings, BASE.index) == COMMANDS
    return True


def test_it_is_far_beyond_what_a_busy_cluster_can_have_come_to() -> None:
    assert (BASE.index, BASE.term) == (6 + INDEXES_SKIPPED, 2 + TERMS_SKIPPED)
    assert INDEXES_SKIPPED >= 30 * 24 * 3600 * 320
    assert TERMS_SKIPPED >= 6 * 24 * 3600


def test_an_empty_directory_becomes_one_that_a_master_starts_from() -> None:
    disk = SimDisk(Random(0))
    disk.overwrite("lock", b"")
    make_directory(disk, replace(IDENTITY, life=0), NEXT, CapturedCommands(COMMANDS))
    assert is_in_new_life(disk)
    assert read_identity(disk) == replace(IDENTITY, life=0)
    assert load_configuration(disk) == NEXT


def test_a_directory_that_holds_anything_is_refused_and_left_as_it_is() -> None:
    disk = SimDisk(Random(0))
    disk.overwrite("precious", b"data")
    with pytest.raises(DataDirectoryRefused, match="'precious' is in it"):
        make_directory(disk, IDENTITY, NEXT, CapturedCommands(COMMANDS))
    assert disk.names() == ["precious"]


def test_a_directory_half_made_is_never_taken_for_one() -> None:
    for operations, seed in ((count, seed) for count in range(30) for seed in range(4)):
        disk = SimDisk(Random(seed))
        if not lost_power(
            disk,
            operations,
            lambda disk=disk: make_directory(disk, IDENTITY, NEXT, CapturedCommands(COMMANDS)),
        ):
            assert is_in_new_life(disk)
            return
        if "identity" in disk.names():
            assert is_in_new_life(disk)
    raise AssertionError("it never came to its end")


def test_a_log_goes_on_in_a_new_life_whenever_the_power_is_lost() -> None:
    for seed in range(4):
        for operations in range(40):
            disk = a_data_directory(seed)
            lose_it = lost_power(disk, operations, lambda disk=disk: go_on(disk))
            if not lose_it:
                break
            findings = inspect(disk)
            assert findings.is_sound, findings.damages
            assert findings.log is not None
            # Never the new configuration's voter without its base, nor the base in the old one.
            if findings.log.last_index >= BASE.index:
                assert findings.configuration == NEXT
            go_on(disk)
            assert is_in_new_life(disk)
        else:
            raise AssertionError("it never came to its end")
        assert is_in_new_life(disk)
        go_on(disk)
        assert is_in_new_life(disk)


def go_on(disk: SimDisk) -> None:
    lay_base(disk, NEXT, CapturedCommands(COMMANDS))


def lost_power(disk: SimDisk, operations: int, work) -> bool:  # type: ignore[no-untyped-def]
    left = operations

    def fault(_name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise PowerLoss

    disk.fault = fault
    try:
        work()
    except PowerLoss:
        disk.lose_power()
        return True
    disk.fault = None
    return False
