"""`trimast run`: it ends as its tasks do."""

import asyncio
import dataclasses
import json
import os
import signal
import sys

import pytest

from protos.mesos.v1.scheduler.scheduler_pb2 import Call
from tests.trimast.cli.command import ROOT, trimast
from tests.trimast.framework.fake_master import FakeMaster, FakeStream, an_update, run, uuid
from trimast.model.status_update import StatusUpdate
from trimast.model.task_lifecycle import TaskState

FINISHED, FAILED, KILLED = TaskState.FINISHED, TaskState.FAILED, TaskState.KILLED
UNKNOWN, LOST = TaskState.UNKNOWN, TaskState.LOST


async def launched(stream: FakeStream) -> list[str]:
    call = await stream.next(Call.ACCEPT)
    [operation] = call.accept.operations
    return [task.task_id.value for task in operation.launch.task_infos]


def an_end(
    task: str, state: TaskState, number: int, exit_code: int | None, by_signal: int | None = None
) -> StatusUpdate:
    update = an_update(task, state, uuid(number), exit_code=exit_code)
    return dataclasses.replace(update, signal=by_signal)


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ([(FINISHED, 0, None), (FINISHED, 0, None)], 0),
        ([(FINISHED, 0, None), (FAILED, 7, None)], 7),
        ([(FAILED, 3, None), (FAILED, 7, None)], 3),
        ([(FAILED, None, 9), (FINISHED, 0, None)], 137),
        ([(KILLED, None, 15), (FINISHED, 0, None)], 1),
        ([(LOST, None, None), (FINISHED, 0, None)], 1),
    ],
)
def test_the_first_exit_code_that_is_not_0_is_the_commands(
    ends: list[tuple[TaskState, int | None, int | None]], code: int
) -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            command = ("run", "--master", master.address, "--json", "--count", "2", "--", "true")
            running = asyncio.create_task(trimast(*command))
            stream = await master.stream()
            stream.subscribed()
            stream.offer("o1")
            tasks = await launched(stream)
            for number, (task, end) in enumerate(zip(tasks, ends, strict=True)):
                stream.update(an_end(task, end[0], number + 1, *end[1:]))
            result = await running
        assert result.code == code
        lines = [json.loads(line) for line in result.out.splitlines()]
        assert [(line["id"], line["state"]) for line in lines] == [
            (task, state) for task, (state, _, _) in zip(tasks, ends, strict=True)
        ]

    run(story())


@pytest.mark.parametrize(("options", "networks"), [((), []), (("--network", "none"), ["none"])])
def test_a_network_is_asked_for_as_with_mesos(
    options: tuple[str, ...], networks: list[str]
) -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            command = ("run", "--master", master.address, *options, "--", "true")
            running = asyncio.create_task(trimast(*command))
            stream = await master.stream()
            stream.subscribed()
            stream.offer("o1")
            call = await stream.next(Call.ACCEPT)
            [task] = call.accept.operations[0].launch.task_infos
            assert [info.name for info in task.container.network_infos] == networks
            stream.update(an_end(task.task_id.value, FINISHED, 1, 0))
            await running

    run(story())


def test_a_launch_that_no_leader_knows_of_is_made_again() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            running = asyncio.create_task(trimast("run", "--master", master.address, "--", "true"))
            stream = await master.stream()
            stream.subscribed()
            stream.offer("o1")
            [task] = await launched(stream)
            stream.end()
            stream = await master.stream()
            stream.subscribed()
            await stream.next(Call.RECONCILE)
            stream.update(an_update(task, UNKNOWN))
            await stream.next(Call.REVIVE)
            stream.offer("o2")
            assert await launched(stream) == [task]
            stream.update(an_end(task, FINISHED, 1, 0))
            result = await running
        assert result.code == 0
        assert result.out.startswith("run-0 finished")
        assert "another leader has taken over" in result.err

    run(story())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_interrupts_it_ends_its_tasks(number: signal.Signals) -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-m", "trimast.cli", "run", "--master", master.address, "--", "sleep", "9"),
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stderr=asyncio.subprocess.DEVNULL,
            )
            stream = await master.stream()
            stream.subscribed()
            stream.offer("o1")
            await launched(stream)
            process.send_signal(number)
            await stream.next(Call.TEARDOWN)
            assert await process.wait() == 128 + number

    run(story())
