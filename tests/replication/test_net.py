"""The Raft link over real sockets: who gets in, and what ends a session."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from protos.trimast.v1 import raft_link_pb2 as pb
from replication.config import PeerAddress, ReplicationConfig
from replication.engine import wire
from replication.engine.messages import Envelope, Stale, Standing
from replication.engine.net import STRANGERS_MAX, Net
from replication.engine.session import STRANGER_FRAME_BYTES_MAX
from replication.observer import SilentObserver
from tests.replication.real_cluster import free_ports, until

_incarnations = itertools.count(100)
GOOD = wire.encode(Envelope(1, 0, Stale()))


class User(SilentObserver):
    """Notes what the network tells; takes frames as the engine does."""

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []
        self.rejected: list[str] = []
        self.rounds = 0
        self.standing = Standing(1, "disk", life=1, incarnation=next(_incarnations))

    def session_opened(self, peer: str, standing: Standing) -> None:
        self.events.append(("opened", peer))

    def session_closed(self, peer: str, *, by_peer: bool) -> None:
        self.events.append(("closed", peer, by_peer))

    def received(self, peer: str, frame: bytes) -> None:
        self.events.append(("received", peer, wire.decode(frame)))

    def all_received(self) -> None:
        self.rounds += 1

    def frame_rejected(self, cause: str) -> None:
        self.rejected.append(cause)


def config(name: str, ports: dict[str, int], **settings: Any) -> ReplicationConfig:
    return ReplicationConfig(
        cluster_id=settings.pop("cluster_id", "blue"),
        replica_id=name,
        data_directory=Path("nowhere"),
        listen_port=ports[name],
        peers={o: PeerAddress("127.0.0.1", port) for o, port in ports.items() if o != name},
        **settings,
    )


@asynccontextmanager
async def running(configured: ReplicationConfig) -> AsyncIterator[tuple[Net, User]]:
    user = User()
    net = Net(configured, user, random=Random(1), observer=user)
    net.start()
    try:
        yield net, user
    finally:
        await net.close()


class Client:
    """Plays replica `a`, which dials `b`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, frame: bytes) -> None:
        self._writer.write(len(frame).to_bytes(4, "big") + frame)

    def send_raw(self, data: bytes) -> None:
        self._writer.write(data)

    def say_hello(self, **fields: Any) -> None:
        hello: dict[str, Any] = {
            "protocol_version": 2,
            "cluster_id": "blue",
            "replica_id": "a",
            "to_replica_id": "b",
            "incarnation": 7,
            "session": 1,
            "standing": pb.RaftStanding(configuration=1, disk_id="disk", life=1),
            **fields,
        }
        self.send(pb.RaftFrame(hello=pb.RaftHello(**hello)).SerializeToString())

    async def read(self) -> pb.RaftFrame:
        async with asyncio.timeout(5):
            size_bytes = int.from_bytes(await self._reader.readexactly(4), "big")
            return pb.RaftFrame.FromString(await self._reader.readexactly(size_bytes))

    async def is_closed(self) -> bool:
        async with asyncio.timeout(5):
            try:
                return await self._reader.read() == b""
            except ConnectionResetError:
                return True

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        self._writer.transport.abort()


Dial = Callable[[], Awaitable[Client]]
Story = Callable[[Net, User, Dial], Awaitable[None]]


def tell(story: Story, **settings: Any) -> None:
    async def main() -> None:
        ports = dict(zip("abc", free_ports(3), strict=True))
        clients: list[Client] = []

        async def dial() -> Client:
            clients.append(Client(*await asyncio.open_connection("127.0.0.1", ports["b"])))
            return clients[-1]

        async with running(config("b", ports, **settings)) as (net, user):
            try:
                await story(net, user, dial)
            finally:
                for client in clients:
                    client.close()

    asyncio.run(main())


def test_a_hello_opens_a_session_and_frames_keep_their_order() -> None:
    async def story(net: Net, user: User, dial: Dial) -> None:
        client = await dial()
        client.say_hello()
        assert (await client.read()).welcome.replica_id == "b"
        for term in range(1, 50):
            client.send(wire.encode(Envelope(term, 0, Stale())))
        await until(lambda: len(user.events) == 50)
        assert user.events[0] == ("opened", "a")
        assert [event[2].term for event in user.events[1:]] == list(range(1, 50))  # type: ignore[attr-defined]
        assert 0 < user.rounds <= 50, "told after all that came at once, not more often"
        net.send("a", GOOD)
        assert (await client.read()).envelope.term == 1

    tell(story)


def test_frames_may_arrive_in_any_pieces() -> None:
    async def story(_: Net, user: User, dial: Dial) -> None:
        client = await dial()
        client.say_hello()
        await client.read()
        for byte in len(GOOD).to_bytes(4, "big") + GOOD:
            client.send_raw(bytes([byte]))
            await asyncio.sleep(0)
        await until(lambda: len(user.events) == 2)

    tell(story)


@pytest.mark.parametrize(
    ("fields", "cause", "words"),
    [
        ({"cluster_id": "red"}, "OTHER_CLUSTER", "cluster 'red', here is 'blue'"),
        ({"protocol_version": 1}, "OTHER_PROTOCOL", "protocol 1"),
        ({"to_replica_id": "c"}, "NOT_ME", "looks for 'c'"),
        ({"replica_id": "x"}, "UNKNOWN_REPLICA", "'x'"),
        ({"replica_id": "c"}, "UNKNOWN_REPLICA", "'c'"),
    ],
)
def test_who_does_not_belong_here_is_refused_by_name(
    fields: dict[str, Any], cause: str, words: str
) -> None:
    async def story(_: Net, user: User, dial: Dial) -> None:
        client = await dial()
        client.say_hello(**fields)
        refusal = (await client.read()).refusal
        assert pb.RaftRefusal.Cause.Name(refusal.cause) == cause
        assert words in refusal.detail
        assert await client.is_closed()
        assert user.events == []
        assert user.rejected == ["peer_refused"]

    tell(story)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="http"),
        pytest.param((STRANGER_FRAME_BYTES_MAX + 1).to_bytes(4, "big"), id="large"),
        pytest.param(b"\xff\xff\xff\xff", id="largest"),
        pytest.param(b"\x00\x00\x00\x00", id="empty"),
        pytest.param(b"\x00\x00\x00\x04\x80\x04\x95\x00", id="pickle"),
        pytest.param(len(GOOD).to_bytes(4, "big") + GOOD, id="no hello"),
    ],
)
def test_a_stranger_who_talks_nonsense_is_shut_out(data: bytes) -> None:
    async def story(_: Net, user: User, dial: Dial) -> None:
        client = await dial()
        client.send_raw(data)
        assert await client.is_closed()
        assert user.events == []
        assert len(user.rejected) == 1
        again = await dial()
        again.say_hello()
        assert (await again.read()).welcome.replica_id == "b"

    tell(story)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        ((wire.FRAME_BYTES_MAX + 1).to_bytes(4, "big"), "frame_too_large"),
        (b"\x00\x00\x00\x02\xff\xff", "malformed_frame"),
        (b"\x00\x00\x00\x00", "malformed_frame"),
    ],
)
def test_a_bad_frame_ends_the_session_and_nothing_else(data: bytes, cause: str) -> None:
    async def story(_: Net, user: User, dial: Dial) -> None:
        client = await dial()
        client.say_hello()
        await client.read()
        client.send_raw(data)
        client.send(GOOD)
        assert await client.is_closed()
        await until(lambda: len(user.events) == 2)
        assert user.events == [("opened", "a"), ("closed", "a", False)]
        assert user.rejected == [cause]

    tell(story)


def test_who_says_nothing_is_shut_out() -> None:
    async def story(_: Net, user: User, dial: Dial) -> None:
        client = await dial()
        assert await client.is_closed()
        assert user.rejected == ["handshake_timeout"]

    tell(story, handshake_timeout_ms=100)


def test_strangers_are_limited() -> None:
    async def story(_: Net, user: User, dial: Dial) -> None:
        for _number in range(STRANGERS_MAX):
            await dial()
        await asyncio.sleep(0.05)
        assert await (await dial()).is_closed()

    tell(story)


def test_a_newer_session_replaces_the_older() -> None:
    """N9."""

    async def story(_: Net, user: User, dial: Dial) -> None:
        older = await dial()
        older.say_hello(session=1)
        await older.read()
        newer = await dial()
        newer.say_hello(session=2)
        await newer.read()
        assert await older.is_closed()
        assert user.events == [("opened", "a"), ("closed", "a", False), ("opened", "a")]

    tell(story)


def test_an_older_session_that_comes_late_is_refused() -> None:
    """N9."""

    async def story(_: Net, user: User, dial: Dial) -> None:
        newer = await dial()
        newer.say_hello(session=2)
        await newer.read()
        older = await dial()
        older.say_hello(session=1)
        assert (await older.read()).refusal.cause == pb.RaftRefusal.OLD_SESSION
        assert user.events == [("opened", "a")]

    tell(story)


@pytest.mark.parametrize("end", [Client.close, Client.reset], ids=["closed", "reset"])
def test_the_end_of_a_session_by_the_peer_is_told_as_such(end: Callable[[Client], None]) -> None:
    async def story(_: Net, user: User, dial: Dial) -> None:
        client = await dial()
        client.say_hello()
        await client.read()
        end(client)
        await until(lambda: len(user.events) == 2)
        assert user.events[-1] == ("closed", "a", True)

    tell(story)


def test_a_peer_that_does_not_read_loses_its_session() -> None:
    async def story(net: Net, user: User, dial: Dial) -> None:
        client = await dial()
        client.say_hello()
        await client.read()
        frame = bytes(1024 * 1024)
        for _ in range(40):
            net.send("a", frame)
        await until(lambda: ("closed", "a", False) in user.events)

    tell(story, outbound_bytes_max=16 * 1024 * 1024)


def test_two_links_find_each_other_and_find_each_other_again() -> None:
    async def main() -> None:
        ports = dict(zip("ab", free_ports(2), strict=True))
        async with running(config("a", ports)) as (_, user):
            for _ in range(3):
                async with running(config("b", ports)) as (_, other):
                    await until(lambda: user.events[-1:] == [("opened", "b")])
                    await until(lambda other=other: other.events == [("opened", "a")])  # type: ignore[misc]
                await until(lambda: user.events[-1:] == [("closed", "b", True)])

    asyncio.run(main())


def test_no_small_message_waits_for_the_acknowledgement_of_another() -> None:
    def waits_for_none(net: Net) -> bool:
        transports = [session._transport for session in net._open.values()]
        sockets = [t.get_extra_info("socket") for t in transports if t is not None]
        options = [s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for s in sockets]
        return len(options) == 1 and all(options)

    async def main() -> None:
        ports = dict(zip("ab", free_ports(2), strict=True))
        async with (
            running(config("a", ports)) as (dials, user),
            running(config("b", ports)) as (accepts, other),
        ):
            await until(lambda: bool(user.events and other.events))
            assert waits_for_none(dials)
            assert waits_for_none(accepts)

    asyncio.run(main())


def test_links_of_two_clusters_do_not_meet() -> None:
    async def main() -> None:
        ports = dict(zip("ab", free_ports(2), strict=True))
        async with (
            running(config("a", ports)) as (_, user),
            running(config("b", ports, cluster_id="red")) as (_, other),
        ):
            await until(lambda: len(other.rejected) >= 2)
            assert user.events == other.events == []

    asyncio.run(main())
