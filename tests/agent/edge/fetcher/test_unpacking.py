import bz2
import gzip
import lzma
import os
import tarfile
from pathlib import Path

import pytest

from agent.edge.fetcher.rules import FetchFailed, FetchRules
from agent.edge.fetcher.sandbox_tree import SandboxTree
from agent.edge.fetcher.stopping import Stop, Stopped
from agent.edge.fetcher.unpacking import unpack
from tests.agent.edge.fetcher.hostile import TARS, ZIPS, a_file, hard, sym, tar, zipped
from trimast.model.uri import ArchiveKind

RULES = FetchRules(unpacked_bytes_max=200_000, entries_max=50)


def unpack_into(
    root: Path, data: bytes, kind: ArchiveKind, name: str = "a", stop: Stop | None = None
) -> Path:
    box = root / "box"
    box.mkdir()
    (root / "outside").write_text("precious")
    (root / "archive").write_bytes(data)
    source = os.open(root / "archive", os.O_RDONLY)
    tree = SandboxTree(box, None)
    try:
        unpack(source, kind, name, tree, rules=RULES, scratch=root, stop=stop or Stop())
    finally:
        tree.close()
        os.close(source)
    return box


HONEST = tar(
    ("d", {"type": tarfile.DIRTYPE, "mode": 0o2555}, b""),
    a_file("./d/run", b"#!/bin/sh\n", mode=0o777),
    a_file("d/data", b"data", mode=0o400, uid=99),
    sym("d/up", "../top"),
    sym("same", "d/data"),
    hard("again", "d/data"),
    a_file("top", b"1"),
    a_file("top", b"2"),
)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (ArchiveKind.TAR, HONEST),
        (ArchiveKind.TAR_GZ, gzip.compress(HONEST[:5000]) + gzip.compress(HONEST[5000:])),
        (ArchiveKind.TAR_BZ2, bz2.compress(HONEST)),
        (ArchiveKind.TAR_XZ, lzma.compress(HONEST[:5000]) + lzma.compress(HONEST[5000:])),
    ],
)
def test_a_tar_becomes_what_it_says(tmp_path: Path, kind: ArchiveKind, data: bytes) -> None:
    box = unpack_into(tmp_path, data, kind)
    modes = {name: (box / name).stat().st_mode & 0o7777 for name in ("d", "d/run", "d/data")}
    assert modes == {"d": 0o755, "d/run": 0o755, "d/data": 0o600}
    assert (os.readlink(box / "d/up"), (box / "d/up").read_text()) == ("../top", "2")
    assert (box / "same").read_text() == (box / "again").read_text() == "data"
    assert (box / "d/data").stat().st_uid == os.geteuid()


def test_a_zip_becomes_what_it_says(tmp_path: Path) -> None:
    data = zipped(("d/", 0o40755, b""), ("d/x", 0o100755, b"x"), ("l", 0o120777, b"d/x"))
    box = unpack_into(tmp_path, data, ArchiveKind.ZIP)
    assert (box / "l").read_text() == "x"
    assert (box / "d/x").stat().st_mode & 0o777 == 0o755


def test_a_gz_becomes_a_file_without_its_ending(tmp_path: Path) -> None:
    box = unpack_into(tmp_path, gzip.compress(b"data"), ArchiveKind.GZ, "words.txt.gz")
    assert (box / "words.txt").read_bytes() == b"data"


@pytest.mark.parametrize("name", TARS)
def test_a_hostile_tar_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    make, fault = TARS[name]
    refuse(tmp_path, make(), ArchiveKind.TAR, fault)


@pytest.mark.parametrize("name", ZIPS)
def test_a_hostile_zip_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    make, fault = ZIPS[name]
    refuse(tmp_path, make(), ArchiveKind.ZIP, fault)


@pytest.mark.parametrize(
    ("kind", "data", "fault"),
    [
        (ArchiveKind.GZ, gzip.compress(bytes(10_000_000)), "more than 200000 bytes"),
        (ArchiveKind.TAR_GZ, gzip.compress(bytes(10_000_000)), "more than 200000 bytes"),
        (ArchiveKind.TAR_BZ2, bz2.compress(bytes(10_000_000)), "more than 200000 bytes"),
        (ArchiveKind.TAR_XZ, lzma.compress(bytes(10_000_000)), "more than 200000 bytes"),
        (ArchiveKind.TAR_XZ, lzma.compress(HONEST)[:-20], "cannot be unpacked"),
        (ArchiveKind.TAR_GZ, gzip.compress(HONEST)[:-20], "cannot be unpacked"),
        (ArchiveKind.GZ, b"not gzip", "cannot be unpacked as gz"),
        (
            ArchiveKind.TAR_XZ,
            lzma.compress(
                HONEST, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1024 * 1024 * 1024}]
            ),
            "cannot be unpacked",
        ),
    ],
)
def test_a_bomb_or_half_a_file_is_refused(
    tmp_path: Path, kind: ArchiveKind, data: bytes, fault: str
) -> None:
    refuse(tmp_path, data, kind, fault)


def test_nobody_waits_for_what_is_not_wanted_any_more(tmp_path: Path) -> None:
    stop = Stop()
    stop.ask()
    with pytest.raises(Stopped):
        unpack_into(tmp_path, HONEST, ArchiveKind.TAR, stop=stop)


def refuse(root: Path, data: bytes, kind: ArchiveKind, fault: str) -> None:
    with pytest.raises((FetchFailed, OSError), match=fault):
        unpack_into(root, data, kind, "a.gz")
    # Nothing is outside of the sandbox that was not there, and nothing in it is more than a file.
    assert set(os.listdir(root)) == {"box", "outside", "archive"}
    assert (root / "outside").stat().st_nlink == 1
    assert not Path("/tmp/evil").exists()
    for path in (root / "box").rglob("*"):
        facts = path.lstat()
        assert path.is_symlink() or path.is_dir() or path.is_file(), path
        assert facts.st_mode & 0o6000 == 0
        assert path.resolve().is_relative_to(root / "box")
