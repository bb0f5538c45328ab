"""A file of principals and their secrets: read strictly, and kept so that it is of no use."""

import os
from pathlib import Path

import pytest

from master.edge.credentials import Credentials, CredentialsRefused


def a_file(folder: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path = folder / "credentials"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def test_who_is_known_is_known_by_the_secret_alone(tmp_path: Path) -> None:
    credentials = Credentials.read(a_file(tmp_path, "alice s3cret\n\n  bob\thünter:2  \n"))
    assert len(credentials) == 2
    assert credentials.are_right("alice", "s3cret")
    assert credentials.are_right("bob", "hünter:2")
    for principal, secret in (
        ("alice", "s3cre"),
        ("alice", ""),
        ("alice", "hünter:2"),
        ("Alice", "s3cret"),
        ("", ""),
        ("nobody", "s3cret"),
        ("alice", "\udcff"),
    ):
        assert not credentials.are_right(principal, secret)


def test_no_secret_is_kept(tmp_path: Path) -> None:
    credentials = Credentials.read(a_file(tmp_path, "alice s3cret"))
    kept = repr({name: getattr(credentials, name) for name in vars(credentials)})
    assert "s3cret" not in kept
    other = Credentials({"alice": "s3cret"})
    assert vars(other)["_hashes"] != vars(credentials)["_hashes"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_what_others_can_read_is_no_secret(tmp_path: Path, mode: int) -> None:
    with pytest.raises(CredentialsRefused, match="can be read by others: chmod 600"):
        Credentials.read(a_file(tmp_path, "alice s3cret", mode))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("alice", "line 1: a line is"),
        ("alice s3cret\nbob two words", "line 2: a line is"),
        ("al:ice s3cret", "no principal has a colon"),
        ("alice s3cret\nalice other", "line 2: alice stands there twice"),
        ("", "names nobody"),
        (b"alice \xff", "no text in UTF-8"),
    ],
)
def test_what_cannot_be_meant_is_refused_without_repeating_it(
    tmp_path: Path, text: str | bytes, why: str
) -> None:
    with pytest.raises(CredentialsRefused, match=why) as refused:
        Credentials.read(a_file(tmp_path, text))
    for secret in ("s3cret", "two words", "other"):
        assert secret not in str(refused.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CredentialsRefused, match="No such file"):
        Credentials.read(tmp_path / "missing")
    with pytest.raises(CredentialsRefused, match="is no file"):
        Credentials.read(tmp_path)
    os.mkfifo(tmp_path / "fifo", 0o600)
    with pytest.raises(CredentialsRefused, match="is no file"):
        Credentials.read(tmp_path / "fifo")
