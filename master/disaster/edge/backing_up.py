"""A backup from the data directory of a master that does not run, and the check of any backup."""

import sys
import time
from pathlib import Path
from typing import Final

import click

from master.disaster.edge.data_directories import Found
from master.disaster.edge.failing import Failed, WrongUse
from master.disaster.edge.registry_reading import captured, counts_of, registry_after
from master.registry.state import RegistryState
from replication.engine.backup_file import (
    BackupFile,
    BackupHeader,
    BackupInfo,
    BackupRefused,
    backup_parts,
    write_backup,
)
from replication.engine.inspecting import FAULTS, Findings

_MIB: Final = 1024 * 1024


def checked_backup(path: Path) -> BackupInfo:
    """
    Raises:
        Failed: it is damaged, or none.
    """
    try:
        return BackupFile(path).check()
    except BackupRefused as error:
        raise Failed(str(error)) from error


def back_up_directory(found: Found, out: Path, *, overwrite: bool) -> None:
    """What this disk knows to be committed; what it has beyond may be, or may not.

    Raises:
        Failed, WrongUse
    """
    if found.in_use:
        raise WrongUse(
            f"{found.path} is in use by a running master; ask that one: "
            "trimast backup --any --master HOST:PORT --out FILE"
        )
    findings = found.findings
    if not findings.is_sound or findings.log is None or findings.identity is None:
        raise Failed(f"{found.path} is damaged, or holds no log; see: trimast inspect {found.path}")
    header, state = _header_and_state(findings, found.path)
    try:
        parts = backup_parts(header, captured(state).chunks())
        write_backup(out, parts, overwrite=overwrite, told=_show)
    except BackupRefused as error:
        raise WrongUse(str(error)) from error
    except OSError as error:
        raise Failed(f"{error.filename or out}: {error.strerror}") from error
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)


def _header_and_state(findings: Findings, path: Path) -> tuple[BackupHeader, RegistryState]:
    assert findings.log is not None
    assert findings.identity is not None
    index = findings.log.commit_index
    try:
        state = registry_after(findings, index)
    except FAULTS as error:
        raise Failed(f"{path}: the registry cannot be read: {error}") from error
    header = BackupHeader(
        findings.identity.cluster_id,
        findings.configuration,
        index,
        findings.term_at(index) or 0,
        round(time.time() * 1000),
        findings.identity.replica_id,
        counts_of(state).as_fields(),
    )
    return header, state


def _show(size_bytes: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{size_bytes / _MIB:.1f} MiB", err=True, nl=False)
