"""Both ways of opening pass the same tests: the kernel's own and ours."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.edge.sandbox.beneath import open_beneath, open_step_by_step, parts_of

READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
Open = Callable[[str, int], int]


@pytest.fixture(params=["openat2", "steps"])
def open_it(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    box = tmp_path / "box"
    (box / "a/b").mkdir(parents=True)
    (box / "a/b/file").write_text("inside")
    (tmp_path / "box-secret").write_text("secret")
    (box / "out").symlink_to("/etc")
    (box / "up").symlink_to("..")
    (box / "a/own").symlink_to("b")
    (box / "last").symlink_to("a/b/file")
    os.mkfifo(box / "fifo")
    root = os.open(box, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def by_steps(path: str, flags: int) -> int:
        return open_step_by_step(root, parts_of(path), flags, 0o644)

    def by_kernel(path: str, flags: int) -> int:
        return open_beneath(root, path, flags, 0o644)

    yield by_kernel if request.param == "openat2" else by_steps
    os.close(root)


@pytest.mark.parametrize("path", ["a/b/file", "/a/b/file", "./a//b/./file"])
def test_what_is_inside_is_opened(open_it: Open, path: str) -> None:
    file = open_it(path, READ)
    assert os.read(file, 99) == b"inside"
    os.close(file)


@pytest.mark.parametrize("path", ["", ".", "/"])
def test_the_directory_itself_is_inside(open_it: Open, path: str) -> None:
    file = open_it(path, READ | os.O_DIRECTORY)
    assert set(os.listdir(file)) == {"a", "out", "up", "last", "fifo"}
    os.close(file)


@pytest.mark.parametrize(
    ("path", "numbers"),
    [
        ("../box-secret", {errno.EACCES}),
        ("a/../../box-secret", {errno.EACCES}),
        ("..", {errno.EACCES}),
        ("-secret", {errno.ENOENT}),
        ("a\0b", {errno.ENOENT}),
        ("last", {errno.ELOOP}),
        ("out/passwd", {errno.ELOOP, errno.ENOTDIR}),
        ("up/box-secret", {errno.ELOOP, errno.ENOTDIR}),
        ("a/own/file", {errno.ELOOP, errno.ENOTDIR}),
        ("a/b/file/x", {errno.ENOTDIR}),
        ("x" * 300, {errno.ENAMETOOLONG}),
    ],
)
def test_nothing_leads_out_or_through_a_link(open_it: Open, path: str, numbers: set[int]) -> None:
    with pytest.raises(OSError, match=r"\[Errno") as refused:
        open_it(path, READ)
    assert refused.value.errno in numbers


def test_a_fifo_keeps_nobody_waiting(open_it: Open) -> None:
    os.close(open_it("fifo", READ))


def test_a_file_can_be_made(open_it: Open) -> None:
    file = open_it("a/new", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    assert os.fstat(file).st_mode & 0o777 == 0o644
    os.close(file)
