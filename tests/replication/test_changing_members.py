"""A leader asked for other members: what it refuses, how long it waits, what it seals."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from replication.config import PeerAddress, ReplicationConfig
from replication.engine.changing_members import ChangingMembers
from replication.engine.configuration_codec import MEMBERS_MAX
from replication.engine.messages import Standing
from replication.membership import (
    ChangeOutcome,
    ChangeRefusalCause,
    ChangeRefused,
    Configuration,
    Member,
    MembershipChange,
    MembershipChanged,
    NewMember,
)

LAST_INDEX = 1_000
WHERE = {name: PeerAddress(name, 5053) for name in "abcdefghijklmn"}


class Leader:
    """Replica `a`, which leads, as `ChangingMembers` sees it.

    Attributes:
        matched: what each peer with a session has of the log.
    """

    def __init__(self, names: str = "abc") -> None:
        self.now_s = 0.0
        self.outcomes: list[ChangeOutcome] = []
        self.matched: dict[str, int] = {}
        self.healing: set[str] = set()
        self.standings: dict[str, Standing] = {}
        members = {name: Member(f"{name}1", WHERE[name]) for name in names}
        membership: Any = SimpleNamespace(
            configuration=Configuration(4, members), replica_id="a", disk_id="a1"
        )
        core: Any = SimpleNamespace(term=7)
        self.membership, self.core = membership, core
        wal: Any = SimpleNamespace(last_index=LAST_INDEX)
        leading: Any = SimpleNamespace(
            matched_index=lambda peer: self.matched.get(peer, 0),
            is_learner=lambda peer: peer in self.healing,
        )
        config = ReplicationConfig(
            cluster_id="blue", replica_id="a", data_directory=Path("nowhere")
        )
        self.changing = ChangingMembers(
            config,
            membership=membership,
            core=core,
            wal=wal,
            leading=leading,
            standings=self.standings,
            now_s=lambda: self.now_s,
        )
        for name in names:
            if name != "a":
                self.meet(name)

    def meet(self, name: str, *, lacks: int = 0, disk: int = 1) -> None:
        self.standings[name] = Standing(4, f"{name}{disk}", 1, 1)
        self.matched[name] = LAST_INDEX - lacks

    def lose(self, name: str) -> None:
        del self.standings[name]

    def ask(self, add: str = "", remove: str = "", *, is_leading: bool = True) -> None:
        added = {name: NewMember(WHERE[name]) for name in add}
        change = MembershipChange(added, frozenset(remove))
        self.changing.begin(change, self.outcomes.append, is_leading=is_leading)

    def run(self) -> Configuration | None:
        sealed = self.changing.run(is_leading=True)
        self.changing.answer()
        return sealed

    def refusal(self) -> ChangeRefused:
        [outcome] = self.outcomes
        assert isinstance(outcome, ChangeRefused)
        return outcome


def names_of(configuration: Configuration | None) -> str:
    assert configuration is not None
    return "".join(configuration.members)


@pytest.mark.parametrize(
    ("names", "add", "remove", "detail"),
    [
        ("abc", "", "x", "x is no member; members are a, b, c"),
        ("abc", "", "abc", "no member would be left"),
        ("abc", "def", "abc", "only 0 of 3 members would stay; at least half must: take two"),
        ("abc", "de", "bc", "only 1 of 3 members would stay"),
        ("abc", "defghijkl", "", f"12 members; at most {MEMBERS_MAX}"),
    ],
)
def test_what_cannot_be_is_refused(names: str, add: str, remove: str, detail: str) -> None:
    leader = Leader(names)
    leader.ask(add, remove)
    assert leader.outcomes == [], "not before the caller's turn is over"
    assert leader.run() is None
    assert leader.refusal().cause is ChangeRefusalCause.IMPOSSIBLE
    assert detail in leader.refusal().detail


def test_only_a_leader_changes_members() -> None:
    leader = Leader()
    leader.ask(remove="c", is_leading=False)
    leader.run()
    assert leader.refusal().cause is ChangeRefusalCause.NOT_LEADING


def test_one_change_at_a_time() -> None:
    leader = Leader()
    leader.ask(add="d")
    leader.ask(add="e")
    leader.run()
    assert leader.refusal().cause is ChangeRefusalCause.UNDER_WAY


def test_what_is_so_already_is_done() -> None:
    leader = Leader()
    leader.ask(add="bc")
    assert leader.run() is None
    assert leader.outcomes == [MembershipChanged(leader.membership.configuration)]


@pytest.mark.parametrize("remove", ["a", "b", "c"])
def test_anyone_may_be_removed_and_is_told(remove: str) -> None:
    leader = Leader()
    leader.ask(remove=remove)
    sealed = leader.run()
    assert sealed is not None
    assert sealed.number == 5
    assert names_of(sealed) == "abc".replace(remove, "")
    assert list(sealed.departed) == [remove]
    assert leader.changing.is_holding
    assert leader.run() is None, "once"
    leader.changing.sealed(sealed)
    assert leader.outcomes == [MembershipChanged(sealed)]


def test_who_is_new_is_waited_for_until_it_lacks_next_to_nothing() -> None:
    leader = Leader()
    leader.ask(add="d")
    assert leader.run() is None
    assert leader.changing.lacking == {"d": None}
    leader.meet("d", lacks=65)
    assert leader.run() is None
    assert leader.changing.lacking == {"d": 65}
    leader.meet("d", lacks=64)
    sealed = leader.run()
    assert sealed is not None
    assert sealed.members["d"] == Member("d1", WHERE["d"])


def test_patience_ends_when_nothing_has_come_nearer() -> None:
    leader = Leader()
    leader.ask(add="d")
    leader.run()
    leader.now_s = 29.9
    leader.meet("d", lacks=900)
    leader.run()
    leader.now_s = 59.8
    assert leader.run() is None
    assert leader.outcomes == []
    assert leader.changing.deadline_s == pytest.approx(59.9)
    leader.now_s = 59.9
    leader.run()
    assert leader.refusal() == ChangeRefused(
        ChangeRefusalCause.UNREADY, "d still lacks 900 entries"
    )
    assert leader.changing.learners == {}


def test_who_was_never_reached_is_named_with_its_address() -> None:
    leader = Leader()
    leader.ask(add="de")
    leader.meet("d", lacks=900)
    leader.run()
    leader.now_s = 30.0
    leader.run()
    assert leader.refusal().detail == (
        "d still lacks 900 entries; e was not reached at e:5053; is it started there?"
    )


def test_what_would_stop_all_writes_is_refused() -> None:
    leader = Leader()
    leader.lose("b")
    leader.ask(remove="c")
    leader.run()
    assert leader.refusal().cause is ChangeRefusalCause.NO_QUORUM
    assert "of a, b these are not there or not up to date: b;" in leader.refusal().detail


def test_leadership_lost_meanwhile_leaves_it_open() -> None:
    leader = Leader()
    leader.ask(add="d")
    leader.run()
    leader.core.term = 8
    leader.run()
    assert leader.refusal().cause is ChangeRefusalCause.UNKNOWN


def test_another_change_that_came_first_is_said() -> None:
    leader = Leader()
    leader.ask(remove="c")
    leader.run()
    members = leader.membership.configuration.members
    leader.changing.sealed(Configuration(5, {name: members[name] for name in "ac"}))
    assert leader.refusal() == ChangeRefused(
        ChangeRefusalCause.UNKNOWN, "another change came first"
    )


def test_a_replica_that_stops_answers() -> None:
    leader = Leader()
    leader.ask(add="d")
    leader.changing.give_up()
    assert leader.refusal().cause is ChangeRefusalCause.UNKNOWN


def test_a_member_moves_with_its_disk() -> None:
    leader = Leader()
    moved = NewMember(PeerAddress("elsewhere", 1), "note")
    change = MembershipChange({"b": moved})
    leader.changing.begin(change, leader.outcomes.append, is_leading=True)
    sealed = leader.run()
    assert sealed is not None
    assert sealed.members["b"] == Member("b1", moved.address, "note")
    assert sealed.departed == {}


def test_a_leader_keeps_its_own_disk_when_it_is_moved() -> None:
    leader = Leader("a")
    leader.changing.begin(
        MembershipChange({"a": NewMember(PeerAddress("elsewhere", 1))}),
        leader.outcomes.append,
        is_leading=True,
    )
    sealed = leader.run()
    assert sealed is not None
    assert sealed.members["a"].disk_id == "a1"


def test_a_member_with_another_disk_is_named_again_by_itself() -> None:
    leader = Leader()
    leader.meet("c", lacks=65, disk=2)
    leader.healing.add("c")
    assert leader.run() is None
    assert leader.changing.lacking == {"c": 65}
    leader.meet("c", lacks=3, disk=2)
    assert leader.run() is None, "it begins"
    sealed = leader.run()
    assert sealed is not None
    assert sealed.members["c"].disk_id == "c2"
    assert sealed.departed == {}


def test_there_is_a_pause_between_two_attempts_to_heal() -> None:
    """Else a leader that cannot have its seal agreed on would do nothing but try."""
    leader = Leader()
    leader.meet("c", disk=2)
    leader.healing.add("c")
    leader.lose("b")
    leader.membership.configuration.members["d"] = Member("d1", WHERE["d"])
    leader.membership.configuration.members["e"] = Member("e1", WHERE["e"])
    for _ in range(3):
        assert leader.run() is None, "two of five decide nothing"
    leader.meet("b")
    leader.now_s = 0.9
    for _ in range(3):
        assert leader.run() is None
    leader.now_s = 1.0
    leader.run()
    assert names_of(leader.run()) == "abcde"


def test_an_operators_change_names_a_healed_disk_too() -> None:
    leader = Leader()
    leader.meet("c", disk=2)
    leader.healing.add("c")
    leader.ask(remove="b")
    sealed = leader.run()
    assert sealed is not None
    assert sealed.members["c"].disk_id == "c2"
