"""This replica's certificates on the Raft link: read again for new sessions when they change."""

import os
import ssl
from datetime import UTC, datetime
from pathlib import Path

import structlog

from replication.config import TlsFiles
from replication.engine.tls_channel import TlsChannel
from trimast.edge.tls.files import TlsFilesRefused
from trimast.edge.tls.identity import Role, TlsIdentity
from trimast.edge.tls.reading import CertificateFacts, check_files

log = structlog.get_logger(__name__)

_Stamp = tuple[tuple[int, int, int, int], ...]


class LinkTls:
    def __init__(self, files: TlsFiles, *, cluster_id: str, replica_id: str) -> None:
        """
        Raises:
            TlsFilesRefused: with these files no session could ever open.
        """
        self._files = files
        self._own = TlsIdentity(cluster_id, Role.MASTER, replica_id)
        self._kept_old_because = ""
        self._stamp = self._stamp_now()
        self._load()

    def channel(self, *, is_dialling: bool) -> TlsChannel:
        """For one new session, with the certificates as they are now."""
        self._load_if_changed()
        context = self._dialling if is_dialling else self._accepting
        return TlsChannel(context, is_dialling=is_dialling)

    def expires_in_s(self) -> float:
        """Until the certificate's last moment; below 0 after it."""
        self._load_if_changed()
        return (self._facts.not_after - datetime.now(UTC)).total_seconds()

    def fault_of(self, peer: TlsIdentity | None, *, dialled: str | None) -> str | None:
        """Why this certificate does not let its holder speak Raft here; None if it does.

        Args:
            dialled: whom this side wanted to reach; None if it was reached.
        """
        if peer is None:
            return "its certificate speaks for nobody of a Trimast cluster"
        if peer.cluster != self._own.cluster:
            return f"its certificate speaks for {peer}, here is cluster {self._own.cluster!r}"
        if peer.role is not Role.MASTER:
            # Whoever may run tasks must not become one who rules (Nomad CVE-2021-37218).
            return f"its certificate speaks for {peer}, and only masters speak Raft"
        if dialled is not None and peer.name != dialled:
            return f"its certificate speaks for {peer}, looked for was {dialled!r}"
        return None

    def _load_if_changed(self) -> None:
        try:
            stamp = self._stamp_now()
            if stamp == self._stamp:
                return
            self._load()
        except TlsFilesRefused as error:
            # Halfway through being replaced, most likely; the next session looks again.
            if self._kept_old_because != str(error):
                self._kept_old_because = str(error)
                log.error("raft_certificate_kept_old", detail=str(error))
            return
        self._stamp = stamp
        self._kept_old_because = ""

    def _load(self) -> None:
        files = self._files
        facts = check_files(
            ca=files.ca,
            certificate=files.certificate,
            key=files.key,
            own=self._own,
            now=datetime.now(UTC),
        )
        dialling = _context(ssl.PROTOCOL_TLS_CLIENT, files)
        accepting = _context(ssl.PROTOCOL_TLS_SERVER, files)
        # Nothing to resume: each session shows its certificate anew.
        accepting.num_tickets = 0
        self._facts: CertificateFacts = facts
        self._dialling, self._accepting = dialling, accepting
        log.info(
            "raft_certificate_loaded",
            identity=str(self._own),
            valid_until=facts.not_after.isoformat(),
        )

    def _stamp_now(self) -> _Stamp:
        files = self._files
        return tuple(_stamp_of(path) for path in (files.ca, files.certificate, files.key))


def _context(protocol: "ssl._SSLMethod", files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    # Both ends are this program: there is nobody to be compatible with.
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # Not a machine is looked for but a member: `fault_of` says whether this is the one.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_verify_locations(cafile=files.ca)
        context.load_cert_chain(files.certificate, files.key)
    except (ssl.SSLError, OSError) as error:
        raise TlsFilesRefused(f"{files.certificate} cannot be used: {error}") from error
    return context


def _stamp_of(path: Path) -> tuple[int, int, int, int]:
    try:
        found = os.stat(path)
    except OSError as error:
        raise TlsFilesRefused(f"{path} cannot be read: {error.strerror}") from error
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
