"""How a task has ended, from how `podman run` did and from what podman knows of its container."""

from typing import Final

from agent.edge.containerizer.containerizer import ContainerEvent
from agent.edge.containerizer.podman import ContainerState
from agent.events import (
    MemoryExceeded,
    ProcessExited,
    ProcessStarted,
    ProcessVanished,
    StartFailed,
    Vanishing,
)

NOT_RUN: Final = "Cannot start the task: podman run: "


def outcome(
    event: ContainerEvent,
    state: ContainerState | None,
    *,
    untold: ProcessStarted | None,
    has_begun: bool,
    mem_bytes: int | None,
    complaint: str,
) -> list[ContainerEvent]:
    """What is to be told instead of `event`, which tells the end of `podman run`.

    Args:
        state: None if podman does not know the container any more.
        untold: that it runs, if that has not been told.
        has_begun: the container once ran.
        complaint: what podman has said last.
    """
    match event:
        case ProcessExited():
            if not has_begun and untold is not None:
                why = complaint or f"it has ended with status {event.exit_code}"
                return [StartFailed(event.key, event.fence, (NOT_RUN + why)[:1000])]
            memory = _memory(state, mem_bytes)
            exited = ProcessExited(event.key, event.fence, event.exit_code, event.signal, memory)
            return [*_told_first(untold), exited]
        case ProcessVanished(why=Vanishing.LAUNCHER_DIED) if _is_known(state, has_begun):
            assert state is not None
            memory = _memory(state, mem_bytes)
            exited = ProcessExited(event.key, event.fence, state.exit_code, None, memory)
            return [*_told_first(untold), exited]
        case _:
            return [event]


def _is_known(state: ContainerState | None, has_begun: bool) -> bool:
    """Nobody waited for `podman run`; but podman itself has waited for the container."""
    return state is not None and state.has_run and state.exit_code is not None and has_begun


def _told_first(untold: ProcessStarted | None) -> list[ContainerEvent]:
    return [] if untold is None else [untold]


def _memory(state: ContainerState | None, mem_bytes: int | None) -> MemoryExceeded | None:
    if state is None or not state.is_oom or mem_bytes is None:
        return None
    # It is ended when it has what it may have, and wants more.
    return MemoryExceeded(mem_bytes, mem_bytes, mem_bytes)
