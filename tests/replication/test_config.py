"""Settings out of bounds are refused by name."""

from pathlib import Path
from typing import Any

import pytest

from replication.config import PeerAddress, ReplicationConfig, TlsFiles


def config(**settings: Any) -> ReplicationConfig:
    values = {"cluster_id": "blue", "replica_id": "a", "data_directory": Path("data"), **settings}
    return ReplicationConfig(**values)


def test_what_is_not_said_has_a_sound_value() -> None:
    assert config().peers == {}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("cluster_id", ""),
        ("replica_id", "a/b"),
        ("listen_port", 70_000),
        ("peers", {"a": PeerAddress("h", 1)}),
        ("peers", {"b": PeerAddress("h", 0)}),
        ("heartbeat_ms", 1),
        ("election_timeout_min_ms", 200),
        ("election_timeout_max_ms", 450),
        ("proposal_deadline_ms", 0),
        ("pending_proposals_max", 0),
        ("pending_bytes_max", 1),
        ("command_bytes_max", 2**20 + 1),
        ("entry_commands_max", 0),
        ("apply_commands_per_turn_max", 0),
        ("segment_bytes_max", 1),
        ("snapshot_after_bytes", 0),
        ("snapshot_after_entries", 0),
        ("snapshot_retry_ms", 0),
        ("digest_every_entries", 0),
        ("state_format", "x" * 65),
        ("trailing_entries", -1),
        ("trailing_bytes_max", -1),
        ("transfer_chunk_bytes", 2**20 + 1),
        ("handshake_timeout_ms", 1),
        ("reconnect_delay_min_ms", 1_000),
        ("outbound_bytes_max", 1),
    ],
)
def test_a_setting_out_of_bounds_is_named(setting: str, value: object) -> None:
    with pytest.raises(ValueError, match=setting):
        config(**{setting: value})


NEAR = {"b": PeerAddress("127.0.0.1", 1), "c": PeerAddress("::1", 1)}
FAR = {**NEAR, "c": PeerAddress("10.0.0.3", 1)}


@pytest.mark.parametrize(
    ("settings", "open_to_others"),
    [
        ({"peers": FAR}, "10.0.0.3"),
        ({"peers": NEAR, "listen_host": "0.0.0.0"}, "0.0.0.0"),
        ({"peers": FAR, "listen_host": "m1.example"}, "10.0.0.3, m1.example"),
        ({"peers": {"b": PeerAddress("localhost.example", 1)}}, "localhost.example"),
    ],
)
def test_plaintext_beyond_loopback_is_refused(settings: Any, open_to_others: str) -> None:
    with pytest.raises(ValueError, match=f"plaintext on {open_to_others}, .*trimast tls init"):
        config(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"peers": NEAR},
        {"peers": {"b": PeerAddress("localhost", 1)}, "listen_host": "127.9.9.9"},
        {"peers": FAR, "tls": TlsFiles(Path("ca"), Path("cert"), Path("key"))},
        {"peers": FAR, "insecure": True},
        {"listen_host": "0.0.0.0"},
    ],
)
def test_plaintext_is_for_loopback_and_for_those_who_ask_for_it(settings: Any) -> None:
    config(**settings)
