"""One story: masters, agents and a framework, and trouble between them until it is let up."""

from dataclasses import dataclass, field
from random import Random

from master.edge.agent_link_codec import AgentOrder, event_from_message, messages_from_orders
from master.edge.scheduler_codec import error_event, event_from_call, event_from_news
from master.leader import effects as fx
from master.leader.events import AgentDisconnected, FrameworkDisconnected
from master.presence.agents import LinkId
from master.presence.frameworks import StreamId
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from protos.trimast.v1 import agent_link_pb2
from tests.simulation.cluster.agent_actor import AgentActor
from tests.simulation.cluster.framework_actor import FrameworkActor
from tests.simulation.cluster.masters import SETTINGS, Masters, Reign
from tests.simulation.cluster.world import Pipe, World
from trimast.model.ids import FrameworkId
from trimast.model.resources import Resources

TOTAL = Resources.of({"cpus": 4_000, "mem": 4_096_000})
TROUBLE_MS = 25_000
PEACE_MS = 60_000
MASTER_INFO = mesos_pb2.MasterInfo(id="m", ip=0, port=1)


@dataclass(eq=False, slots=True)
class Connection:
    """Between one leader and one agent or framework."""

    reign: Reign
    number: int
    down: Pipe
    up: Pipe
    actor: AgentActor | FrameworkActor
    actor_number: int = 0


@dataclass(slots=True)
class Story:
    seed: int
    world: World = field(init=False)
    masters: Masters = field(init=False)
    agents: list[AgentActor] = field(init=False)
    framework: FrameworkActor = field(init=False)
    connections: dict[int, Connection] = field(default_factory=dict)
    elections: int = 0
    deposed_unaware: int = 0
    cuts: int = 0
    cut_off: list[AgentActor] = field(default_factory=list)
    """Agents that reach nobody."""
    _numbers: int = 0

    def tell(self) -> "Story":
        self.begin()
        end_ms = self.world.now_ms + TROUBLE_MS
        self._trouble_until(end_ms)
        self.world.run_until(end_ms)
        self._make_peace()
        self.world.run_until(self.world.now_ms + PEACE_MS)
        return self

    def begin(self) -> None:
        """Everybody is there, and nothing has gone wrong yet."""
        random = Random(self.seed)
        self.world = World(random)
        self.masters = Masters(self.world, self)
        self.agents = [AgentActor(self.world, f"host-{n}", TOTAL, self._dial_agent) for n in (1, 2)]
        self.framework = self._a_framework()
        self.world.check = self._check
        self.masters.elect()
        self._dial_framework(self.framework)

    def _a_framework(self) -> FrameworkActor:
        return FrameworkActor(self.world, FrameworkId("f1"), wanted=25, dial=self._dial_framework)

    # What goes wrong

    def _trouble_until(self, end_ms: int) -> None:
        def strike() -> None:
            if self.world.now_ms >= end_ms:
                return
            kind = self.world.random.choice(
                ["depose", "depose", "cut", "cut", "cut", "wake", "crash", "crash"]
            )
            if kind == "depose":
                self._depose()
            elif kind == "cut" and self.connections:
                self.cuts += 1
                self._cut(self.world.random.choice(list(self.connections.values())))
            elif kind == "wake":
                self._wake_deposed()
            elif kind == "crash":
                self._crash(self.world.random.choice(self.agents))
            self.world.after(self.world.random.randint(100, 3_000), strike)

        self.world.after(self.world.random.randint(500, 2_000), strike)

    def _depose(self) -> None:
        """The leader dies, or is cut off and goes on as if it led; another is elected."""
        reign = self.masters.newest
        if self.masters.electing or reign is None:
            return
        self.elections += 1
        if self.world.random.random() < 0.5:
            self.masters.end(reign)
        else:
            self.deposed_unaware += 1
        self.world.after(self.world.random.randint(1, 900), self.masters.elect)

    def _crash(self, agent: AgentActor, tries: int = 200) -> None:
        """kill -9 of an agent, where it hurts most: while it writes. It is started again; its
        processes run on meanwhile."""
        if not agent.is_up:
            return
        if not agent.is_writing and tries:
            self.world.after(5, lambda: self._crash(agent, tries - 1))
            return
        self.crash(agent)
        self.world.after(self.world.random.randint(20, 5_000), agent.begin)

    def crash(self, agent: AgentActor) -> None:
        self.cut_links_of(agent)
        agent.crash()

    def cut_links_of(self, agent: AgentActor) -> None:
        for connection in [c for c in self.connections.values() if c.actor is agent]:
            self._cut(connection)

    def _wake_deposed(self) -> None:
        """Deposed leaders learn that they are."""
        for reign in self.masters.reigns[:-1]:
            self.masters.end(reign)

    def _make_peace(self) -> None:
        """A quorum that hears each other deposes for good whoever does not lead it."""
        self._wake_deposed()
        self.world.after(500, self._make_peace)
        newest = self.masters.newest
        if not self.masters.electing and (newest is None or newest.is_over):
            self.masters.elect()

    # Connections

    def _leader_for(self, epoch_min: int) -> Reign | None:
        """Whoever says that it leads; now and then it is one that was deposed."""
        alive = [r for r in self.masters.reigns if not r.is_over and r.epoch >= epoch_min]
        if not alive:
            return None
        return self.world.random.choice(alive) if self.world.random.random() < 0.2 else alive[-1]

    def _dial_agent(self, agent: AgentActor, epoch_min: int) -> None:
        life = agent.crashes

        def try_it() -> None:
            if life != agent.crashes:
                return
            reign = self._leader_for(epoch_min)
            if reign is None or agent in self.cut_off:
                self.world.after(100, try_it)
                return
            number, connection = self._connect(reign, agent)
            link_id = LinkId(number)

            def to_master(data: bytes) -> None:
                message = agent_link_pb2.AgentMessage.FromString(data)
                self.masters.feed(reign, event_from_message(link_id, message))

            connection.up.deliver = to_master
            connection.down.deliver = lambda data: agent.hears(connection.actor_number, data)
            connection.actor_number = agent.linked(connection.up)

        self.world.after(self.world.random.randint(1, 100), try_it)

    def _dial_framework(self, framework: FrameworkActor) -> None:
        def try_it() -> None:
            reign = self._leader_for(0)
            if reign is None:
                self.world.after(100, try_it)
                return
            number, connection = self._connect(reign, framework)
            stream_id = StreamId(number)

            def to_master(data: bytes) -> None:
                call = scheduler_pb2.Call.FromString(data)
                event = event_from_call(stream_id, call)
                assert event is not None
                self.masters.feed(reign, event)

            connection.up.deliver = to_master
            connection.down.deliver = framework.hears
            framework.linked(connection.up)

        self.world.after(self.world.random.randint(1, 100), try_it)

    def _connect(self, reign: Reign, actor: AgentActor | FrameworkActor) -> tuple[int, Connection]:
        self._numbers += 1
        down = Pipe(self.world, lambda _: None)
        up = Pipe(self.world, lambda _: None)
        connection = Connection(reign, self._numbers, down, up, actor)
        self.connections[self._numbers] = connection
        return self._numbers, connection

    def _cut(self, connection: Connection) -> None:
        """What is under way is lost. Either side notices when it does."""
        if self.connections.pop(connection.number, None) is None:
            return
        connection.up.is_cut = connection.down.is_cut = True
        actor, number = connection.actor, connection.number

        def actor_notices() -> None:
            if isinstance(actor, AgentActor):
                if actor.is_up:
                    actor.unlinked(connection.actor_number)
            elif actor.up is connection.up:
                actor.unlinked()

        def master_notices() -> None:
            if isinstance(actor, AgentActor):
                self.masters.feed(connection.reign, AgentDisconnected(LinkId(number)))
            else:
                self.masters.feed(connection.reign, FrameworkDisconnected(StreamId(number)))

        self.world.after(self.world.random.randint(0, 300), actor_notices)
        self.world.after(self.world.random.randint(0, 300), master_notices)

    # The doors of the masters

    def perform(self, reign: Reign, effect: fx.LeaderEffect) -> None:
        match effect:
            case (
                fx.WelcomeAgent() | fx.RunTask() | fx.KillTask() | fx.TakeReport() | fx.PingAgent()
            ):
                self._order(reign, effect.link_id, effect)
            case fx.TurnAgentAway():
                self._order(reign, effect.link_id, effect)
                self._close(effect.link_id)
            case fx.CloseAgentLink():
                self._close(effect.link_id)
            case fx.CloseFrameworkStream():
                self._tell(effect.stream_id, error_event(effect.error))
                self._close(effect.stream_id)
            case (
                fx.SendUpdate()
                | fx.SendOperationUpdate()
                | fx.SendOffers()
                | fx.RescindOffer()
                | fx.SendHeartbeat()
                | fx.ConfirmSubscription()
                | fx.AnnounceAgentFailure()
            ):
                event = event_from_news(effect, heartbeat_s=1.0, master=MASTER_INFO)
                self._tell(effect.stream_id, event)
            case _:
                pass

    def end(self, reign: Reign) -> None:
        for connection in [c for c in self.connections.values() if c.reign is reign]:
            self._cut(connection)

    def _order(self, reign: Reign, number: int, order: AgentOrder) -> None:
        connection = self.connections.get(number)
        if connection is None:
            return
        for message in messages_from_orders(
            [order], epoch=reign.epoch, master_id=reign.name, settings=SETTINGS
        ):
            connection.down.send(message.SerializeToString())

    def _tell(self, number: int, event: scheduler_pb2.Event) -> None:
        connection = self.connections.get(number)
        if connection is not None:
            connection.down.send(event.SerializeToString())

    def _close(self, number: int) -> None:
        connection = self.connections.get(number)
        if connection is not None:
            # After what was sent before has had its time.
            self.world.after(50, lambda: self._cut(connection))

    # What must hold at every moment

    def _check(self) -> None:
        registry = self.masters.registry_log.state
        for agent in self.agents:
            for launch, times in agent.processes.starts.items():
                assert times == 1, f"seed {self.seed}: {launch} was started {times} times (T2)"
            assert agent.total.covers(agent.processes.held), (
                f"seed {self.seed}: {agent.name} is overfull (O2)"
            )
        for record in registry.agents.values():
            used = registry.used_on(record.agent_id)
            total = registry.total_on(record.agent_id)
            assert total.covers(used), f"seed {self.seed}: overcommitted (O1)"
        newest = self.masters.newest
        if newest is not None and not self.masters.electing:
            for account in newest.leader.state.ledger.accounts.values():
                account.assert_balanced()
