"""Starts processes to which something has to be done before they begin: another user, other bounds.

None of them ever runs before it is written down. Each is forked, waits at a gate, and becomes its
program only when the launcher, having written down its number, opens that. If the launcher dies
before, the gate closes and the process ends without having run. Only a small process, whose few
threads do nothing meanwhile, can afford that. Tasks to which nothing has to be done are started by
`vforking.py`, which is far cheaper.
"""

import os
import resource
import signal
from collections.abc import Callable
from typing import Any, Final, NoReturn

from agent.launcher.hardening import bound_capabilities, bound_resources, drop_privileges
from agent.launcher.launch import Launch, launch_of_child
from agent.launcher.namespaces import enter_namespaces

BATCH_MAX: Final = 64
"""How many are forked before the gate is opened for them."""
UMASK: Final = 0o022
OOM_SCORE_ADJ: Final = "/proc/self/oom_score_adj"
_GO: Final = b"!"
_NOT_STARTED: Final = 127


class Spawner:
    """
    Args:
        boot_id: of the kernel that runs.
        enter: the group of an order; is called in the process that it is for. Raises OSError.

    Attributes:
        limits: of open files, as tasks have them.
    """

    def __init__(self, boot_id: str, enter: Callable[[dict[str, Any]], None]) -> None:
        self._boot_id = boot_id
        self._enter = enter
        self._gate = -1
        self._opener = -1
        self.limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        # A handle for each task, and a few more: what the machine allows, and not what is usual.
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.limits[1], self.limits[1]))

    def fork_all(self, orders: list[dict[str, Any]]) -> list[Launch]:
        """All wait at the gate. Raises OSError; then none of them runs, and none will."""
        self._gate, self._opener = os.pipe2(os.O_CLOEXEC)
        launches: list[Launch] = []
        try:
            launches.extend(self._fork(order) for order in orders)
        except OSError:
            self.abandon()
            for launch in launches:
                os.waitpid(launch.pid, 0)
                os.close(launch.errors)
                os.close(launch.handle)
            raise
        return launches

    def open_gate(self, count: int) -> None:
        os.write(self._opener, _GO * count)
        self.abandon()

    def abandon(self) -> None:
        """Whoever still waits at the gate ends."""
        os.close(self._opener)
        os.close(self._gate)

    def _fork(self, order: dict[str, Any]) -> Launch:
        errors, complain = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        pid = os.fork()
        if pid == 0:
            self._become(order, complain)
        os.close(complain)
        launch = launch_of_child(order, pid, self._boot_id)
        # It waits at the gate, and may still complain.
        launch.is_told, launch.errors = False, errors
        return launch

    def _become(self, order: dict[str, Any], complain: int) -> NoReturn:
        """In the new process."""
        try:
            os.setsid()
            self._enter(order)
            # Nothing of the launcher's, above all not the other end of the gate.
            low, high = sorted((self._gate, complain))
            os.closerange(3, low)
            os.closerange(low + 1, high)
            os.closerange(high + 1, self.limits[1])
            if os.read(self._gate, 1) != _GO:
                os._exit(_NOT_STARTED)
            enter_namespaces(order.get("box", {}), complain)
            self._dress(order)
            os.execvpe(order["program"], order["arguments"], order["environment"])
        except (OSError, ValueError) as error:
            os.write(complain, str(error)[:1000].encode("utf-8", "replace"))
        finally:
            os._exit(_NOT_STARTED)

    def _dress(self, order: dict[str, Any]) -> None:
        be_as_dispensable_as_others()
        reset_signals()
        resource.setrlimit(resource.RLIMIT_NOFILE, self.limits)
        output = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW
        _put(os.open(os.devnull, os.O_RDONLY), 0)
        _put(os.open(order["stdout"], output), 1)
        _put(os.open(order["stderr"], output), 2)
        # An earlier version has no box.
        take_on(order["folder"], order.get("box", {}), order["user"])


def reset_signals() -> None:
    """Those that Python or the launcher ignores."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def take_on(folder: str, box: dict[str, Any], user: Any) -> None:
    """Where it is, what it may not do, and who it is. Raises OSError, ValueError.

    Args:
        user: number, group and other groups; None to stay who this is.
    """
    os.chdir(folder)
    os.umask(UMASK)
    bound_resources(box)
    bound_capabilities(box)
    if user is not None:
        uid, gid, groups = user
        os.setgroups(groups)
        os.setregid(gid, gid)
        os.setreuid(uid, uid)
    drop_privileges(box)


def _put(file: int, place: int) -> None:
    if file != place:
        os.dup2(file, place)
        os.close(file)
    else:
        os.set_inheritable(file, True)


def be_as_dispensable_as_others() -> None:
    """A service manager may have told the kernel to spare the agent; that is not for its tasks."""
    if are_as_dispensable_as_others():
        return
    with open(OOM_SCORE_ADJ, "w", encoding="ascii") as file:
        file.write("0")


def are_as_dispensable_as_others() -> bool:
    with open(OOM_SCORE_ADJ, encoding="ascii") as file:
        return int(file.read()) >= 0
