"""inspect: what a data directory or a backup holds, in words and for programs."""

import fcntl
from pathlib import Path

import pytest

from replication.engine.files import OsDirectory
from replication.engine.wal_scan import scan
from tests.master.disaster.a_cluster import contents, make_data_directory, run


def test_a_sound_directory_is_described_and_not_changed(tmp_path: Path) -> None:
    path = make_data_directory(tmp_path / "m1")
    before = contents(path)
    done = run("inspect", path)
    assert done.code == 0
    assert "m1 of cluster prod, disk disk-m1, life 3" in done.out
    assert "configuration 5: m1 at h1:5053, m2 at h2:5053, m3 at h3:5053" in done.out
    assert "term         1, voted for m1" in done.out
    assert "entries 1 (term 0) to 6 (term 1), committed up to 5 at least" in done.out
    assert "1 agents (1 active), 1 frameworks (1 active), 1 tasks (1 staging)" in done.out
    assert contents(path) == before


def test_programs_are_told_the_same(tmp_path: Path) -> None:
    fields = run("inspect", make_data_directory(tmp_path / "m1"), "--json").document
    assert fields["sound"]
    assert fields["is_member"]
    assert fields["in_use"] is False
    assert fields["identity"]["disk_id"] == "disk-m1"
    assert (fields["log"]["last_index"], fields["log"]["commit_index"]) == (6, 5)
    assert fields["registry"]["tasks"] == {"staging": 1}
    assert fields["registry"]["epoch"] == 1


def test_a_directory_in_use_is_said_to_be(tmp_path: Path) -> None:
    path = make_data_directory(tmp_path / "m1")
    with (path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "in use       by a running master" in run("inspect", path).out
        refused = run("backup", "--data-dir", path, "--out", tmp_path / "b")
    assert refused.code == 2
    assert "is in use by a running master; ask that one" in refused.err
    assert run("inspect", path, "--json").document["in_use"] is False


def test_a_read_only_directory_will_do(tmp_path: Path) -> None:
    path = make_data_directory(tmp_path / "m1")
    path.chmod(0o500)
    try:
        assert run("inspect", path).code == 0
    finally:
        path.chmod(0o700)


def test_damage_is_named_with_its_place_and_the_exit_code_says_so(tmp_path: Path) -> None:
    path = make_data_directory(tmp_path / "m1")
    [segment] = path.glob("*.wal")
    data = bytearray(segment.read_bytes())
    [intact], _ = scan(OsDirectory(path))
    segment.write_bytes(bytes(data) + b"torn")
    torn = run("inspect", path)
    assert torn.code == 0
    assert f"harmless     {segment.name} at byte {intact.intact_bytes}: torn tail" in torn.out
    data[100] ^= 1
    segment.write_bytes(data)
    (path / "configuration").write_text("{}")
    damaged = run("inspect", path)
    assert damaged.code == 1
    assert "damage       configuration: configuration is damaged" in damaged.out
    assert "no master starts from it" in damaged.out


def test_what_this_user_may_not_read_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_directory: OsDirectory, name: str) -> bytes:
        raise PermissionError(13, "Permission denied", name)

    path = make_data_directory(tmp_path / "m1")
    monkeypatch.setattr(OsDirectory, "read", refuse)
    done = run("inspect", path)
    assert done.code == 1
    assert "look again as the masters' user" in done.out
    assert "no master starts from it" not in done.out


def test_what_is_no_data_directory_is_told_in_one_line(tmp_path: Path) -> None:
    missing = run("inspect", tmp_path / "none")
    assert (missing.code, missing.err) == (
        1,
        f"trimast: {tmp_path / 'none'} is not there; name a master's data directory\n",
    )
    empty = run("inspect", tmp_path)
    assert empty.code == 1
    assert "is empty" in empty.err
    (tmp_path / "notes").write_text("mine")
    foreign = run("inspect", tmp_path)
    assert foreign.code == 1
    assert "there is no 'identity': not a data directory" in foreign.out
    file = run("inspect", tmp_path / "notes")
    assert file.code == 1
    assert "is not a backup" in file.err


def test_a_backup_is_checked_and_described(tmp_path: Path) -> None:
    path = make_data_directory(tmp_path / "m1")
    backup = tmp_path / "b"
    assert run("backup", "--data-dir", path, "--out", backup).code == 0
    fields = run("inspect", backup, "--json").document
    assert (fields["cluster_id"], fields["index"], fields["term"]) == ("prod", 5, 1)
    assert fields["registry"]["tasks"] == {"staging": 1}
    assert fields["configuration"]["number"] == 5
    assert "intact" in run("inspect", backup).out
    data = bytearray(backup.read_bytes())
    data[-20] ^= 1
    backup.write_bytes(data)
    damaged = run("inspect", backup)
    assert damaged.code == 1
    assert "is damaged" in damaged.err


def test_a_damaged_directory_makes_no_backup(tmp_path: Path) -> None:
    path = make_data_directory(tmp_path / "m1")
    (path / "term.a").unlink()
    (path / "term.b").unlink()
    refused = run("backup", "--data-dir", path, "--out", tmp_path / "b")
    assert refused.code == 1
    assert "is damaged" in refused.err
    assert not (tmp_path / "b").exists()


def test_a_backup_is_not_written_over_another_file(tmp_path: Path) -> None:
    path = make_data_directory(tmp_path / "m1")
    out = tmp_path / "b"
    out.write_text("precious")
    refused = run("backup", "--data-dir", path, "--out", out)
    assert (refused.code, out.read_text()) == (2, "precious")
    assert run("backup", "--data-dir", path, "--out", out, "--force").code == 0
    nowhere = run("backup", "--data-dir", path, "--out", tmp_path / "no" / "b")
    assert nowhere.code == 1
    assert "No such file or directory" in nowhere.err
