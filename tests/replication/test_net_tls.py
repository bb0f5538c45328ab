"""The Raft link with TLS over real sockets: who gets in, and what both sides say of others."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs

from protos.trimast.v1 import raft_link_pb2 as pb
from replication.config import TlsFiles
from replication.engine import wire
from replication.engine.link_tls import LinkTls
from replication.engine.messages import Envelope, Stale
from replication.engine.net import Net
from replication.replicated_log import Committed
from tests.replication import certificates
from tests.replication.certificates import (
    BLUE,
    OTHER_BLUE,
    UncheckedTls,
    early,
    expired,
    files,
    good_tls,
    issued,
    master,
)
from tests.replication.real_cluster import commit, free_ports, real_cluster, until
from tests.replication.test_net import Client, User, config
from trimast.edge.tls.authority import Issued
from trimast.edge.tls.identity import Role, TlsIdentity

GOOD = wire.encode(Envelope(1, 0, Stale()))


@asynccontextmanager
async def link(name: str, ports: dict[str, int], tls: LinkTls | None) -> AsyncIterator[User]:
    user = User()
    net = Net(config(name, ports), user, random=Random(), observer=user, tls=tls)
    net.start()
    try:
        yield user
    finally:
        await net.close()


def words_of(logs: list[Any], side: str) -> str:
    """What one side has logged: the dialling one knows its peer, the accepting one an address."""
    refusals = [each for each in logs if each["log_level"] in ("warning", "error")]
    is_dialling = side == "dialling"
    return "\n".join(
        f"{each.get('cause', '')} {each.get('detail', '')}"
        for each in refusals
        if (each.get("peer") is not None) == is_dialling
    )


ALERT = "tls_refused_by_peer"


@pytest.mark.parametrize(
    ("shown", "accepting", "accepting_words", "dialling", "dialling_words"),
    [
        pytest.param(
            expired(master("a")), "tls_certificate_expired", "has expired",
            ALERT, "CERTIFICATE_EXPIRED", id="expired",
        ),
        pytest.param(
            early(master("a")), "tls_certificate_not_yet_valid", "not yet valid",
            ALERT, "BAD_CERTIFICATE", id="early",
        ),
        pytest.param(
            OTHER_BLUE.issue(master("a"), now=certificates.NOW, days=5),
            "tls_unknown_authority", "issuer", ALERT, "UNKNOWN_CA", id="other authority",
        ),
        pytest.param(
            Issued(OTHER_BLUE.certificate_pem, OTHER_BLUE.key_pem),
            "tls_unknown_authority", "self-signed", ALERT, "UNKNOWN_CA", id="self-signed",
        ),
        pytest.param(
            None, "tls_certificate_missing", "no certificate", ALERT, "CERTIFICATE_REQUIRED",
            id="none",
        ),
        pytest.param(
            issued(TlsIdentity("blue", Role.AGENT, "a")), "tls_wrong_identity",
            "only masters speak Raft", None, "only masters speak Raft", id="agent",
        ),
        pytest.param(
            issued(TlsIdentity("blue", Role.CLIENT, "a")), "tls_wrong_identity",
            "only masters speak Raft", None, "only masters speak Raft", id="client",
        ),
        pytest.param(
            issued(master("a", "red")), "tls_wrong_identity", "here is cluster 'blue'",
            None, "here is cluster 'blue'", id="other cluster",
        ),
        pytest.param(
            issued(master("c")), "tls_wrong_identity", "master/c, it says 'a'",
            None, "master/c, it says 'a'", id="other member",
        ),
        pytest.param(
            Issued(BLUE.certificate_pem, BLUE.key_pem), "tls_certificate_refused",
            "purpose", ALERT, "UNSUPPORTED_CERTIFICATE", id="the authority itself",
        ),
    ],
)  # fmt: skip
def test_who_may_not_dial_is_refused_by_name_on_both_sides(
    tmp_path: Path,
    shown: Issued | None,
    accepting: str,
    accepting_words: str,
    dialling: str | None,
    dialling_words: str,
) -> None:
    if shown is None:
        bad = files(tmp_path / "bad", issued(master("a")))
        bad.certificate.unlink()
    else:
        bad = files(tmp_path / "bad", shown)

    async def main() -> None:
        ports = dict(zip("abc", free_ports(3), strict=True))
        async with link("b", ports, good_tls(tmp_path, "b")) as user:
            with capture_logs() as logs:
                async with link("a", ports, UncheckedTls(bad, "a")) as other:
                    await until(lambda: user.rejected.count(accepting) >= 2)
                    if dialling is not None:
                        await until(lambda: dialling in other.rejected)
                    await until(lambda: dialling_words in words_of(logs, "dialling"))
                assert other.events == []
            assert accepting_words in words_of(logs, "accepting")
            assert user.events == []
            assert set(user.rejected) == {accepting}
            # And who may, still can.
            async with link("a", ports, good_tls(tmp_path, "a")) as other:
                await until(lambda: user.events[-1:] == [("opened", "a")])
                await until(lambda: other.events[-1:] == [("opened", "b")])

    asyncio.run(main())


@pytest.mark.parametrize(
    ("shown", "dialling", "words"),
    [
        pytest.param(expired(master("b")), "tls_certificate_expired", "expired", id="expired"),
        pytest.param(
            OTHER_BLUE.issue(master("b"), now=certificates.NOW, days=5),
            "tls_unknown_authority", "issuer", id="other authority",
        ),
        pytest.param(
            Issued(OTHER_BLUE.certificate_pem, OTHER_BLUE.key_pem),
            "tls_unknown_authority", "self-signed", id="self-signed",
        ),
        pytest.param(
            issued(master("c")), "tls_wrong_identity", "master/c, looked for was 'b'",
            id="other member",
        ),
        pytest.param(
            issued(master("b", "red")), "tls_wrong_identity", "here is cluster 'blue'",
            id="other cluster",
        ),
        pytest.param(
            issued(TlsIdentity("blue", Role.AGENT, "b")), "tls_wrong_identity",
            "only masters", id="agent",
        ),
    ],
)  # fmt: skip
def test_who_answers_must_be_who_was_dialled(
    tmp_path: Path, shown: Issued, dialling: str, words: str
) -> None:
    async def main() -> None:
        ports = dict(zip("ab", free_ports(2), strict=True))
        bad = UncheckedTls(files(tmp_path / "bad", shown), "b")
        with capture_logs() as logs:
            async with (
                link("b", ports, bad) as user,
                link("a", ports, good_tls(tmp_path, "a")) as other,
            ):
                await until(lambda: other.rejected.count(dialling) >= 2)
                await until(lambda: len(user.rejected) >= 1)
                assert user.rejected[0] in {ALERT, "refused_by_peer"}
                assert user.events == other.events == []
        assert words in words_of(logs, "dialling")
        told = words_of(logs, "accepting")
        assert ALERT in told or words in told.replace('"', "'").replace("\\'", "'")

    asyncio.run(main())


def test_plaintext_to_a_tls_port_is_named_on_both_sides(tmp_path: Path) -> None:
    async def main() -> None:
        ports = dict(zip("ab", free_ports(2), strict=True))
        with capture_logs() as logs:
            async with (
                link("b", ports, good_tls(tmp_path, "b")) as user,
                link("a", ports, None) as other,
            ):
                await until(lambda: user.rejected.count("tls_plaintext") >= 2)
                await until(lambda: "tls_unexpected" in other.rejected)
                assert user.events == other.events == []
        assert "TLS is spoken here" in words_of(logs, "accepting")
        assert "tls_unexpected" in words_of(logs, "dialling")

    asyncio.run(main())


def test_tls_to_a_plaintext_port_is_named_on_both_sides(tmp_path: Path) -> None:
    async def main() -> None:
        ports = dict(zip("ab", free_ports(2), strict=True))
        with capture_logs() as logs:
            async with (
                link("b", ports, None) as user,
                link("a", ports, good_tls(tmp_path, "a")) as other,
            ):
                await until(lambda: user.rejected.count("tls_unexpected") >= 2)
                await until(lambda: "cut_short" in other.rejected)
                assert user.events == other.events == []
        assert "plaintext is spoken here" in words_of(logs, "accepting")
        assert "before TLS came about" in words_of(logs, "dialling")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "handshake_timeout"),
        (b"\x16\x03\x01", "handshake_timeout"),
        (b"\x16\x03\x01\x40\x01" + bytes(20_000), "tls_broken"),
        (b"GET / HTTP/1.1\r\n\r\n", "tls_plaintext"),
        (b"\x16" + bytes(range(255)), "tls_broken"),
    ],
)
def test_nonsense_instead_of_a_handshake_ends_that_connection_only(
    tmp_path: Path, data: bytes, cause: str
) -> None:
    async def main() -> None:
        ports = dict(zip("ab", free_ports(2), strict=True))
        user = User()
        configured = config("b", ports, handshake_timeout_ms=200)
        tls = good_tls(tmp_path, "b")
        net = Net(configured, user, random=Random(1), observer=user, tls=tls)
        net.start()
        async with link("a", ports, good_tls(tmp_path, "a")):
            await until(lambda: user.events == [("opened", "a")])
            stranger = Client(*await asyncio.open_connection("127.0.0.1", ports["b"]))
            stranger.send_raw(data)
            await until(lambda: user.rejected == [cause])
            stranger.close()
            assert user.events == [("opened", "a")]
        await net.close()

    asyncio.run(main())


async def dial_with(folder: Path, shown: Issued, port: int) -> Client:
    tls_files = files(folder, shown)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cafile=tls_files.ca)
    context.load_cert_chain(tls_files.certificate, tls_files.key)
    return Client(*await asyncio.open_connection("127.0.0.1", port, ssl=context))


def test_frames_large_and_small_keep_their_order_through_tls(tmp_path: Path) -> None:
    async def main() -> None:
        ports = dict(zip("ab", free_ports(2), strict=True))
        user = User()
        net = Net(
            config("b", ports), user, random=Random(1), observer=user, tls=good_tls(tmp_path, "b")
        )
        net.start()
        client = await dial_with(tmp_path / "a", issued(master("a")), ports["b"])
        client.say_hello()
        assert (await client.read()).welcome.replica_id == "b"
        for term in range(1, 50):
            client.send(wire.encode(Envelope(term, 0, Stale())))
        await until(lambda: len(user.events) == 50)
        assert [event[2].term for event in user.events[1:]] == list(range(1, 50))  # type: ignore[attr-defined]
        text = "x" * 900_000
        large = pb.RaftFrame(refusal=pb.RaftRefusal(detail=text)).SerializeToString()
        for frame in (large, GOOD, large):
            net.send("a", frame)
        assert (await client.read()).refusal.detail == text
        assert (await client.read()).envelope.term == 1
        assert (await client.read()).refusal.detail == text
        # A farewell in TLS's own words is one of the peer's, too.
        client.close()
        await until(lambda: user.events[-1] == ("closed", "a", True))
        await net.close()

    asyncio.run(main())


def test_a_peer_that_does_not_read_loses_its_tls_session(tmp_path: Path) -> None:
    async def main() -> None:
        ports = dict(zip("ab", free_ports(2), strict=True))
        user = User()
        configured = config("b", ports, outbound_bytes_max=16 * 1024 * 1024)
        tls = good_tls(tmp_path, "b")
        net = Net(configured, user, random=Random(1), observer=user, tls=tls)
        net.start()
        client = await dial_with(tmp_path / "a", issued(master("a")), ports["b"])
        client.say_hello()
        await client.read()
        for _ in range(40):
            net.send("a", bytes(1024 * 1024))
        await until(lambda: ("closed", "a", False) in user.events)
        client.reset()
        await net.close()

    asyncio.run(main())


def test_a_reset_of_the_peer_ends_the_session_at_once_and_as_the_peers(tmp_path: Path) -> None:
    async def main() -> None:
        ports = dict(zip("ab", free_ports(2), strict=True))
        async with link("a", ports, good_tls(tmp_path, "a")) as user:
            for _ in range(3):
                async with link("b", ports, good_tls(tmp_path, "b")):
                    await until(lambda: user.events[-1:] == [("opened", "b")])
                await until(lambda: user.events[-1:] == [("closed", "b", True)])

    asyncio.run(main())


def test_new_sessions_use_certificates_that_were_replaced(tmp_path: Path) -> None:
    async def main() -> None:
        ports = dict(zip("ab", free_ports(2), strict=True))
        accepting = good_tls(tmp_path, "b")
        async with link("b", ports, accepting) as user:
            before_s = accepting.expires_in_s()
            new = issued(master("b"), days=8)
            with capture_logs() as logs:
                # Half of it: a key without its certificate. What was there stays in use.
                tmp_key = tmp_path / "b" / "key.new"
                tmp_key.touch(mode=0o600)
                tmp_key.write_bytes(new.key_pem)
                os.replace(tmp_key, tmp_path / "b" / "key.pem")
                async with link("a", ports, good_tls(tmp_path, "a")) as other:
                    await until(lambda: other.events == [("opened", "b")])
                assert "raft_certificate_kept_old" in {each["event"] for each in logs}
                (tmp_path / "b" / "cert.pem").write_bytes(new.certificate_pem)
                async with link("a", ports, good_tls(tmp_path, "a")) as other:
                    await until(lambda: other.events == [("opened", "b")])
            assert logs[-1]["event"] != "raft_certificate_kept_old"
            assert accepting.expires_in_s() > before_s + 2 * 86_400
            assert user.rejected == []

    asyncio.run(main())


def test_an_authority_can_follow_another_without_an_end_of_sessions(tmp_path: Path) -> None:
    async def main() -> None:
        ports = dict(zip("ab", free_ports(2), strict=True))
        both = BLUE.certificate_pem + OTHER_BLUE.certificate_pem
        new = OTHER_BLUE.issue(master("a"), now=certificates.NOW, days=5)
        files(tmp_path / "b", issued(master("b")), both)
        files(tmp_path / "a", new, both)
        links = {
            name: LinkTls(
                TlsFiles(*(tmp_path / name / each for each in ("ca.pem", "cert.pem", "key.pem"))),
                cluster_id="blue",
                replica_id=name,
            )
            for name in "ab"
        }
        async with link("b", ports, links["b"]) as user, link("a", ports, links["a"]):
            await until(lambda: user.events == [("opened", "a")])

    asyncio.run(main())


def test_three_replicas_over_tls_outlive_their_leader(tmp_path: Path) -> None:
    async def main() -> None:
        tls = {name: files(tmp_path / f"tls-{name}", issued(master(name))) for name in "abc"}
        async with real_cluster(tmp_path, "abc", tls=tls) as cluster:
            leader = await cluster.wait_for_leader()
            assert isinstance(await commit(leader, b"one"), Committed)
            expires_in_s = leader.certificate_expires_in_s()
            assert expires_in_s is not None
            assert 4 * 86_400 < expires_in_s < 5 * 86_400
            await cluster.kill(leader.status().replica_id)
            leader = await cluster.wait_for_leader()
            assert isinstance(await commit(leader, b"two"), Committed)
            recorder = cluster.recorders[leader.status().replica_id]
            assert recorder.applied == [b"one", b"two"]

    asyncio.run(main())
