"""Whether an agent goes by an address or by a name."""

import pytest

from trimast.model.agent import address_in


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
