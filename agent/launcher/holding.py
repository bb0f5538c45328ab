"""Puts each launch into a group of its own, and sees that nothing is left of it in the end."""

import signal
from collections.abc import Iterable
from typing import Any

from agent.launcher.cgroups.contract import LAUNCHER, Bounds, Groups
from agent.launcher.cgroups.ending import kill_listed
from agent.launcher.launch import Launch
from agent.launcher.processes import is_stopped, signal_group
from agent.launcher.said import say


class Holder:
    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._leaving: set[str] = set()

    @property
    def kind(self) -> str:
        return self._groups.kind

    @property
    def why(self) -> str:
        return self._groups.why

    @property
    def has_leaving(self) -> bool:
        """There are groups that were to go and are not gone yet: see `tidy`."""
        return bool(self._leaving)

    def group_here(self, name: str) -> str:
        """ "" if there is none of that name: it was made, if ever, where this cannot reach it."""
        return name if name and self._groups.exists(name) else ""

    def prepare(
        self, orders: dict[str, dict[str, Any]], *, is_entered: bool = False
    ) -> dict[str, str]:
        """Make a group for each of these starts. Returns for which that failed, and why.

        Args:
            is_entered: by a thread of ours. What the task may use of the CPU is then said by
                `let_go`, so that we never wait for the share that a task has of a busy machine.
        """
        failed: dict[str, str] = {}
        for launch, order in orders.items():
            name = order.get("group", "")
            try:
                if name:
                    _check(name)
                    self._groups.make(name, Bounds.of(order["bounds"]), with_cpu=not is_entered)
            except (OSError, ValueError, TypeError) as error:
                failed[launch] = f"it cannot have its cgroup: {error}"
        return failed

    def enter(self, order: dict[str, Any]) -> None:
        """In the new process, before it waits at the gate; or in the thread that it will be born
        of. Raises OSError."""
        if order.get("group"):
            self._groups.enter(order["group"])

    def leave(self) -> None:
        """The very thread that calls this goes back to where it was. Raises OSError."""
        self._groups.enter(LAUNCHER)

    def let_go(self, order: dict[str, Any]) -> None:
        """It runs, in a group that was made to be entered. Raises OSError."""
        self._groups.bound_cpu(order["group"], Bounds.of(order["bounds"]))

    def give_up(self, orders: Iterable[dict[str, Any]]) -> None:
        """Nobody was started to be in these."""
        self._leaving.update(order["group"] for order in orders if order.get("group"))

    def is_over(self, launch: Launch) -> bool:
        """Ends whatever is left, and its group. False: something still is; ask again."""
        if not launch.group:
            return True
        try:
            if self._groups.remove(launch.group):
                return True  # Empty by itself, as almost always.
            if not self._groups.end_all(launch.group):
                return False
            if not self._groups.remove(launch.group):
                self._leaving.add(launch.group)
            return True
        except OSError as error:
            say("group_not_ended", launch=launch.name, error=str(error))
            return True

    def signal(self, launch: Launch, number: int) -> bool:
        """All of it, the paused too. False if that is not permitted."""
        if not launch.group:
            is_sent = signal_group(launch.pid, number)
            if launch.is_paused:
                launch.is_paused = False
                signal_group(launch.pid, signal.SIGCONT)
            return is_sent
        if number == signal.SIGKILL:
            if launch.is_child:
                # It may be on its way into the group, and not be there yet.
                signal.pidfd_send_signal(launch.handle, number)
            self._groups.end_all(launch.group)
            return True
        kill_listed(lambda: self._groups.members(launch.group), number)
        if launch.is_paused:
            # Nobody can do as asked who is held where they are.
            self.pause(launch, paused=False)
        return True

    def resize(self, launch: Launch, bounds: Bounds) -> bool:
        """False if it has more memory than that and keeps it: ask again. Raises OSError."""
        return not launch.group or self._groups.resize(launch.group, bounds)

    def pause(self, launch: Launch, *, paused: bool) -> None:
        """Raises OSError."""
        if launch.group:
            self._groups.freeze(launch.group, paused)
        else:
            signal_group(launch.pid, signal.SIGSTOP if paused else signal.SIGCONT)
        launch.is_paused = paused

    def look(self, launch: Launch) -> None:
        """After an earlier launcher: is it paused?"""
        if launch.group:
            launch.is_paused = self._groups.is_frozen(launch.group)
        else:
            launch.is_paused = is_stopped(launch.pid)

    def memory(self, launch: Launch) -> list[int | None]:
        """Limit, usage and peak in bytes, if the limit has cost it a process; else nothing."""
        if not launch.group:
            return []
        try:
            memory = self._groups.memory(launch.group)
        except OSError:
            return []
        return [memory.limit, memory.usage, memory.peak] if memory.oom_kills else []

    def usage(self, launch: Launch) -> dict[str, Any] | None:
        """None if it is not known."""
        if not launch.group:
            return None
        try:
            usage = self._groups.usage(launch.group)
        except OSError:
            return None
        return {
            "cpu_user_s": usage.cpu_user_s,
            "cpu_system_s": usage.cpu_system_s,
            "throttled_s": usage.throttled_s,
            "rss_bytes": usage.rss_bytes,
            "mem_limit_bytes": usage.memory.limit,
            "mem_bytes": usage.memory.usage,
            "mem_peak_bytes": usage.memory.peak,
            "pids": usage.pids,
        }

    def drop_strays(self, kept: set[str]) -> None:
        """Left by a launcher that died before it had written anything down, or anything more."""
        for name in self._groups.names():
            if name not in kept and name not in self._leaving:
                say("stray_group_ended", group=name)
                self._leaving.add(name)
        self.tidy()

    def tidy(self) -> None:
        for name in list(self._leaving):
            try:
                if self._groups.end_all(name) and self._groups.remove(name):
                    self._leaving.discard(name)
            except OSError as error:
                say("group_not_ended", group=name, error=str(error))
                self._leaving.discard(name)

    def close(self) -> None:
        try:
            self._groups.close()
        except OSError as error:
            say("groups_left", error=str(error))


def _check(name: str) -> None:
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise ValueError(f"a group is not called {name[:80]!r}")
