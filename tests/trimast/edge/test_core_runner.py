"""The runner: one event at a time, effects in order, deadlines on time."""

import asyncio
from dataclasses import dataclass, field

from tests.virtual_time_loop import run_in_virtual_time
from trimast.edge.core_runner import CoreRunner

DAY_MS = 24 * 60 * 60 * 1000


@dataclass
class Diary:
    """A core that orders every event written down, with the time it was told."""

    deadline_ms: int | None = None
    entries: list[tuple[str, int]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    runner: CoreRunner[str, tuple[str, int]] | None = None

    def handle(self, event: str, now_ms: int) -> list[tuple[str, int]]:
        if event == "deadline":
            self.deadline_ms = None
        return [(event, now_ms), (f"{event} again", now_ms)]

    def next_deadline_ms(self) -> int | None:
        return self.deadline_ms

    def write(self, entry: tuple[str, int]) -> None:
        if entry[0] in self.answers:
            assert self.runner is not None
            self.runner.submit(self.answers[entry[0]])
        self.entries.append(entry)


def now_ms() -> int:
    return round(asyncio.get_running_loop().time() * 1000)


def runner_for(diary: Diary) -> CoreRunner[str, tuple[str, int]]:
    diary.runner = CoreRunner(diary, perform=diary.write, now_ms=now_ms, deadline_passed="deadline")
    return diary.runner


def test_a_deadline_a_day_away_comes_on_time() -> None:
    diary = Diary(deadline_ms=DAY_MS)

    async def story() -> None:
        runner_for(diary).start()
        await asyncio.sleep(2 * DAY_MS / 1000)

    run_in_virtual_time(story())
    assert diary.entries == [("deadline", DAY_MS), ("deadline again", DAY_MS)]


def test_an_event_brought_by_an_effect_waits_until_all_effects_are_performed() -> None:
    diary = Diary(answers={"first": "second"})

    async def story() -> None:
        runner_for(diary).submit("first")

    run_in_virtual_time(story())
    assert [event for event, _ in diary.entries] == [
        "first",
        "first again",
        "second",
        "second again",
    ]


def test_no_deadline_is_kept_once_stopped() -> None:
    diary = Diary(deadline_ms=1_000)

    async def story() -> None:
        runner = runner_for(diary)
        runner.start()
        runner.stop()
        await asyncio.sleep(10)

    run_in_virtual_time(story())
    assert diary.entries == []


def test_an_earlier_deadline_replaces_the_later() -> None:
    diary = Diary(deadline_ms=5_000)

    async def story() -> None:
        runner = runner_for(diary)
        runner.start()
        diary.deadline_ms = 1_000
        runner.submit("hurry")
        await asyncio.sleep(10)

    run_in_virtual_time(story())
    assert diary.entries[2] == ("deadline", 1_000)
