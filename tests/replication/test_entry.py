"""Commands come out of an entry as they went in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication.engine.entry import EntryUnreadable, pack, unpack


@given(st.lists(st.binary(max_size=50)))
def test_round_trip(commands: list[bytes]) -> None:
    assert unpack(pack(commands)) == commands


def test_a_leaders_first_entry_has_no_commands() -> None:
    assert unpack(b"") == []


@given(st.binary(min_size=1, max_size=60))
def test_garbage_is_refused_or_exact(payload: bytes) -> None:
    try:
        commands = unpack(payload)
    except EntryUnreadable:
        return
    assert pack(commands) == payload


def test_an_entry_cut_off_is_refused() -> None:
    payload = pack([b"one", b"two"])
    for size_bytes in range(1, len(payload)):
        with pytest.raises(EntryUnreadable):
            unpack(payload[:size_bytes])
