import os
import subprocess
from pathlib import Path

from agent.edge.sandbox.disk_use import bytes_used

KIB = 1024


def test_files_count_as_what_they_take(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").write_bytes(bytes(100 * KIB))
    used = bytes_used(tmp_path)
    os.link(tmp_path / "a/b/file", tmp_path / "again")
    os.truncate(os.open(tmp_path / "sparse", os.O_CREAT | os.O_WRONLY), 2**40)
    (tmp_path / "out").symlink_to("/usr")
    (tmp_path / "loop").symlink_to(".")
    assert 100 * KIB <= used <= 120 * KIB
    assert bytes_used(tmp_path) == used


def test_deep_directories_are_survived(tmp_path: Path) -> None:
    make_deep(tmp_path, 3000)
    assert bytes_used(tmp_path) > 0
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)


def make_deep(root: Path, depth: int) -> None:
    here = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
