"""What is certain, possible and lost, told from what the survivors have."""

from dataclasses import replace

import pytest

from replication.config import PeerAddress
from replication.membership import Configuration, Member
from replication.survivors import RecoveryRefused, Survivor, judge


def members(*names: str) -> dict[str, Member]:
    return {name: Member(f"disk-{name}", PeerAddress("h", 1)) for name in names}


FIVE = Configuration(3, members("m1", "m2", "m3", "m4", "m5"), {}, 10, 1)
FOUR = replace(FIVE, members=members("m1", "m2", "m3", "m4"))


def survivor(
    name: str,
    last: tuple[int, int],
    commit_index: int,
    configuration: Configuration = FIVE,
    **changes: object,
) -> Survivor:
    """`last` is term and index."""
    return replace(
        Survivor(
            f"/{name}",
            "prod",
            name,
            f"disk-{name}",
            1,
            configuration,
            1,
            last[1],
            last[0],
            last[0],
            commit_index,
        ),
        **changes,  # type: ignore[arg-type]
    )


def test_the_highest_last_term_wins_then_the_longest_log() -> None:
    long_but_old = survivor("m1", (2, 90), 40)
    newer = survivor("m2", (3, 60), 30)
    judgement = judge([long_but_old, newer])
    assert judgement.best is newer
    assert judgement.certain_index == 40
    assert judgement.possible == (41, 60)
    assert judge([survivor("m1", (3, 61), 5), newer]).best.replica_id == "m1"


def test_a_quorum_among_the_missing_may_have_committed_more() -> None:
    judgement = judge([survivor("m1", (2, 50), 50), survivor("m2", (2, 48), 48)])
    assert judgement.missing == ("m3", "m4", "m5")
    assert judgement.may_be_lost
    assert "entries after 50 that no survivor has heard of" in judgement.why
    assert judgement.possible is None


def test_half_of_an_even_number_has_every_committed_entry() -> None:
    judgement = judge([survivor("m1", (2, 50), 50, FOUR), survivor("m2", (2, 48), 48, FOUR)])
    assert judgement.missing == ("m3", "m4")
    assert not judgement.may_be_lost
    assert "every committed entry is on a survivor, and m1 has it" in judgement.why


def test_a_lost_minority_needs_no_recovery() -> None:
    three = [survivor(name, (2, 50), 50) for name in ("m1", "m2", "m3")]
    with pytest.raises(RecoveryRefused, match=r"3 of 5 survive.*nothing to recover, start them"):
        judge(three)


def test_who_is_no_member_does_not_count_for_a_quorum() -> None:
    emptied = survivor("m3", (2, 50), 50, disk_id="another")
    judgement = judge([survivor("m1", (2, 50), 50), survivor("m2", (2, 50), 50), emptied])
    assert judgement.missing == ("m3", "m4", "m5")
    assert judgement.best.is_member


def test_who_knows_an_older_configuration_only_is_set_aside() -> None:
    old = survivor("m1", (9, 900), 900, replace(FIVE, number=2))
    judgement = judge([old, survivor("m2", (2, 50), 20)])
    assert (judgement.best.replica_id, judgement.certain_index) == ("m2", 20)
    assert "/m1 knows configuration 2 only, and 3 has been in force" in judgement.set_aside[0]


def test_who_has_not_come_to_the_base_is_set_aside() -> None:
    behind = survivor("m1", (1, 9), 9)
    judgement = judge([behind, survivor("m2", (2, 50), 20)])
    assert judgement.best.replica_id == "m2"
    assert judgement.missing == ("m1", "m3", "m4", "m5")
    with pytest.raises(RecoveryRefused, match="Restore a backup"):
        judge([behind])


def test_mixed_clusters_are_refused() -> None:
    with pytest.raises(RecoveryRefused, match="/m1 is of 'prod'; /m2 is of 'test'"):
        judge([survivor("m1", (1, 50), 1), survivor("m2", (1, 50), 1, cluster_id="test")])


def test_two_lives_of_a_cluster_are_refused() -> None:
    other = replace(FIVE, members=members("m1", "m2", "m9"))
    with pytest.raises(RecoveryRefused, match="different lives"):
        judge([survivor("m1", (1, 50), 1), survivor("m2", (1, 50), 1, other)])


def test_two_copies_of_one_disk_are_refused() -> None:
    one = survivor("m1", (1, 50), 1)
    with pytest.raises(RecoveryRefused, match="/m1 and /copy are both of m1"):
        judge([one, replace(one, place="/copy")])


def test_blank_directories_are_nothing_to_recover() -> None:
    blank = Configuration(0, {})
    with pytest.raises(RecoveryRefused, match="has ever been a member"):
        judge([survivor("m1", (0, 1), 1, blank)])
    with pytest.raises(RecoveryRefused, match="no data directory"):
        judge([])
