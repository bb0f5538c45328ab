import asyncio
from dataclasses import replace
from pathlib import Path

from prometheus_client import CollectorRegistry

from agent.edge.sandbox.disk_watch import DiskWatch, limit_of
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.events import DiskExceeded
from agent.tasks import Phase
from tests.agent.one_agent import AGENT, KEY, agent_with_running_task

MIB = 1024 * 1024


def test_whoever_has_more_than_it_asked_for_is_named(tmp_path: Path) -> None:
    state = agent_with_running_task().state
    task = state.tasks[KEY]
    task.notes = replace(task.notes, resources="cpus:1;disk:1")
    boxes = Sandboxes(tmp_path, kept_max=9, age_max_ms=10**9)
    box = boxes.create(AGENT, KEY, 7)
    registry = CollectorRegistry()
    told: list[DiskExceeded] = []
    watch = DiskWatch(state, boxes, told.append, every_ms=1000, registry=registry)
    (box / "file").write_bytes(bytes(MIB // 2))
    asyncio.run(watch.look())
    assert told == []
    (box / "file").write_bytes(bytes(2 * MIB))
    asyncio.run(watch.look())
    [exceeded] = told
    assert (exceeded.key, exceeded.fence, exceeded.over.limit_bytes) == (KEY, 7, MIB)
    assert exceeded.over.used_bytes >= 2 * MIB
    assert registry.get_sample_value("trimast_agent_disk_quota_exceeded_total") == 1
    watch.close()


def test_only_who_asked_for_disk_and_runs_is_measured() -> None:
    task = agent_with_running_task().state.tasks[KEY]
    assert limit_of(task) is None
    task.notes = replace(task.notes, resources="disk:0.5")
    assert limit_of(task) == MIB // 2
    task.phase = Phase.ENDED
    assert limit_of(task) is None
