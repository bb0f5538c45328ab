"""A configuration is read as it was written; what no program of ours writes is refused."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication.config import PeerAddress
from replication.engine.configuration_codec import (
    MEMBERS_MAX,
    NOTE_CHARACTERS_MAX,
    ConfigurationUnreadable,
    as_fields,
    decode,
    encode,
    load_configuration,
    store_configuration,
)
from replication.membership import BLANK, Configuration, Member
from tests.simulation.raft.disk import SimDisk

numbers = st.integers(0, 2**62 - 1)
texts = st.text(max_size=NOTE_CHARACTERS_MAX)
addresses = st.builds(PeerAddress, texts, st.integers(0, 65_535))
names = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)
groups = st.dictionaries(names, st.builds(Member, texts, addresses, texts), max_size=MEMBERS_MAX)
configurations = st.builds(Configuration, numbers, groups, groups, numbers, numbers)
A = Member("disk", PeerAddress("10.0.0.1", 5053), "note")


@given(configurations)
def test_round_trip(configuration: Configuration) -> None:
    assert decode(encode(configuration)) == configuration


@given(configurations)
def test_equal_configurations_are_equal_bytes(configuration: Configuration) -> None:
    """Whichever order their members came in."""
    members = dict(reversed(list(configuration.members.items())))
    other = Configuration(configuration.number, members, configuration.departed)
    assert encode(other) == encode(
        Configuration(configuration.number, configuration.members, configuration.departed)
    )


@given(configurations)
def test_on_disk_and_back(configuration: Configuration) -> None:
    disk = SimDisk(Random(0))
    assert load_configuration(disk) == BLANK
    store_configuration(disk, configuration)
    assert load_configuration(disk) == configuration


def fields(**changed: Any) -> dict[str, Any]:
    return {**as_fields(Configuration(2, {"a": A})), **changed}


def member(**changed: Any) -> dict[str, Any]:
    return {"a": {"disk_id": "d", "host": "h", "port": 1, "note": "", **changed}}


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        None,
        {},
        fields(format=2),
        fields(number=-1),
        fields(number=2**62),
        fields(number=True),
        fields(number="2"),
        fields(base_index=1.0),
        fields(base_term=None),
        fields(members=None),
        fields(members=["a"]),
        fields(members={f"m{number}": member()["a"] for number in range(MEMBERS_MAX + 1)}),
        fields(members={"a/b": member()["a"]}),
        fields(members={"": member()["a"]}),
        fields(members=member(disk_id=7)),
        fields(members=member(host=None)),
        fields(members=member(port=65_536)),
        fields(members=member(port=-1)),
        fields(members=member(port=True)),
        fields(members=member(note="n" * (NOTE_CHARACTERS_MAX + 1))),
        fields(members={"a": {"disk_id": "d"}}),
        fields(departed=member(port="1")),
    ],
)
def test_what_is_no_configuration_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationUnreadable):
        decode(json.dumps(wrong).encode())


def test_what_can_be_refused_can_be_said() -> None:
    assert decode(json.dumps(fields()).encode()) == Configuration(2, {"a": A})


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigurationUnreadable):
        decode(data)


def test_what_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(ConfigurationUnreadable):
        decode(b"[" * 200_000)
