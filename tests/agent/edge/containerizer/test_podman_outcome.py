"""What the end of `podman run` says of the task."""

from agent.edge.containerizer.containerizer import ContainerEvent
from agent.edge.containerizer.podman import ContainerState
from agent.edge.containerizer.podman_outcome import outcome
from agent.events import (
    MemoryExceeded,
    ProcessExited,
    ProcessMissing,
    ProcessStarted,
    ProcessVanished,
    StartFailed,
    Vanishing,
)
from tests.agent.one_agent import KEY

STARTED = ProcessStarted(KEY, 7, 50, 1)
EXITED = ProcessExited(KEY, 7, 125, None)
VANISHED = ProcessVanished(KEY, 7, Vanishing.LAUNCHER_DIED)
OVER = ContainerState(True, 4, False)


def told(
    event: ContainerEvent,
    state: ContainerState | None = OVER,
    untold: ProcessStarted | None = None,
    has_begun: bool = True,
) -> list[ContainerEvent]:
    return outcome(
        event, state, untold=untold, has_begun=has_begun, mem_bytes=64, complaint="no such thing"
    )


def test_an_end_is_what_podman_run_ended_with() -> None:
    assert told(EXITED) == [EXITED]
    assert told(EXITED, None) == [EXITED]
    assert told(EXITED, untold=STARTED) == [STARTED, EXITED]


def test_without_a_container_nothing_has_run() -> None:
    assert told(EXITED, None, STARTED, has_begun=False) == [
        StartFailed(KEY, 7, "Cannot start the task: podman run: no such thing")
    ]


def test_memory_is_podmans_to_say() -> None:
    [end] = told(EXITED, ContainerState(True, 137, True))
    assert end == ProcessExited(KEY, 7, 125, None, MemoryExceeded(64, 64, 64))


def test_podman_knows_how_what_nobody_waited_for_ended() -> None:
    assert told(VANISHED) == [ProcessExited(KEY, 7, 4, None)]
    assert told(VANISHED, untold=STARTED) == [STARTED, ProcessExited(KEY, 7, 4, None)]
    assert told(VANISHED, ContainerState(True, None, False)) == [VANISHED]
    assert told(VANISHED, None) == [VANISHED]


def test_the_rest_is_as_it_was_said() -> None:
    restarted = ProcessVanished(KEY, 7, Vanishing.MACHINE_RESTARTED)
    for event in (restarted, ProcessMissing(KEY, 7), StartFailed(KEY, 7, "why")):
        assert told(event, untold=STARTED) == [event]
