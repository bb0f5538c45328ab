"""What ends a replica: from the first such moment on it says and does nothing more."""

import errno
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Final

from replication.engine.digests import StateDiverged
from replication.engine.wal import WalDamaged


class FatalCause(StrEnum):
    DISK_FULL = "disk_full"
    DISK_FAILED = "disk_failed"
    ENGINE_BROKEN = "engine_broken"
    STATE_MACHINE_RAISED = "state_machine_raised"
    STATE_DIVERGED = "state_diverged"
    """Start it with an empty directory: it takes the others' state, and comes back by itself."""


@dataclass(frozen=True, slots=True)
class Fatal:
    """Why this replica must end. Its process must exit: no part of it may be used again."""

    cause: FatalCause
    error: BaseException


class StateMachineRaised(Exception):
    """`apply`, or the listener of an outcome, raised: our own mistake."""


class EngineComplained(Exception):
    """pysyncobj logged what it should have raised."""


class FailStop:
    """Guards every entry into the engine.

    Args:
        on_fatal: told once. Must end the process, or at least this replica, for good.
    """

    def __init__(self, on_fatal: Callable[[Fatal], None]) -> None:
        self._on_fatal = on_fatal
        self.fatal: Fatal | None = None
        self._depth = 0
        self._complaint: str | None = None
        self._handler = _ComplaintHandler(self._complained)

    def arm(self) -> None:
        logging.getLogger("pysyncobj").addHandler(self._handler)

    def disarm(self) -> None:
        logging.getLogger("pysyncobj").removeHandler(self._handler)

    def stop(self, error: BaseException) -> None:
        if self.fatal is not None:
            return
        self.fatal = Fatal(_cause(error), error)
        self.disarm()
        self._on_fatal(self.fatal)

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._depth -= 1
        if error is None and self._complaint is not None:
            error = EngineComplained(self._complaint)
        if error is None:
            return False
        if not isinstance(error, Exception):
            return False
        self.stop(error)
        return True

    def _complained(self, message: str) -> None:
        # Several replicas of one process share the logger: only the one at work is meant.
        if self._depth > 0:
            self._complaint = message


class _ComplaintHandler(logging.Handler):
    """pysyncobj swallows some failures and only logs them (S4c, S2): those are the end as well."""

    def __init__(self, complained: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._complained: Final = complained

    def emit(self, record: logging.LogRecord) -> None:
        self._complained(record.getMessage())


def _cause(error: BaseException) -> FatalCause:
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return FatalCause.DISK_FULL
    if isinstance(error, (OSError, WalDamaged)):
        return FatalCause.DISK_FAILED
    if isinstance(error, StateMachineRaised):
        return FatalCause.STATE_MACHINE_RAISED
    if isinstance(error, StateDiverged):
        return FatalCause.STATE_DIVERGED
    return FatalCause.ENGINE_BROKEN
