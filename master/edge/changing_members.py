"""Masters come and go by an operator's word: what is asked of the log, and told meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final

import grpc
import grpc.aio

from master.edge.asking import answer_to
from master.edge.directory import MasterAddress
from master.edge.doors import Doorkeeper
from master.edge.peers_text import host_and_port
from protos.trimast.v1 import cluster_pb2
from replication.config import ID_PATTERN, PeerAddress
from replication.membership import (
    ChangeOutcome,
    ChangeRefusalCause,
    ChangeRefused,
    Configuration,
    MembershipChange,
    MembershipStatus,
    NewMember,
)

_Context = grpc.aio.ServicerContext[Any, Any]

_PROGRESS_S: Final = 0.5
_STATUS: Final = {
    ChangeRefusalCause.NOT_LEADING: grpc.StatusCode.UNAVAILABLE,
    ChangeRefusalCause.UNKNOWN: grpc.StatusCode.UNAVAILABLE,
    ChangeRefusalCause.IMPOSSIBLE: grpc.StatusCode.INVALID_ARGUMENT,
}


def members_reply(doorkeeper: Doorkeeper) -> cluster_pb2.ListMembersReply:
    status = doorkeeper.replicated_log.membership()
    return cluster_pb2.ListMembersReply(
        configuration=status.configuration.number,
        members=_members(doorkeeper, status.configuration),
        learners=_learners(status),
        master_id=doorkeeper.directory.own_id,
        disk_id=status.disk_id,
        votes=status.is_voter,
    )


async def change_members(
    doorkeeper: Doorkeeper, request: cluster_pb2.ChangeMembersRequest, context: _Context
) -> AsyncIterator[cluster_pb2.ChangeMembersProgress]:
    """Ends the call with the reason if it does not come about."""
    replicated_log = doorkeeper.replicated_log
    try:
        change = _change(request)
    except ValueError as error:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
    asking = asyncio.create_task(answer_to(partial(replicated_log.change_members, change)))
    while not (await asyncio.wait([asking], timeout=_PROGRESS_S))[0]:
        learners = _learners(replicated_log.membership())
        yield cluster_pb2.ChangeMembersProgress(learners=learners)
    outcome: ChangeOutcome = asking.result()
    if isinstance(outcome, ChangeRefused):
        status = _STATUS.get(outcome.cause, grpc.StatusCode.FAILED_PRECONDITION)
        await context.abort(status, outcome.detail)
    configuration = outcome.configuration
    done = cluster_pb2.ListMembersReply(
        configuration=configuration.number, members=_members(doorkeeper, configuration)
    )
    yield cluster_pb2.ChangeMembersProgress(done=done)


def _members(doorkeeper: Doorkeeper, configuration: Configuration) -> list[cluster_pb2.Member]:
    members: list[cluster_pb2.Member] = []
    for name, member in configuration.members.items():
        address = doorkeeper.directory.address_of(name, member)
        where = {"raft": address.raft, "grpc": address.grpc, "http": address.http}
        members.append(cluster_pb2.Member(id=name, disk_id=member.disk_id, **where))
    return members


def _change(request: cluster_pb2.ChangeMembersRequest) -> MembershipChange:
    added: dict[str, NewMember] = {}
    for member in request.add:
        if not ID_PATTERN.fullmatch(member.id):
            raise ValueError(f"{member.id!r} cannot be the id of a master")
        for address in (member.raft, member.grpc, member.http):
            host_and_port(address)
        note = MasterAddress(member.raft, member.grpc, member.http).note
        added[member.id] = NewMember(PeerAddress(*host_and_port(member.raft)), note)
    return MembershipChange(added, frozenset(request.remove))


def _learners(status: MembershipStatus) -> list[cluster_pb2.Learner]:
    return [cluster_pb2.Learner(id=name, lacks=lacks) for name, lacks in status.learners.items()]
