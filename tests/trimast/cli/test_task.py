"""task and framework: what can be done to one."""

import json

from protos.trimast.v1 import cluster_pb2
from tests.trimast.cli.command import trimast
from tests.trimast.framework.fake_master import FakeMaster, run


def a_row(framework: str, state: str, fence: int = 1) -> cluster_pb2.TaskRow:
    return cluster_pb2.TaskRow(id="t1", state=state, framework_id=framework, fence=fence)


def test_a_task_is_killed_by_its_id() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            master.cluster.tasks += [a_row("f1", "finished"), a_row("f2", "running", 2)]
            result = await trimast("task", "kill", "t1", "--master", master.address)
        assert (result.code, result.err) == (0, "t1 is told to end\n")
        assert master.cluster.killed == ["t1"]

    run(story())


def test_a_task_is_paused_and_resumed_by_its_id() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            master.cluster.tasks += [a_row("f1", "finished"), a_row("f2", "running", 2)]
            paused = await trimast("task", "pause", "t1", "--master", master.address)
            resumed = await trimast("task", "resume", "t1", "--master", master.address)
        assert (paused.code, paused.err) == (0, "t1 is told to pause\n")
        assert (resumed.code, resumed.err) == (0, "t1 is told to go on\n")
        assert master.cluster.paused == [("t1", True), ("t1", False)]

    run(story())


def test_which_task_is_meant_must_be_clear() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            to = ("--master", master.address)
            unknown = await trimast("task", "kill", "t1", *to)
            master.cluster.tasks += [a_row("f1", "running", 1), a_row("f2", "running", 2)]
            unclear = await trimast("task", "kill", "t1", *to)
            clear = await trimast("task", "kill", "t1", "--framework", "f1", *to)
            master.cluster.tasks[:] = [a_row("f1", "finished")]
            late = await trimast("task", "kill", "t1", *to)
        assert (unknown.code, unclear.code, clear.code, late.code) == (1, 2, 0, 1)
        assert "no task 't1' is known" in unknown.err
        assert "--framework f2, f1" in unclear.err
        assert "has ended already: finished" in late.err

    run(story())


def test_logs_of_a_task_whose_agent_is_away_say_so() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            master.cluster.tasks.append(a_row("f1", "finished"))
            master.cluster.tasks[0].agent_id = "a1"
            gone = await trimast("task", "logs", "t1", "--master", master.address)
            row = cluster_pb2.AgentRow(id="a1", state="unreachable", http="127.0.0.1:1")
            master.cluster.agents.append(row)
            away = await trimast("task", "logs", "t1", "--master", master.address)
        assert (gone.code, away.code) == (1, 1)
        assert "'a1', is not known any more" in gone.err
        assert "the agent at 127.0.0.1:1 cannot be reached" in away.err

    run(story())


def test_a_framework_is_torn_down_by_its_id() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            to = ("--master", master.address)
            done = await trimast("framework", "teardown", "f1", *to)
            unknown = await trimast("framework", "teardown", "unknown", *to)
        assert (done.code, unknown.code) == (0, 1)
        assert master.torn_down == ["f1"]
        assert "no framework 'unknown' is running" in unknown.err

    run(story())


def test_that_a_task_is_paused_is_seen_in_the_list_and_told_to_programs() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            master.cluster.tasks.append(a_row("f1", "running"))
            master.cluster.tasks[0].paused = True
            table = await trimast("tasks", "--master", master.address)
            as_json = await trimast("tasks", "--json", "--master", master.address)
        assert "running (paused)" in table.out
        [row] = json.loads(as_json.out)
        assert (row["state"], row["paused"]) == ("running", True)

    run(story())
