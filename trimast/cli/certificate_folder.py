"""A cluster's authority and the certificates it gave, as files in one folder.

ca.pem, ca-key.pem              the authority; its key makes masters, and stays here
m1/ca.pem, cert.pem, key.pem    what m1 needs, and nobody else
"""

import os
import shutil
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from trimast.edge.tls.authority import Authority, NoAuthority
from trimast.edge.tls.files import CA_FILE, CERTIFICATE_FILE, KEY_FILE
from trimast.edge.tls.identity import Role, TlsIdentity, is_name
from trimast.edge.tls.reading import CertificateFacts, facts_of, read_certificates

CA_KEY_FILE: Final = "ca-key.pem"
AUTHORITY_DAYS: Final = 3650
_NEW: Final = ".new-"


class FolderRefused(Exception):
    """Nothing was changed; the text says why, and what would be right."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Attributes: name: of the member; "" for the authority."""

    name: str
    facts: CertificateFacts

    def days_left(self, now: datetime) -> int:
        """Whole days; below 0 once expired."""
        return (self.facts.not_after - now) // timedelta(days=1)


class CertificateFolder:
    def __init__(self, path: Path) -> None:
        self.path: Final = path

    def create(self, cluster: str, masters: Iterable[str], *, days: int) -> None:
        """An authority, and a certificate for each master. All of it or nothing.

        Raises:
            FolderRefused: there is something already, or a name cannot be one.
        """
        names = list(masters)
        _check_names([cluster, *names])
        if len(set(names)) != len(names):
            raise FolderRefused("each master needs a name of its own")
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise FolderRefused(f"{self.path} is not empty; nothing in it is overwritten")
        now = datetime.now(UTC)
        authority = Authority.create(cluster, now=now, days=max(AUTHORITY_DAYS, days))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}{_NEW}{uuid.uuid4().hex}")
        draft.mkdir(mode=0o700)
        try:
            _write_new(draft / CA_FILE, authority.certificate_pem)
            _write_new(draft / CA_KEY_FILE, authority.key_pem)
            for name in names:
                _write_member(draft / name, authority, name, now, days)
            draft.rename(self.path)
        except BaseException:
            shutil.rmtree(draft)
            raise

    def add(self, name: str, *, days: int) -> None:
        """A certificate for one more master.

        Raises:
            FolderRefused: it has one, the name cannot be one, or the authority is not here.
        """
        _check_names([name])
        authority = self._authority()
        if (self.path / name).exists():
            raise FolderRefused(
                f"{self.path / name} exists; a new certificate for it: "
                f"trimast tls renew --dir {self.path} {name}"
            )
        draft = self.path / f"{_NEW}{uuid.uuid4().hex}"
        try:
            _write_member(draft, authority, name, datetime.now(UTC), days)
            draft.rename(self.path / name)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def renew(self, names: Iterable[str], *, days: int) -> list[str]:
        """New keys and certificates in the places of the old. Returns for whom: no names, all.

        Raises:
            FolderRefused: one has none, or the authority is not here.
        """
        authority = self._authority()
        has = [each.name for each in self.listed() if each.name]
        wanted = list(names) or has
        for name in wanted:
            if name not in has:
                raise FolderRefused(f"{self.path} has no {name}; there are: {', '.join(has)}")
        for name in wanted:
            draft = self.path / f"{_NEW}{uuid.uuid4().hex}"
            try:
                _write_member(draft, authority, name, datetime.now(UTC), days)
                # A master that reads between two of these sees that they do not fit, and keeps
                # what it has until they do.
                for file in (KEY_FILE, CERTIFICATE_FILE, CA_FILE):
                    os.replace(draft / file, self.path / name / file)
            finally:
                shutil.rmtree(draft)
        return wanted

    def listed(self) -> list[Listed]:
        """The authority, then the members by name.

        Raises:
            FolderRefused: there is no authority here.
            TlsFilesRefused: a certificate cannot be read.
        """
        self._check_is_one()
        members = sorted(
            each.name
            for each in self.path.iterdir()
            if not each.name.startswith(_NEW) and (each / CERTIFICATE_FILE).exists()
        )
        paths = {"": self.path / CA_FILE}
        paths |= {name: self.path / name / CERTIFICATE_FILE for name in members}
        return [Listed(name, facts_of(read_certificates(path)[0])) for name, path in paths.items()]

    def _authority(self) -> Authority:
        self._check_is_one()
        try:
            return Authority.load(
                (self.path / CA_FILE).read_bytes(), (self.path / CA_KEY_FILE).read_bytes()
            )
        except OSError as error:
            raise FolderRefused(f"{error.filename} cannot be read: {error.strerror}") from error
        except NoAuthority as error:
            raise FolderRefused(f"{self.path / CA_FILE} is no authority: {error}") from error

    def _check_is_one(self) -> None:
        if not (self.path / CA_FILE).exists():
            raise FolderRefused(
                f"{self.path} holds no authority; make one: trimast tls init --dir {self.path} …"
            )


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        if not is_name(name):
            raise FolderRefused(
                f"{name!r} cannot be a name: up to 64 letters, digits, '.', '_' and '-'"
            )


def _write_member(folder: Path, authority: Authority, name: str, now: datetime, days: int) -> None:
    made = authority.issue(TlsIdentity(authority.cluster, Role.MASTER, name), now=now, days=days)
    folder.mkdir(mode=0o700)
    _write_new(folder / CA_FILE, authority.certificate_pem)
    _write_new(folder / CERTIFICATE_FILE, made.certificate_pem)
    _write_new(folder / KEY_FILE, made.key_pem)


def _write_new(path: Path, content: bytes) -> None:
    """For its owner alone, from the first moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
