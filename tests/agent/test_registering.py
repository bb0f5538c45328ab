"""Hello, welcome, silence, and being turned away."""

from agent.checkpoints.records import AgentAdmitted, EpochSeen
from agent.effects import (
    CloseLink,
    EndAgent,
    NoteAdmitted,
    OpenLink,
    SayHello,
    SendInventory,
    TerminateProcess,
    WriteRecords,
)
from agent.events import DeadlinePassed, LinkClosed, LinkOpened, Ping, TurnedAway
from tests.agent.one_agent import (
    AGENT,
    EPOCH,
    INFO,
    KEY,
    LINK,
    MASTER,
    SILENCE_MS,
    agent_with_running_task,
    new_agent,
    of_type,
    on_disk,
    said,
    welcome,
    welcomed_agent,
)
from trimast.model.ids import AgentId
from trimast.model.inventory import HeldTask, inventory_digest

HELD = (HeldTask(KEY.framework_id, KEY.task_id, 7),)


def test_an_agent_that_was_never_admitted_says_hello_without_an_id() -> None:
    agent = new_agent()
    assert agent.handle(LinkOpened(LINK), 0) == [
        SayHello(LINK, None, INFO, 0, inventory_digest(()))
    ]


def test_its_id_is_written_down_when_it_is_welcomed() -> None:
    agent = new_agent()
    agent.handle(LinkOpened(LINK), 0)
    assert said(agent, welcome()) == [WriteRecords(1, (EpochSeen(EPOCH),))]
    assert on_disk(agent) == [
        WriteRecords(2, (AgentAdmitted(AGENT),)),
        NoteAdmitted(AGENT, MASTER, EPOCH),
    ]


def test_it_resumes_with_its_id_its_epoch_and_a_digest_of_its_tasks() -> None:
    agent = agent_with_running_task()
    assert agent.handle(LinkClosed(LINK, "gone"), 0) == [OpenLink(EPOCH)]
    assert agent.handle(LinkOpened(2), 1) == [
        SayHello(2, AGENT, INFO, EPOCH, inventory_digest(HELD))
    ]


def test_the_inventory_is_sent_when_it_is_asked_for() -> None:
    agent = agent_with_running_task()
    agent.handle(LinkClosed(LINK, "gone"), 0)
    agent.handle(LinkOpened(2), 1)
    effects = said(agent, welcome(send_inventory=True))
    assert effects[:2] == [NoteAdmitted(AGENT, MASTER, EPOCH), SendInventory(2, HELD)]


def test_a_welcome_under_another_name_is_not_accepted() -> None:
    agent = welcomed_agent()
    agent.handle(LinkClosed(LINK, "gone"), 0)
    agent.handle(LinkOpened(2), 1)
    why = "welcomed as agent-2, but this is agent-1"
    assert said(agent, welcome(agent_id=AgentId("agent-2"))) == [
        CloseLink(2, why),
        OpenLink(EPOCH),
    ]
    assert agent.state.agent_id == AGENT


def test_a_silent_master_is_left() -> None:
    agent = welcomed_agent()
    assert agent.next_deadline_ms() == SILENCE_MS
    why = f"the master has been silent for {SILENCE_MS} ms"
    assert agent.handle(DeadlinePassed(), SILENCE_MS) == [CloseLink(LINK, why), OpenLink(EPOCH)]
    assert agent.next_deadline_ms() is None


def test_every_word_of_the_master_counts() -> None:
    agent = welcomed_agent()
    said(agent, Ping(), now_ms=4_000)
    assert agent.handle(DeadlinePassed(), SILENCE_MS) == []
    assert agent.next_deadline_ms() == 14_000
    assert agent.handle(DeadlinePassed(), 14_000)[1:] == [OpenLink(EPOCH)]


def test_a_master_that_never_welcomes_is_left_too() -> None:
    agent = new_agent()
    agent.handle(LinkOpened(LINK), 0)
    assert of_type(agent.handle(DeadlinePassed(), 10_000), CloseLink)


def test_the_end_of_a_link_that_is_long_left_changes_nothing() -> None:
    agent = welcomed_agent()
    agent.handle(LinkClosed(LINK, "gone"), 0)
    agent.handle(LinkOpened(2), 0)
    assert agent.handle(LinkClosed(LINK, "gone"), 1) == []


def test_turned_away_for_now_it_tries_again() -> None:
    agent = welcomed_agent()
    why = "turned away by the master: busy"
    assert said(agent, TurnedAway("busy", for_ever=False)) == [
        CloseLink(LINK, why),
        OpenLink(EPOCH),
    ]


def test_turned_away_for_ever_it_ends_itself_and_not_its_tasks() -> None:
    for agent in (welcomed_agent(), agent_with_running_task()):
        effects = said(agent, TurnedAway("removed", for_ever=True))
        assert effects[-1] == EndAgent(1, "turned away by the master: removed")
        assert of_type(effects, TerminateProcess) == []
