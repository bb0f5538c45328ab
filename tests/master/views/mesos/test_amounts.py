"""Resources as the older endpoints have them: flat, whoever has reserved them; or one by one."""

from master.views.mesos.amounts import (
    amounts_document,
    full_documents,
    full_reserved_documents,
    reserved_document,
    unreserved_document,
)
from trimast.model.resource_kind import Kind, VolumeName
from trimast.model.resources import Resources

VOLUME = Kind("disk", "db", "boss", volume=VolumeName("files", "data"))
MIXED = Resources.of(
    {"cpus": 1500, "cpus(db)": 500, VOLUME.text: 10_000},
    {"ports": [(31_000, 31_005), (31_010, 31_010)]},
    {"zones": ["b", "a"]},
)
NONE = {"cpus": 0.0, "gpus": 0.0, "mem": 0.0, "disk": 0.0}


def test_amounts_are_flat_and_the_four_that_everybody_reads_are_always_there() -> None:
    assert amounts_document(Resources()) == NONE
    assert amounts_document(MIXED) == {
        "cpus": 2.0,
        "gpus": 0.0,
        "mem": 0.0,
        "disk": 10.0,
        "ports": "[31000-31005, 31010-31010]",
        "zones": "{a, b}",
    }


def test_what_is_reserved_is_shown_by_role() -> None:
    assert reserved_document(MIXED) == {"db": {**NONE, "cpus": 0.5, "disk": 10.0}}
    assert unreserved_document(MIXED) == {
        **NONE,
        "cpus": 1.5,
        "ports": "[31000-31005, 31010-31010]",
        "zones": "{a, b}",
    }


def test_one_by_one_a_volume_says_what_it_is() -> None:
    rows = full_documents(MIXED)
    assert rows[0] == {"name": "cpus", "type": "SCALAR", "scalar": {"value": 1.5}, "role": "*"}
    reserved = full_reserved_documents(MIXED)
    assert list(reserved) == ["db"]
    [volume] = [row for row in reserved["db"] if "disk" in row]
    assert volume["reservations"] == [{"type": "DYNAMIC", "role": "db", "principal": "boss"}]
    assert volume["disk"] == {
        "persistence": {"id": "files"},
        "volume": {"mode": "RW", "container_path": "data"},
    }
