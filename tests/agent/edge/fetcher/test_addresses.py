import asyncio

import pytest

from agent.edge.fetcher.addresses import (
    AddressRefused,
    GuardedResolver,
    check_address,
    check_host,
)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1",
        "fe80::1%lo",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::a9fe:a9fe",
        "fd00:ec2::254",
        "100.100.100.200",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "::ffff:0.0.0.0",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "2852039166",
        "127.1",
        "1.2.3.4.5",
        "0177.0.0.1",
    ],
)
def test_nobody_is_sent_there(address: str) -> None:
    with pytest.raises(AddressRefused):
        check_host(address, allow_loopback=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_the_own_machine_is_for_those_who_may(address: str) -> None:
    check_address(address, allow_loopback=True)
    with pytest.raises(AddressRefused, match="--fetcher-allow-loopback"):
        check_address(address, allow_loopback=False)


@pytest.mark.parametrize("host", ["10.1.2.3", "192.168.0.1", "8.8.8.8", "2001:db8::1", "a.b"])
def test_all_others_may_be_asked(host: str) -> None:
    check_host(host, allow_loopback=False)


@pytest.mark.parametrize("name", ["localhost", "0x7f000001", "0x7f.1"])
def test_a_name_is_what_it_leads_to(name: str) -> None:
    async def main() -> None:
        resolver = GuardedResolver(allow_loopback=False)
        with pytest.raises(AddressRefused, match="own machine"):
            await resolver.resolve(name, 80)
        await resolver.close()

    asyncio.run(main())
