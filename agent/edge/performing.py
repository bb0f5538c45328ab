"""Performs what the agent's core orders, logs it and counts it."""

from collections.abc import Callable
from typing import Any, Protocol, assert_never

import structlog

from agent.checks.effects import RunProbe
from agent.edge.agent_metrics import AgentMetrics
from agent.edge.checking.prober import Prober
from agent.edge.checkpoint_files import CheckpointFiles
from agent.edge.containerizer.containerizer import Containerizer
from agent.edge.executors.executor_streams import ExecutorStreams
from agent.edge.master_link import MasterLink
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.edge.sandbox.volumes import Volumes
from agent.effects import (
    AgentEffect,
    BoundProcess,
    CancelStart,
    CloseLink,
    EndAgent,
    FindProcess,
    KillProcess,
    NoteAdmitted,
    NoteEnded,
    NoteFound,
    NoteTaken,
    OpenLink,
    PauseProcess,
    RefusalOfOrder,
    RefuseOrder,
    ReleaseSandbox,
    SayHello,
    SendInventory,
    SendPong,
    SendReports,
    SendVolumesDestroyed,
    SettleVolumes,
    StartProcess,
    TerminateProcess,
    WriteRecords,
)
from agent.executors.effects import (
    CloseExecutorStream,
    LinkVolumes,
    NoteExecutor,
    PassToFramework,
    TellExecutor,
    TellExecutorEnded,
)
from agent.state import AgentState
from agent.tasks import TaskKey
from trimast.model.status_update import StatusReason

log = structlog.get_logger()

_EXPECTED = {RefusalOfOrder.ALREADY_HELD, RefusalOfOrder.ALREADY_ENDED, RefusalOfOrder.TASK_UNKNOWN}
"""A leader repeats itself after a failover; that is no news."""


class Performer:
    """
    Args:
        on_admitted: a master has welcomed the agent.
        on_end: the agent is to end, with this exit code.
    """

    def __init__(
        self,
        state: AgentState,
        *,
        link: MasterLink,
        checkpoints: CheckpointFiles,
        containerizer: Containerizer,
        sandboxes: Sandboxes,
        metrics: AgentMetrics,
        executors: ExecutorStreams,
        prober: Prober,
        volumes: Volumes,
        on_admitted: Callable[[], None],
        on_end: Callable[[int], None],
    ) -> None:
        self._state = state
        self._link = link
        self._checkpoints = checkpoints
        self._containerizer = containerizer
        self._sandboxes = sandboxes
        self._metrics = metrics
        self._executors = executors
        self._prober = prober
        self._volumes = volumes
        self._on_admitted = on_admitted
        self._on_end = on_end

    def perform(self, effect: AgentEffect) -> None:
        match effect:
            case WriteRecords():
                self._checkpoints.append(effect.batch_id, effect.records)
            case SendReports():
                counter = self._metrics.resent if effect.again else self._metrics.sent
                counter.inc(len(effect.reports))
                self._link.send(effect)
            case SayHello():
                if effect.link_id > 1:
                    self._metrics.reconnects.inc()
                self._link.send(effect)
            case SettleVolumes():
                self._volumes.settle(effect.volumes)
            case SendVolumesDestroyed():
                self._link.send(effect)
            case SendInventory() | SendPong() | PassToFramework() | TellExecutorEnded():
                self._link.send(effect)
            case StartProcess():
                log.info("task_launched", **_names(effect), user=effect.user)
                self._metrics.launches.inc()
                self._containerizer.start(effect)
            case CancelStart():
                self._containerizer.cancel_start(effect.key, effect.fence)
            case FindProcess():
                self._containerizer.find(effect)
            case TerminateProcess():
                log.info("task_asked_to_end", **_names(effect), by_order=effect.by_order)
                self._containerizer.terminate(effect.key, effect.fence, by_order=effect.by_order)
            case KillProcess():
                log.info("task_forced_to_end", **_names(effect))
                self._containerizer.kill(effect.key, effect.fence)
            case PauseProcess():
                log.info("task_told_to_pause", **_names(effect), paused=effect.paused)
                self._containerizer.pause(effect.key, effect.fence, paused=effect.paused)
            case BoundProcess():
                self._containerizer.bound(effect)
            case RunProbe():
                self._prober.start(effect)
            case LinkVolumes():
                place = (effect.agent_id, effect.executor, effect.executor_fence)
                self._volumes.link_soon(self._sandboxes.path(*place), effect)
            case TellExecutor() | CloseExecutorStream():
                self._executors.perform(effect)
            case NoteExecutor():
                names = {"framework_id": effect.key.framework_id, "executor_id": effect.key.task_id}
                self._metrics.executors.labels(effect.what).inc()
                log.info(f"executor_{effect.what}", **names, fence=effect.fence, why=effect.why)
            case NoteFound():
                log.info("task_found", **_names(effect), pid=effect.pid)
                self._metrics.found.inc()
            case NoteEnded():
                log.info("task_ended", **_names(effect), state=effect.state, how=effect.message)
                self._metrics.ends.labels(effect.state).inc()
                if effect.reason is StatusReason.CONTAINER_LIMITATION_MEMORY:
                    self._metrics.memory_exceeded.inc()
            case NoteTaken():
                self._metrics.taken.inc(effect.reports)
            case ReleaseSandbox():
                assert self._state.agent_id is not None
                self._containerizer.forget(effect.key, effect.fence)
                self._sandboxes.release(self._state.agent_id, effect.key, effect.fence)
            case RefuseOrder():
                self._refuse(effect)
            case OpenLink():
                self._link.open(effect.epoch_min)
            case CloseLink():
                self._link.close(effect.link_id, effect.why)
            case NoteAdmitted():
                log.info(
                    "agent_welcomed",
                    agent_id=effect.agent_id,
                    master_id=effect.master_id,
                    epoch=effect.epoch,
                )
                self._on_admitted()
            case EndAgent():
                log.info("agent_ends", why=effect.why, exit_code=effect.exit_code)
                self._on_end(effect.exit_code)
            case _:
                assert_never(effect)

    def _refuse(self, effect: RefuseOrder) -> None:
        self._metrics.refused.labels(effect.reason).inc()
        key = effect.key
        names = {} if key is None else {**key._asdict(), "fence": effect.fence}
        say = log.debug if effect.reason in _EXPECTED else log.warning
        say("order_refused", reason=effect.reason, epoch=effect.epoch, **names)


class _AboutTask(Protocol):
    @property
    def key(self) -> TaskKey: ...

    @property
    def fence(self) -> int: ...


def _names(about: _AboutTask) -> dict[str, Any]:
    return {**about.key._asdict(), "fence": about.fence}
