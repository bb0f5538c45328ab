"""What an authority issues: for whom, for how long, and that only its own key can."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from trimast.edge.tls.authority import CLOCK_SKEW, Authority, NoAuthority
from trimast.edge.tls.identity import Role, TlsIdentity
from trimast.edge.tls.reading import facts_of

NOW = datetime(2030, 1, 1, tzinfo=UTC)
M1 = TlsIdentity("blue", Role.MASTER, "m1")


def test_a_certificate_speaks_for_its_member_and_lasts_as_long_as_was_said() -> None:
    authority = Authority.create("blue", now=NOW, days=100)
    made = x509.load_pem_x509_certificate(authority.issue(M1, now=NOW, days=5).certificate_pem)
    facts = facts_of(made)
    assert facts.identity == M1
    assert (facts.not_before, facts.not_after) == (NOW - CLOCK_SKEW, NOW + timedelta(days=5))
    is_authority = made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not is_authority


def test_no_certificate_outlives_its_authority() -> None:
    authority = Authority.create("blue", now=NOW, days=100)
    made = x509.load_pem_x509_certificate(authority.issue(M1, now=NOW, days=500).certificate_pem)
    assert facts_of(made).not_after == NOW + timedelta(days=100)


def test_an_authority_is_the_same_after_it_was_written_down() -> None:
    authority = Authority.create("blue", now=NOW, days=100)
    again = Authority.load(authority.certificate_pem, authority.key_pem)
    assert again.cluster == "blue"
    made = x509.load_pem_x509_certificate(again.issue(M1, now=NOW, days=5).certificate_pem)
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate_pem))


def test_an_authority_speaks_for_no_member() -> None:
    authority = Authority.create("blue", now=NOW, days=100)
    assert facts_of(x509.load_pem_x509_certificate(authority.certificate_pem)).identity is None


def test_what_is_no_authority_is_refused() -> None:
    authority, other = (Authority.create("blue", now=NOW, days=9) for _ in range(2))
    member = authority.issue(M1, now=NOW, days=5)
    for certificate_pem, key_pem in (
        (authority.certificate_pem, other.key_pem),
        (member.certificate_pem, member.key_pem),
        (b"nothing", authority.key_pem),
        (authority.certificate_pem, b"nothing"),
    ):
        with pytest.raises(NoAuthority):
            Authority.load(certificate_pem, key_pem)
