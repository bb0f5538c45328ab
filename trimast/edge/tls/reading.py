"""Reads a member's certificate files, and refuses by name what could not work.

What is refused here would otherwise only show as handshakes that fail, on other machines.
"""

import os
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from trimast.edge.tls.files import TlsFilesRefused
from trimast.edge.tls.identity import TlsIdentity, identity_from_uris

_FOR_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """
    Attributes:
        identity: None if it names none, or more than one.
    """

    identity: TlsIdentity | None
    not_before: datetime
    not_after: datetime


def check_files(
    *, ca: Path, certificate: Path, key: Path, own: TlsIdentity, now: datetime
) -> CertificateFacts:
    """That they are readable, valid now, made for each other and for `own`.

    Raises:
        TlsFilesRefused: they are not.
    """
    authorities = read_certificates(ca)
    chain = read_certificates(certificate)
    _check_key(key, certificate, chain[0])
    facts = facts_of(chain[0])
    if facts.identity != own:
        whose = "nobody of a Trimast cluster" if facts.identity is None else facts.identity
        raise TlsFilesRefused(f"{certificate} speaks for {whose}, and this is {own}")
    _check_validity(certificate, facts, now)
    issuers = [each for each in authorities if _is_issued_by(chain[-1], each)]
    if not issuers:
        raise TlsFilesRefused(f"{certificate} was not issued by the authority in {ca}")
    for issuer in issuers:
        _check_validity(ca, facts_of(issuer), now)
    return facts


def read_certificates(path: Path) -> list[x509.Certificate]:
    """All certificates in the file, at least one.

    Raises:
        TlsFilesRefused: it cannot be read, or there is none in it.
    """
    try:
        return x509.load_pem_x509_certificates(_content(path)[0])
    except ValueError as error:
        raise TlsFilesRefused(f"{path} is not a PEM certificate: {error}") from error


def facts_of(certificate: x509.Certificate) -> CertificateFacts:
    return CertificateFacts(
        identity_from_uris(uris_of(certificate)),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def uris_of(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        ValueError,
    ):
        return []
    return names.value.get_values_for_type(x509.UniformResourceIdentifier)


def _check_key(path: Path, certificate: Path, leaf: x509.Certificate) -> None:
    content, mode = _content(path)
    if mode & _FOR_OTHERS:
        raise TlsFilesRefused(
            f"{path} is open to others than its owner (mode {stat.S_IMODE(mode):04o}); "
            f"chmod 600 {path}, and make a new key if others could read it"
        )
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TlsFilesRefused(f"{path} is not a PEM key without a password: {error}") from error
    if key.public_key() != leaf.public_key():
        raise TlsFilesRefused(f"{path} is not the key of {certificate}")


def _check_validity(path: Path, facts: CertificateFacts, now: datetime) -> None:
    if now >= facts.not_after:
        raise TlsFilesRefused(f"{path} expired at {facts.not_after:%Y-%m-%d %H:%M} UTC")
    if now < facts.not_before:
        raise TlsFilesRefused(
            f"{path} is valid from {facts.not_before:%Y-%m-%d %H:%M} UTC on; "
            f"the clock here says {now:%Y-%m-%d %H:%M}"
        )


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _content(path: Path) -> tuple[bytes, int]:
    """And the mode of the very file that was read."""
    try:
        with path.open("rb") as file:
            return file.read(), os.fstat(file.fileno()).st_mode
    except OSError as error:
        raise TlsFilesRefused(f"{path} cannot be read: {error.strerror}") from error
