"""Containers within tasks, as the command line of Mesos launches, attaches and waits for them."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agent.edge.mesos import nested_calls
from agent.edge.mesos.nested_calls import NO_SWITCHBOARD
from tests.agent.edge.mesos.a_client import (
    HEARTBEAT,
    JSON,
    PROTOBUF,
    RECORDIO,
    Caller,
    beside_a_task,
    data,
    resize,
)

TERMINAL = {"type": "MESOS", "tty_info": {"window_size": {"rows": 7, "columns": 70}}}


async def exit_status(caller: Caller, name: str, kind: str = "WAIT_CONTAINER") -> int:
    status, answer = await caller.ask(kind, container_id=caller.nested(name))
    assert status == 200, answer
    return int(answer[kind.lower()]["exit_status"])


def test_what_a_command_writes_is_streamed_and_how_it_ended_is_told() -> None:
    async def story(caller: Caller) -> None:
        line = "pwd; echo $MESOS_TASK_ID; echo oh >&2; exit 3"
        written = await caller.output("c", line)
        assert written["STDERR"] == "oh\n"
        folder, task_id = written["STDOUT"].splitlines()
        assert folder.endswith("/executors/t/runs/1")
        assert task_id == "t"
        for kind in ("WAIT_CONTAINER", "WAIT_NESTED_CONTAINER"):
            assert os.waitstatus_to_exitcode(await exit_status(caller, "c", kind)) == 3

    beside_a_task(story)


def test_arguments_variables_and_users_are_those_of_the_call() -> None:
    async def story(caller: Caller) -> None:
        command = {
            "value": "sh",
            "arguments": ["sh", "-c", "echo $WORD $0", "one"],
            "shell": False,
            "environment": {"variables": [{"name": "WORD", "value": "two words"}]},
        }
        assert await caller.output("c", "", command=command) == {"STDOUT": "two words one\n"}
        command = {"value": "true", "user": "nobody-at-all"}
        status, text = await caller.ask(
            "LAUNCH_NESTED_CONTAINER", container_id=caller.nested("d"), command=command
        )
        assert (status, "is unknown on this machine" in text) == (400, True)

    beside_a_task(story)


def test_what_is_typed_arrives_and_so_does_its_end() -> None:
    async def story(caller: Caller) -> None:
        session = asyncio.create_task(caller.output("c", "cat; echo over"))
        while (answer := await caller.type_in("c"))[0] == 404:
            continue  # It is not there yet.
        assert answer == (200, ""), "a try, as clients make it: it ends nothing"
        assert await caller.type_in("c", data("hello "), HEARTBEAT) == (200, "")
        assert await caller.type_in("c", data("world\n"), data("")) == (200, "")
        assert await session == {"STDOUT": "hello world\nover\n"}
        assert (await caller.type_in("c", data("late")))[0] == 500

    beside_a_task(story)


def test_a_terminal_is_one_for_the_command() -> None:
    async def story(caller: Caller) -> None:
        line = "stty size; read line; stty size; tty -s && echo $line"
        said: list[str] = []
        async for where, text in caller.run("c", line, container=TERMINAL):
            assert where == "STDOUT"
            said.append(text)
            if "".join(said) == "7 70\r\n":
                answer = await caller.type_in("c", resize(9, 90), data("hello\n"))
                assert answer == (200, "")
        lines = "".join(said).split("\r\n")
        assert lines[:1] + lines[-3:] == ["7 70", "9 90", "hello", ""]

    beside_a_task(story)


def test_who_hangs_up_ends_a_session() -> None:
    async def story(caller: Caller) -> None:
        said = caller.run("c", "echo ready; exec sleep 600")
        assert await anext(said) == ("STDOUT", "ready\n")
        await said.aclose()  # type: ignore[attr-defined]
        assert await exit_status(caller, "c") == 9

    beside_a_task(story)


def test_a_container_that_is_no_session_outlives_its_launch_until_it_is_killed() -> None:
    async def story(caller: Caller) -> None:
        body: dict[str, Any] = {
            "container_id": caller.nested("c"),
            "command": {"value": "trap 'exit 5' TERM; touch up; while :; do sleep 0.01; done"},
        }
        assert await caller.ask("LAUNCH_NESTED_CONTAINER", **body) == (200, "")
        assert await caller.ask("LAUNCH_CONTAINER", **body) == (202, "")
        _, answer = await caller.ask("GET_CONTAINERS", show_nested=True)
        ids = [each["container_id"] for each in answer["get_containers"]["containers"]]
        assert ids == [{"value": caller.task}, caller.nested("c")]
        name = {"container_id": caller.nested("c")}
        assert (await caller.ask("REMOVE_CONTAINER", **name))[0] == 500
        up = {"path": "/frameworks/f/executors/t/latest/up", "offset": 0}
        while (await caller.ask("READ_FILE", **up))[0] == 404:
            continue  # It does not listen yet.
        assert await caller.ask("KILL_CONTAINER", **name, signal=15) == (200, "")
        assert await exit_status(caller, "c") == 5 << 8
        assert await caller.ask("REMOVE_NESTED_CONTAINER", **name) == (200, "")
        assert (await caller.ask("WAIT_CONTAINER", **name))[0] == 404

    beside_a_task(story)


def test_others_may_listen_too() -> None:
    async def story(caller: Caller) -> None:
        body = {"container_id": caller.nested("c"), "command": {"value": "read x; echo $x"}}
        assert (await caller.ask("LAUNCH_NESTED_CONTAINER", **body))[0] == 200
        kind = "ATTACH_CONTAINER_OUTPUT"
        call = {"type": kind, kind.lower(): {"container_id": caller.nested("c")}}
        async with caller.session.post("/api/v1", json=call) as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (200, JSON)
            assert (await caller.type_in("c", data("hi\n")))[0] == 200
            assert b'"data":"aGkK"' in await answer.read()
        async with caller.session.post("/api/v1", json=call) as answer:
            assert await answer.read() == b"", "it has ended"

    beside_a_task(story)


def test_a_task_has_no_terminal_to_attach_to() -> None:
    async def story(caller: Caller) -> None:
        task = {"container_id": {"value": caller.task}}
        refusal = (500, NO_SWITCHBOARD)
        assert await caller.ask("ATTACH_CONTAINER_OUTPUT", **task) == refusal

    beside_a_task(story)


def test_what_is_wrong_is_named() -> None:
    async def story(caller: Caller) -> None:
        true = {"value": "true"}
        nested, nobody = caller.nested("c"), {"parent": {"value": "7-x"}, "value": "c"}
        host = {"hostname": "h"}
        deeper = {"parent": nested, "value": "d"}
        kind = "LAUNCH_NESTED_CONTAINER"
        for body, status, text in (
            ({"container_id": nobody, "command": true}, 404, "Container '7-x' cannot be found"),
            ({"container_id": nested}, 400, "Expecting 'command' to be present"),
            ({"container_id": {"value": "c"}, "command": true}, 400, "Expecting 'container_id.pa"),
            ({"container_id": deeper, "command": true}, 400, "no containers of their own"),
            ({"container_id": caller.nested("a/b"), "command": true}, 400, "is invalid"),
            ({"container_id": caller.nested("c" * 243), "command": true}, 400, "more than 242"),
            ({"container_id": nested, "command": {}}, 400, "has no value"),
            (
                {"container_id": nested, "command": true, "container": {"type": "MESOS", **host}},
                400,
                "uses hostname, which is not supported",
            ),
        ):
            got = await caller.ask(kind, **body)
            assert (got[0], text in got[1]) == (status, True), (got, text)
        no_such = {"value": "/no/such", "shell": False}
        status, text = await caller.ask(kind, container_id=nested, command=no_such)
        assert (status, "/no/such cannot be run" in text) == (500, True)
        name = {"container_id": nested}
        for call in ("KILL_CONTAINER", "REMOVE_CONTAINER", "WAIT_CONTAINER"):
            assert (await caller.ask(call, **name))[0] == 404

    beside_a_task(story)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": RECORDIO}, 400),
        ({"Content-Type": RECORDIO, "Message-Content-Type": "text/plain"}, 415),
        ({"Content-Type": JSON, "Message-Content-Type": JSON}, 415),
        ({"Content-Type": JSON, "Accept": JSON, "Message-Accept": JSON}, 406),
        ({"Content-Type": JSON, "Accept": "text/plain"}, 406),
        ({"Content-Type": JSON, "Accept": RECORDIO, "Message-Accept": "text/plain"}, 406),
    ],
)
def test_types_are_negotiated_as_with_mesos(headers: dict[str, str], status: int) -> None:
    async def story(caller: Caller) -> None:
        call = b'{"type": "ATTACH_CONTAINER_OUTPUT", "attach_container_output":'
        body = call + b'{"container_id": {"value": "7-x"}}}'
        async with caller.session.post("/api/v1", data=body, headers=headers) as answer:
            assert answer.status == status, await answer.text()

    beside_a_task(story)


def test_who_names_no_container_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested_calls, "FIRST_RECORD_TIMEOUT_S", 0.05)

    async def story(caller: Caller) -> None:
        over = asyncio.Event()

        async def nothing() -> AsyncIterator[bytes]:
            yield b"1"
            await over.wait()

        headers = {"Content-Type": RECORDIO, "Message-Content-Type": JSON}
        async with caller.session.post("/api/v1", data=nothing(), headers=headers) as answer:
            assert answer.status == 408
            over.set()

    beside_a_task(story)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "Received EOF"),
        (b"x\n", "begins with its length"),
        (b"5\n{}", "ends within a record"),
        (b"1\n{", "Failed to parse"),
        (b"2\n{}", "the first record to name a container"),
    ],
)
def test_what_is_no_stream_of_calls_is_refused(data: bytes, text: str) -> None:
    async def story(caller: Caller) -> None:
        headers = {"Content-Type": RECORDIO, "Message-Content-Type": JSON}
        async with caller.session.post("/api/v1", data=data, headers=headers) as answer:
            assert (answer.status, text in await answer.text()) == (400, True)

    beside_a_task(story)


def test_a_stream_may_be_asked_for_by_the_type_of_its_records() -> None:
    async def story(caller: Caller) -> None:
        body = {"container_id": caller.nested("c"), "command": {"value": "echo hi"}}
        kind = "LAUNCH_NESTED_CONTAINER_SESSION"
        call = {"type": kind, kind.lower(): body}
        headers = {"Accept": PROTOBUF}
        async with caller.session.post("/slave(1)/api/v1", json=call, headers=headers) as answer:
            assert answer.headers["Content-Type"] == PROTOBUF
            assert "Message-Content-Type" not in answer.headers
            assert b"hi\n" in await answer.read()

    beside_a_task(story)


def test_where_commands_are_not_allowed_there_are_no_containers_either() -> None:
    async def story(caller: Caller) -> None:
        body = {"container_id": caller.nested("c"), "command": {"value": "true"}}
        status, text = await caller.ask("LAUNCH_NESTED_CONTAINER", **body)
        assert (status, "--allow-exec" in text) == (403, True)
        assert (await caller.type_in("c"))[0] == 403

    beside_a_task(story, allow_exec="never")


def test_a_page_of_a_browser_may_never() -> None:
    async def story(caller: Caller) -> None:
        body = {"container_id": caller.nested("c"), "command": {"value": "true"}}
        origin = {"Origin": "http://127.0.0.1"}
        assert (await caller.ask("LAUNCH_NESTED_CONTAINER", origin, **body))[0] == 403

    beside_a_task(story)
