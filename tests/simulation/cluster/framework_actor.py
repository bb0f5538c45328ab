"""A framework that wants some tasks to end well, and believes nothing it was not told."""

from collections.abc import Callable
from dataclasses import dataclass, field

from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from tests.simulation.cluster.world import Pipe, World
from trimast.edge.wire.offer_codec import offer_from_proto
from trimast.edge.wire.status_codec import status_from_proto
from trimast.edge.wire.task_codec import task_info_to_proto
from trimast.model.ids import FrameworkId, TaskId
from trimast.model.offer import Offer
from trimast.model.resources import Resources
from trimast.model.status_update import StatusUpdate
from trimast.model.task import CommandInfo, TaskInfo
from trimast.model.task_lifecycle import TaskState

Call = scheduler_pb2.Call
Event = scheduler_pb2.Event
NEEDS = Resources.of({"cpus": 1_000, "mem": 64_000})
NEVER_RAN = {TaskState.DROPPED, TaskState.UNKNOWN}
ASK_AGAIN_MS = 700


@dataclass(slots=True)
class FrameworkActor:
    """
    Attributes:
        ends: the terminal states of each task, each counted once by its uuid.
        open: launched, and not known to have ended.
        states: the newest that it was told of each task.
        has_whims: it kills a task now and then.
    """

    world: World
    framework_id: FrameworkId
    wanted: int
    dial: Callable[["FrameworkActor"], None]
    up: Pipe | None = None
    launched: int = 0
    open: set[TaskId] = field(default_factory=set)
    ends: dict[TaskId, list[TaskState]] = field(default_factory=dict)
    order: dict[TaskId, list[int]] = field(default_factory=dict)
    seen: set[bytes] = field(default_factory=set)
    states: dict[TaskId, TaskState] = field(default_factory=dict)
    has_whims: bool = True
    kills: int = 0
    _stream: int = 0

    def linked(self, up: Pipe) -> None:
        self.up = up
        self._stream += 1
        call = Call(type=Call.SUBSCRIBE)
        call.framework_id.value = self.framework_id
        info = call.subscribe.framework_info
        info.id.value, info.name, info.user = self.framework_id, "actor", ""
        info.failover_timeout = 600.0
        info.checkpoint = True
        capability = mesos_pb2.FrameworkInfo.Capability
        info.capabilities.add(type=capability.PARTITION_AWARE)
        self._send(call)

    def unlinked(self) -> None:
        self.up = None
        self.dial(self)

    def hears(self, data: bytes) -> None:
        event = Event.FromString(data)
        match event.type:
            case Event.SUBSCRIBED:
                self._ask(self._stream)
            case Event.OFFERS:
                for message in event.offers.offers:
                    self._answer(offer_from_proto(message))
            case Event.UPDATE:
                self._update(status_from_proto(event.update.status, self.framework_id))
            case _:
                pass

    @property
    def is_content(self) -> bool:
        finished = sum(TaskState.FINISHED in ends for ends in self.ends.values())
        return finished >= self.wanted and not self.open

    def _answer(self, offer: Offer) -> None:
        call = Call(type=Call.ACCEPT)
        call.accept.offer_ids.add(value=offer.offer_id)
        call.accept.filters.refuse_seconds = 0.1
        left = offer.resources
        operation = call.accept.operations.add(type=mesos_pb2.Offer.Operation.LAUNCH)
        while left.covers(NEEDS) and self._missing > 0:
            self.launched += 1
            task_id = TaskId(f"t{self.launched}")
            self.open.add(task_id)
            task = TaskInfo(task_id, "t", offer.agent_id, NEEDS, CommandInfo("work"))
            operation.launch.task_infos.append(task_info_to_proto(task))
            left -= NEEDS
        if not operation.launch.task_infos:
            del call.accept.operations[:]
        self._send(call)

    @property
    def _missing(self) -> int:
        finished = sum(TaskState.FINISHED in ends for ends in self.ends.values())
        return self.wanted - finished - len(self.open)

    def _update(self, update: StatusUpdate) -> None:
        if update.uuid:
            acknowledge = Call(type=Call.ACKNOWLEDGE)
            acknowledge.acknowledge.agent_id.value = update.agent_id
            acknowledge.acknowledge.task_id.value = update.task_id
            acknowledge.acknowledge.uuid = update.uuid
            if self.world.random.random() < 0.9:  # Now and then it forgets.
                self._send(acknowledge)
            if update.uuid in self.seen:
                return
            self.seen.add(update.uuid)
        self.states[update.task_id] = update.state
        if update.state.is_terminal and update.uuid:
            self.ends.setdefault(update.task_id, []).append(update.state)
            self.open.discard(update.task_id)
        elif update.state in NEVER_RAN | {TaskState.GONE} and update.task_id in self.open:
            self.open.discard(update.task_id)
        elif update.state is TaskState.RUNNING and self._has_a_whim():
            self.kill(update.task_id)

    def _has_a_whim(self) -> bool:
        return self.has_whims and self.world.random.random() < 0.08

    def kill(self, task_id: TaskId) -> None:
        self.kills += 1
        call = Call(type=Call.KILL)
        call.kill.task_id.value = task_id
        self._send(call)

    def tear_down(self) -> None:
        self._send(Call(type=Call.TEARDOWN))

    def _ask(self, stream: int) -> None:
        """What became of what it launched? Again and again while that stream stands."""
        if stream != self._stream or self.up is None:
            return
        call = Call(type=Call.RECONCILE)
        for task_id in sorted(self.open):
            call.reconcile.tasks.add().task_id.value = task_id
        if self.open:
            self._send(call)
        self.world.after(ASK_AGAIN_MS, lambda: self._ask(stream))

    def _send(self, call: scheduler_pb2.Call) -> None:
        if self.up is not None:
            self.up.send(call.SerializeToString())
