"""Listings at the operators' door: whose rows they are, and how much the master knows."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from google.protobuf.message import Message

from master.edge.cluster_service import ClusterService
from protos.trimast.v1 import cluster_pb2
from tests.master.edge.fake_context import FakeContext
from tests.master.led_cluster import (
    AGENT,
    FRAMEWORK,
    TASK,
    LedCluster,
    a_cluster_with_agent_and_framework,
)


def follower(cluster: LedCluster) -> ClusterService:
    doorkeeper = SimpleNamespace(
        leadership=SimpleNamespace(reign=None),
        replicated_log=SimpleNamespace(status=lambda: SimpleNamespace(applied_index=9)),
    )
    registry_log = SimpleNamespace(state=cluster.registry)
    return ClusterService(
        cast(Any, doorkeeper), cast(Any, registry_log), cast(Any, None), cast(Any, None)
    )


def test_each_listing_has_its_rows_and_says_how_much_its_master_knows() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()

    async def story() -> None:
        service = follower(cluster)
        context: FakeContext[Message] = FakeContext()
        asked: Any = context
        await service.ListAgents(cluster_pb2.ListAgentsRequest(), asked)
        await service.ListFrameworks(cluster_pb2.ListFrameworksRequest(), asked)
        await service.ListTasks(cluster_pb2.ListTasksRequest(), asked)
        await service.ListTasks(cluster_pb2.ListTasksRequest(framework_id="other"), asked)
        agents, frameworks, tasks, none = cast(list[Any], context.sent)
        assert [(row.id, row.resources, row.used) for row in agents.agents] == [
            (AGENT, "cpus:2;mem:1024", "cpus:1;mem:512")
        ]
        assert [(row.id, row.state) for row in frameworks.frameworks] == [(FRAMEWORK, "active")]
        [task] = tasks.tasks
        assert (task.id, task.fence, task.HasField("exit_code")) == (TASK, fence, False)
        assert len(none.tasks) == 0
        for portion in context.sent:
            said = cast(Any, portion)
            assert (said.leading, said.applied_index) == (False, 9)

    asyncio.run(story())
