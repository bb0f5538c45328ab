"""What is committed is applied in order, up to a seal, and no more than a turn allows."""

from pathlib import Path
from random import Random

import pytest

from replication.config import PeerAddress, ReplicationConfig
from replication.engine import entry
from replication.engine.applying import Applying
from replication.engine.fail_stop import StateMachineRaised
from replication.engine.proposals import Proposals
from replication.engine.term_file import TermFile
from replication.engine.wal import Wal
from replication.membership import Configuration, Member
from replication.observer import SilentObserver
from replication.replicated_log import Committed, ProposalOutcome
from tests.replication.real_cluster import Recorder
from tests.simulation.raft.disk import SimDisk


class Log:
    """With `entries` behind its first one; the state machine has applied nothing."""

    def __init__(self, *entries: bytes, commands_max: int = 500) -> None:
        disk = SimDisk(Random(0))
        TermFile.create(disk)
        wal = Wal(disk, segment_bytes_max=65_536)
        for index, payload in enumerate((b"", *entries), 1):
            wal.add(b"\x01" + payload, index, 3)
        config = ReplicationConfig(
            cluster_id="blue",
            replica_id="a",
            data_directory=Path("nowhere"),
            apply_commands_per_turn_max=commands_max,
        )
        observer = SilentObserver()
        self.machine = Recorder()
        self.proposals = Proposals(config, now_s=lambda: 0.0, observer=observer)
        self.told: list[tuple[int, int]] = []
        self.applying = Applying(
            config,
            state_machine=self.machine,
            wal=wal,
            proposals=self.proposals,
            observer=observer,
            applied_index=1,
            on_entry=lambda index, size_bytes: self.told.append((index, size_bytes)),
        )

    def run(self, settled_index: int, *, number: int = 1) -> Configuration | None:
        return self.applying.run(settled_index, number=number)


def seal(number: int) -> bytes:
    return entry.pack_seal(Configuration(number, {"a": Member("a1", PeerAddress("", 0))}))


def test_commands_are_applied_up_to_what_is_settled() -> None:
    entries = (entry.pack([b"1", b"2"]), b"", entry.pack([b"3"]), entry.pack([b"4"]))
    log = Log(*entries)
    assert log.run(4) is None
    assert log.machine.applied == [b"1", b"2", b"3"]
    assert log.told == [(2, len(entries[0])), (3, 0), (4, len(entries[2]))]
    assert (log.applying.applied_index, log.applying.entries_committed) == (4, 3)
    assert log.applying.commands_committed == 3
    log.run(5)
    assert log.machine.applied[-1] == b"4"


def test_a_turn_ends_and_the_next_goes_on() -> None:
    log = Log(*(entry.pack([b"x", b"y"]) for _ in range(3)), commands_max=3)
    log.run(4)
    assert log.applying.applied_index == 3, "an entry is applied whole"
    log.run(4)
    assert log.applying.applied_index == 4


def test_entries_without_commands_end_a_turn_too() -> None:
    log = Log(*(b"" for _ in range(9)), commands_max=4)
    log.run(10)
    assert log.applying.applied_index == 5


def test_nothing_behind_a_seal_is_applied() -> None:
    log = Log(entry.pack([b"1"]), seal(2), entry.pack([b"void"]))
    sealed = log.run(4)
    assert sealed is not None
    assert (sealed.number, sealed.base_index, sealed.base_term) == (2, 3, 3)
    assert log.machine.applied == [b"1"]
    assert log.applying.applied_index == 3


def test_a_seal_of_what_has_begun_already_is_passed_over() -> None:
    """After a restart the log is applied again from the snapshot on."""
    log = Log(seal(2), entry.pack([b"1"]), seal(3), entry.pack([b"2"]))
    assert log.run(5, number=3) is None
    assert log.machine.applied == [b"1", b"2"]


def test_no_configuration_is_left_out() -> None:
    with pytest.raises(AssertionError, match="left out"):
        Log(seal(4)).run(2, number=2)


def test_a_proposer_is_told_what_came_of_each_command() -> None:
    log = Log(entry.pack([b"1", b"2"]))
    outcomes: list[ProposalOutcome] = []
    for command in (b"1", b"2"):
        log.proposals.add(command, outcomes.append, is_leading=True)
    assert log.proposals.pack() == entry.pack([b"1", b"2"])
    log.proposals.logged(2)
    log.run(2)
    assert outcomes == [Committed(2, 1), Committed(2, 2)]


def test_a_state_machine_that_raises_is_the_end() -> None:
    log = Log(entry.pack([b"1"]))
    log.machine.apply = lambda index, command: 1 // 0  # type: ignore[method-assign]
    with pytest.raises(StateMachineRaised, match="at entry 2: ZeroDivisionError"):
        log.run(2)
    assert log.applying.applied_index == 1
