import pytest

from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.volume_codec import (
    held_volume_from_proto,
    held_volume_to_proto,
    kept_volume_from_proto,
    kept_volume_to_proto,
)
from trimast.model.volume import HeldVolume, VolumeRecord


@pytest.mark.parametrize("is_doomed", [True, False])
def test_what_goes_out_comes_back(is_doomed: bool) -> None:
    record = VolumeRecord(HeldVolume("eng/db", "files", 7), is_doomed)
    assert kept_volume_from_proto(kept_volume_to_proto(record)) == record


@pytest.mark.parametrize(
    ("role", "persistence_id"), [("db", "../x"), ("db", ""), ("..", "x"), ("", "x"), ("db", "a/b")]
)
def test_no_name_leads_out_of_its_folder(role: str, persistence_id: str) -> None:
    with pytest.raises(BadMessage, match="id"):
        held_volume_from_proto(held_volume_to_proto(HeldVolume(role, persistence_id, 1)))
