"""A data directory serves one replica of one cluster, and one process at a time."""

from pathlib import Path

import pytest

from replication.engine.identity import DataDirectory, DataDirectoryRefused, Identity

US = Identity("blue", "a", ("a", "b", "c"))


def claim(path: Path, identity: Identity = US) -> None:
    DataDirectory.claim(path, identity).release()


def test_a_new_directory_is_made_and_known_again(tmp_path: Path) -> None:
    claim(tmp_path / "new")
    claim(tmp_path / "new")


@pytest.mark.parametrize(
    ("other", "names"),
    [
        (Identity("red", "a", ("a", "b", "c")), "'blue', not to 'red'"),
        (Identity("blue", "b", ("a", "b", "c")), "'a', not to 'b'"),
        (Identity("blue", "a", ("a",)), "the replicas a, b, c, but the settings name a"),
    ],
)
def test_the_directory_of_another_is_refused_by_name(
    tmp_path: Path, other: Identity, names: str
) -> None:
    claim(tmp_path)
    with pytest.raises(DataDirectoryRefused, match=names):
        claim(tmp_path, other)


def test_a_directory_in_use_is_refused(tmp_path: Path) -> None:
    held = DataDirectory.claim(tmp_path, US)
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
    with pytest.raises(DataDirectoryRefused, match=r"identity|format"):
        claim(tmp_path)


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
