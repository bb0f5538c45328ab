"""What launchers that are gone have left is taken away, and nothing else."""

import threading
from pathlib import Path

import pytest

from agent.launcher.cgroups import abandoned
from agent.launcher.cgroups.abandoned import drop_abandoned, starting_alone


def a_launcher(place: Path, name: str, *, pid: str = "", task_pid: str = "") -> None:
    for group, inside in (("launcher", pid), ("task", task_pid)):
        folder = place / name / group
        folder.mkdir(parents=True)
        if inside:
            (folder / "cgroup.procs").write_text(inside)


@pytest.fixture
def places(tmp_path: Path) -> list[Path]:
    return [tmp_path / "memory", tmp_path / "pids"]


def left(places: list[Path]) -> list[list[str]]:
    return [sorted(path.name for path in place.iterdir()) for place in places]


def drop(places: list[Path]) -> list[str]:
    return drop_abandoned(map(str, places), "own")


def test_what_has_no_process_in_it_goes_from_every_hierarchy(places: list[Path]) -> None:
    for place in places:
        a_launcher(place, "gone")
        a_launcher(place, "own")
    assert drop(places) == ["gone"]
    assert left(places) == [["own"], ["own"]]


def test_tasks_without_a_launcher_are_left_for_the_next_one(places: list[Path]) -> None:
    a_launcher(places[0], "dead")
    a_launcher(places[1], "dead", task_pid="4711")
    a_launcher(places[1], "alive", pid="4712")
    assert drop(places) == []
    assert left(places) == [["dead"], ["alive", "dead"]]


def test_what_is_not_a_launchers_is_nobodys_business(places: list[Path]) -> None:
    for place in places:
        (place / "somebody" / "else").mkdir(parents=True)
    assert drop(places) == []


def test_a_hierarchy_in_which_nobody_was_is_no_trouble(tmp_path: Path) -> None:
    assert drop([tmp_path / "none"]) == []


def test_one_at_a_time_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abandoned, "PATIENCE_S", 0.0)
    with starting_alone(str(tmp_path)) as first, starting_alone(str(tmp_path)) as second:
        assert (first, second) == (True, False)
    with starting_alone(str(tmp_path)) as third:
        assert third


def test_the_next_one_waits_for_its_turn(tmp_path: Path) -> None:
    turns: list[bool] = []

    def take_turn() -> None:
        with starting_alone(str(tmp_path)) as is_alone:
            turns.append(is_alone)

    other = threading.Thread(target=take_turn)
    with starting_alone(str(tmp_path)):
        other.start()
        assert turns == []
    other.join()
    assert turns == [True]
