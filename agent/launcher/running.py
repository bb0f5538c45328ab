"""The launcher's tasks: started, watched, signalled, and over when nothing is left of them."""

import contextlib
import os
import selectors
import signal
from collections.abc import Callable
from typing import Any

from agent.launcher.cgroups.contract import Bounds
from agent.launcher.holding import Holder
from agent.launcher.journal import Journal, Record, began, begins, forgotten, marked, over
from agent.launcher.launch import (
    ENDED,
    FAILED,
    LAUNCHER_DIED,
    MACHINE_RESTARTED,
    RUNNING,
    VANISHED,
    Launch,
    news_of,
)
from agent.launcher.processes import boot_id, kill_left_of_group, open_if_it_is, signal_group
from agent.launcher.said import say
from agent.launcher.spawning import Spawner, are_as_dispensable_as_others
from agent.launcher.vforking import Vforker, suits
from agent.launcher.wire import Message


class Running:
    """
    Args:
        selector: is told which of our files to look at; each of those comes with its launch.
        tell: the agent, if there is one.

    Attributes:
        launches: all that are not forgotten, by name.
        live: how many of them are not over.
    """

    def __init__(
        self,
        journal: Journal,
        holder: Holder,
        selector: selectors.BaseSelector,
        tell: Callable[[Message], None],
    ) -> None:
        self._journal = journal
        self._holder = holder
        self._selector = selector
        self._tell = tell
        self._boot_id = boot_id()
        self._spawner = Spawner(self._boot_id, enter=holder.enter)
        limits = self._spawner.limits
        self._vforker = Vforker(self._boot_id, limits, holder.enter, holder.leave, self._let_go)
        self._ending: list[Launch] = []
        self._over: list[Launch] = []
        self._to_resize: dict[str, Bounds] = {}
        self.launches = journal.launches
        for launch in self.launches.values():
            launch.group = holder.group_here(launch.group)
        self.live = 0

    @property
    def has_ending(self) -> bool:
        """The first process of some is gone, and something else of them is not."""
        return bool(self._ending)

    def find_orphans(self) -> None:
        """An earlier launcher started these, and is gone: they run on, but not as our children."""
        for launch in self.launches.values():
            if launch.is_live:
                launch.phase = VANISHED
                self._watch(launch)
        self.empty()
        self.settle()

    def take_over(self, launch: Launch) -> None:
        """One that only the agent knows of."""
        launch.group = self._holder.group_here(launch.group)
        self.launches[launch.name] = launch
        self._journal.append([began(launch)])
        self._watch(launch)

    def _watch(self, launch: Launch) -> None:
        """A process that is not our child: look whether it is still there."""
        if launch.boot_id != self._boot_id:
            launch.why = MACHINE_RESTARTED
            self._over.append(launch)
            return
        handle = open_if_it_is(launch.pid, launch.start_ticks)
        if handle is None:
            launch.why = LAUNCHER_DIED
            self._leave(launch)
            return
        launch.phase, launch.handle = RUNNING, handle
        self._holder.look(launch)
        self.live += 1
        self._selector.register(handle, selectors.EVENT_READ, launch)

    def signal(self, name: str, number: int, mark: str) -> None:
        launch = self.launches.get(name)
        if launch is None or not launch.is_live:
            return
        if mark and not launch.mark:
            # Before the blow: whoever reads it must never take its end for one of its own accord.
            launch.mark = mark
            self._journal.append([marked(launch)])
        if self._is_ours(launch) and not self._holder.signal(launch, number):
            say("task_not_signalled", launch=name, signal=number)

    def _is_ours(self, launch: Launch) -> bool:
        """A group's name is never another's; the number of a process may be, by now."""
        return bool(launch.group) or launch.is_child or open_still(launch)

    def pause(self, name: str, paused: bool) -> None:
        launch = self.launches.get(name)
        if launch is None or not launch.is_live or not self._is_ours(launch):
            return
        try:
            self._holder.pause(launch, paused=paused)
        except OSError as error:
            say("task_not_paused", launch=name, paused=paused, error=str(error))
        if launch.is_told:
            self._tell(news_of(launch))

    def bound(self, name: str, bounds: Bounds) -> None:
        """From now on it may use this much."""
        self._to_resize[name] = bounds
        self.resize_some()

    def resize_some(self) -> None:
        """Those that were to have other bounds, and could not have them yet."""
        for name, bounds in list(self._to_resize.items()):
            launch = self.launches.get(name)
            try:
                if launch is None or not launch.is_live or self._holder.resize(launch, bounds):
                    del self._to_resize[name]
            except OSError as error:
                say("task_not_resized", launch=name, error=str(error))
                del self._to_resize[name]

    def drop_strays(self) -> None:
        kept = {
            launch.group
            for launch in self.launches.values()
            if launch.is_live or not launch.is_told
        }
        self._holder.drop_strays(kept)

    def forget(self, names: list[str]) -> None:
        records: list[Record] = []
        for name in names:
            launch = self.launches.get(name)
            if launch is not None and not launch.is_live:
                del self.launches[name]
                records.append(forgotten(name))
        self._journal.append(records)

    def end_all(self) -> None:
        say("ends_all", tasks=self.live)
        for launch in self.launches.values():
            if launch.is_live and self._is_ours(launch):
                self._holder.signal(launch, signal.SIGKILL)

    def start_all(self, orders: dict[str, Message]) -> None:
        is_spared = not are_as_dispensable_as_others()
        alike = {n: o for n, o in orders.items() if not is_spared and suits(o)}
        self._vfork_all(alike)
        self._fork_all({n: o for n, o in orders.items() if n not in alike})

    def _vfork_all(self, orders: dict[str, Message]) -> None:
        failed = self._holder.prepare(orders, is_entered=True)
        self._fail_all(failed)
        orders = {name: order for name, order in orders.items() if name not in failed}
        if not orders:
            return
        self._journal.append([begins(n, self._boot_id, orders[n]["group"]) for n in orders])
        launches, failed = self._vforker.start_all(list(orders.values()))
        self._fail_all(failed)
        self._holder.give_up(orders[name] for name in failed)
        self._journal.append([began(launch) for launch in launches])
        for launch in launches:
            self._hold(launch)
            if launch.is_told:
                self._tell(news_of(launch))

    def _let_go(self, launch: Launch, order: Message) -> None:
        try:
            self._holder.let_go(order)
        except OSError as error:
            # It would take more than its share from the others.
            launch.why = f"it cannot have its cgroup: {error}"
            launch.is_told = False
            self._holder.signal(launch, signal.SIGKILL)

    def _fork_all(self, orders: dict[str, Message]) -> None:
        failed = self._holder.prepare(orders)
        self._fail_all(failed)
        orders = {name: order for name, order in orders.items() if name not in failed}
        if not orders:
            return
        try:
            launches = self._spawner.fork_all(list(orders.values()))
        except OSError as error:
            self._fail_all(dict.fromkeys(orders, f"[Errno {error.errno}] {error.strerror}"))
            self._holder.give_up(orders.values())
            return
        self._journal.append([began(launch) for launch in launches])
        self._spawner.open_gate(len(launches))
        for launch in launches:
            self._hold(launch)
            self._selector.register(launch.errors, selectors.EVENT_READ, launch)

    def _hold(self, launch: Launch) -> None:
        self.launches[launch.name] = launch
        self.live += 1
        self._selector.register(launch.handle, selectors.EVENT_READ, launch)

    def _fail_all(self, whys: dict[str, str]) -> None:
        for name, why in whys.items():
            say("cannot_start", launch=name, why=why)
            self.launches[name] = launch = Launch(name, FAILED, why=why)
            self._over.append(launch)

    def look_at(self, launch: Launch, file: int) -> None:
        if launch.errors != -1:
            self._hear_of_start(launch)
        if file == launch.handle:
            self._selector.unregister(launch.handle)
            if launch.is_child and not ended_well(launch.pid):
                # Now: its group goes with it.
                launch.memory = self._holder.memory(launch)
            self._ending.append(launch)

    def _hear_of_start(self, launch: Launch) -> None:
        """Nothing is heard of a start that went well but that nobody can complain any more."""
        try:
            complaint = os.read(launch.errors, 4096)
        except BlockingIOError:
            complaint = b""
        self._selector.unregister(launch.errors)
        os.close(launch.errors)
        launch.errors = -1
        if complaint:
            launch.why = complaint.decode("utf-8", "replace")
        if launch.why:
            return  # The process ends by itself, and that is when this is told.
        launch.is_told = True
        self._tell(news_of(launch))

    def _leave(self, launch: Launch) -> None:
        """Its first process is gone, and nobody saw it go; there may be others."""
        if not launch.group:
            kill_left_of_group(launch.pid, launch.folder)
            self._over.append(launch)
            return
        launch.is_told = False
        self.live += 1
        self._ending.append(launch)

    def empty(self) -> None:
        """The first process of these is gone. They are over when none is left of them."""
        self._holder.tidy()
        ending, self._ending = self._ending, []
        for launch in ending:
            if self._holder.is_over(launch):
                self.live -= 1
                self._over.append(launch)
            else:
                self._ending.append(launch)

    def settle(self) -> None:
        """Ends are written down, then told. Until they are, the numbers stay taken."""
        ends, self._over = self._over, []
        if not ends:
            return
        for launch in ends:
            self._learn_end(launch)
        self._journal.append([over(launch) for launch in ends])
        self._journal.sync()
        for launch in ends:
            if launch.is_child:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(launch.pid, 0)
            if launch.handle != -1:
                os.close(launch.handle)
                launch.handle = -1
            launch.is_paused = False
            launch.is_told = True
            self._tell(news_of(launch))

    def _learn_end(self, launch: Launch) -> None:
        if launch.phase != RUNNING:
            return  # It was over before it could be watched.
        if not launch.is_child:
            launch.phase, launch.why = VANISHED, LAUNCHER_DIED
            if not launch.group:
                kill_left_of_group(launch.pid, launch.folder)
            return
        # First whatever it left behind, while the number of the group is still its own.
        signal_group(launch.pid, signal.SIGKILL)
        end = end_of(launch.pid)
        if launch.why:
            launch.phase = FAILED
            return
        launch.phase = ENDED
        if end.si_code == os.CLD_EXITED:
            launch.exit_code = end.si_status
        else:
            launch.signal = end.si_status


def end_of(pid: int) -> Any:
    """Of a child, which keeps its number."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def ended_well(pid: int) -> bool:
    end = end_of(pid)
    return bool(end.si_code == os.CLD_EXITED and end.si_status == 0)


def open_still(launch: Launch) -> bool:
    """Whether a process that is not our child is still the one it was."""
    handle = open_if_it_is(launch.pid, launch.start_ticks)
    if handle is None:
        return False
    os.close(handle)
    return True
