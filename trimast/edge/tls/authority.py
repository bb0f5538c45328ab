"""A cluster's own certificate authority: EC P-256 keys, one certificate a member."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from trimast.edge.tls.identity import TlsIdentity, is_name

CLOCK_SKEW: Final = timedelta(hours=1)
"""Valid from so long ago: other machines' clocks may be behind."""
_URI_OF_AUTHORITY: Final = "trimast://"


class NoAuthority(Exception):
    """This certificate and key are not those of a cluster's authority; the text says why."""


@dataclass(frozen=True, slots=True)
class Issued:
    """Attributes: PEM both; whoever has `key_pem` is whom `certificate_pem` speaks for."""

    certificate_pem: bytes
    key_pem: bytes


class Authority:
    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key
        self.cluster: Final = _cluster_of(certificate)

    @classmethod
    def create(cls, cluster: str, *, now: datetime, days: int) -> "Authority":
        assert is_name(cluster)
        key = ec.generate_private_key(ec.SECP256R1())
        name = _subject("Trimast authority", cluster)
        uri = x509.UniformResourceIdentifier(_URI_OF_AUTHORITY + cluster)
        builder = _builder(name, name, key, now, now + timedelta(days=days))
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectAlternativeName([uri]), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key)

    @classmethod
    def load(cls, certificate_pem: bytes, key_pem: bytes) -> "Authority":
        """
        Raises:
            NoAuthority: not what `create` made.
        """
        try:
            certificate = x509.load_pem_x509_certificate(certificate_pem)
            key = serialization.load_pem_private_key(key_pem, password=None)
        except (ValueError, TypeError) as error:
            raise NoAuthority(str(error)) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise NoAuthority("its key is not one of an elliptic curve")
        if key.public_key() != certificate.public_key():
            raise NoAuthority("the key is another's")
        return cls(certificate, key)

    @property
    def certificate_pem(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return _pem_of(self._key)

    def issue(self, identity: TlsIdentity, *, now: datetime, days: int) -> Issued:
        """At most as long valid as the authority itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        until = min(now + timedelta(days=days), self._certificate.not_valid_after_utc)
        subject = _subject(f"Trimast {identity.role}", identity.name)
        uri = x509.UniformResourceIdentifier(str(identity))
        builder = _builder(subject, self._certificate.subject, key, now, until)
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(_BOTH_SIDES), critical=False)
            .add_extension(x509.SubjectAlternativeName([uri]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        return Issued(certificate.public_bytes(serialization.Encoding.PEM), _pem_of(key))


_BOTH_SIDES: Final = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
"""Of two masters, the one with the lower id dials."""


def _cluster_of(certificate: x509.Certificate) -> str:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        [uri] = names.get_values_for_type(x509.UniformResourceIdentifier)
    except (x509.ExtensionNotFound, ValueError) as error:
        raise NoAuthority("it names no cluster") from error
    cluster = uri.removeprefix(_URI_OF_AUTHORITY)
    if not is_name(cluster):
        raise NoAuthority(f"it is of {uri!r}")
    return cluster


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(organization: str, name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
