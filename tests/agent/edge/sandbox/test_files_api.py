"""As Mesos answers, and nothing of what a task does in its sandbox leads out of it."""

import asyncio
import json
import os
import stat
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from agent.edge.sandbox.files_api import FilesApi
from agent.edge.sandbox.files_places import FilePlaces
from agent.edge.sandbox.sandboxes import Sandboxes
from tests.agent.edge.pages import showing
from tests.agent.one_agent import AGENT, KEY

BOX = "/frameworks/f/executors/t/latest"


@pytest.fixture
def box(tmp_path: Path) -> Path:
    boxes = Sandboxes(tmp_path / "slaves", kept_max=9, age_max_ms=10**9)
    path = boxes.create(AGENT, KEY, 7)
    (path / "stdout").write_bytes(b"0123456789")
    (path / "sub").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    return path


class Answer:
    def __init__(self, status: int, body: bytes, headers: Any) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    @property
    def document(self) -> Any:
        return json.loads(self.body)


def get(box: Path, what: str, **query: str | int) -> Answer:
    work_dir = box.parents[7]
    boxes = Sandboxes(work_dir / "slaves", kept_max=9, age_max_ms=10**9)
    boxes._latest[KEY] = box
    api = FilesApi(FilePlaces(boxes, work_dir), threading.Lock())
    text = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())

    async def main() -> Answer:
        async with showing(api.add_to) as get, get(f"{what}?{text}") as answer:
            return Answer(answer.status, await answer.read(), answer.headers)

    return asyncio.run(main())


@pytest.mark.parametrize("what", ["/files/browse", "/files/browse.json", "/slave(1)/files/browse"])
def test_a_directory_is_listed(box: Path, what: str) -> None:
    (box / "link").symlink_to("/etc")
    answer = get(box, what, path=BOX)
    entries = {entry["path"]: entry for entry in answer.document}
    assert list(entries) == [f"{BOX}/link", f"{BOX}/stdout", f"{BOX}/sub"]
    stdout = entries[f"{BOX}/stdout"]
    assert set(stdout) == {"path", "nlink", "size", "mtime", "mode", "uid", "gid"}
    assert (stdout["size"], stdout["nlink"], stdout["mode"]) == (10, 1, "-rw-r--r--")
    assert stdout["uid"] == (box / "stdout").owner()
    assert entries[f"{BOX}/link"]["mode"] == "lrwxrwxrwx"


@pytest.mark.parametrize(
    ("query", "offset", "data"),
    [
        ({}, 10, ""),
        ({"offset": -1}, 10, ""),
        ({"offset": 0}, 0, "0123456789"),
        ({"offset": 3, "length": 2}, 3, "34"),
        ({"offset": 3, "length": -1}, 3, "3456789"),
        ({"offset": 10}, 10, ""),
        ({"offset": 99, "length": 5}, 10, ""),
        ({"offset": 8, "length": 10**17}, 8, "89"),
    ],
)
def test_a_piece_is_read(box: Path, query: dict[str, int], offset: int, data: str) -> None:
    answer = get(box, "/files/read", path=f"{BOX}/stdout", **query)
    assert answer.document == {"offset": offset, "data": data}


def test_a_piece_is_never_larger_than_64_kib(box: Path) -> None:
    os.truncate(box / "stdout", 2**40)
    answer = get(box, "/files/read", path=f"{BOX}/stdout", offset=5, length=10**9)
    assert len(answer.document["data"]) == 65_536


def test_what_is_no_text_is_read_all_the_same(box: Path) -> None:
    (box / "stdout").write_bytes(b"a\xff\0b")
    answer = get(box, "/files/read", path=f"{BOX}/stdout", offset=0)
    assert answer.document["data"] == "a�\0b"


def test_a_page_may_ask_for_a_call(box: Path) -> None:
    answer = get(box, "/files/read", path=f"{BOX}/stdout", jsonp="angular.callbacks._0")
    assert answer.body == b'angular.callbacks._0({"offset": 10, "data": ""});'
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert get(box, "/files/read", path=f"{BOX}/stdout", jsonp="alert(1);x").status == 400


def test_a_file_is_downloaded_whole(box: Path) -> None:
    data = os.urandom(700_000)
    (box / "sub/ä\n").write_bytes(data)
    answer = get(box, "/files/download", path=f"{BOX}/sub/ä\n")
    assert answer.body == data
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%A4%0A"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("what", "query", "status"),
    [
        ("/files/browse", {}, 400),
        ("/files/read", {"path": ""}, 400),
        ("/files/read", {"path": f"{BOX}/stdout", "offset": "x"}, 400),
        ("/files/read", {"path": f"{BOX}/stdout", "offset": -2}, 400),
        ("/files/read", {"path": f"{BOX}/stdout", "offset": 2**63}, 400),
        ("/files/read", {"path": f"{BOX}/stdout", "offset": 0, "length": "NaN"}, 400),
        ("/files/read", {"path": BOX}, 400),
        ("/files/download", {"path": f"{BOX}/sub"}, 400),
        ("/files/browse", {"path": f"{BOX}/stdout"}, 404),
        ("/files/read", {"path": f"{BOX}/missing"}, 404),
        ("/files/read", {"path": f"{BOX}/{'x' * 300}"}, 404),
        ("/files/read", {"path": "/etc/passwd"}, 404),
        ("/files/read", {"path": f"{BOX}/../7/stdout"}, 403),
        ("/files/read", {"path": f"{BOX}/..%2f..%2fsecret"}, 404),
        ("/files/read", {"path": f"{BOX}/..\\secret"}, 404),
    ],
)
def test_what_cannot_be_shown_is_refused(
    box: Path, what: str, query: dict[str, str | int], status: int
) -> None:
    answer = get(box, what, **query)
    assert answer.status == status
    assert answer.document["error"]


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda path: path.symlink_to("/etc/passwd"), 403),
        (lambda path: path.symlink_to("stdout"), 403),
        (lambda path: path.symlink_to("../../../../../../../../secret"), 403),
        (lambda path: os.mkfifo(path), 400),
        (lambda path: os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5)), 400),
    ],
)
@pytest.mark.parametrize("what", ["/files/read", "/files/download"])
def test_what_a_task_puts_there_leads_nowhere(box: Path, make: Any, status: int, what: str) -> None:
    try:
        make(box / "trap")
    except PermissionError:
        pytest.skip("only root can make a device")
    answer = get(box, what, path=f"{BOX}/trap", offset=0)
    assert answer.status == status


def test_nor_does_a_directory_that_is_a_link(box: Path) -> None:
    (box / "out").symlink_to("/etc")
    assert get(box, "/files/browse", path=f"{BOX}/out").status in {403, 404}
    assert get(box, "/files/read", path=f"{BOX}/out/passwd").status in {403, 404}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_another_name_of_anothers_file_is_not_read(box: Path) -> None:
    os.link(box.parents[7] / "secret", box / "hard")
    assert get(box, "/files/read", path=f"{BOX}/hard", offset=0).status == 200
    os.chown(box, 1, 1)
    assert get(box, "/files/read", path=f"{BOX}/hard", offset=0).status == 403
