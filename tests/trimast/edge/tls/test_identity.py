"""A certificate speaks for exactly one, to the letter, or for nobody."""

import pytest

from trimast.edge.tls.identity import Role, TlsIdentity, identity_from_uris


@pytest.mark.parametrize("role", list(Role))
def test_an_identity_is_read_as_it_is_written(role: Role) -> None:
    identity = TlsIdentity("blue-1.x", role, "m_1")
    assert str(identity) == f"trimast://blue-1.x/{role}/m_1"
    assert identity_from_uris(["https://else.where/", str(identity)]) == identity


@pytest.mark.parametrize(
    "uris",
    [
        [],
        ["https://blue/master/m1"],
        ["trimast://blue"],
        ["trimast://blue/master"],
        ["trimast://blue/master/"],
        ["trimast:///master/m1"],
        ["trimast://blue/master/m1/"],
        ["trimast://blue/master/m1/m2"],
        ["trimast://blue/master/m1?x"],
        ["trimast://blue/master/m1\n"],
        ["trimast://blue/master/m1\0"],
        ["trimast://blue/master/../m1"],
        ["trimast://blue/Master/m1"],
        ["TRIMAST://blue/master/m1"],
        ["trimast://blue/ruler/m1"],
        ["trimast://user@blue/master/m1"],
        ["trimast://blue/master/" + "m" * 65],
        ["trimast://blue/master/m1", "trimast://blue/master/m2"],
        ["trimast://blue/master/m1", "trimast://blue/master/m1"],
        ["trimast://blue/master/m1", "Trimast://blue/agent/a1"],
    ],
)
def test_whatever_else_speaks_for_nobody(uris: list[str]) -> None:
    assert identity_from_uris(uris) is None
