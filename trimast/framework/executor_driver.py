"""Keeps an executor subscribed to its agent, and its statuses from being lost when that is away."""

import asyncio
import contextlib
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import aiohttp

from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.executor.executor_pb2 import Call, Event
from trimast.edge.clock import monotonic_ms, wall_ms
from trimast.edge.mesos_json.reading import message_from_json
from trimast.edge.mesos_json.writing import message_to_json
from trimast.edge.recordio import RecordReader
from trimast.edge.wire.status_codec import task_state_to_proto
from trimast.edge.wire.task_codec import task_info_from_proto
from trimast.framework.executor import Executor
from trimast.framework.scheduler import Done
from trimast.model.ids import ExecutorId, FrameworkId, TaskId
from trimast.model.task_lifecycle import TaskState

PATH: Final = "/api/v1/executor"
RETRY_S: Final = 0.25
AGENT_AWAY_MS: Final = 15 * 60 * 1000
"""How long an agent may be away before its executors end."""
LAST_STATUSES_MS: Final = 5_000
"""How long an executor that ends waits for its last statuses to be acknowledged."""

_MS_IN_NS: Final = 1_000_000


class NoAgent(Exception):
    """The agent refuses this executor, or has been away for too long."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the agent has put into the environment of the executor."""

    url: str
    framework_id: FrameworkId
    executor_id: ExecutorId
    token: str
    is_lasting: bool

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Surroundings":
        """Raises NoAgent: it was not started by an agent."""
        try:
            return cls(
                f"http://{environment['MESOS_AGENT_ENDPOINT']}{PATH}",
                FrameworkId(environment["MESOS_FRAMEWORK_ID"]),
                ExecutorId(environment["MESOS_EXECUTOR_ID"]),
                environment.get("MESOS_EXECUTOR_AUTHENTICATION_TOKEN", ""),
                environment.get("MESOS_CHECKPOINT") == "1",
            )
        except KeyError as error:
            raise NoAgent(f"an agent starts executors, and it sets {error.args[0]}") from None


class ExecutorDriver:
    """One executor, from `run` until it is told to end, or `stop`.

    Args:
        environment: that of the process, as its agent made it, if none is given.
    """

    def __init__(self, executor: Executor, environment: Mapping[str, str] | None = None) -> None:
        self._executor = executor
        self._where = Surroundings.of(os.environ if environment is None else environment)
        self._unacknowledged: dict[bytes, mesos_pb2.TaskStatus] = {}
        self._unsent: dict[bytes, None] = {}
        self._tasks: dict[str, mesos_pb2.TaskInfo] = {}
        self._messages: list[bytes] = []
        self._to_send = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._is_stopping = asyncio.Event()
        self._is_subscribed = False

    @property
    def framework_id(self) -> FrameworkId:
        return self._where.framework_id

    @property
    def executor_id(self) -> ExecutorId:
        return self._where.executor_id

    def update(
        self,
        task_id: str,
        state: TaskState,
        *,
        message: str = "",
        data: bytes = b"",
        healthy: bool | None = None,
    ) -> None:
        """Report a task. Said again, in order, until a master has it, whatever happens to the
        agent meanwhile."""
        status = mesos_pb2.TaskStatus(
            task_id=mesos_pb2.TaskID(value=task_id),
            state=task_state_to_proto(state),
            source=mesos_pb2.TaskStatus.SOURCE_EXECUTOR,
            executor_id=mesos_pb2.ExecutorID(value=self.executor_id),
            uuid=uuid.uuid4().bytes,
            timestamp=wall_ms() / 1000,
        )
        if message:
            status.message = message
        if data:
            status.data = data
        if healthy is not None:
            status.healthy = healthy
        self._unacknowledged[status.uuid] = status
        self._unsent[status.uuid] = None
        self._settled.clear()
        self._to_send.set()

    def send_message(self, data: bytes) -> None:
        """Say something to the framework, which may never hear it."""
        self._messages.append(data)
        self._to_send.set()

    def stop(self) -> None:
        """Make `run` return, once the last statuses are acknowledged."""
        self._is_stopping.set()

    async def run(self) -> None:
        """
        Raises:
            NoAgent: it refuses this executor, or is away for longer than executors wait.
        """
        try:
            async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
                following = group.create_task(self._stay_subscribed(session))
                sending = group.create_task(self._keep_sending(session))
                await self._is_stopping.wait()
                # Whatever is not acknowledged by then, the agent finds out by itself.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._settled.wait(), LAST_STATUSES_MS / 1000)
                following.cancel()
                sending.cancel()
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def __aenter__(self) -> Self:
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        self._group.create_task(self.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        await self._group.__aexit__(kind, error, traceback)

    async def _stay_subscribed(self, session: aiohttp.ClientSession) -> None:
        lost_ms = monotonic_ms()
        while True:
            try:
                await self._follow(session)
                lost_ms = monotonic_ms()
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                pass
            was_subscribed, self._is_subscribed = self._is_subscribed, False
            if was_subscribed:
                lost_ms = monotonic_ms()
            if monotonic_ms() - lost_ms > (AGENT_AWAY_MS if self._where.is_lasting else 0):
                raise NoAgent("the agent has been away for too long")
            await asyncio.sleep(RETRY_S)

    async def _follow(self, session: aiohttp.ClientSession) -> None:
        """One stream, to its end."""
        call = self._call(Call.SUBSCRIBE)
        call.subscribe.SetInParent()
        call.subscribe.unacknowledged_tasks.extend(self._tasks.values())
        for status in self._unacknowledged.values():
            call.subscribe.unacknowledged_updates.add().status.CopyFrom(status)
        said_already = list(self._unacknowledged)
        no_end = aiohttp.ClientTimeout(total=None, sock_connect=5)
        async with self._post(session, call, no_end) as response:
            if response.status != 200:
                await self._raise_if_refused(response)
                return
            for number in said_already:
                self._unsent.pop(number, None)
            records = RecordReader()
            async for data in response.content.iter_any():
                for record in records.feed(data):
                    await self._on_event(message_from_json(record, Event))

    async def _on_event(self, event: Event) -> None:
        match event.type:
            case Event.SUBSCRIBED:
                self._is_subscribed = True
                self._to_send.set()
            case Event.LAUNCH:
                await self._launch(event.launch.task)
            case Event.LAUNCH_GROUP:
                for task in event.launch_group.task_group.tasks:
                    await self._launch(task)
            case Event.KILL:
                await self._kill(event.kill)
            case Event.ACKNOWLEDGED:
                self._acknowledged(event.acknowledged)
            case Event.MESSAGE:
                await _done(self._executor.message(self, event.message.data))
            case Event.SHUTDOWN:
                await _done(self._executor.shutdown(self))
                self.stop()
            case Event.ERROR:
                raise NoAgent(event.error.message)
            case _:
                pass  # A heartbeat, or of an agent that knows more than this driver.

    async def _launch(self, task: mesos_pb2.TaskInfo) -> None:
        self._tasks[task.task_id.value] = task
        await _done(self._executor.launch(self, task_info_from_proto(task)))

    async def _kill(self, kill: Event.Kill) -> None:
        policy = kill.kill_policy
        has_grace = policy.HasField("grace_period")
        grace_ms = policy.grace_period.nanoseconds // _MS_IN_NS if has_grace else None
        await _done(self._executor.kill(self, TaskId(kill.task_id.value), grace_ms))

    def _acknowledged(self, acknowledged: Event.Acknowledged) -> None:
        self._tasks.pop(acknowledged.task_id.value, None)
        self._unsent.pop(acknowledged.uuid, None)
        self._unacknowledged.pop(acknowledged.uuid, None)
        if not self._unacknowledged:
            self._settled.set()

    async def _keep_sending(self, session: aiohttp.ClientSession) -> None:
        while True:
            await self._to_send.wait()
            self._to_send.clear()
            while self._is_subscribed and (self._unsent or self._messages):
                if not await self._send_next(session):
                    await asyncio.sleep(RETRY_S)

    async def _send_next(self, session: aiohttp.ClientSession) -> bool:
        """False if it did not arrive. Statuses go first, and are kept."""
        if self._unsent:
            number = next(iter(self._unsent))
            call = self._call(Call.UPDATE)
            call.update.status.CopyFrom(self._unacknowledged[number])
        else:
            number = None
            call = self._call(Call.MESSAGE)
            call.message.data = self._messages.pop(0)
        try:
            async with self._post(session, call, aiohttp.ClientTimeout(total=10)) as response:
                if response.status != 202:
                    await self._raise_if_refused(response)
                    return False
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            return False
        if number is not None:
            self._unsent.pop(number, None)
        return True

    async def _raise_if_refused(self, response: aiohttp.ClientResponse) -> None:
        """An agent that is about to come, or has just come, may not know us yet."""
        if response.status in {403, 503}:
            return
        raise NoAgent(f"{response.status}: {await response.text()}")

    def _post(
        self, session: aiohttp.ClientSession, call: Call, timeout: aiohttp.ClientTimeout
    ) -> "aiohttp.client._RequestContextManager":
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._where.token:
            headers["Authorization"] = f"Bearer {self._where.token}"
        body = message_to_json(call)
        return session.post(self._where.url, data=body, headers=headers, timeout=timeout)

    def _call(self, kind: "Call.Type.ValueType") -> Call:
        return Call(
            type=kind,
            framework_id=mesos_pb2.FrameworkID(value=self.framework_id),
            executor_id=mesos_pb2.ExecutorID(value=self.executor_id),
        )


async def _done(waiting: Done) -> None:
    if waiting is not None:
        await waiting
