"""Certificate files of a replica: what cannot work is named, before anybody is spoken to."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from replication.engine.link_tls import LinkTls
from tests.replication import certificates
from tests.replication.certificates import BLUE, OTHER_BLUE, early, expired, files, issued, master
from trimast.edge.tls.authority import Authority, Issued
from trimast.edge.tls.files import TlsFilesRefused
from trimast.edge.tls.identity import Role, TlsIdentity

RED = Authority.create("red", now=certificates.NOW, days=10)


@pytest.mark.parametrize(
    ("shown", "ca_pem", "words"),
    [
        (expired(master("a")), BLUE.certificate_pem, r"cert\.pem expired at 2"),
        (early(master("a")), BLUE.certificate_pem, r"cert\.pem is valid from 2"),
        (issued(master("b")), BLUE.certificate_pem, "speaks for trimast://blue/master/b"),
        (issued(master("a", "red"), RED), RED.certificate_pem, "speaks for trimast://red/master/a"),
        (
            issued(TlsIdentity("blue", Role.AGENT, "a")),
            BLUE.certificate_pem,
            "this is trimast://blue/master/a",
        ),
        (issued(master("a"), OTHER_BLUE), BLUE.certificate_pem, r"not issued by .*ca\.pem"),
        (
            certificates.with_key_of(issued(master("a")), issued(master("a"))),
            BLUE.certificate_pem,
            r"key\.pem is not the key of .*cert\.pem",
        ),
        (issued(master("a")), b"nothing", r"ca\.pem is not a PEM certificate"),
        (Issued(b"nothing", b""), BLUE.certificate_pem, r"cert\.pem is not a PEM certificate"),
        (
            Issued(issued(master("a")).certificate_pem, b"nothing"),
            BLUE.certificate_pem,
            r"key\.pem is not a PEM key",
        ),
        (Issued(BLUE.certificate_pem, BLUE.key_pem), BLUE.certificate_pem, "speaks for nobody"),
    ],
)
def test_files_that_cannot_work_are_named_at_the_start(
    tmp_path: Path, shown: Issued, ca_pem: bytes, words: str
) -> None:
    with pytest.raises(TlsFilesRefused, match=words):
        LinkTls(files(tmp_path, shown, ca_pem), cluster_id="blue", replica_id="a")


@pytest.mark.parametrize("name", ["ca.pem", "cert.pem", "key.pem"])
def test_a_missing_file_is_named_at_the_start(tmp_path: Path, name: str) -> None:
    tls_files = files(tmp_path, issued(master("a")))
    (tmp_path / name).unlink()
    with pytest.raises(TlsFilesRefused, match=f"{name} cannot be read: No such file"):
        LinkTls(tls_files, cluster_id="blue", replica_id="a")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    tls_files = files(tmp_path, issued(master("a")))
    tls_files.key.chmod(mode)
    with pytest.raises(TlsFilesRefused, match=r"key\.pem is open to others .* chmod 600"):
        LinkTls(tls_files, cluster_id="blue", replica_id="a")


def test_an_expired_authority_is_named_at_the_start(tmp_path: Path) -> None:
    then = datetime.now(UTC) - timedelta(days=20)
    old = Authority.create("blue", now=then, days=10)
    shown = old.issue(master("a"), now=then, days=100)
    with pytest.raises(TlsFilesRefused, match="expired"):
        LinkTls(files(tmp_path, shown, old.certificate_pem), cluster_id="blue", replica_id="a")
