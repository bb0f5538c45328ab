"""restore: directories that know each other, made apart; and nothing overwritten or half made."""

from pathlib import Path

import pytest

from replication.engine.disk_layout import load_configuration, read_identity
from replication.engine.files import OsDirectory
from replication.engine.new_life import INDEXES_SKIPPED, NUMBERS_SKIPPED, TERMS_SKIPPED
from tests.master.disaster.a_cluster import PEERS, contents, make_data_directory, run


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """After entry 5 of term 1, in configuration 5."""
    path = tmp_path / "registry.backup"
    data_dir = make_data_directory(tmp_path / "old")
    assert run("backup", "--data-dir", data_dir, "--out", path).code == 0
    return path


def test_directories_made_apart_know_each_other(tmp_path: Path, backup: Path) -> None:
    for name in ("m1", "m2", "m3"):
        flags = ("--data-dir", tmp_path / name, "--id", name, "--peers", PEERS)
        assert run("restore", backup, *flags).code == 0
    directories = {name: OsDirectory(tmp_path / name) for name in ("m1", "m2", "m3")}
    configurations = [load_configuration(each) for each in directories.values()]
    assert configurations[0] == configurations[1] == configurations[2]
    configuration = configurations[0]
    assert configuration.number == 5 + NUMBERS_SKIPPED
    assert configuration.base_index == 5 + INDEXES_SKIPPED
    assert configuration.base_term == 1 + TERMS_SKIPPED
    assert configuration.members["m2"].note == "h2:5052/h2:5050"
    for name, directory in directories.items():
        identity = read_identity(directory)
        assert (identity.cluster_id, identity.replica_id) == ("prod", name)
        assert configuration.is_voter(name, identity.disk_id)
    assert len({member.disk_id for member in configuration.members.values()}) == 3


def test_what_was_made_is_sound_and_holds_the_registry(tmp_path: Path, backup: Path) -> None:
    flags = ("--data-dir", tmp_path / "m1", "--id", "m1", "--peers", PEERS)
    done = run("restore", backup, *flags, "--cluster", "rehearsal")
    assert "1 agents (1 active), 1 frameworks (1 active), 1 tasks (1 staging)" in done.out
    fields = run("inspect", tmp_path / "m1", "--json").document
    assert fields["sound"]
    assert fields["is_member"]
    assert fields["identity"]["cluster_id"] == "rehearsal"
    assert fields["registry"]["epoch"] == 1_000_001
    assert fields["registry"]["tasks"] == {"starting": 1}


def test_another_restore_of_the_same_backup_makes_other_disks(tmp_path: Path, backup: Path) -> None:
    ids: set[str] = set()
    for restore_id in ("", "second", "third"):
        path = tmp_path / f"m1-{restore_id}"
        flags = ("--data-dir", path, "--id", "m1", "--peers", PEERS)
        assert run("restore", backup, *flags, "--restore-id", restore_id).code == 0
        ids.add(read_identity(OsDirectory(path)).disk_id)
    assert len(ids) == 3


def test_a_directory_that_holds_anything_is_left_alone(tmp_path: Path, backup: Path) -> None:
    data_dir = tmp_path / "old"
    before = contents(data_dir)
    refused = run("restore", backup, "--data-dir", data_dir, "--id", "m1", "--peers", PEERS)
    assert refused.code == 2
    assert "is not empty" in refused.err
    assert contents(data_dir) == before


def test_a_damaged_backup_makes_nothing(tmp_path: Path, backup: Path) -> None:
    data = bytearray(backup.read_bytes())
    data[len(data) // 2] ^= 4
    backup.write_bytes(data)
    flags = ("--data-dir", tmp_path / "m1", "--id", "m1", "--peers", PEERS)
    refused = run("restore", backup, *flags)
    assert refused.code == 1
    assert "is damaged" in refused.err
    backup.write_bytes(data[:100])
    assert "it ends too early" in run("restore", backup, *flags).err
    assert not (tmp_path / "m1").exists()


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (("--id", "m9", "--peers", PEERS), "m9 is not among them"),
        (("--id", "m1", "--peers", "m1=h1:5053"), "should be id=raft/grpc/http"),
        (("--id", "m1", "--peers", "m1=a:1/a:2/a:x"), "should be host:port"),
        (("--id", "m1", "--peers", PEERS, "--cluster", "a b"), "letters, digits"),
    ],
)
def test_wrong_use_is_told(tmp_path: Path, backup: Path, flags: tuple[str, ...], why: str) -> None:
    refused = run("restore", backup, "--data-dir", tmp_path / "m1", *flags)
    assert refused.code == 2
    assert why in refused.err
    assert not (tmp_path / "m1").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, backup: Path) -> None:
    (tmp_path / "file").write_text("")
    flags = ("--data-dir", tmp_path / "file" / "m1", "--id", "m1", "--peers", PEERS)
    refused = run("restore", backup, *flags)
    assert refused.code == 1
    assert "Not a directory" in refused.err
