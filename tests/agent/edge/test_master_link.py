"""The link over real gRPC, to a master in this process."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from agent.edge.master_link import LinkEvent, MasterLink
from agent.effects import SayHello, SendPong, SendReports
from agent.events import LinkClosed, LinkOpened, MasterSaid, Ping, Welcome
from protos.trimast.v1 import agent_link_pb2
from tests.agent.fake_master import FakeMaster
from tests.agent.one_agent import AGENT, FINISHED, INFO, RUNNING, STARTING
from trimast.edge.leader_finder import LeaderFinder


class Agent:
    """Says hello over every link, and writes down what happens."""

    def __init__(self, master: FakeMaster) -> None:
        finder = LeaderFinder([master.address], random=Random(1))
        self.link = MasterLink(finder, random=Random(1), submit=self._on_event)
        self.events: list[LinkEvent] = []
        self.changed = asyncio.Event()

    def _on_event(self, event: LinkEvent) -> None:
        self.events.append(event)
        self.changed.set()
        if isinstance(event, LinkOpened):
            self.link.send(SayHello(event.link_id, AGENT, INFO, 0, b""))

    async def until(self, is_true: Callable[[LinkEvent], bool]) -> LinkEvent:
        async with asyncio.timeout(20):
            while True:
                for event in self.events:
                    if is_true(event):
                        return event
                self.changed.clear()
                await self.changed.wait()

    async def until_welcome(self, link_id: int) -> None:
        await self.until(
            lambda e: (
                isinstance(e, MasterSaid) and e.link_id == link_id and isinstance(e.order, Welcome)
            )
        )

    async def until_closed(self, link_id: int) -> LinkClosed:
        closed = await self.until(lambda e: isinstance(e, LinkClosed) and e.link_id == link_id)
        assert isinstance(closed, LinkClosed)
        return closed


def tell(story: Callable[[FakeMaster, Agent], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        async with FakeMaster(**settings) as master:
            agent = Agent(master)
            agent.link.open(epoch_min=0)
            try:
                await story(master, agent)
            finally:
                await agent.link.stop()

    asyncio.run(main())


def test_the_leader_is_dialled_and_answers() -> None:
    async def story(master: FakeMaster, agent: Agent) -> None:
        await agent.until_welcome(1)
        assert agent.events == [
            LinkOpened(1),
            MasterSaid(1, 1, Welcome(AGENT, agent.events[1].order.master_id, 10_000, False)),  # type: ignore[union-attr]
        ]

    tell(story)


def test_what_is_sent_in_one_turn_arrives_as_one_message_in_order() -> None:
    async def story(master: FakeMaster, agent: Agent) -> None:
        await agent.until_welcome(1)
        agent.link.send(SendReports(1, (STARTING,)))
        agent.link.send(SendReports(1, (RUNNING, FINISHED)))
        agent.link.send(SendPong(1))
        await master.until(lambda: len(master.said) == 3)
        assert [message.WhichOneof("what") for message in master.said] == [
            "hello",
            "pong",
            "reports",
        ]
        assert master.reports == [STARTING, RUNNING, FINISHED]

    tell(story)


def test_very_many_reports_arrive_in_several_messages_in_order() -> None:
    async def story(master: FakeMaster, agent: Agent) -> None:
        await agent.until_welcome(1)
        agent.link.send(SendReports(1, (STARTING, RUNNING) * 1_000))
        await master.until(lambda: len(master.reports) == 2_000)
        assert master.reports == [STARTING, RUNNING] * 1_000
        assert len(master.of_kind("reports")) == 4

    tell(story, takes_reports=False)


def test_the_end_of_the_stream_is_the_end_of_the_link_and_the_next_has_another_number() -> None:
    async def story(master: FakeMaster, agent: Agent) -> None:
        await agent.until_welcome(1)
        master.end_link()
        assert await agent.until_closed(1) == LinkClosed(1, "the master ended it")
        agent.link.open(epoch_min=0)
        await agent.until_welcome(2)

    tell(story)


def test_a_master_that_dies_is_noticed_at_once() -> None:
    async def story(master: FakeMaster, agent: Agent) -> None:
        await agent.until_welcome(1)
        await master.stop()
        await agent.until_closed(1)

    tell(story)


@pytest.mark.parametrize(
    "bad",
    [
        agent_link_pb2.MasterMessage(),
        agent_link_pb2.MasterMessage(epoch=1),
        agent_link_pb2.MasterMessage(
            epoch=1, run=agent_link_pb2.RunTasks(tasks=[agent_link_pb2.RunTask()])
        ),
    ],
)
def test_a_master_that_says_what_cannot_be_is_left(bad: agent_link_pb2.MasterMessage) -> None:
    async def story(master: FakeMaster, agent: Agent) -> None:
        await agent.until_welcome(1)
        master.send(bad)
        closed = await agent.until_closed(1)
        assert closed.why.startswith("the master said what cannot be: ")

    tell(story)


def test_of_a_link_that_was_closed_nothing_more_is_told_or_sent() -> None:
    async def story(master: FakeMaster, agent: Agent) -> None:
        await agent.until_welcome(1)
        agent.link.close(1, "enough")
        seen = len(agent.events)
        master.order(ping=agent_link_pb2.Ping())
        agent.link.send(SendPong(1))
        agent.link.open(epoch_min=0)
        await agent.until_welcome(2)
        assert all(event.link_id == 2 for event in agent.events[seen:])
        assert not any(isinstance(e, MasterSaid) and e.order == Ping() for e in agent.events)
        assert master.of_kind("pong") == []

    tell(story)


def test_a_master_of_an_epoch_that_is_over_is_not_dialled() -> None:
    async def story(master: FakeMaster, agent: Agent) -> None:
        await agent.until_welcome(1)
        agent.link.close(1, "enough")
        agent.link.open(epoch_min=2)
        asyncio.get_running_loop().call_later(0.15, setattr, master, "epoch", 2)
        await agent.until_welcome(2)
        said = [event for event in agent.events if isinstance(event, MasterSaid)]
        assert [event.epoch for event in said] == [1, 2]

    tell(story)
