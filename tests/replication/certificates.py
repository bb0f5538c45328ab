"""Certificates of clusters that never were, as files of each member."""

import dataclasses
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from replication.config import TlsFiles
from replication.engine.link_tls import LinkTls
from trimast.edge.tls.authority import Authority, Issued
from trimast.edge.tls.identity import Role, TlsIdentity

NOW = datetime.now(UTC)
BLUE = Authority.create("blue", now=NOW, days=10)
OTHER_BLUE = Authority.create("blue", now=NOW, days=10)
"""Has the right name, and is another."""


def master(name: str, cluster: str = "blue") -> TlsIdentity:
    return TlsIdentity(cluster, Role.MASTER, name)


def issued(
    identity: TlsIdentity, authority: Authority = BLUE, *, now: datetime = NOW, days: int = 5
) -> Issued:
    return authority.issue(identity, now=now, days=days)


def expired(identity: TlsIdentity) -> Issued:
    return issued(identity, now=NOW - timedelta(days=9), days=5)


def early(identity: TlsIdentity) -> Issued:
    return issued(identity, now=NOW + timedelta(days=1))


def files(folder: Path, member: Issued, ca_pem: bytes = BLUE.certificate_pem) -> TlsFiles:
    """Written over those that were there."""
    folder.mkdir(parents=True, exist_ok=True)
    made = TlsFiles(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    made.key.touch(mode=0o600)
    made.key.write_bytes(member.key_pem)
    made.certificate.write_bytes(member.certificate_pem)
    made.ca.write_bytes(ca_pem)
    return made


def with_key_of(member: Issued, other: Issued) -> Issued:
    return dataclasses.replace(member, key_pem=other.key_pem)


def good_tls(folder: Path, name: str) -> LinkTls:
    return LinkTls(files(folder / name, issued(master(name))), cluster_id="blue", replica_id=name)


class UncheckedTls(LinkTls):
    """Shows whatever certificate there is, as somebody would who means harm."""

    def __init__(self, tls_files: TlsFiles, name: str) -> None:
        self._files = tls_files
        self._own = master(name)
        self._stamp = self._stamp_now()
        self._dialling, self._accepting = map(
            self._context, (ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER)
        )

    def _context(self, protocol: Any) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cafile=self._files.ca)
        if self._files.certificate.exists():
            context.load_cert_chain(self._files.certificate, self._files.key)
        return context

    def _load_if_changed(self) -> None: ...

    def _stamp_now(self) -> tuple[tuple[int, int, int, int], ...]:
        return ()
