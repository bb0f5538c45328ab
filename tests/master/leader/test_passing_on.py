"""Words between frameworks and executors go their way, or are lost; nothing else comes of them."""

from master.leader.effects import (
    AnnounceExecutorEnd,
    PassToExecutor,
    SendExecutorMessage,
    ShutExecutorDown,
)
from master.leader.events import (
    ExecutorEnded,
    ExecutorSaid,
    ExecutorShutdownRequested,
    FrameworkSaid,
)
from tests.master.led_cluster import (
    AGENT,
    FRAMEWORK,
    LINK,
    STREAM,
    a_cluster_with_agent_and_framework,
)
from trimast.model.ids import AgentId, ExecutorId, FrameworkId

NAME = ExecutorId("x")


def test_a_framework_speaks_to_its_executor_and_may_end_it() -> None:
    cluster = a_cluster_with_agent_and_framework()
    said = FrameworkSaid(STREAM, AGENT, NAME, b"hi")
    assert cluster.feed(said) == [PassToExecutor(LINK, FRAMEWORK, NAME, b"hi")]
    shutdown = ExecutorShutdownRequested(STREAM, AGENT, NAME)
    assert cluster.feed(shutdown) == [ShutExecutorDown(LINK, FRAMEWORK, NAME)]


def test_to_an_agent_that_is_not_there_nothing_is_said() -> None:
    cluster = a_cluster_with_agent_and_framework()
    assert cluster.feed(FrameworkSaid(STREAM, AgentId("a9"), NAME, b"hi")) == []
    assert cluster.feed(ExecutorShutdownRequested(STREAM, AgentId("a9"), NAME)) == []


def test_a_framework_hears_its_executor_and_of_its_end() -> None:
    cluster = a_cluster_with_agent_and_framework()
    said = ExecutorSaid(LINK, FRAMEWORK, NAME, b"hi")
    assert cluster.feed(said) == [SendExecutorMessage(STREAM, AGENT, NAME, b"hi")]
    ended = ExecutorEnded(LINK, FRAMEWORK, NAME, 9)
    assert cluster.feed(ended) == [AnnounceExecutorEnd(STREAM, AGENT, NAME, 9)]


def test_of_a_framework_that_is_not_there_nothing_is_told() -> None:
    cluster = a_cluster_with_agent_and_framework()
    other = FrameworkId("f9")
    assert cluster.feed(ExecutorSaid(LINK, other, NAME, b"hi")) == []
    assert cluster.feed(ExecutorEnded(LINK, other, NAME, 9)) == []
