from trimast.framework.reserving import (
    create_volume,
    destroy_volumes,
    reserve,
    reserved_in,
    volume_ids,
    volumes_in,
)
from trimast.model.resources import Resources


def test_amounts_are_those_of_the_role() -> None:
    assert str(reserve("db", cpus=0.5, disk_mib=64).resources) == "cpus(db):0.5;disk(db):64"
    assert str(reserve("db", cpus=1, principal="me").resources) == "cpus(db,me):1"


def test_an_offer_is_taken_apart() -> None:
    free = Resources.of({"cpus": 1000})
    reserved = reserve("db", mem_mib=32).resources
    one = create_volume("db", "a", "data", disk_mib=8).resources
    other = create_volume("db", "b", "data", disk_mib=8).resources
    offered = free + reserved + one + other
    assert reserved_in(offered) == reserved
    assert volumes_in(offered) == one + other
    assert volumes_in(offered, "b") == other
    assert volume_ids(offered) == ["a", "b"]
    assert destroy_volumes(one).converted == reserve("db", disk_mib=8).resources
