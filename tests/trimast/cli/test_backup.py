"""backup: a whole file under its name, or none; and why."""

import hashlib
from pathlib import Path

from protos.trimast.v1 import cluster_pb2
from tests.trimast.cli.command import trimast
from tests.trimast.framework.fake_master import FakeMaster, run

HEAD = cluster_pb2.BackupHead(
    cluster_id="prod", master_id="m1", leading=True, index=9, agents=2, frameworks=1, tasks=3
)
DATA = [b"some", b"more"]


def replies(data: list[bytes], *, end: bool = True) -> list[cluster_pb2.BackupReply]:
    whole = b"".join(DATA)
    last = cluster_pb2.BackupEnd(size_bytes=len(whole), sha256=hashlib.sha256(whole).digest())
    return [
        cluster_pb2.BackupReply(head=HEAD),
        *(cluster_pb2.BackupReply(data=each) for each in data),
        *([cluster_pb2.BackupReply(end=last)] if end else []),
    ]


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_the_file_is_what_the_leader_sent(tmp_path: Path) -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            master.cluster.backup = replies(DATA)
            out = tmp_path / "b"
            done = await trimast("backup", "--out", str(out), "--master", master.address)
        assert done.code == 0, done.err
        assert "prod after entry 9 (current), by m1: 2 agents, 1 frameworks, 3 tasks" in done.err
        assert out.read_bytes() == b"somemore"
        assert out.stat().st_mode & 0o777 == 0o600

    run(story())
    assert names_in(tmp_path) == ["b"]


def test_what_arrives_damaged_or_in_part_is_thrown_away(tmp_path: Path) -> None:
    async def story() -> None:
        out = tmp_path / "b"
        async with FakeMaster() as master:
            for wrong, why in (
                (replies([b"some", b"m0re"]), "arrived damaged"),
                (replies([b"some"]), "arrived damaged"),
                (replies(DATA, end=False), "stopped in the middle"),
                ([cluster_pb2.BackupReply()], "a newer one"),
            ):
                master.cluster.backup = wrong
                done = await trimast("backup", "--out", str(out), "--master", master.address)
                assert done.code == 1
                assert why in done.err
                assert names_in(tmp_path) == []

    run(story())


def test_a_file_is_replaced_only_when_told_to(tmp_path: Path) -> None:
    async def story() -> None:
        out = tmp_path / "b"
        out.write_text("precious")
        async with FakeMaster() as master:
            master.cluster.backup = replies(DATA)
            refused = await trimast("backup", "--out", str(out), "--master", master.address)
            assert (refused.code, out.read_text()) == (2, "precious")
            flags = ("--force", "--any", "--master", master.address)
            assert (await trimast("backup", "--out", str(out), *flags)).code == 0
        assert out.read_bytes() == b"somemore"

    run(story())


def test_wrong_use_and_nobody_there_have_their_exit_codes(tmp_path: Path) -> None:
    async def story() -> None:
        assert (await trimast("backup")).code == 2
        nowhere = ("--master", "127.0.0.1:1", "--timeout", "0.2")
        out = ("--out", str(tmp_path / "b"))
        assert (await trimast("backup", *out, *nowhere)).code == 3
        assert (await trimast("backup", *out, "--any", *nowhere)).code == 3
        both = await trimast("backup", *out, "--check", str(tmp_path))
        assert both.code == 2

    run(story())


def test_the_other_commands_are_passed_on(tmp_path: Path) -> None:
    async def story() -> None:
        for command in ("inspect", "restore", "recover"):
            assert (await trimast(command, "--help")).out.startswith(f"Usage: trimast {command}")
        missing = await trimast("backup", "--check", str(tmp_path / "none"))
        assert missing.code == 1
        assert "No such file" in missing.err
        absent = str(tmp_path / "none")
        offline = await trimast("backup", "--data-dir", absent, "--out", absent)
        assert offline.code == 1
        assert "is not there" in offline.err

    run(story())
