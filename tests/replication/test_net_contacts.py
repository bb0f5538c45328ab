"""Contacts of the Raft link come, go and move while it is in use."""

import asyncio

from replication.config import PeerAddress
from replication.engine.net import Net
from tests.replication.real_cluster import free_ports, until
from tests.replication.test_net import GOOD, Dial, User, config, running, tell


def test_who_is_no_contact_any_more_loses_its_session() -> None:
    async def story(net: Net, user: User, dial: Dial) -> None:
        client = await dial()
        client.say_hello()
        await client.read()
        net.set_contacts({"c": net.contacts["c"]})
        assert await client.is_closed()
        await until(lambda: user.events == [("opened", "a"), ("closed", "a", False)])
        again = await dial()
        again.say_hello(session=2)
        assert "'a' is no peer" in (await again.read()).refusal.detail

    tell(story)


def test_who_becomes_a_contact_is_let_in() -> None:
    async def story(net: Net, user: User, dial: Dial) -> None:
        stranger = await dial()
        stranger.say_hello(replica_id="aa")
        assert "'aa' is no peer" in (await stranger.read()).refusal.detail
        net.set_contacts({**net.contacts, "aa": PeerAddress("127.0.0.1", 1)})
        client = await dial()
        client.say_hello(replica_id="aa")
        assert (await client.read()).welcome.replica_id == "b"
        assert user.events == [("opened", "aa")]

    tell(story)


def test_the_same_contacts_leave_sessions_as_they_are() -> None:
    async def story(net: Net, user: User, dial: Dial) -> None:
        client = await dial()
        client.say_hello()
        await client.read()
        net.set_contacts(dict(net.contacts))
        client.send(GOOD)
        await until(lambda: len(user.events) == 2)
        assert user.events[1][0] == "received"

    tell(story)


def test_a_peer_that_moved_is_dialled_where_it_is_now() -> None:
    async def main() -> None:
        ports = dict(zip("abc", free_ports(3), strict=True))
        here, there = {n: ports[n] for n in "ab"}, {"a": ports["a"], "b": ports["c"]}
        async with running(config("a", here)) as (net, user), running(config("b", here)):
            await until(lambda: user.events == [("opened", "b")])
            async with running(config("b", there)):
                net.set_contacts({"b": PeerAddress("127.0.0.1", there["b"])})
                await until(lambda: len(user.events) == 3)
                assert user.events[1:] == [("closed", "b", False), ("opened", "b")]
                assert net._open["b"].address.endswith(f":{there['b']}")

    asyncio.run(main())


def test_a_peer_that_is_not_where_the_contacts_say_is_looked_for_where_the_settings_say() -> None:
    async def main() -> None:
        ports = dict(zip("abc", free_ports(3), strict=True))
        by_settings = {n: ports[n] for n in "ab"}
        async with (
            running(config("a", by_settings)) as (net, user),
            # Somebody else listens where it was, and says so.
            running(config("c", {n: ports[n] for n in "ac"})),
        ):
            net.set_contacts({"b": PeerAddress("127.0.0.1", ports["c"])})
            async with running(config("b", by_settings)):
                await until(lambda: user.events == [("opened", "b")])
                assert net._open["b"].address.endswith(f":{ports['b']}")

    asyncio.run(main())
