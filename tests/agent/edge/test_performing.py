"""What is counted of what an agent does. What it does is seen in test_assembly."""

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from agent.edge.agent_metrics import AgentMetrics
from agent.edge.executors.executor_streams import ExecutorStreams
from agent.edge.performing import Performer
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.effects import (
    AgentEffect,
    EndAgent,
    NoteAdmitted,
    NoteEnded,
    NoteTaken,
    RefusalOfOrder,
    RefuseOrder,
    SayHello,
    SendReports,
    StartProcess,
)
from tests.agent.edge.containerizer.fake_containerizer import FakeContainerizer
from tests.agent.one_agent import (
    AGENT,
    INFO,
    KEY,
    MASTER,
    RUNNING,
    STARTING,
    agent_with_running_task,
    task_info,
)
from trimast.model.task_lifecycle import TaskState


class Unlinked:
    """Takes whatever is sent."""

    def send(self, message: object) -> None:
        pass


class Stage:
    def __init__(self, tmp_path: Path) -> None:
        state = agent_with_running_task().state
        self.registry = CollectorRegistry()
        self.told: list[Any] = []
        unused: Any = Unlinked()
        self.performer = Performer(
            state,
            link=unused,
            checkpoints=unused,
            containerizer=FakeContainerizer(self.told.append),
            sandboxes=Sandboxes(tmp_path, kept_max=1, age_max_ms=1),
            metrics=AgentMetrics(self.registry, state),
            executors=ExecutorStreams(),
            prober=unused,
            volumes=unused,
            on_admitted=lambda: self.told.append("admitted"),
            on_end=self.told.append,
        )


@pytest.mark.parametrize(
    ("effect", "name", "labels", "count"),
    [
        (StartProcess(AGENT, KEY, 7, task_info(), ""), "launches", {}, 1),
        (SendReports(1, (STARTING, RUNNING)), "reports_sent", {}, 2),
        (SendReports(1, (STARTING, RUNNING), again=True), "reports_resent", {}, 2),
        (NoteTaken(3), "reports_taken", {}, 3),
        (NoteEnded(KEY, 7, TaskState.FAILED, ""), "task_ends", {"state": "failed"}, 1),
        (SayHello(1, AGENT, INFO, 0, b""), "link_reconnects", {}, 0),
        (SayHello(2, AGENT, INFO, 0, b""), "link_reconnects", {}, 1),
        (
            RefuseOrder(RefusalOfOrder.STALE_EPOCH, 1),
            "orders_refused",
            {"reason": "stale_epoch"},
            1,
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_it_is_counted(
    tmp_path: Path, effect: AgentEffect, name: str, labels: dict[str, str], count: int
) -> None:
    stage = Stage(tmp_path)
    stage.performer.perform(effect)
    assert stage.registry.get_sample_value(f"trimast_agent_{name}_total", labels) == count


def test_others_are_told_of_a_welcome_and_of_the_end(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.performer.perform(NoteAdmitted(AGENT, MASTER, 3))
    stage.performer.perform(EndAgent(1, "why"))
    assert stage.told == ["admitted", 1]
