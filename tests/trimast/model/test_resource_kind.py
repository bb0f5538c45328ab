from hypothesis import given
from hypothesis import strategies as st

from trimast.model.resource_kind import (
    Kind,
    VolumeName,
    kind_of,
    plain,
    reserved_for,
    reserved_part,
    visible_to,
    volumes_in,
    without_volumes,
)
from trimast.model.resources import Resources

texts = st.text(min_size=1, max_size=8)
volumes = st.builds(VolumeName, texts, texts)
kinds = st.builds(
    Kind,
    st.sampled_from(["cpus", "disk", "ports"]),
    st.sampled_from(["db", "a/b", "x-y"]),
    st.text(max_size=4),
    st.lists(st.tuples(texts, st.text(max_size=4)), max_size=2).map(lambda x: tuple(sorted(x))),
    st.none() | volumes,
) | st.builds(Kind, st.sampled_from(["cpus", "disk", "ports"]))

FREE = Resources.of({"cpus": 2000, "disk": 1000}, {"ports": [(5, 9)]})
OF_DB = reserved_for(Resources.of({"cpus": 500, "disk": 300}, {"ports": [(10, 12)]}), "db")
VOLUME = Resources.of({Kind("disk", "db", volume=VolumeName("files", "data")).text: 200})
ALL = FREE + OF_DB + VOLUME


@given(kinds)
def test_a_name_says_all_of_its_kind(kind: Kind) -> None:
    assert kind_of(kind.text) == kind


@given(kinds, kinds)
def test_two_kinds_never_have_one_name(one: Kind, other: Kind) -> None:
    assert (one.text == other.text) == (one == other)


def test_people_can_read_it() -> None:
    assert str(OF_DB + VOLUME) == (
        "cpus(db):0.5;disk(db):0.3;disk(db)[files,data]:0.2;ports(db):[10-12]"
    )


def test_the_plain_amounts_are_the_same() -> None:
    assert plain(ALL) == Resources.of({"cpus": 2500, "disk": 1500}, {"ports": [(5, 12)]})
    assert ALL.amounts == plain(ALL).amounts
    assert ALL - plain(ALL - FREE - OF_DB).amounts + VOLUME == FREE + OF_DB + VOLUME + VOLUME - (
        Resources.of({"disk": 200})
    )


def test_a_role_sees_what_is_its_own_and_what_is_nobodys() -> None:
    assert visible_to(ALL, "db") == ALL
    assert visible_to(ALL, "db/below") == ALL
    assert visible_to(ALL, "dbx") == FREE
    assert visible_to(ALL, "*") == FREE


def test_parts_can_be_told_apart() -> None:
    assert reserved_part(ALL) == OF_DB + VOLUME
    assert without_volumes(ALL) == FREE + OF_DB
    assert volumes_in(ALL) == [("db", VolumeName("files", "data"))]
