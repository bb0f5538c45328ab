import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.edge.fetcher.rules import FetchFailed
from agent.edge.fetcher.sandbox_tree import SandboxTree


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[SandboxTree]:
    tree = SandboxTree(tmp_path, None)
    yield tree
    tree.close()


def test_directories_on_the_way_are_made(tree: SandboxTree, tmp_path: Path) -> None:
    os.close(tree.file("a/b/c", 0o777))
    assert (tmp_path / "a/b/c").stat().st_mode & 0o777 == 0o755


def test_a_file_takes_the_place_of_a_file_or_link_but_not_of_a_directory(
    tree: SandboxTree, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "directory").mkdir()
    os.close(tree.file("link"))
    assert (tmp_path / "link").read_bytes() == b""
    assert Path("/etc/passwd").stat().st_size > 0
    with pytest.raises(FetchFailed, match="a directory already"):
        tree.file("directory")


@pytest.mark.parametrize(
    ("target", "leads_out"),
    [
        ("x", False),
        ("../x", False),
        ("../../x", True),
        ("x/../y", True),
        ("/x", True),
        ("", True),
        ("..", False),
    ],
)
def test_a_link_stays_inside(
    tree: SandboxTree, tmp_path: Path, target: str, leads_out: bool
) -> None:
    if leads_out:
        with pytest.raises(FetchFailed, match="leads out of the sandbox"):
            tree.symlink("d/link", target)
    else:
        tree.symlink("d/link", target)
        assert os.readlink(tmp_path / "d/link") == target
