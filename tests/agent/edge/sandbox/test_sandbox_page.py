"""Only what tasks wrote, only of tasks that are known, only a piece at a time."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from agent.edge.sandbox.sandbox_page import READ_BYTES_MAX, SIZE_HEADER, add_sandbox_page
from agent.edge.sandbox.sandboxes import Sandboxes
from tests.agent.edge.pages import showing
from tests.agent.one_agent import AGENT, KEY


@pytest.fixture
def boxes(tmp_path: Path) -> Sandboxes:
    boxes = Sandboxes(tmp_path / "slaves", kept_max=9, age_max_ms=10**9)
    path = boxes.create(AGENT, KEY, 7)
    (path / "stdout").write_bytes(b"0123456789")
    (path / "secret").write_bytes(b"secret")
    (tmp_path / "slaves" / "secret").write_bytes(b"secret")
    return boxes


def get(boxes: Sandboxes, path: str) -> tuple[int, bytes, str | None]:
    async def main() -> tuple[int, bytes, str | None]:
        async with showing(lambda app: add_sandbox_page(app, boxes)) as get, get(path) as answer:
            return answer.status, await answer.read(), answer.headers.get(SIZE_HEADER)

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("query", "data"),
    [
        ("", b"0123456789"),
        ("?offset=3", b"3456789"),
        ("?offset=3&length=2", b"34"),
        ("?offset=8&length=100", b"89"),
        ("?offset=10", b""),
        ("?offset=9223372036853727231", b""),
        ("?length=0", b""),
    ],
)
def test_a_piece_is_what_was_asked_for(boxes: Sandboxes, query: str, data: bytes) -> None:
    assert get(boxes, f"/sandbox/f/t/stdout{query}") == (200, data, "10")


def test_older_files_are_shown_as_well(boxes: Sandboxes) -> None:
    box = boxes.find(KEY)
    assert box is not None
    (box / "stdout.1").write_bytes(b"older")
    assert get(boxes, "/sandbox/f/t/stdout.1?offset=1") == (200, b"lder", "5")
    assert get(boxes, "/sandbox/f/t/stdout.2")[0] == 404


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("offset=-1", "offset"),
        ("offset=9223372036854775808", "offset"),
        ("offset=99999999999999999999999", "offset"),
        ("offset=x", "offset"),
        ("offset=", "offset"),
        ("offset=1.5", "offset"),
        ("offset=%D9%A3", "offset"),
        ("length=-1", "length"),
        (f"length={READ_BYTES_MAX + 1}", "length"),
        ("length=1e3", "length"),
    ],
)
def test_a_query_that_cannot_be_right_is_refused_by_name(
    boxes: Sandboxes, query: str, name: str
) -> None:
    status, body, _ = get(boxes, f"/sandbox/f/t/stdout?{query}")
    assert status == 400
    assert f"{name} must be a whole number".encode() in body


@pytest.mark.parametrize(
    "path",
    [
        "/sandbox/f/t/secret",
        "/sandbox/f/t/stdout/",
        "/sandbox/f/t/../secret",
        "/sandbox/f/t/..%2fsecret",
        "/sandbox/f/..%2f..%2fsecret/stdout",
        "/sandbox/f/t/stderr",
        "/sandbox/f/u/stdout",
        "/sandbox/g/t/stdout",
        "/sandbox/%2e%2e/t/stdout",
        "/sandbox/f/t%00/stdout",
        "/sandbox//t/stdout",
        "/sandbox/f/t/stdout%00",
    ],
)
def test_nothing_else_is_shown(boxes: Sandboxes, path: str) -> None:
    status, body, _ = get(boxes, path)
    assert status == 404
    assert b"secret" not in body.replace(b"f/t/secret", b"")


@pytest.mark.parametrize("what", ["link", "fifo", "directory"])
def test_a_task_cannot_have_something_else_shown(boxes: Sandboxes, what: str) -> None:
    box = boxes.find(KEY)
    assert box is not None
    (box / "stdout").unlink()
    if what == "link":
        (box / "stdout").symlink_to("/etc/passwd")
    elif what == "fifo":
        os.mkfifo(box / "stdout")
    else:
        (box / "stdout").mkdir()
    status, body, _ = get(boxes, "/sandbox/f/t/stdout")
    assert (status, b"root" in body) == (404, False)


def test_nor_can_it_have_a_device_read(boxes: Sandboxes) -> None:
    box = boxes.find(KEY)
    assert box is not None
    (box / "stdout").unlink()
    try:
        os.mknod(box / "stdout", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root can make a device")
    status, body, _ = get(boxes, "/sandbox/f/t/stdout")
    assert (status, b"\0" in body) == (404, False)


def test_a_huge_sparse_file_is_read_a_piece_at_a_time(boxes: Sandboxes) -> None:
    box = boxes.find(KEY)
    assert box is not None
    os.truncate(box / "stdout", 2**40)
    status, body, size = get(boxes, "/sandbox/f/t/stdout?offset=1000000000000")
    assert (status, len(body), size) == (200, READ_BYTES_MAX, str(2**40))
