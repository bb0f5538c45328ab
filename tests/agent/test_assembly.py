"""A whole agent with a real journal and real processes, and a master in this process."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent.assembly import RunningAgent
from agent.config import AgentConfig
from agent.edge.work_dir import open_work_dir
from agent.events import StopAsked
from protos.trimast.v1 import agent_link_pb2
from tests.agent.fake_master import FakeMaster, run_task
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState

Story = Callable[[FakeMaster, RunningAgent], Awaitable[None]]


def tell(work_dir: Path, story: Story, master: FakeMaster | None = None, **settings: Any) -> None:
    async def main() -> None:
        async with master or FakeMaster() as leader:
            config = AgentConfig(
                masters=(leader.address,), work_dir=work_dir, http_port=0, **settings
            )
            agent = RunningAgent(config, open_work_dir(work_dir))
            await agent.start()
            try:
                await leader.until_welcomed()
                await story(leader, agent)
            finally:
                await agent.close()

    asyncio.run(main())


def states_of(master: FakeMaster, task_id: str) -> list[TaskState]:
    return [report.state for report in master.reports if report.task_id == task_id]


def test_a_task_runs_and_every_step_is_reported_in_order(tmp_path: Path) -> None:
    async def story(master: FakeMaster, _agent: RunningAgent) -> None:
        master.run("t", "exit 3")
        failed = await master.until_reported("t", TaskState.FAILED)
        assert (failed.exit_code, failed.message) == (3, "Command exited with status 3")
        assert states_of(master, "t") == [TaskState.STARTING, TaskState.RUNNING, TaskState.FAILED]
        assert [report.sequence for report in master.reports] == [1, 2, 3]
        assert {report.fence for report in master.reports} == {1}

    tell(tmp_path, story)


def test_a_task_that_ignores_term_is_killed_after_its_grace(tmp_path: Path) -> None:
    async def story(master: FakeMaster, agent: RunningAgent) -> None:
        master.run("t", "trap '' TERM; touch ready; while :; do sleep 60; done")
        await master.until_reported("t", TaskState.RUNNING)
        master.kill("t", grace_ms=20)
        killed = await master.until_reported("t", TaskState.KILLED)
        assert killed.signal in {9, 15}  # 15 if it was not yet deaf.

    tell(tmp_path, story)


def test_the_same_order_again_runs_the_task_once(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"

    async def story(master: FakeMaster, _agent: RunningAgent) -> None:
        for _ in range(3):
            master.run("t", f"echo ran >> {ledger}")
        await master.until_reported("t", TaskState.FINISHED)
        for _ in range(3):
            master.run("t", f"echo ran >> {ledger}")
        master.run("u", "true", fence=2)
        await master.until_reported("u", TaskState.FINISHED)
        assert ledger.read_text() == "ran\n"

    tell(tmp_path / "w", story)


def test_orders_of_a_deposed_leader_are_not_followed(tmp_path: Path) -> None:
    async def story(master: FakeMaster, agent: RunningAgent) -> None:
        master.epoch = 1
        master.run("t", "true")
        master.epoch = 2
        await master.until_welcomed(links=2)
        master.run("u", "true")
        await master.until_reported("u", TaskState.FINISHED)
        assert states_of(master, "t") == []
        assert master.of_kind("hello")[1].hello.epoch_seen == 2

    tell(tmp_path, story, FakeMaster(epoch=2))


def test_reports_survive_the_loss_of_the_link(tmp_path: Path) -> None:
    async def story(master: FakeMaster, _agent: RunningAgent) -> None:
        master.run("t", "true")
        await master.until_reported("t", TaskState.FINISHED)
        del master.reports[:]
        master.takes_reports = True
        master.end_link()
        await master.until_reported("t", TaskState.FINISHED)
        assert states_of(master, "t") == [TaskState.STARTING, TaskState.RUNNING, TaskState.FINISHED]
        # And what is taken is not held any more.
        master.end_link()
        master.send_inventory = True
        await master.until(lambda: bool(master.of_kind("inventory")))
        assert len(master.of_kind("inventory")[-1].inventory.tasks) == 0

    tell(tmp_path, story, FakeMaster(takes_reports=False))


def test_a_silent_master_is_left_for_one_that_speaks(tmp_path: Path) -> None:
    master = FakeMaster()
    master.silence_max_ms = 100

    async def story(master: FakeMaster, _agent: RunningAgent) -> None:
        await master.until_welcomed(links=2)

    tell(tmp_path, story, master)


def test_a_ping_is_answered(tmp_path: Path) -> None:
    async def story(master: FakeMaster, _agent: RunningAgent) -> None:
        master.order(ping=agent_link_pb2.Ping())
        await master.until(lambda: bool(master.of_kind("pong")))

    tell(tmp_path, story)


def test_a_restarted_agent_keeps_its_name_and_sends_what_nobody_took(tmp_path: Path) -> None:
    async def before(master: FakeMaster, _agent: RunningAgent) -> None:
        master.run("t", "true")
        await master.until_reported("t", TaskState.FINISHED)

    async def after(master: FakeMaster, _agent: RunningAgent) -> None:
        assert master.said[0].hello.agent_id == "agent-1"
        finished = await master.until_reported("t", TaskState.FINISHED)
        assert finished.sequence == 3
        assert states_of(master, "t") == [TaskState.STARTING, TaskState.RUNNING, TaskState.FINISHED]

    tell(tmp_path, before, FakeMaster(takes_reports=False))
    tell(tmp_path, after)


def test_asked_to_stop_it_ends_its_tasks_and_says_so(tmp_path: Path) -> None:
    async def story(master: FakeMaster, agent: RunningAgent) -> None:
        master.run("t", "sleep 60")
        await master.until_reported("t", TaskState.RUNNING)
        agent.submit(StopAsked(end_tasks=True))
        assert await asyncio.wait_for(agent.ended, 20) == 0
        lost = await master.until_reported("t", TaskState.LOST)
        assert (lost.reason, lost.signal) == (StatusReason.AGENT_RESTARTED, 15)

    tell(tmp_path, story)


def test_an_agent_that_is_not_wanted_ends_with_an_error(tmp_path: Path) -> None:
    master = FakeMaster()
    master.turns_away = agent_link_pb2.TurnedAway(reason="removed", for_ever=True)

    async def story(_master: FakeMaster, agent: RunningAgent) -> None:
        assert await asyncio.wait_for(agent.ended, 20) == 1

    tell(tmp_path, story, master)


def test_its_pages_are_served(tmp_path: Path) -> None:
    async def story(master: FakeMaster, agent: RunningAgent) -> None:
        master.run("t", "echo hello; echo trouble >&2")
        await master.until_reported("t", TaskState.FINISHED)
        async with aiohttp.ClientSession(f"http://{agent.http_address}") as session:
            async with session.get("/sandbox/f/t/stdout") as answer:
                assert await answer.read() == b"hello\n"
            async with session.get("/metrics") as answer:
                text = await answer.text()
            async with session.get("/state") as answer:
                assert (await answer.json())["id"] == "agent-1"
        assert "trimast_agent_launches_total 1.0" in text
        assert 'trimast_agent_task_ends_total{state="finished"} 1.0' in text

    tell(tmp_path, story)


@pytest.mark.parametrize("tasks", [300])
def test_many_tasks_at_once_all_end_and_all_is_told(tmp_path: Path, tasks: int) -> None:
    async def story(master: FakeMaster, _agent: RunningAgent) -> None:
        orders = [run_task(f"t{n}", "true", n + 1, shell=False) for n in range(tasks)]
        master.order(run=agent_link_pb2.RunTasks(tasks=orders))
        await master.until(lambda: sum(r.state.is_terminal for r in master.reports) == tasks)
        for n in range(tasks):
            wanted = [TaskState.STARTING, TaskState.RUNNING, TaskState.FINISHED]
            assert states_of(master, f"t{n}") == wanted

    tell(tmp_path, story, journal_bytes_max=65_536)
