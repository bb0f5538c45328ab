"""A file of the log goes when nobody needs it, and never the one that is written to."""

from replication.engine.wal_segments import Segments


def segments(*last_indexes: int) -> Segments:
    made = Segments()
    for number, last_index in enumerate(last_indexes):
        made.begin(100 * number)
        made.hold(last_index)
    return made


def test_only_what_is_whole_before_the_kept_entries_goes_the_oldest_first() -> None:
    kept = segments(3, 6, 9)
    assert kept.take_unneeded(6, synced_position=999) == ["0000000000000000.wal"]
    assert kept.take_unneeded(7, synced_position=999) == ["0000000000000064.wal"]
    assert kept.take_unneeded(99, synced_position=999) == []


def test_a_file_stays_until_the_next_one_is_on_disk() -> None:
    kept = segments(3, 6)
    assert kept.take_unneeded(5, synced_position=100) == []
    assert kept.take_unneeded(5, synced_position=101) == ["0000000000000000.wal"]


def test_what_is_void_is_not_needed_whatever_is_in_it() -> None:
    kept = segments(30)
    kept.make_void()
    kept.begin(100)
    assert kept.take_unneeded(9, synced_position=999) == ["0000000000000000.wal"]
