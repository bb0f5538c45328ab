"""An agent: its real core, a pretended disk, and pretended processes that are counted."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.checkpoints.records import Record
from agent.dispatch import Agent
from agent.edge.link_codec import (
    hello_to_proto,
    inventory_to_proto,
    order_from_proto,
    pong_to_proto,
    reports_to_proto,
)
from agent.effects import (
    AgentEffect,
    CloseLink,
    KillProcess,
    OpenLink,
    SayHello,
    SendInventory,
    SendPong,
    SendReports,
    StartProcess,
    TerminateProcess,
    WriteRecords,
)
from agent.events import (
    AgentEvent,
    DeadlinePassed,
    LinkClosed,
    LinkOpened,
    MasterSaid,
    ProcessExited,
    ProcessStarted,
    RecordsWritten,
)
from agent.recovering import recover
from agent.state import AgentRules
from agent.tasks import TaskKey
from protos.trimast.v1 import agent_link_pb2
from tests.simulation.cluster.world import Pipe, World
from trimast.model.agent import AgentInfo
from trimast.model.resources import NOTHING, Resources, total_of

RULES = AgentRules(resend_first_ms=1_000, resend_most_ms=4_000, silence_max_ms=1_000)
TASK_MOST_MS = 3_000


@dataclass(slots=True)
class Stamps:
    world: World

    def report_uuid(self) -> bytes:
        return self.world.random.randbytes(16)

    def token(self) -> str:
        return self.world.random.randbytes(16).hex()

    def wall_ms(self) -> int:
        return self.world.now_ms


@dataclass(slots=True)
class AgentActor:
    """
    Attributes:
        dial: opens a link to a leader of at least this epoch; calls back with the way to it, or
            with None.
        starts: how often each task was started, by key and fence. The truth about T2.
        running: what runs at this moment, and what it holds.
    """

    world: World
    name: str
    total: Resources
    dial: Callable[["AgentActor", int], None]
    starts: dict[tuple[TaskKey, int], int] = field(default_factory=dict)
    running: dict[tuple[TaskKey, int], Resources] = field(default_factory=dict)
    killed: set[tuple[TaskKey, int]] = field(default_factory=set)
    up: Pipe | None = None
    _links: int = 0
    _disk_free_ms: int = 0
    _alarm_ms: int | None = None
    _agent: Agent = field(init=False)

    def __post_init__(self) -> None:
        info = AgentInfo(self.name, 5051, self.total, boot_id="boot")
        no_records: list[Record] = []
        state, effects = recover(no_records, RULES, info)
        self._agent = Agent(state, Stamps(self.world))
        for effect in effects:
            self._perform(effect)

    @property
    def held(self) -> Resources:
        return total_of(self.running.values()) if self.running else NOTHING

    @property
    def epoch_seen(self) -> int:
        return self._agent.state.epoch_seen

    def linked(self, up: Pipe) -> int:
        """The link stands; returns its number for `hears` and `unlinked`."""
        self._links += 1
        self.up = up
        number = self._links
        self._feed(LinkOpened(number))
        return number

    def hears(self, number: int, data: bytes) -> None:
        message = agent_link_pb2.MasterMessage.FromString(data)
        self._feed(MasterSaid(number, message.epoch, order_from_proto(message)))

    def unlinked(self, number: int) -> None:
        if number == self._links:
            self.up = None
        self._feed(LinkClosed(number, "cut"))

    def _feed(self, event: AgentEvent) -> None:
        for effect in self._agent.handle(event, self.world.now_ms):
            self._perform(effect)
        self._set_alarm()

    def _perform(self, effect: AgentEffect) -> None:
        match effect:
            case WriteRecords():
                due_ms = self.world.now_ms + self.world.random.randint(0, 30)
                self._disk_free_ms = max(self._disk_free_ms, due_ms)
                written = RecordsWritten(effect.batch_id)
                delay_ms = self._disk_free_ms - self.world.now_ms
                self.world.after(delay_ms, lambda: self._feed(written))
            case StartProcess():
                self._start(effect)
            case TerminateProcess() | KillProcess():
                self.killed.add((effect.key, effect.fence))
                self.world.after(5, lambda: self._exit(effect.key, effect.fence, signal=15))
            case OpenLink():
                self.dial(self, effect.epoch_min)
            case CloseLink():
                self._feed_later(LinkClosed(effect.link_id, effect.why))
            case SayHello():
                self._send(hello_to_proto(effect))
            case SendInventory():
                self._send(inventory_to_proto(effect.tasks))
            case SendReports():
                self._send(reports_to_proto(effect.reports))
            case SendPong():
                self._send(pong_to_proto())
            case _:
                pass  # Notes, and sandboxes that are not here.

    def _feed_later(self, event: AgentEvent) -> None:
        self.world.after(0, lambda: self._feed(event))

    def _start(self, order: StartProcess) -> None:
        launch = (order.key, order.fence)
        self.starts[launch] = self.starts.get(launch, 0) + 1
        self.running[launch] = order.task.resources
        pid = sum(self.starts.values())
        began = ProcessStarted(order.key, order.fence, pid, start_ticks=pid)
        self.world.after(self.world.random.randint(0, 20), lambda: self._feed(began))
        lasts_ms = self.world.random.randint(30, TASK_MOST_MS)
        self.world.after(lasts_ms, lambda: self._exit(order.key, order.fence, exit_code=0))

    def _exit(
        self, key: TaskKey, fence: int, *, exit_code: int | None = None, signal: int | None = None
    ) -> None:
        if self.running.pop((key, fence), None) is not None:
            self._feed(ProcessExited(key, fence, exit_code, signal))

    def _send(self, message: agent_link_pb2.AgentMessage) -> None:
        if self.up is not None:
            self.up.send(message.SerializeToString())

    def _set_alarm(self) -> None:
        deadline_ms = self._agent.next_deadline_ms()
        if deadline_ms is None or deadline_ms == self._alarm_ms:
            return
        self._alarm_ms = deadline_ms

        def ring() -> None:
            if self._alarm_ms == deadline_ms:
                self._alarm_ms = None
                self._feed(DeadlinePassed())

        self.world.after(max(0, deadline_ms - self.world.now_ms), ring)
