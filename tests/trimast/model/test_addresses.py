"""Whether a host goes by an address or by a name, and who reaches it."""

import pytest

from trimast.model.addresses import address_in, is_loopback


@pytest.mark.parametrize(
    ("hostname", "address"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::1", "::1"),
        ("node-1", None),
        ("10.0.0.1.example", None),
        ("", None),
    ],
)
def test_an_address_is_told_from_a_name(hostname: str, address: str | None) -> None:
    assert address_in(hostname) == address


@pytest.mark.parametrize(
    ("hostname", "loopback"),
    [
        *((host, True) for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost")),
        *((host, False) for host in ("0.0.0.0", "10.0.0.1", "::", "master", "")),
    ],
)
def test_only_loopback_is_for_this_machine_alone(hostname: str, loopback: bool) -> None:
    assert is_loopback(hostname) is loopback
