"""Calls of an agent's API, as the command line of Mesos makes them, at a real agent with a task."""

import base64
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from agent.assembly import RunningAgent
from tests.agent.fake_master import FakeMaster
from tests.agent.test_assembly import tell
from trimast.edge.recordio import RecordReader, to_record
from trimast.model.task_lifecycle import TaskState

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
RECORDIO = "application/recordio"
STREAM = {"Accept": RECORDIO, "Message-Accept": JSON}


@dataclass
class Caller:
    """
    Attributes:
        task: the id of its container.
    """

    session: aiohttp.ClientSession
    task: str

    async def ask(self, kind: str, _headers: Any = None, **body: Any) -> tuple[int, Any]:
        """The status, and what was answered: a document, or text."""
        call = {"type": kind, **({kind.lower(): body} if body else {})}
        async with self.session.post("/api/v1", json=call, headers=_headers) as answer:
            if answer.headers.get("Content-Type") == JSON:
                return answer.status, await answer.json()
            return answer.status, await answer.text()

    def nested(self, name: str) -> dict[str, Any]:
        return {"parent": {"value": self.task}, "value": name}

    async def stream(self, kind: str, **body: Any) -> AsyncIterator[dict[str, Any]]:
        """The records of the answer."""
        call = {"type": kind, kind.lower(): body}
        async with self.session.post("/api/v1", json=call, headers=STREAM) as answer:
            assert answer.status == 200, await answer.text()
            assert answer.headers["Content-Type"] == RECORDIO
            assert answer.headers["Message-Content-Type"] == JSON
            reader = RecordReader()
            async for data in answer.content.iter_any():
                for record in reader.feed(data):
                    yield json.loads(record)

    async def run(self, name: str, line: str, **more: Any) -> AsyncIterator[tuple[str, str]]:
        """What a session writes, and where."""
        body = {"container_id": self.nested(name), "command": {"value": line}, **more}
        async for record in self.stream("LAUNCH_NESTED_CONTAINER_SESSION", **body):
            if record["type"] == "DATA":
                data = record["data"]
                yield data["type"], base64.b64decode(data["data"]).decode()

    async def output(self, name: str, line: str, **more: Any) -> dict[str, str]:
        """All of it, to the end."""
        written: dict[str, str] = {}
        async for where, text in self.run(name, line, **more):
            written[where] = written.get(where, "") + text
        return written

    async def type_in(self, name: str, *messages: dict[str, Any]) -> tuple[int, str]:
        """As one ATTACH_CONTAINER_INPUT, which names the container first."""

        async def records() -> AsyncIterator[bytes]:
            yield _record({"type": "CONTAINER_ID", "container_id": self.nested(name)})
            for message in messages:
                yield _record({"type": "PROCESS_IO", "process_io": message})

        headers = {"Content-Type": RECORDIO, "Message-Content-Type": JSON, "Accept": JSON}
        async with self.session.post("/api/v1", data=records(), headers=headers) as answer:
            return answer.status, await answer.text()


def data(text: str) -> dict[str, Any]:
    encoded = base64.b64encode(text.encode()).decode()
    return {"type": "DATA", "data": {"type": "STDIN", "data": encoded}}


def resize(rows: int, columns: int) -> dict[str, Any]:
    size = {"window_size": {"rows": rows, "columns": columns}}
    return {"type": "CONTROL", "control": {"type": "TTY_INFO", "tty_info": size}}


HEARTBEAT = {"type": "CONTROL", "control": {"type": "HEARTBEAT", "heartbeat": {}}}
Story = Callable[[Caller], Awaitable[None]]


def beside_a_task(story: Story, command: str = "exec sleep 60", **settings: Any) -> None:
    """The folder is one with a short name, for the sake of sockets."""

    async def whole(master: FakeMaster, agent: RunningAgent) -> None:
        master.run("t", command)
        running = await master.until_reported("t", TaskState.RUNNING)
        assert running.container is not None
        async with aiohttp.ClientSession(f"http://{agent.http_address}") as session:
            await story(Caller(session, running.container.container_id))
        master.kill("t", grace_ms=0)
        await master.until_reported("t", TaskState.KILLED)

    with tempfile.TemporaryDirectory() as folder:
        tell(Path(folder), whole, **settings)


def _record(body: dict[str, Any]) -> bytes:
    call = {"type": "ATTACH_CONTAINER_INPUT", "attach_container_input": body}
    return to_record(json.dumps(call).encode())
