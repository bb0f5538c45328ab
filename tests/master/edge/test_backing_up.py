"""Backups through the operators' door: whole, at one entry, a few at once, and no slower reader."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any, cast

import grpc
import pytest

from master.edge import backing_up, long_answers
from master.edge.backing_up import BACKUPS_MAX, BackingUp, LogPosition
from master.edge.doors import Doorkeeper
from master.edge.registry_log import RegistryLog
from protos.trimast.v1 import cluster_pb2
from replication.engine.backup_file import BackupFile
from replication.membership import Configuration
from tests.master.disaster.a_cluster import THREE
from tests.master.edge.fake_context import Aborted, FakeContext
from tests.master.led_cluster import AGENT, AGENT_INFO
from trimast.model.ids import AgentId, MasterId

Context = FakeContext[cluster_pb2.BackupReply]


class FakeDirectory:
    own_id = MasterId("m1")


def a_service(registry: RegistryLog, configuration: Configuration = THREE) -> BackingUp:
    doorkeeper = Doorkeeper(cast(Any, None), cast(Any, FakeDirectory()), cast(Any, None))
    return BackingUp("prod", doorkeeper, registry, lambda: LogPosition(9, 2, configuration))


def a_registry(agents: int) -> RegistryLog:
    from master.registry.records import AgentRecord, AgentState

    registry = RegistryLog()
    for number in range(agents):
        agent_id = AgentId(f"{AGENT}-{number}")
        record = AgentRecord(agent_id, AGENT_INFO, AgentState.ACTIVE, 1, 1)
        registry.state.agents[agent_id] = record
    return registry


async def sent(service: BackingUp, context: Context) -> None:
    await service.send(cast(Any, context), leading=True)


def test_what_is_sent_is_a_backup_of_that_moment(tmp_path: Path) -> None:
    async def story() -> None:
        registry = a_registry(5_000)
        context = Context()
        context.may_go_on.clear()
        sending = asyncio.create_task(sent(a_service(registry), context))
        await asyncio.sleep(0)
        registry.state.agents.clear()  # What comes later is not in it.
        context.may_go_on.set()
        await sending
        head, *parts, last = context.sent
        assert (head.head.index, head.head.agents, head.head.leading) == (9, 5_000, True)
        data = b"".join(each.data for each in parts)
        assert last.end.size_bytes == len(data)
        assert last.end.sha256 == hashlib.sha256(data).digest()
        assert max(len(each.data) for each in parts) <= backing_up.PART_BYTES_MAX
        path = tmp_path / "b"
        path.write_bytes(data)
        header = BackupFile(path).check().header
        assert (header.cluster_id, header.index, header.term) == ("prod", 9, 2)
        assert header.configuration == THREE
        assert header.contents["agents"] == {"active": 5_000}

    asyncio.run(story())


def test_a_few_at_once_and_no_more() -> None:
    async def story() -> None:
        service = a_service(a_registry(1))
        contexts = [Context() for _ in range(BACKUPS_MAX)]
        for context in contexts:
            context.may_go_on.clear()
        sending = [asyncio.create_task(sent(service, context)) for context in contexts]
        await asyncio.sleep(0)
        refused = Context()
        with pytest.raises(Aborted, match="2 backups are being made already"):
            await sent(service, refused)
        assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        for context in contexts:
            context.may_go_on.set()
        await asyncio.gather(*sending)
        await sent(service, Context())

    asyncio.run(story())


def test_a_reader_who_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_answers, "PATIENCE_S", 0.01)

    async def story() -> None:
        service = a_service(a_registry(1))
        context = Context()
        context.may_go_on.clear()
        with pytest.raises(Aborted, match="you read too slowly"):
            await sent(service, context)
        await sent(service, Context())

    asyncio.run(story())
