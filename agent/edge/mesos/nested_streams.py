"""What goes to a nested container and comes from it, as records over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from aiohttp import ClientError, web

from agent.edge.mesos.asking import Answering, call_from_record
from agent.edge.mesos.nested import Listening, Nested
from protos.mesos.v1.agent import agent_pb2
from trimast.edge.mesos_http import Refusal, encoded
from trimast.edge.recordio import BadRecord, RecordReader, to_record
from trimast.edge.wire.bad_message import BadMessage

HEARTBEAT_S: Final = 30.0
LOOK_AFTER_S: Final = 0.5
"""How soon it is noticed that somebody to whom nothing is said has hung up."""
RECORD_BYTES_MAX: Final = 4 * 1024 * 1024

_IO = agent_pb2.ProcessIO
_Input = agent_pb2.Call.AttachContainerInput
_KINDS: Final = {"stdout": _IO.Data.STDOUT, "stderr": _IO.Data.STDERR}


async def stream_output(
    request: web.Request, nested: Nested, answer: Answering
) -> tuple[web.StreamResponse, asyncio.Task[None]]:
    """The response has begun, and the task ends when the container has, or nobody listens."""
    response = web.StreamResponse(headers=answer.stream_headers)
    output = nested.listen()
    try:
        await response.prepare(request)
    except BaseException:
        output.close()
        raise
    return response, asyncio.create_task(_tell(request, response, output, answer.record_type))


async def take_input(
    request: web.Request, nested: Nested, calls: AsyncIterator[agent_pb2.Call]
) -> None:
    """To the end of the request, or of the container. Raises Refusal."""
    feeding = asyncio.create_task(_feed(nested, calls))
    waited: list[asyncio.Future[object]] = [feeding, nested.process.ended]  # type: ignore[list-item]
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    if feeding.done():
        feeding.result()
        return
    feeding.cancel()
    with suppress(asyncio.CancelledError):
        await feeding


async def calls_of(request: web.Request, record_type: str) -> AsyncIterator[agent_pb2.Call]:
    """Raises Refusal: it is not what was announced."""
    reader = RecordReader(bytes_max=RECORD_BYTES_MAX)
    try:
        while data := await request.content.readany():
            for record in reader.feed(data):
                yield call_from_record(record, record_type)
    except (BadRecord, BadMessage) as error:
        raise Refusal(400, str(error)) from None
    if not reader.is_between_records:
        raise Refusal(400, "The stream ends within a record")


async def _feed(nested: Nested, calls: AsyncIterator[agent_pb2.Call]) -> None:
    pipes = nested.pipes
    async for call in calls:
        message = call.attach_container_input
        if message.type != _Input.PROCESS_IO:
            raise Refusal(400, "Expecting 'attach_container_input.type' to be PROCESS_IO")
        said = message.process_io
        if said.type == _IO.CONTROL:
            if said.control.type == _IO.Control.TTY_INFO:
                size = said.control.tty_info.window_size
                pipes.resize(size.rows, size.columns)
        elif said.type != _IO.DATA or said.data.type != _IO.Data.STDIN:
            raise Refusal(400, "Expecting 'process_io' to be data for STDIN, or a control message")
        elif not said.data.data:
            pipes.end_input()
        else:
            # A command need not read what it is given.
            with suppress(OSError):
                pipes.stdin.write(said.data.data)
                await pipes.stdin.drain()


async def _tell(
    request: web.Request,
    response: web.StreamResponse,
    output: Listening,
    record_type: str,
) -> None:
    beating = asyncio.create_task(_beat(request, response, record_type))
    telling = asyncio.create_task(_pass_on(response, output, record_type))
    try:
        await asyncio.wait([beating, telling], return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            telling.result()
            await response.write_eof()
    except (OSError, ClientError):
        pass  # Nobody listens any more.
    finally:
        output.close()
        for task in (beating, telling):
            task.cancel()
        await asyncio.gather(beating, telling, return_exceptions=True)


async def _pass_on(response: web.StreamResponse, output: Listening, record_type: str) -> None:
    while (piece := await output.next()) is not None:
        name, data = piece
        message = _IO(type=_IO.DATA)
        message.data.type = _KINDS[name]
        message.data.data = data
        await _write(response, message, record_type)


async def _beat(request: web.Request, response: web.StreamResponse, record_type: str) -> None:
    """Until nobody listens."""
    beat = _IO(type=_IO.CONTROL)
    beat.control.type = _IO.Control.HEARTBEAT
    beat.control.heartbeat.interval.nanoseconds = round(HEARTBEAT_S * 1e9)
    loop = asyncio.get_running_loop()
    due_s = loop.time() + HEARTBEAT_S
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(LOOK_AFTER_S)
        if loop.time() >= due_s:
            due_s += HEARTBEAT_S
            await _write(response, beat, record_type)


async def _write(response: web.StreamResponse, message: _IO, record_type: str) -> None:
    await response.write(to_record(encoded(message, record_type)))
