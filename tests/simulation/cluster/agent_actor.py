"""An agent: its real core, and a pretended disk, which is all that outlives a crash of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.checkpoints.records import AgentAdmitted, Record
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
    FindProcess,
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
    RecordsWritten,
)
from agent.recovering import recover
from agent.state import AgentRules
from protos.trimast.v1 import agent_link_pb2
from tests.simulation.cluster.processes import Launch, Processes
from tests.simulation.cluster.world import Pipe, World
from trimast.model.agent import AgentInfo
from trimast.model.resources import Resources

RULES = AgentRules(resend_first_ms=1_000, resend_most_ms=4_000, silence_max_ms=1_000)
DISK_MS = (30, 30, 30, 600)
"""At most for a write: now and then a disk has something else to do."""


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
        killed: what it was told to end, in any of its lives.
        is_up: it has not crashed.
        crashes: how often it has.
        boot_id: of its machine.
    """

    world: World
    name: str
    total: Resources
    dial: Callable[["AgentActor", int], None]
    processes: Processes = field(init=False)
    killed: set[Launch] = field(default_factory=set)
    up: Pipe | None = None
    is_up: bool = False
    crashes: int = 0
    boot_id: str = "boot"
    _links: int = 0
    _disk: list[Record] = field(default_factory=list)
    _being_written: list[WriteRecords] = field(default_factory=list)
    _disk_free_ms: int = 0
    _alarm_ms: int | None = None
    _agent: Agent = field(init=False)

    def __post_init__(self) -> None:
        self.processes = Processes(self.world, self._feed)
        self.begin()

    def begin(self) -> None:
        """A life, with what earlier ones have left."""
        info = AgentInfo(self.name, 5051, self.total, boot_id=self.boot_id)
        state, effects = recover(list(self._disk), RULES, info)
        self._agent = Agent(state, Stamps(self.world))
        self.is_up = True
        self._alarm_ms = None
        known = {(task.key, task.fence) for task in state.tasks.values()}
        strays = set(self.processes.running) - known
        assert not strays, f"{strays} run, and nothing was written down of them (A)"
        for effect in effects:
            self._perform(effect)
        self._set_alarm()

    def crash(self) -> None:
        """kill -9: of what is being written, the disk may have some."""
        assert self.is_up
        self.is_up = False
        self.crashes += 1
        self.up = None
        self.processes.agent_died()
        survive = self.world.random.randint(0, len(self._being_written))
        for order in self._being_written[:survive]:
            self._disk.extend(order.records)
        self._being_written.clear()

    def lose_disk(self) -> None:
        assert not self.is_up
        self._disk.clear()

    def lose_all_but_its_name(self) -> None:
        """As when an old copy of its records is put back."""
        assert not self.is_up
        self._disk = [record for record in self._disk if isinstance(record, AgentAdmitted)]

    @property
    def is_writing(self) -> bool:
        return bool(self._being_written)

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
        if not self.is_up:
            return
        for effect in self._agent.handle(event, self.world.now_ms):
            self._perform(effect)
        self._set_alarm()

    def _perform(self, effect: AgentEffect) -> None:
        match effect:
            case WriteRecords():
                self._write(effect)
            case StartProcess():
                self.processes.start(effect)
            case FindProcess():
                self.processes.find(effect)
            case TerminateProcess() | KillProcess():
                launch = (effect.key, effect.fence)
                self.killed.add(launch)
                self.world.after(5, lambda: self.processes.end(launch, signal=15))
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

    def _write(self, order: WriteRecords) -> None:
        slow_ms = self.world.random.choice(DISK_MS)
        due_ms = self.world.now_ms + self.world.random.randint(0, slow_ms)
        self._disk_free_ms = max(self._disk_free_ms, due_ms)
        self._being_written.append(order)

        def written() -> None:
            assert self._being_written.pop(0) is order
            self._disk.extend(order.records)
            self._feed(RecordsWritten(order.batch_id))

        self._later_in_this_life(self._disk_free_ms - self.world.now_ms, written)

    def _feed_later(self, event: AgentEvent) -> None:
        self._later_in_this_life(0, lambda: self._feed(event))

    def _later_in_this_life(self, delay_ms: int, action: Callable[[], None]) -> None:
        life = self.crashes
        self.world.after(delay_ms, lambda: action() if life == self.crashes else None)

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

        self._later_in_this_life(max(0, deadline_ms - self.world.now_ms), ring)
