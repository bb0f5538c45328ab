"""`trimast tls ...`: the certificates by which the masters of a cluster know each other."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from trimast.cli.certificate_folder import CA_KEY_FILE, CertificateFolder, FolderRefused, Listed
from trimast.cli.failing import Failed, WrongUse
from trimast.cli.listing import Row, json_option, print_rows
from trimast.edge.tls.files import TlsFilesRefused

DAYS_DEFAULT = 365
DAYS_MAX = 20 * 365
COLUMNS = ("id", "state", "role", "identity", "valid_from", "valid_until", "days_left")

folder_option = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The authority's folder. Its key makes masters: keep it off the masters' machines.",
)
days_option = click.option(
    "--days",
    type=click.IntRange(1, DAYS_MAX),
    default=DAYS_DEFAULT,
    show_default=True,
    help="How long a certificate is valid.",
)


@contextmanager
def folder_failures() -> Iterator[None]:
    try:
        yield
    except FolderRefused as error:
        raise WrongUse(str(error)) from error
    except TlsFilesRefused as error:
        raise Failed(str(error)) from error
    except OSError as error:
        raise Failed(f"{error.filename}: {error.strerror}") from error


@click.group()
def tls() -> None:
    """Certificates by which the masters of a cluster know each other."""


@tls.command("init")
@folder_option
@click.option("--cluster", required=True, help="As the masters' --cluster says.")
@click.option("--masters", required=True, metavar="m1,m2,..", help="As the masters' --id say.")
@days_option
def init(folder: Path, cluster: str, masters: str, days: int) -> None:
    """Make a cluster's authority, and a certificate for each master. Overwrites nothing."""
    names = [name.strip() for name in masters.split(",") if name.strip()]
    if not names:
        raise WrongUse("--masters names nobody")
    with folder_failures():
        CertificateFolder(folder).create(cluster, names, days=days)
    for name in names:
        _say_what_to_do(folder, name)
    print(f"keep {folder / CA_KEY_FILE} off the masters' machines: whoever has it can be a master")


@tls.command("add")
@folder_option
@days_option
@click.argument("master_id")
def add(folder: Path, master_id: str, days: int) -> None:
    """Make a certificate for one more master, such as m4. Overwrites nothing."""
    with folder_failures():
        CertificateFolder(folder).add(master_id, days=days)
    _say_what_to_do(folder, master_id)


@tls.command("renew")
@folder_option
@days_option
@click.argument("master_ids", nargs=-1)
def renew(folder: Path, master_ids: tuple[str, ...], days: int) -> None:
    """Make new keys and certificates for masters that have some: those named, or all."""
    with folder_failures():
        renewed = CertificateFolder(folder).renew(master_ids, days=days)
    for name in renewed:
        _say_what_to_do(folder, name)


@tls.command("show")
@folder_option
@json_option
def show(folder: Path, as_json: bool) -> None:
    """List the authority and the certificates here, and how long they are valid."""
    now = datetime.now(UTC)
    with folder_failures():
        rows = [_row(each, now) for each in CertificateFolder(folder).listed()]
    print_rows(rows, COLUMNS, as_json=as_json, none="no certificates")


def _row(listed: Listed, now: datetime) -> Row:
    facts = listed.facts
    identity = facts.identity
    return {
        "id": listed.name or "authority",
        "state": _state(listed, now),
        "role": "authority" if not listed.name else identity.role if identity else None,
        "identity": str(identity) if identity else None,
        "valid_from": f"{facts.not_before:%Y-%m-%dT%H:%M:%SZ}",
        "valid_until": f"{facts.not_after:%Y-%m-%dT%H:%M:%SZ}",
        "days_left": listed.days_left(now),
    }


def _state(listed: Listed, now: datetime) -> str:
    if now >= listed.facts.not_after:
        return "expired"
    return "valid" if now >= listed.facts.not_before else "not yet valid"


def _say_what_to_do(folder: Path, name: str) -> None:
    print(f"{folder / name}  is for {name} alone: copy it there, --raft-tls-dir names it")
