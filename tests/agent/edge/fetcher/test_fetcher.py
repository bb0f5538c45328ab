import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agent.edge.fetcher.rules import FetchFailed
from tests.agent.edge.fetcher.hostile import a_file, tar
from tests.agent.edge.fetcher.rig import Rig, fetching
from trimast.model.uri import Uri


def tell(root: Path, story: Callable[[Rig], Awaitable[None]], **rules: Any) -> None:
    async def main() -> None:
        async with asyncio.timeout(30), fetching(root, **rules) as rig:
            await story(rig)

    asyncio.run(main())


async def why(rig: Rig, *uris: Uri) -> str:
    with pytest.raises(FetchFailed) as failed:
        await rig.fetch(*uris)
    return str(failed.value)


def test_what_is_named_is_there_as_it_was_asked_for(tmp_path: Path) -> None:
    data = os.urandom(2_500_000)
    (tmp_path / "local").write_bytes(b"local")

    async def story(rig: Rig) -> None:
        server = rig.server
        server.pages = {"/a?b=c": data, "/run": b"#!", "/x.tar": tar(a_file("in/it", b"it"))}
        server.moved = {"/old": "/new", "/new": f"http://{server.address}/a?b=c"}
        digest = hashlib.sha256(data).hexdigest()
        await rig.fetch(
            server.uri(f"/old#sha256={digest}"),
            server.uri("/run", executable=True, output_file="bin/run"),
            server.uri("/x.tar"),
            server.uri("/x.tar", extract=False, output_file="whole"),
            Uri(f"file://{tmp_path}/local"),
        )
        assert (rig.box / "old").read_bytes() == data
        assert (rig.box / "bin/run").stat().st_mode & 0o777 == 0o755
        assert (rig.box / "in/it").read_bytes() == b"it"
        assert (rig.box / "whole").read_bytes() == (rig.box / "x.tar").read_bytes()
        assert (rig.box / "local").stat().st_mode & 0o777 == 0o644
        assert rig.count("fetches_total", result="fetched") == 1
        assert rig.count("fetches_under_way") == 0

    tell(tmp_path, story, file_roots=(tmp_path,))


def test_why_something_cannot_be_fetched_is_said(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "root").mkdir()
    (tmp_path / "root/link").symlink_to(tmp_path / "secret")
    (tmp_path / "root-2").mkdir()
    (tmp_path / "root-2/x").write_text("x")
    os.mkfifo(tmp_path / "root/fifo")

    async def story(rig: Rig) -> None:
        server = rig.server
        server.pages = {"/big": bytes(3_000_001), "/chunked": bytes(3_000_001), "/x": b"x"}
        server.pages["/bad.tar"] = b"no tar"
        server.moved = {
            "/meta": "http://169.254.169.254/latest",
            "/file": "file:///etc/passwd",
            "/loop": "/loop",
        }
        for uri, reason in (
            (server.uri("/missing"), "answered 404 Not Found"),
            (server.uri("/big"), "larger than 3000000 bytes"),
            (server.uri("/chunked"), "larger than 3000000 bytes"),
            (server.uri("/meta"), "169.254.169.254 is a link-local address"),
            (server.uri("/file"), "redirected to 'file:///etc/passwd', which is not http"),
            (server.uri("/loop"), "redirected more than 10 times"),
            (server.uri(f"/x#sha256={'0' * 64}"), f"and not {'0' * 64}"),
            (server.uri("/bad.tar"), "cannot be unpacked as tar"),
            (Uri("http://127.0.0.1:1/x"), "Cannot connect to host"),
            (Uri("http://no-such-host.invalid/x"), "no-such-host.invalid"),
            (Uri("http://[fe80::1]/x"), "link-local"),
            (Uri(f"{tmp_path}/secret"), f"--fetcher-file-roots names: {tmp_path}/root"),
            (Uri(f"{tmp_path}/root/../secret"), "no link is followed"),
            (Uri(f"file://{tmp_path}/root/%2e%2e/secret"), "no link is followed"),
            (Uri(f"{tmp_path}/root/link"), "no link is followed"),
            (Uri(f"{tmp_path}/root/fifo"), "not a regular file"),
            (Uri(f"{tmp_path}/root-2/x"), "--fetcher-file-roots"),
            (Uri(f"{tmp_path}/root", output_file="x"), "not a regular file"),
        ):
            text = await why(rig, uri)
            assert reason in text
            assert text.startswith("cannot fetch '")
        assert rig.count("fetches_total", result="failed") == 18

    tell(tmp_path, story, file_roots=(tmp_path / "root",))


def test_by_default_neither_files_nor_the_own_machine_are_for_tasks(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        assert "--fetcher-file-roots names: none" in await why(rig, Uri("/etc/shadow"))
        text = await why(rig, Uri("http://[::1]:5050/x"), rig.server.uri("/x"))
        assert "--fetcher-allow-loopback" in text
        assert "--fetcher-allow-loopback" in await why(rig, rig.server.uri("/x"))
        assert rig.server.asked == []

    tell(tmp_path, story, allow_loopback=False)


def test_a_server_that_stalls_is_given_up(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        assert "sent nothing for 50 ms" in await why(rig, rig.server.uri("/slow"))

    tell(tmp_path, story, stall_ms=50)


def test_all_of_it_has_to_come_in_time(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        assert "longer than 50 ms" in await why(rig, rig.server.uri("/slow"))

    tell(tmp_path, story, timeout_ms=50)


def test_what_is_cut_short_is_not_taken_for_whole(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        assert "payload is not completed" in await why(rig, Uri(f"http://127.0.0.1:{port}/x"))
        server.close()

    tell(tmp_path, story)


def test_cancelled_it_ends_at_once(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        fetch = asyncio.create_task(rig.fetch(rig.server.uri("/slow")))
        await rig.server.is_waiting.wait()
        fetch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetch
        assert rig.count("fetches_total", result="given_up") == 1

    tell(tmp_path, story)


def test_only_so_many_are_fetched_for_at_once(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.server.pages = {"/x": b"x"}
        slow = asyncio.create_task(rig.fetch(rig.server.uri("/slow")))
        await rig.server.is_waiting.wait()
        after = asyncio.create_task(rig.fetch(rig.server.uri("/x")))
        await asyncio.sleep(0)
        assert rig.count("fetches_under_way") == 2
        assert rig.server.asked == ["/slow"]
        rig.server.gate.set()
        await asyncio.gather(slow, after)
        assert rig.server.asked == ["/slow", "/x"]

    tell(tmp_path, story, parallel_max=1)


def test_a_task_has_a_copy_of_what_is_cached(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.server.pages = {"/x": b"x", "/a.tar": tar(a_file("in", b"in"))}
        for name in ("one", "two"):
            await rig.fetch(rig.server.uri("/x", cache=True, output_file=name))
            (rig.box / name).write_text("changed")
        await rig.fetch(rig.server.uri("/x", cache=True), rig.server.uri("/a.tar", cache=True))
        assert (rig.box / "x").read_text() == "x"
        assert (rig.box / "in").read_text() == "in"
        assert not (rig.box / "a.tar").exists()
        assert rig.server.asked == ["/x", "/a.tar"]

    tell(tmp_path, story)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_it_is_all_the_tasks_own(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.server.pages = {"/x": b"x", "/a.tar": tar(a_file("d/in", b"in"))}
        uris = (rig.server.uri("/x", output_file="s/x"), rig.server.uri("/a.tar"))
        await rig.fetcher.fetch(uris, rig.box, (1, 2))
        owners = {(p.stat().st_uid, p.stat().st_gid) for p in rig.box.rglob("*")}
        assert owners == {(1, 2)}

    tell(tmp_path, story)
