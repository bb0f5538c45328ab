"""Starts tasks that are in all as the launcher is, without a copy of the launcher for each.

A process that is forked is a copy of the launcher until it becomes its program, and that costs more
than the program's own start. Those to whom nothing has to be done in between are born by vfork, of
a thread that has gone into their cgroup before. There is no moment then in which their number could
be written down before they run. What is written down before is that a start is under way, and in
which cgroup: if the launcher dies before it has written down more, the next one ends whatever it
finds in there. See docs/decisions/0007-a-launcher-that-forks.md.
"""

import os
import resource
import signal
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from agent.launcher.hardening import refuse_new_privileges
from agent.launcher.launch import Launch, launch_of_child
from agent.launcher.own_thread import OwnThread

PIDS_MAX_LEAST: Final = 8
"""With fewer there might be no room for us in the group beside the task."""
_OUTPUT: Final = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_RESET: Final = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGINT)
"""Those that Python or the launcher ignores."""

Order = dict[str, Any]


class Vforker:
    """
    Args:
        boot_id: of the kernel that runs.
        limits: of open files, as tasks have them.
        enter: the group of an order; for the very thread that calls it. Raises OSError.
        leave: whatever group that was. Raises OSError.
        let_go: of one that runs, in a group in which this thread is not any more.
    """

    def __init__(
        self,
        boot_id: str,
        limits: tuple[int, int],
        enter: Callable[[Order], None],
        leave: Callable[[], None],
        let_go: Callable[[Launch, Order], None],
    ) -> None:
        self._boot_id = boot_id
        self._limits = limits
        self._enter = enter
        self._leave = leave
        self._let_go = let_go
        self._own_limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._threads: dict[bool, OwnThread] = {}

    def start_all(self, orders: list[Order]) -> tuple[list[Launch], dict[str, str]]:
        """Those that are suitable. Returns those that run, and why the others do not, by name."""
        launches: list[Launch] = []
        failed: dict[str, str] = {}
        for may_gain in (False, True):
            some = [order for order in orders if _may_gain(order) is may_gain]
            if some:
                self._thread(may_gain).do(partial(self._start, some, launches, failed))
        return launches, failed

    def _thread(self, may_gain: bool) -> OwnThread:
        """Whoever once refuses new privileges has none for its children, for ever."""
        if may_gain not in self._threads:
            self._threads[may_gain] = OwnThread()
            if not may_gain:
                self._threads[may_gain].do(refuse_new_privileges)
        return self._threads[may_gain]

    def _start(self, orders: list[Order], launches: list[Launch], failed: dict[str, str]) -> None:
        """In a thread of its own, while nothing else happens in this process."""
        started: tuple[Launch, Order] | None = None
        try:
            for order in orders:
                try:
                    self._enter(order)
                    self._let_go_of(started)
                    started = None
                    launch = self._start_one(order)
                except (OSError, ValueError) as error:
                    failed[order["launch"]] = str(error)
                else:
                    launches.append(launch)
                    started = launch, order
        finally:
            os.chdir("/")
            self._leave()
            self._let_go_of(started)

    def _let_go_of(self, started: tuple[Launch, Order] | None) -> None:
        """Once this thread is not in its group any more."""
        if started is not None:
            self._let_go(*started)

    def _start_one(self, order: Order) -> Launch:
        """In its group."""
        os.chdir(order["folder"])
        outputs: list[int] = []
        try:
            outputs.extend(os.open(order[name], _OUTPUT) for name in ("stdout", "stderr"))
            pid = self._spawn(order, [self._nothing, *outputs])
        finally:
            for file in outputs:
                os.close(file)
        return launch_of_child(order, pid, self._boot_id)

    def _spawn(self, order: Order, files: list[int]) -> int:
        actions = [(os.POSIX_SPAWN_DUP2, file, place) for place, file in enumerate(files)]
        environment = order["environment"]
        error: OSError | None = None
        resource.setrlimit(resource.RLIMIT_NOFILE, self._limits)
        try:
            for path in _paths_of(order["program"], environment):
                try:
                    return os.posix_spawn(
                        path,
                        order["arguments"],
                        environment,
                        file_actions=actions,
                        setsid=True,
                        setsigdef=_RESET,
                    )
                except (FileNotFoundError, NotADirectoryError) as not_there:
                    error = error or not_there
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, self._own_limits)
        assert error is not None
        raise error


def suits(order: Order) -> bool:
    """Nothing has to be done to the process itself between its birth and its program."""
    box = order.get("box", {})
    bounds = order.get("bounds", {})
    pids_max = bounds.get("pids_max")
    return (
        bool(order.get("group"))
        and order["user"] is None
        and not box.get("rlimits")
        and not box.get("namespaces")
        and (box.get("capabilities") is None or os.geteuid() != 0)
        and (pids_max is None or pids_max >= PIDS_MAX_LEAST)
    )


def _may_gain(order: Order) -> bool:
    return not order.get("box", {}).get("no_new_privs")


def _paths_of(program: str, environment: dict[str, str]) -> Iterator[str]:
    """As `os.execvpe` looks for it; never none."""
    if os.path.dirname(program):
        yield program
        return
    for folder in os.get_exec_path(environment):
        yield os.path.join(folder, program)
