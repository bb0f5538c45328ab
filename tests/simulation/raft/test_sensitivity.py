"""The random runs notice an engine that is known to be bad."""

from typing import Any

import pytest

from replication.engine import wal
from replication.engine.engine import Engine
from replication.engine.following import Following
from replication.engine.leading import Leading
from replication.engine.wal import Wal
from tests.simulation.raft.nemesis import Story
from tests.simulation.raft.profiles import PROFILES
from tests.simulation.raft.world import simulated

SEEDS_MAX = 80


def is_noticed(profile: str = "mixed") -> bool:
    for seed in range(SEEDS_MAX):
        with simulated(seed) as world:
            try:
                Story(world, trouble_s=15.0, profile=PROFILES[profile]).tell()
            except Exception:  # Any way of failing will do: an assertion, a refusal to start.
                return True
    return False


def test_a_disk_that_does_not_sync_is_noticed() -> None:
    with simulated(0) as world:
        for replica in world.replicas.values():
            replica.disk.is_lying = True
        with pytest.raises(Exception, match=r"damaged|goes on in|lost"):
            Story(world, trouble_s=15.0).tell()


def test_a_forgotten_vote_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Wal, "make_term_durable", lambda self: None)
    assert is_noticed()


def test_promises_before_the_sync_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Wal, "durable_index", property(lambda self: self.last_index))
    assert is_noticed()


def test_a_leader_that_counts_itself_before_its_sync_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def count(self: Leading, peer: str, follower: object) -> bool:
        index: int = follower.matched_index  # type: ignore[attr-defined]
        if index <= follower.counted_index:  # type: ignore[attr-defined]
            return False
        follower.counted_index = index  # type: ignore[attr-defined]
        self._core.hear_matched(peer, index + 1)
        return True

    monkeypatch.setattr(Leading, "_count", count)
    assert is_noticed()


def test_truncation_on_match_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """S2: pysyncobj as it is, on both sides."""
    says_append = Leading.says_append

    def says_all_again(self: Leading, peer: str, **words: Any) -> None:
        self._followers[peer].sent_index = None
        says_append(self, peer, **words)

    monkeypatch.setattr(Leading, "says_append", says_all_again)
    monkeypatch.setattr(Following, "_count_known", lambda self, entries: 0)
    assert is_noticed()


def test_reads_without_the_word_of_a_quorum_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """C2: a leader that trusts its lease alone reads what is old, once leadership is handed on."""
    monkeypatch.setattr(Leading, "quorum_answered", lambda self, sequence: True)
    assert is_noticed("links")


def test_reads_before_all_is_applied_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leader whose first entry is not committed yet does not know what was."""
    monkeypatch.setattr(Engine, "_is_current", lambda self: True)
    assert is_noticed()


def test_rot_that_is_taken_for_a_torn_write_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "_check_nothing_promised", lambda *args, **words: None)
    assert is_noticed("rot")
