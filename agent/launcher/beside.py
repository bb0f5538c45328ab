"""Commands beside a task: for checks, and for whoever has to look at it from inside.

Each is like the task: its cgroup, its user, its bounds, its namespaces. So what it uses counts for
the task, and it ends with it, at the latest. It ends with its agent, too, and with the launcher;
nothing is written down of it, since nobody would ask for it afterwards.
"""

import ctypes
import json
import os
import resource
import selectors
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from agent.launcher.launch import Launch
from agent.launcher.likeness import Likeness, likeness_of
from agent.launcher.namespaces import enter_those_of, go_inside
from agent.launcher.running import open_still
from agent.launcher.said import say
from agent.launcher.spawning import reset_signals, take_on
from agent.launcher.wire import Message

COMPLAINT_BYTES_MAX: Final = 4096
_FAILED: Final = 127
_SET_DEATH_SIGNAL: Final = 1
_PLACES: Final = (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)


@dataclass(slots=True)
class Beside:
    """
    Attributes:
        number: the agent's, for as long as it is connected.
        launch: the task's.
        errors: what its start may still complain of; -1 once it is over.
    """

    number: int
    launch: str
    pid: int
    handle: int
    errors: int
    complaint: Message | None = None


class Besides:
    """
    Args:
        enter: the group of a launch; is called in the process that it is for. Raises OSError.
        selector: is told which of our files to look at; each of those comes with its command.
        tell: the agent.
    """

    def __init__(
        self,
        enter: Callable[[dict[str, Any]], None],
        selector: selectors.BaseSelector,
        tell: Callable[[Message], None],
    ) -> None:
        self._enter = enter
        self._selector = selector
        self._tell = tell
        self._running: dict[int, Beside] = {}

    def start(self, order: Message, launch: Launch | None, agent_pid: int) -> None:
        """
        Args:
            agent_pid: has the files open that the command is to read from and write to.
        """
        number = int(order["number"])
        if launch is None or not _is_there(launch) or number in self._running:
            self._tell_failed(number, {"why": "the task does not run", "errno": 3, "at": "start"})
            return
        try:
            self._running[number] = self._fork(number, order, launch, agent_pid)
        except OSError as error:
            say("cannot_run_beside", launch=launch.name, error=str(error))
            self._tell_failed(number, _complaint(error, "start"))

    def _fork(self, number: int, order: Message, launch: Launch, agent_pid: int) -> Beside:
        errors, complain = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        own_pid = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            os.close(errors)
            os.close(complain)
            raise
        if pid == 0:
            self._become(order, launch, agent_pid, own_pid, complain)
        os.close(complain)
        beside = Beside(number, launch.name, pid, os.pidfd_open(pid), errors)
        self._selector.register(beside.handle, selectors.EVENT_READ, beside)
        self._selector.register(beside.errors, selectors.EVENT_READ, beside)
        return beside

    def end(self, number: int, by: int = signal.SIGKILL) -> None:
        """Or say something else to it, by another signal."""
        beside = self._running.get(number)
        if beside is not None:
            _signal(beside, by)

    def end_of(self, launch: str) -> None:
        """The task has ended."""
        for beside in self._running.values():
            if beside.launch == launch:
                _end(beside)

    def end_all(self) -> None:
        """Their agent has gone. The next one counts from 1 again, and is told nothing of these."""
        for beside in self._running.values():
            _end(beside)
        self._running.clear()

    def look_at(self, beside: Beside, file: int) -> None:
        if beside.errors != -1:
            self._hear_of_start(beside)
        if file == beside.handle:
            self._settle(beside)

    def _hear_of_start(self, beside: Beside) -> None:
        try:
            complaint = os.read(beside.errors, COMPLAINT_BYTES_MAX)
        except BlockingIOError:
            complaint = b""
        self._selector.unregister(beside.errors)
        os.close(beside.errors)
        beside.errors = -1
        if complaint:
            beside.complaint = json.loads(complaint)
        elif self._running.get(beside.number) is beside:
            number, pid = beside.number, beside.pid
            self._tell({"say": "beside", "number": number, "is": "running", "pid": pid})

    def _settle(self, beside: Beside) -> None:
        self._selector.unregister(beside.handle)
        os.close(beside.handle)
        _end(beside)  # What it has left behind, while the number of its group is still its own.
        _, status = os.waitpid(beside.pid, 0)
        if self._running.get(beside.number) is not beside:
            return
        del self._running[beside.number]
        if beside.complaint is not None:
            self._tell_failed(beside.number, beside.complaint)
            return
        code = os.waitstatus_to_exitcode(status)
        self._tell({"say": "beside", "number": beside.number, "is": "ended", "code": code})

    def _tell_failed(self, number: int, complaint: Message) -> None:
        self._tell({"say": "beside", "number": number, "is": "failed", **complaint})

    def _become(
        self, order: Message, launch: Launch, agent_pid: int, own_pid: int, complain: int
    ) -> NoReturn:
        """In the new process."""
        at = "start"
        try:
            os.setsid()
            self._enter({"group": launch.group})
            files = [
                os.open(f"/proc/{agent_pid}/fd/{file}" if file else os.devnull, flags)
                for file, flags in zip(order["files"], _PLACES, strict=True)
            ]
            like = likeness_of(launch.pid)
            enter_those_of(like.pid, like.namespaces)
            for place, file in enumerate(files):
                os.dup2(file, place)
            os.closerange(3, complain)
            os.closerange(complain + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
            if "pid" in like.namespaces:
                _die_with_parent()
                go_inside(complain)
            elif os.getppid() != own_pid:
                os._exit(_FAILED)
            reset_signals()
            user = _user_of(order, like)
            take_on(order["folder"], like.box, user)
            _die_with_parent()
            at = "program"
            environment = order["environment"]
            os.execvpe(
                order["program"],
                order["arguments"],
                like.environment if environment is None else environment,
            )
        except (OSError, ValueError, KeyError) as error:
            os.write(complain, json.dumps(_complaint(error, at)).encode("ascii"))
        finally:
            os._exit(_FAILED)


def _is_there(launch: Launch) -> bool:
    return launch.is_live and (launch.is_child or open_still(launch))


def _user_of(order: Message, like: Likeness) -> Any:
    """None: who the launcher is; who is not root cannot be anybody else."""
    if os.geteuid() != 0:
        return None
    return like.user if order["user"] is None else order["user"]


def _complaint(error: Exception, at: str) -> Message:
    number = error.errno if isinstance(error, OSError) else None
    return {"why": str(error)[:500], "errno": number or 0, "at": at}


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def _end(beside: Beside) -> None:
    _signal(beside, signal.SIGKILL)


def _signal(beside: Beside, number: int) -> None:
    """All that is in its process group. It has not been waited for, so it has its number."""
    kills = (os.killpg, os.kill) if number == signal.SIGKILL else (os.killpg,)
    for kill in kills:
        try:
            kill(beside.pid, number)
        except OSError:
            continue  # It has no group yet; or nothing is left of it.
