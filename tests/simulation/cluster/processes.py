"""The processes of one machine, and the launcher that waits for them: both outlive the agent."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.effects import FindProcess, StartProcess
from agent.events import AgentEvent, ProcessExited, ProcessMissing, ProcessStarted
from agent.tasks import TaskKey
from tests.simulation.cluster.world import World
from trimast.model.resources import NOTHING, Resources, total_of

Launch = tuple[TaskKey, int]
TASK_MOST_MS = 3_000


@dataclass(slots=True)
class Processes:
    """
    Attributes:
        tell: the agent that is up, if one is.
        starts: how often each task was started, by key and fence. The truth about T2.
        running: what runs at this moment, and what it holds.
        ends: of those that have ended; kept, since nobody says that they may be forgotten.
        last_for_ever: until they are ended.
        loses_orders: what it is told to start, it never hears of.
        unanswered: while not None, questions wait here.
    """

    world: World
    tell: Callable[[AgentEvent], None]
    starts: dict[Launch, int] = field(default_factory=dict)
    running: dict[Launch, Resources] = field(default_factory=dict)
    ends: dict[Launch, ProcessExited] = field(default_factory=dict)
    last_for_ever: bool = False
    loses_orders: bool = False
    unanswered: list[FindProcess] | None = None
    _pids: dict[Launch, int] = field(default_factory=dict)
    _watched: set[Launch] = field(default_factory=set)
    _lives: int = 0

    @property
    def held(self) -> Resources:
        return total_of(self.running.values()) if self.running else NOTHING

    def start(self, order: StartProcess) -> None:
        launch = (order.key, order.fence)
        if self.loses_orders:
            return
        self.starts[launch] = self.starts.get(launch, 0) + 1
        self.running[launch] = order.task.resources
        self._pids[launch] = len(self._pids) + 1
        lasts_ms = self.world.random.randint(30, TASK_MOST_MS)
        if not self.last_for_ever:
            self.world.after(lasts_ms, lambda: self.end(launch, exit_code=0))
        self._watch(launch)

    def find(self, order: FindProcess) -> None:
        launch = (order.key, order.fence)
        if self.unanswered is not None:
            self.unanswered.append(order)
        elif launch in self._pids:
            self._watch(launch)
        else:
            self._tell_soon(ProcessMissing(*launch))

    def answer(self) -> None:
        waiting, self.unanswered = self.unanswered or [], None
        for order in waiting:
            self.find(order)

    def end(
        self, launch: Launch, *, exit_code: int | None = None, signal: int | None = None
    ) -> None:
        if self.running.pop(launch, None) is None:
            return
        self.ends[launch] = ProcessExited(*launch, exit_code, signal)
        if launch in self._watched:
            self.tell(self.ends[launch])

    def agent_died(self) -> None:
        """Nobody watches; what it had been told is not told again unless it is asked for."""
        self._watched.clear()
        self._lives += 1

    def reboot(self) -> None:
        """The machine: nothing of it is left, not even what was known of it."""
        self.agent_died()
        self.running.clear()
        self._pids.clear()

    def _watch(self, launch: Launch) -> None:
        pid = self._pids[launch]

        def begin() -> None:
            self._watched.add(launch)
            self.tell(ProcessStarted(*launch, pid, start_ticks=pid))
            if launch in self.ends:
                self.tell(self.ends[launch])

        self._later(begin)

    def _tell_soon(self, event: AgentEvent) -> None:
        self._later(lambda: self.tell(event))

    def _later(self, action: Callable[[], None]) -> None:
        life = self._lives

        def act() -> None:
            if life == self._lives:
                action()

        self.world.after(self.world.random.randint(0, 20), act)
