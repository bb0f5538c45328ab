"""What frameworks and executors say to each other."""

from agent.events import LinkClosed, PassToExecutor
from agent.executors.effects import Message, PassToFramework
from agent.executors.events import ExecutorSaid, ExecutorUnsubscribed
from tests.agent.executors.one_executor import EXECUTOR, agent_with_executor, told
from tests.agent.one_agent import LINK, of_type, said


def test_words_of_the_framework_reach_an_executor_that_is_there() -> None:
    agent = agent_with_executor()
    assert told(said(agent, PassToExecutor(EXECUTOR, b"hi"))) == [Message(b"hi")]
    agent.handle(ExecutorUnsubscribed(EXECUTOR, 1), 0)
    assert said(agent, PassToExecutor(EXECUTOR, b"hi")) == []


def test_words_of_the_executor_go_over_the_link_if_there_is_one() -> None:
    agent = agent_with_executor()
    said_something = ExecutorSaid(EXECUTOR, b"hi")
    assert agent.handle(said_something, 0) == [PassToFramework(LINK, EXECUTOR, b"hi")]
    agent.handle(LinkClosed(LINK, "cut"), 0)
    assert of_type(agent.handle(said_something, 0), PassToFramework) == []
