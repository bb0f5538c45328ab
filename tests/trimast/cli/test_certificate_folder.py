"""The folder of an authority: what is written, for whose eyes, and what is never overwritten."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trimast.cli.certificate_folder import CertificateFolder, FolderRefused
from trimast.edge.tls.files import CA_FILE, CERTIFICATE_FILE, KEY_FILE
from trimast.edge.tls.identity import Role, TlsIdentity
from trimast.edge.tls.reading import check_files


def made(path: Path, *masters: str) -> CertificateFolder:
    folder = CertificateFolder(path)
    folder.create("blue", masters, days=30)
    return folder


def all_files(path: Path) -> dict[str, bytes]:
    return {str(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()}


def check(path: Path, name: str) -> datetime:
    """As the master itself does it at the start."""
    files = path / name
    own = TlsIdentity("blue", Role.MASTER, name)
    return check_files(
        ca=files / CA_FILE,
        certificate=files / CERTIFICATE_FILE,
        key=files / KEY_FILE,
        own=own,
        now=datetime.now(UTC),
    ).not_after


def test_each_master_gets_what_it_can_start_with(tmp_path: Path) -> None:
    folder = made(tmp_path / "deep" / "tls", "m1", "m2")
    for name in ("m1", "m2"):
        assert check(folder.path, name) - datetime.now(UTC) < timedelta(days=30)
    assert [each.name for each in folder.listed()] == ["", "m1", "m2"]
    assert folder.listed()[1].days_left(datetime.now(UTC)) == 29


def test_nothing_is_for_other_eyes(tmp_path: Path) -> None:
    folder = made(tmp_path / "tls", "m1")
    folder.add("m2", days=30)
    folder.renew(["m1"], days=30)
    for path in (folder.path, *folder.path.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    folder = made(tmp_path / "tls", "m1")
    before = all_files(folder.path)
    with pytest.raises(FolderRefused, match="is not empty"):
        folder.create("blue", ["m1"], days=30)
    with pytest.raises(FolderRefused, match=r"m1 exists; .* trimast tls renew --dir .* m1"):
        folder.add("m1", days=30)
    assert all_files(folder.path) == before


@pytest.mark.parametrize(
    ("cluster", "masters"),
    [
        ("blue", ["m1", "m1"]),
        ("blue", ["../m1"]),
        ("blue", [""]),
        ("b/lue", ["m1"]),
        ("blue", ["ca.pem"]),
    ],
)
def test_what_cannot_be_made_leaves_nothing_behind(
    tmp_path: Path, cluster: str, masters: list[str]
) -> None:
    with pytest.raises((FolderRefused, FileExistsError)):
        CertificateFolder(tmp_path / "tls").create(cluster, masters, days=30)
    assert list(tmp_path.iterdir()) == []


def test_a_master_can_join_later(tmp_path: Path) -> None:
    folder = made(tmp_path / "tls", "m1")
    folder.add("m4", days=30)
    check(folder.path, "m4")
    assert (folder.path / "m1" / CA_FILE).read_bytes() == (folder.path / CA_FILE).read_bytes()


def test_renewed_are_those_that_were_named_or_all(tmp_path: Path) -> None:
    folder = made(tmp_path / "tls", "m1", "m2")
    before = all_files(folder.path)
    assert folder.renew(["m2"], days=60) == ["m2"]
    after = all_files(folder.path)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"m2/cert.pem", "m2/key.pem"}
    assert check(folder.path, "m2") - check(folder.path, "m1") == pytest.approx(
        timedelta(days=30), abs=timedelta(minutes=1)
    )
    assert folder.renew([], days=60) == ["m1", "m2"]
    with pytest.raises(FolderRefused, match="has no m9; there are: m1, m2"):
        folder.renew(["m1", "m9"], days=60)


def test_without_an_authority_nothing_can_be_made(tmp_path: Path) -> None:
    with pytest.raises(FolderRefused, match="holds no authority; make one: trimast tls init"):
        CertificateFolder(tmp_path).add("m1", days=30)
    folder = made(tmp_path / "tls", "m1")
    (folder.path / "ca-key.pem").unlink()
    with pytest.raises(FolderRefused, match=r"ca-key\.pem cannot be read"):
        folder.add("m2", days=30)
    assert [each.name for each in folder.listed()] == ["", "m1"]
