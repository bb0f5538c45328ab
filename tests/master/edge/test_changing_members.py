"""An operator's word about masters: asked of the log once, told on the way, refused by name."""

import asyncio
from typing import Any, cast

import grpc
import pytest

from master.edge.changing_members import change_members, members_reply
from master.edge.directory import Directory, MasterAddress
from master.edge.doors import Doorkeeper
from protos.trimast.v1 import cluster_pb2
from replication.config import PeerAddress
from replication.membership import (
    ChangeListener,
    ChangeRefusalCause,
    ChangeRefused,
    Configuration,
    Member,
    MembershipChange,
    MembershipChanged,
    MembershipStatus,
    NewMember,
)
from tests.virtual_time_loop import run_in_virtual_time
from trimast.model.ids import MasterId

M1 = Member("disk-1", PeerAddress("one", 5053), "one:5052/one:5050")
M4 = Member("disk-4", PeerAddress("four", 5053), "four:5052/four:5050")
ONE = Configuration(1, {"m1": M1})
TWO = Configuration(2, {"m1": M1, "m4": M4})
NEW = cluster_pb2.Member(id="m4", raft="four:5053", grpc="four:5052", http="four:5050")


class Aborted(Exception):
    """As gRPC ends a call."""


class FakeContext:
    def __init__(self) -> None:
        self.code: grpc.StatusCode | None = None

    async def abort(self, code: grpc.StatusCode, detail: str) -> None:
        self.code = code
        raise Aborted(detail)


class FakeLog:
    """Asked to change members, it says nothing until the test does."""

    def __init__(self) -> None:
        self.asked: list[tuple[MembershipChange, ChangeListener]] = []
        self.status = MembershipStatus(ONE, "disk-1", is_voter=True, learners={})

    def membership(self) -> MembershipStatus:
        return self.status

    def change_members(self, change: MembershipChange, on_outcome: ChangeListener) -> None:
        self.asked.append((change, on_outcome))

    @property
    def doorkeeper(self) -> Doorkeeper:
        own = MasterAddress("one:5053", "one:5052", "one:5050")
        m1 = MasterId("m1")
        directory = Directory(m1, {m1: own}, lambda: self.status.configuration)
        return Doorkeeper(cast(Any, None), directory, cast(Any, self))


class Call:
    """One call of `ChangeMembers`.

    Attributes:
        told: all progress so far.
    """

    def __init__(self, log: FakeLog, request: cluster_pb2.ChangeMembersRequest) -> None:
        self.told: list[cluster_pb2.ChangeMembersProgress] = []
        self.context = FakeContext()
        self._log = log
        self._request = request

    async def run(self) -> None:
        answers = change_members(self._log.doorkeeper, self._request, cast(Any, self.context))
        async for progress in answers:
            self.told.append(progress)


def adding(*members: cluster_pb2.Member) -> cluster_pb2.ChangeMembersRequest:
    return cluster_pb2.ChangeMembersRequest(add=members)


def test_what_is_asked_for_reaches_the_log_and_what_came_of_it_the_caller() -> None:
    async def story() -> None:
        log = FakeLog()
        call = Call(log, cluster_pb2.ChangeMembersRequest(add=[NEW], remove=["m2", "m3"]))
        running = asyncio.create_task(call.run())
        await asyncio.sleep(0.1)
        [(change, on_outcome)] = log.asked
        added = {"m4": NewMember(PeerAddress("four", 5053), "four:5052/four:5050")}
        assert change == MembershipChange(added, frozenset({"m2", "m3"}))
        on_outcome(MembershipChanged(TWO))
        await running
        [progress] = call.told
        assert progress.done.configuration == 2
        assert [(m.id, m.raft, m.grpc, m.http, m.disk_id) for m in progress.done.members] == [
            ("m1", "one:5053", "one:5052", "one:5050", "disk-1"),
            ("m4", "four:5053", "four:5052", "four:5050", "disk-4"),
        ]

    run_in_virtual_time(story())


def test_who_is_brought_up_to_date_is_told_on_the_way() -> None:
    async def story() -> None:
        log = FakeLog()
        call = Call(log, adding(NEW))
        running = asyncio.create_task(call.run())
        await asyncio.sleep(0.2)
        for lacks in (None, 900, 0):
            learners = {"m4": lacks}
            log.status = MembershipStatus(ONE, "disk-1", is_voter=True, learners=learners)
            await asyncio.sleep(0.5)
        await asyncio.sleep(0.1)
        log.asked[0][1](MembershipChanged(TWO))
        await running
        *on_the_way, last = call.told
        learners_told = [progress.learners[0] for progress in on_the_way]
        assert [
            (each.id, each.lacks if each.HasField("lacks") else None) for each in learners_told
        ] == [("m4", None), ("m4", 900), ("m4", 0)]
        assert last.HasField("done")

    run_in_virtual_time(story())


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (ChangeRefusalCause.NOT_LEADING, grpc.StatusCode.UNAVAILABLE),
        (ChangeRefusalCause.UNKNOWN, grpc.StatusCode.UNAVAILABLE),
        (ChangeRefusalCause.IMPOSSIBLE, grpc.StatusCode.INVALID_ARGUMENT),
        (ChangeRefusalCause.UNDER_WAY, grpc.StatusCode.FAILED_PRECONDITION),
        (ChangeRefusalCause.UNREADY, grpc.StatusCode.FAILED_PRECONDITION),
        (ChangeRefusalCause.NO_QUORUM, grpc.StatusCode.FAILED_PRECONDITION),
    ],
)
def test_a_refusal_ends_the_call_with_its_reason(
    cause: ChangeRefusalCause, code: grpc.StatusCode
) -> None:
    """Only what may pass by itself is UNAVAILABLE: the command asks again then."""

    async def story() -> None:
        log = FakeLog()
        call = Call(log, adding(NEW))
        running = asyncio.create_task(call.run())
        await asyncio.sleep(0.1)
        log.asked[0][1](ChangeRefused(cause, "because"))
        with pytest.raises(Aborted, match="because"):
            await running
        assert call.context.code is code

    run_in_virtual_time(story())


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (
            cluster_pb2.Member(id="m/4", raft="a:1", grpc="a:2", http="a:3"),
            "'m/4' cannot be the id",
        ),
        (cluster_pb2.Member(id="", raft="a:1", grpc="a:2", http="a:3"), "cannot be the id"),
        (cluster_pb2.Member(id="m4", raft="a", grpc="a:2", http="a:3"), "'a' should be host:port"),
        (cluster_pb2.Member(id="m4", raft="a:1", grpc="a:0", http="a:3"), "'a:0'"),
        (cluster_pb2.Member(id="m4", raft="a:1", grpc="a:2"), "'' should be host:port"),
    ],
)
def test_what_cannot_be_a_master_never_reaches_the_log(
    member: cluster_pb2.Member, words: str
) -> None:
    async def story() -> None:
        log = FakeLog()
        call = Call(log, adding(member))
        with pytest.raises(Aborted, match=words):
            await call.run()
        assert call.context.code is grpc.StatusCode.INVALID_ARGUMENT
        assert log.asked == []

    run_in_virtual_time(story())


def test_a_master_says_who_it_is_and_whether_it_votes() -> None:
    log = FakeLog()
    log.status = MembershipStatus(TWO, "disk-9", is_voter=False, learners={"m5": 7})
    reply = members_reply(log.doorkeeper)
    assert (reply.master_id, reply.disk_id, reply.votes) == ("m1", "disk-9", False)
    assert (reply.configuration, [m.id for m in reply.members]) == (2, ["m1", "m4"])
    assert [(each.id, each.lacks) for each in reply.learners] == [("m5", 7)]
