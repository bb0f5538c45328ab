"""Two ends of TLS, joined by a few lines instead of a network."""

from pathlib import Path

import pytest

from replication.engine.tls_channel import TlsChannel, TlsFailed, TlsFailure, looks_like_tls
from tests.replication.certificates import good_tls, master


def two_ends(folder: Path) -> tuple[TlsChannel, TlsChannel]:
    dialling = good_tls(folder, "a").channel(is_dialling=True)
    return dialling, good_tls(folder, "b").channel(is_dialling=False)


def open_ends(folder: Path) -> tuple[TlsChannel, TlsChannel]:
    dialling, accepting = two_ends(folder)
    dialling.begin()
    assert accepting.receive(dialling.to_send()) == b""
    assert dialling.receive(accepting.to_send()) == b""
    assert (dialling.is_open, accepting.is_open) == (True, False)
    accepting.receive(dialling.to_send())
    return dialling, accepting


def test_both_ends_know_each_other_and_hear_what_was_said(tmp_path: Path) -> None:
    dialling, accepting = open_ends(tmp_path)
    assert (dialling.peer, accepting.peer) == (master("b"), master("a"))
    text = bytes(range(256)) * 10_000
    dialling.seal(text)
    accepting.seal(b"short")
    assert accepting.receive(dialling.to_send()) == text
    assert dialling.receive(accepting.to_send()) == b"short"


def test_what_is_said_together_with_the_end_of_the_handshake_is_heard(tmp_path: Path) -> None:
    dialling, accepting = two_ends(tmp_path)
    dialling.begin()
    accepting.receive(dialling.to_send())
    dialling.receive(accepting.to_send())
    dialling.seal(b"hello")
    assert accepting.receive(dialling.to_send()) == b"hello"


def test_bytes_may_come_one_by_one(tmp_path: Path) -> None:
    dialling, accepting = two_ends(tmp_path)
    dialling.begin()
    for byte in dialling.to_send():
        accepting.receive(bytes([byte]))
    for byte in accepting.to_send():
        dialling.receive(bytes([byte]))
    dialling.seal(b"hello")
    heard = b"".join(accepting.receive(bytes([byte])) for byte in dialling.to_send())
    assert heard == b"hello"


def test_a_single_changed_bit_ends_it(tmp_path: Path) -> None:
    dialling, accepting = open_ends(tmp_path)
    dialling.seal(b"hello")
    changed = bytearray(dialling.to_send())
    changed[-1] ^= 1
    with pytest.raises(TlsFailed) as failed:
        accepting.receive(bytes(changed))
    assert failed.value.failure is TlsFailure.BROKEN


def test_a_record_that_was_heard_before_ends_it(tmp_path: Path) -> None:
    dialling, accepting = open_ends(tmp_path)
    dialling.seal(b"hello")
    record = dialling.to_send()
    assert accepting.receive(record) == b"hello"
    with pytest.raises(TlsFailed) as failed:
        accepting.receive(record)
    assert failed.value.failure is TlsFailure.BROKEN


def test_plaintext_is_told_what_is_spoken_here(tmp_path: Path) -> None:
    _, accepting = two_ends(tmp_path)
    with pytest.raises(TlsFailed) as failed:
        accepting.receive(b"\x00\x00\x00\x10hello")
    assert failed.value.failure is TlsFailure.PLAINTEXT
    assert looks_like_tls(accepting.to_send())
