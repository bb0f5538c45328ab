"""What to try now and then of a running task, and what came of it."""

from dataclasses import dataclass
from enum import StrEnum

from trimast.model.command import CommandInfo


class ProbeKind(StrEnum):
    """Named as in `mesos.v1.CheckInfo.Type`."""

    COMMAND = "command"
    HTTP = "http"
    TCP = "tcp"


@dataclass(frozen=True, slots=True)
class Probe:
    """One try, on the machine of the task.

    Attributes:
        command: of a COMMAND; run where the task runs, as it does.
        port: of an HTTP or TCP.
        scheme, path: of an HTTP.
        statuses: of an HTTP, those that are healthy; empty: 200 to 399.
    """

    kind: ProbeKind
    command: CommandInfo | None = None
    port: int = 0
    scheme: str = "http"
    path: str = ""
    statuses: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """Tried again and again; the framework is told what comes of it when that changes.

    Attributes:
        delay_ms: after the task's start.
        interval_ms: from the end of one try to the next.
    """

    probe: Probe
    delay_ms: int = 15_000
    interval_ms: int = 10_000
    timeout_ms: int = 20_000


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A check of which a task that fails it too often in a row is killed.

    Attributes:
        grace_ms: after the task's start; failures before that, and before any success, do not
            count.
    """

    check: Check
    failures_max: int = 3
    grace_ms: int = 10_000


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the last try of a check gave; all None: there was none, or it gave nothing.

    Attributes:
        succeeded: whether a TCP connection was made.
    """

    kind: ProbeKind
    exit_code: int | None = None
    status_code: int | None = None
    succeeded: bool | None = None
