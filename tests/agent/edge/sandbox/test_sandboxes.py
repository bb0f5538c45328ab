import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.edge.sandbox.sandboxes import Sandboxes
from agent.tasks import TaskKey
from tests.agent.edge import patience
from tests.agent.edge.sandbox.test_disk_use import make_deep
from tests.agent.one_agent import AGENT, KEY, OTHER


def sandboxes(root: Path, *, kept_max: int = 9, age_max_ms: int = 10**9) -> Sandboxes:
    return Sandboxes(root, kept_max=kept_max, age_max_ms=age_max_ms)


def collect(
    boxes: Sandboxes,
    until: Callable[[], bool],
    held: set[tuple[TaskKey, int]] | None = None,
) -> None:
    async def main() -> None:
        collecting = asyncio.create_task(boxes.keep_collecting(held or set()))
        await patience.until(until)
        collecting.cancel()

    asyncio.run(main())
    boxes.close()


def test_a_sandbox_is_where_mesos_would_have_it(tmp_path: Path) -> None:
    path = sandboxes(tmp_path).create(AGENT, KEY, 7)
    assert path == tmp_path / "agent-1/frameworks/f/executors/t/runs/7"
    assert path.is_dir()
    assert os.readlink(path.parent / "latest") == "7"


def test_a_later_launch_has_its_own_and_is_the_latest(tmp_path: Path) -> None:
    boxes = sandboxes(tmp_path)
    first, second = boxes.create(AGENT, KEY, 7), boxes.create(AGENT, KEY, 8)
    assert (first.is_dir(), boxes.find(KEY)) == (True, second)
    assert os.readlink(second.parent / "latest") == "8"


def test_the_same_launch_never_gets_a_second_one(tmp_path: Path) -> None:
    boxes = sandboxes(tmp_path)
    boxes.create(AGENT, KEY, 7)
    with pytest.raises(FileExistsError):
        boxes.create(AGENT, KEY, 7)


def test_nothing_is_found_that_was_not_made(tmp_path: Path) -> None:
    (tmp_path / "agent-1/frameworks/f/executors/t/runs/7").mkdir(parents=True)
    assert sandboxes(tmp_path).find(KEY) is None


def test_what_earlier_lives_left_is_found(tmp_path: Path) -> None:
    path = sandboxes(tmp_path).create(AGENT, KEY, 7)
    boxes = sandboxes(tmp_path)
    collect(boxes, until=lambda: boxes.find(KEY) == path)


def test_of_the_old_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    boxes = sandboxes(tmp_path, kept_max=1)
    first, second = boxes.create(AGENT, KEY, 7), boxes.create(AGENT, OTHER, 8)
    boxes.release(AGENT, KEY, 7)
    boxes.release(AGENT, OTHER, 8)
    collect(boxes, until=lambda: not (tmp_path / "agent-1/frameworks/f/executors/t").exists())
    assert (first.exists(), second.exists(), boxes.find(KEY)) == (False, True, None)


def test_the_sandbox_of_a_task_that_is_not_settled_stays(tmp_path: Path) -> None:
    boxes = sandboxes(tmp_path, kept_max=0)
    settled, live = boxes.create(AGENT, KEY, 7), boxes.create(AGENT, OTHER, 8)
    boxes.release(AGENT, KEY, 7)
    collect(boxes, until=lambda: not settled.exists())
    assert live.exists()


def test_nor_does_that_of_an_earlier_life_go_while_its_task_is_held(tmp_path: Path) -> None:
    before = sandboxes(tmp_path)
    held, settled = before.create(AGENT, KEY, 7), before.create(AGENT, OTHER, 8)
    boxes = sandboxes(tmp_path, kept_max=0)
    collect(boxes, until=lambda: not settled.exists(), held={(KEY, 7)})
    assert (held.exists(), boxes.find(KEY)) == (True, held)


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    path = sandboxes(tmp_path).create(AGENT, KEY, 7)
    (path / "stdout").write_text("x")
    os.utime(path, (1, 1))
    boxes = sandboxes(tmp_path, age_max_ms=1000)
    collect(boxes, until=lambda: not (tmp_path / "agent-1/frameworks/f").exists())


def test_a_link_out_of_a_sandbox_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    root = tmp_path / "slaves"
    boxes = sandboxes(root, kept_max=0)
    path = boxes.create(AGENT, KEY, 7)
    (path / "link").symlink_to(outside)
    boxes.release(AGENT, KEY, 7)
    collect(boxes, until=lambda: not path.exists())
    assert (outside / "precious").exists()


def test_the_fuller_the_disk_the_sooner_they_go(tmp_path: Path) -> None:
    path = sandboxes(tmp_path).create(AGENT, KEY, 7)
    boxes = Sandboxes(
        tmp_path, kept_max=9, age_max_ms=10**9, headroom=0.1, disk_share_used=lambda _: 0.9
    )
    collect(boxes, until=lambda: not path.exists())


def test_a_sandbox_deeper_than_python_can_follow_goes_all_the_same(tmp_path: Path) -> None:
    boxes = sandboxes(tmp_path, kept_max=0)
    path = boxes.create(AGENT, KEY, 7)
    make_deep(path, 3000)
    boxes.release(AGENT, KEY, 7)
    collect(boxes, until=lambda: not path.exists())


def test_what_a_task_wrote_last_is_looked_at_once_more(tmp_path: Path) -> None:
    boxes = sandboxes(tmp_path)
    path = boxes.create(AGENT, KEY, 7)
    assert (boxes.written_paths(), boxes.written_paths()) == (([path], []), ([path], []))
    boxes.release(AGENT, KEY, 7)
    assert (boxes.written_paths(), boxes.written_paths()) == (([], [path]), ([], []))
    boxes.close()
