"""Whom an agent may be sent to by a task: not to itself, and not to where machines keep secrets.

Names are looked up here and the connection goes to what was found, so that nobody can give one
answer to the check and another to the connection.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

_METADATA: Final = frozenset(
    map(ip_address, ("169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254"))
)
"""Of clouds: what answers there is meant for the machine, and not for its tasks."""
_NAT64: Final = ip_network("64:ff9b::/96")


class AddressRefused(OSError):
    """Says which address, and why not."""


class GuardedResolver(AbstractResolver):
    """Looks names up, and refuses those of which any address is refused."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises AddressRefused, and OSError if there is no such name."""
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            check_address(each["host"], allow_loopback=self._allow_loopback)
        return found

    async def close(self) -> None:
        await self._resolver.close()


def check_host(host: str, *, allow_loopback: bool) -> None:
    """A name passes: it is looked up later. Raises AddressRefused.

    What is neither a name nor an address as it should be written, like 2130706433 or 127.1, is
    one to some C libraries, and is refused.
    """
    if ":" in host or host.replace(".", "").isdigit():
        check_address(host, allow_loopback=allow_loopback)


def check_address(text: str, *, allow_loopback: bool) -> None:
    """Raises AddressRefused."""
    try:
        address = _unwrapped(ip_address(text))
    except ValueError:
        raise AddressRefused(f"{text} is not an address as it should be written") from None
    if address.is_loopback and not allow_loopback:
        raise AddressRefused(
            f"{text} is the agent's own machine; --fetcher-allow-loopback would allow it"
        )
    for is_so, what in (
        (address.is_link_local, "a link-local address"),
        (address in _METADATA, "a metadata service"),
        (address.is_unspecified, "no particular address"),
        (address.is_multicast, "a multicast address"),
        (isinstance(address, IPv4Address) and address.packed[0] in {0, 255}, "no host's address"),
    ):
        if is_so:
            raise AddressRefused(f"{text} is {what}, from where nothing is fetched")


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that is meant by some of IPv6."""
    if isinstance(address, IPv4Address):
        return address
    within = address.ipv4_mapped or address.sixtofour
    if within is not None:
        return within
    if isinstance(_NAT64, IPv6Network) and address in _NAT64:
        return IPv4Address(address.packed[12:])
    if int(address) >> 32 == 0 and int(address) > 1:
        return IPv4Address(address.packed[12:])
    return address
