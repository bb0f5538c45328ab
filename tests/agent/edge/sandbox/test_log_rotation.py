import os
import subprocess
import threading
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from agent.edge.sandbox import log_rotation
from agent.edge.sandbox.log_rotation import LogRotation, dropped_bytes

BLOCK = 4096
MOST = 4 * BLOCK


class OneSandbox:
    def __init__(self, path: Path) -> None:
        self.path = path

    def written_paths(self) -> tuple[list[Path], list[Path]]:
        return [self.path], []


@pytest.fixture
def box(tmp_path: Path) -> Path:
    path = tmp_path / "box"
    path.mkdir()
    return path


def rotation(box: Path, files_max: int = 2) -> LogRotation:
    registry = CollectorRegistry()
    return LogRotation(OneSandbox(box), bytes_max=MOST, files_max=files_max, registry=registry)


def rotate(box: Path, files_max: int = 2) -> None:
    rotation(box, files_max).rotate_all([box])


@pytest.fixture(params=["collapse", "truncate"])
def can(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """What the file system can do."""
    if request.param == "truncate":
        monkeypatch.setattr(log_rotation, "_COLLAPSE_RANGE", 0x4000)
    else:
        (tmp_path / "probe").write_bytes(bytes(2 * BLOCK))
        if subprocess.run(["fallocate", "-c", "-l", "4096", tmp_path / "probe"]).returncode:
            pytest.skip("this file system cannot take off the front of a file")
    return str(request.param)


def test_what_is_small_enough_stays_as_it_is(box: Path) -> None:
    (box / "stdout").write_bytes(bytes(MOST))
    rotate(box)
    assert os.listdir(box) == ["stdout"]


def test_nothing_is_lost_or_doubled(box: Path, can: str) -> None:
    data = os.urandom(MOST + 5)
    (box / "stdout").write_bytes(data)
    rotate(box)
    before, now = (box / "stdout.1").read_bytes(), (box / "stdout").read_bytes()
    assert before + now == data
    assert len(now) <= BLOCK
    assert sorted(os.listdir(box)) == ["stdout", "stdout.1"]
    assert came_before(box / "stdout") == len(before)


def test_a_task_writes_on_where_the_file_now_ends(box: Path, can: str) -> None:
    writer = os.open(box / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(writer, b"a" * (MOST + BLOCK))
    rotate(box)
    os.write(writer, b"b")
    os.close(writer)
    whole = (box / "stderr.1").read_bytes() + (box / "stderr").read_bytes()
    assert whole[-2:] == b"ab"
    assert b"\0" not in whole


def came_before(path: Path) -> int:
    with open(path, "rb") as file:
        return dropped_bytes(file.fileno())


def test_of_a_flood_the_newest_is_kept(box: Path, can: str) -> None:
    data = os.urandom(10 * MOST)
    (box / "stdout").write_bytes(data)
    rotate(box)
    whole = (box / "stdout.1").read_bytes() + (box / "stdout").read_bytes()
    assert data.endswith(whole)
    assert MOST <= len(whole) <= MOST + BLOCK
    assert came_before(box / "stdout.1") == len(data) - len(whole)


def test_only_so_many_are_kept(box: Path) -> None:
    for letter in b"abc":
        with open(box / "stdout", "ab") as file:
            file.write(bytes([letter]) * (MOST + 2 * BLOCK))
        rotate(box)
    assert sorted(os.listdir(box)) == ["stdout", "stdout.1", "stdout.2"]
    assert (box / "stdout.1").read_bytes()[-1:] == b"c"
    assert (box / "stdout.2").read_bytes()[-1:] == b"b"
    for older, newer in (("stdout.2", "stdout.1"), ("stdout.1", "stdout")):
        end = came_before(box / older) + (box / older).stat().st_size
        assert end <= came_before(box / newer) <= end + 4 * BLOCK


def test_or_none_at_all(box: Path) -> None:
    (box / "stdout").write_bytes(bytes(9 * MOST))
    rotate(box, files_max=0)
    assert os.listdir(box) == ["stdout"]
    assert (box / "stdout").stat().st_size <= BLOCK


def test_while_a_task_writes_nothing_is_lost(box: Path) -> None:
    lines = [b"%08d" % number for number in range(20_000)]

    def write() -> None:
        file = os.open(box / "stdout", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for line in lines:
            os.write(file, line + b"\n")
            while os.fstat(file).st_size >= MOST + BLOCK - 9:
                pass  # More than that before the next look would be a flood.
        os.close(file)

    rotating = rotation(box, files_max=99)
    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        rotating.rotate_all([box])
    names = sorted(os.listdir(box), key=lambda name: -int(name.partition(".")[2] or 0))
    assert len(names) > 5
    assert b"".join((box / name).read_bytes() for name in names).split() == lines


@pytest.mark.parametrize("what", ["link", "hard link", "fifo", "directory"])
def test_what_a_task_has_put_there_instead_is_left_alone(
    box: Path, tmp_path: Path, what: str
) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(bytes(9 * MOST))
    match what:
        case "link":
            (box / "stdout").symlink_to(precious)
        case "hard link":
            os.link(precious, box / "stdout")
        case "fifo":
            os.mkfifo(box / "stdout")
        case _:
            (box / "stdout").mkdir()
    rotate(box)
    assert precious.stat().st_size == 9 * MOST
    assert os.listdir(box) == ["stdout"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_nor_is_a_file_of_another_user_cut(box: Path) -> None:
    (box / "stdout").write_bytes(bytes(9 * MOST))
    os.chown(box, 1, 1)
    rotate(box)
    assert (box / "stdout").stat().st_size == 9 * MOST


def test_a_link_in_the_way_of_the_copy_is_not_followed(box: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (box / "stdout").write_bytes(bytes(9 * MOST))
    for name in (".stdout.rotating", "stdout.1", "stdout.2"):
        (box / name).symlink_to(precious)
    rotate(box)
    assert precious.read_text() == "precious"
    assert not (box / "stdout.1").is_symlink()
