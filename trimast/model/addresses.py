"""What can be told of a host by its name alone."""

from functools import lru_cache
from ipaddress import ip_address


@lru_cache(maxsize=4096)
def address_in(hostname: str) -> str | None:
    """The IP address that it is; None if it is a name."""
    try:
        return str(ip_address(hostname))
    except ValueError:
        return None


def is_loopback(hostname: str) -> bool:
    """Only this machine is reached under it, and reaches it."""
    address = address_in(hostname)
    return hostname == "localhost" if address is None else ip_address(address).is_loopback
