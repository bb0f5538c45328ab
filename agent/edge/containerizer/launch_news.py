"""What a launcher says of a launch, as events."""

from agent.edge.containerizer.containerizer import ContainerEvent
from agent.edge.containerizer.preparing import Run
from agent.events import (
    Asked,
    MemoryExceeded,
    ProcessExited,
    ProcessMissing,
    ProcessStarted,
    ProcessVanished,
    StartFailed,
    Vanishing,
)
from agent.launcher.launch import UNKNOWN
from agent.launcher.wire import Message


def started(run: Run, news: Message) -> ProcessStarted:
    asked = Asked(news["mark"]) if news["mark"] else None
    return ProcessStarted(*run, news["pid"], news["start_ticks"], asked)


def end_of(run: Run, news: Message) -> ContainerEvent:
    match news["is"]:
        case "ended":
            return ProcessExited(*run, news["exit_code"], news["signal"], _exceeded(news))
        case "failed":
            return start_failed(run, news["why"])
        case "vanished":
            return ProcessVanished(*run, Vanishing(news["why"]))
        case _:
            assert news["is"] == UNKNOWN, news
            return ProcessMissing(*run)


def _exceeded(news: Message) -> MemoryExceeded | None:
    figures = news.get("memory")  # Not of an earlier version.
    return MemoryExceeded(*figures) if figures else None


def start_failed(run: Run, why: str) -> StartFailed:
    return StartFailed(*run, f"Cannot start the task: {why}"[:1000])
