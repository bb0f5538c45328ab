"""Without cgroups: tasks are not held to anything, and are known by their process groups alone."""

import os
from typing import NoReturn

from agent.launcher.cgroups.contract import PROCESS, Bounds, Memory, Usage


class NoGroups:
    """
    Args:
        why: there are no cgroups.
    """

    def __init__(self, why: str) -> None:
        self.kind = PROCESS
        self.why = why

    def make(self, name: str, bounds: Bounds, *, with_cpu: bool = True) -> None:
        self._refuse()

    def bound_cpu(self, name: str, bounds: Bounds) -> None:
        self._refuse()

    def resize(self, name: str, bounds: Bounds) -> bool:
        self._refuse()

    def exists(self, name: str) -> bool:
        return False

    def enter(self, name: str, pid: int = 0) -> None:
        self._refuse()

    def members(self, name: str) -> list[int]:
        return []

    def end_all(self, name: str) -> bool:
        return True

    def freeze(self, name: str, frozen: bool) -> None:
        self._refuse()

    def is_frozen(self, name: str) -> bool:
        return False

    def memory(self, name: str) -> Memory:
        return Memory(None, 0, 0, 0)

    def usage(self, name: str) -> Usage:
        self._refuse()

    def remove(self, name: str) -> bool:
        return True

    def names(self) -> list[str]:
        return []

    def settle_in(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _refuse(self) -> NoReturn:
        raise OSError(95, f"{os.strerror(95)}: {self.why}")
