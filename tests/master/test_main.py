"""`trimast master` with a Raft link that cannot be made safe: it says what to do, and ends."""

import asyncio
from pathlib import Path

import pytest

from replication.engine.data_directory import DataDirectory
from tests.trimast.cli.command import Ended, trimast
from trimast.cli.certificate_folder import CertificateFolder

NEAR = "m1=127.0.0.1:5053/127.0.0.1:5052/127.0.0.1:5050,m2=127.0.0.1:6053/h:1/h:2"
FAR = "m1=10.0.0.1:5053/10.0.0.1:5052/10.0.0.1:5050,m2=10.0.0.2:5053/10.0.0.2:1/10.0.0.2:2"


def started(folder: Path, peers: str, *flags: str) -> Ended:
    own = ("--id", "m1", "--cluster", "blue", "--data-dir", str(folder / "data"))
    ended = asyncio.run(trimast("master", *own, "--peers", peers, *flags))
    assert not (folder / "data").exists()
    return ended


def test_plaintext_on_a_network_is_refused(tmp_path: Path) -> None:
    ended = started(tmp_path, FAR)
    assert ended.code == 2
    for words in ("plaintext on 10.0.0.2,", "trimast tls init", "--raft-tls-dir"):
        assert words in ended.err


def test_peers_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    ended = started(tmp_path, "m1=here")
    assert (ended.code, "Traceback" in ended.err) == (2, False)
    assert "'m1=here' should be" in ended.err


def test_safe_and_unsafe_at_once_is_refused(tmp_path: Path) -> None:
    ended = started(tmp_path, FAR, "--raft-insecure", "--raft-tls-dir", "/nowhere")
    assert ended.code == 2
    assert "exclude each other" in ended.err


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("m2", "speaks for trimast://blue/master/m2, and this is trimast://blue/master/m1"),
        ("m9", "m9/ca.pem cannot be read: No such file or directory"),
    ],
)
def test_files_of_another_are_refused(tmp_path: Path, folder: str, words: str) -> None:
    CertificateFolder(tmp_path / "tls").create("blue", ["m1", "m2"], days=30)
    ended = started(tmp_path, NEAR, "--raft-tls-dir", str(tmp_path / "tls" / folder))
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert words in ended.err


def test_what_it_belongs_to_must_be_readable(tmp_path: Path) -> None:
    held = DataDirectory.claim(tmp_path / "data")
    held.begin_life("blue", "m1")
    held.release()
    (tmp_path / "data" / "configuration").write_text("half wr")
    own = ("--id", "m1", "--cluster", "blue", "--data-dir", str(tmp_path / "data"))
    ended = asyncio.run(trimast("master", *own))
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert f"{tmp_path / 'data'}: configuration is damaged" in ended.err


def test_credentials_that_others_can_read_are_refused_at_the_start(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text("alice s3cret\n")
    credentials.chmod(0o644)
    one = "m1=127.0.0.1:5053/127.0.0.1:5052/127.0.0.1:5050"
    ended = started(tmp_path, one, "--credentials", str(credentials))
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert f"{credentials} can be read by others: chmod 600 {credentials}" in ended.err
    assert "s3cret" not in ended.err
