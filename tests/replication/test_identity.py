"""A data directory serves one replica of one cluster, one disk, and one process at a time."""

import json
from pathlib import Path

import pytest

from replication.engine.configuration_codec import load_configuration
from replication.engine.data_directory import DataDirectory
from replication.engine.files import OsDirectory
from replication.engine.identity import DataDirectoryRefused, Identity, read_identity


def claim(path: Path, cluster_id: str = "blue", replica_id: str = "a") -> Identity:
    held = DataDirectory.claim(path)
    try:
        return held.begin_life(cluster_id, replica_id).identity
    finally:
        held.release()


def test_a_new_directory_is_made_and_known_again(tmp_path: Path) -> None:
    first = claim(tmp_path / "new")
    second = claim(tmp_path / "new")
    assert second.disk_id == first.disk_id
    assert (first.life, second.life) == (1, 2)


def test_two_directories_are_two_disks(tmp_path: Path) -> None:
    assert claim(tmp_path / "one").disk_id != claim(tmp_path / "two").disk_id


@pytest.mark.parametrize(
    ("cluster_id", "replica_id", "names"),
    [("red", "a", "'blue', not to 'red'"), ("blue", "b", "'a', not to 'b'")],
)
def test_the_directory_of_another_is_refused_by_name(
    tmp_path: Path, cluster_id: str, replica_id: str, names: str
) -> None:
    claim(tmp_path)
    with pytest.raises(DataDirectoryRefused, match=names):
        claim(tmp_path, cluster_id, replica_id)


def test_a_directory_in_use_is_refused(tmp_path: Path) -> None:
    held = DataDirectory.claim(tmp_path)
    with pytest.raises(DataDirectoryRefused, match="in use"):
        claim(tmp_path)
    held.release()
    claim(tmp_path)


def test_a_directory_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(DataDirectoryRefused, match=r"holiday\.jpg"):
        claim(tmp_path)


def test_a_log_without_an_identity_is_refused(tmp_path: Path) -> None:
    claim(tmp_path)
    (tmp_path / "0000000000000000.wal").touch()
    (tmp_path / "identity").unlink()
    with pytest.raises(DataDirectoryRefused, match=r"0\.wal"):
        claim(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 2}', "\udcff"])
def test_a_damaged_identity_is_refused(tmp_path: Path, text: str) -> None:
    claim(tmp_path)
    (tmp_path / "identity").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataDirectoryRefused, match=r"identity is damaged"):
        claim(tmp_path)


def test_any_flipped_bit_of_an_identity_is_noticed(tmp_path: Path) -> None:
    claim(tmp_path)
    path = tmp_path / "identity"
    intact = path.read_bytes()
    for at in range(8 * len(intact)):
        damaged = bytearray(intact)
        damaged[at // 8] ^= 1 << at % 8
        path.write_bytes(damaged)
        with pytest.raises(DataDirectoryRefused):
            read_identity(OsDirectory(tmp_path))


def test_a_directory_from_before_disks_had_ids_is_taken_over(tmp_path: Path) -> None:
    old = {"format": 1, "cluster_id": "blue", "replica_id": "a", "voters": ["a", "b", "c"]}
    (tmp_path / "identity").write_text(json.dumps(old, indent=1))
    identity = claim(tmp_path)
    assert (identity.disk_id, identity.life) == ("", 1)
    configuration = load_configuration(OsDirectory(tmp_path))
    assert configuration.number == 1
    assert sorted(configuration.members) == ["a", "b", "c"]
    assert configuration.is_voter("a", "")
    assert claim(tmp_path).life == 2


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirectoryRefused, match="cannot be used"):
        claim(tmp_path / "file")


def test_a_directory_that_cannot_be_written_is_refused() -> None:
    # Not even root can make a directory here.
    with pytest.raises(DataDirectoryRefused, match="cannot be used"):
        claim(Path("/proc/trimast"))


@pytest.mark.parametrize("left_behind", [["term.a"], ["term.a", "term.b", "identity.new"]])
def test_a_first_start_that_was_killed_can_be_repeated(
    tmp_path: Path, left_behind: list[str]
) -> None:
    for name in left_behind:
        (tmp_path / name).write_text("half wr")
    claim(tmp_path)
    claim(tmp_path)
