"""Volumes on a real disk: kept, linked, destroyed; and as ordered whenever the agent dies."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.edge.sandbox import volumes as volumes_module
from agent.edge.sandbox.volumes import VolumeMissing, Volumes
from agent.edge.work_dir import sync_directory
from agent.events import VolumesGone, VolumesLinked
from agent.executors.effects import LinkVolumes
from tests.agent.edge import patience
from tests.agent.one_agent import AGENT, KEY, OTHER
from trimast.model.resource_kind import VolumeName
from trimast.model.volume import HeldVolume, VolumeRecord

VOLUME = HeldVolume("eng/db", "files", 7)
KEPT = VolumeRecord(VOLUME)
DOOMED = VolumeRecord(VOLUME, is_doomed=True)
AGAIN = VolumeRecord(HeldVolume("eng/db", "files", 9))
WANTED = [("eng/db", VolumeName("files", "deep/data"))]
ME = (os.geteuid(), os.getegid())


def volumes_in(root: Path) -> Volumes:
    return Volumes(root / "volumes", lambda gone: None)


def place_in(root: Path) -> Path:
    return root / "volumes" / "roles" / "eng db" / "files"


def test_a_volume_is_where_mesos_would_have_it_and_is_made_once(tmp_path: Path) -> None:
    volumes = volumes_in(tmp_path)
    assert volumes.settle_now((KEPT,)) == ()
    (place_in(tmp_path) / "file").write_text("kept")
    assert volumes_in(tmp_path).settle_now((KEPT,)) == ()
    assert (place_in(tmp_path) / "file").read_text() == "kept"


def test_a_task_finds_it_in_its_sandbox(tmp_path: Path) -> None:
    volumes = volumes_in(tmp_path)
    sandbox = tmp_path / "sandbox"
    sandbox.mkdir()
    with pytest.raises(VolumeMissing, match="'files' of role 'eng/db' is not there"):
        volumes.link(sandbox, WANTED, ME)
    volumes.settle_now((KEPT,))
    volumes.link(sandbox, WANTED, ME)
    (sandbox / "deep" / "data" / "file").write_text("by the task")
    assert (place_in(tmp_path) / "file").read_text() == "by the task"
    volumes.close()


def test_a_destroyed_one_is_gone_with_what_is_in_it(tmp_path: Path) -> None:
    volumes = volumes_in(tmp_path)
    volumes.settle_now((KEPT,))
    (place_in(tmp_path) / "file").write_text("kept")
    assert volumes.settle_now((DOOMED, AGAIN)) == (VOLUME,)
    assert os.listdir(place_in(tmp_path)) == []
    assert volumes.settle_now((DOOMED, AGAIN)) == (VOLUME,)
    asyncio.run(patience.until(lambda: os.listdir(tmp_path / "volumes" / "trash") == []))


def test_one_that_somebody_took_away_is_not_made_again(tmp_path: Path) -> None:
    volumes = volumes_in(tmp_path)
    volumes.settle_now((KEPT,))
    place_in(tmp_path).rmdir()
    volumes.settle_now((KEPT,))
    assert not place_in(tmp_path).exists()


def test_files_of_nobody_are_moved_aside_and_not_handed_to_the_next(tmp_path: Path) -> None:
    place_in(tmp_path).mkdir(parents=True)
    (place_in(tmp_path) / "secret").write_text("of another")
    volumes_in(tmp_path).settle_now((KEPT,))
    assert os.listdir(place_in(tmp_path)) == []
    [aside] = (tmp_path / "volumes" / "aside").iterdir()
    assert (aside / "secret").read_text() == "of another"


def test_what_is_not_named_stays(tmp_path: Path) -> None:
    volumes = volumes_in(tmp_path)
    volumes.settle_now((KEPT,))
    volumes.settle_now(())
    assert place_in(tmp_path).is_dir()


def test_what_is_gone_is_told_and_a_link_waits_for_what_was_ordered_before(tmp_path: Path) -> None:
    told: list[VolumesGone | VolumesLinked] = []

    async def story() -> None:
        volumes = Volumes(tmp_path / "volumes", told.append)
        volumes.open()
        volumes.settle((KEPT,))
        (tmp_path / "sandbox").mkdir()
        volumes.link(tmp_path / "sandbox", WANTED, ME)
        volumes.settle((DOOMED,))
        await patience.until(lambda: bool(told))
        volumes.close()

    asyncio.run(story())
    assert told == [VolumesGone((VOLUME,))]


def linked_soon(tmp_path: Path, sandbox: Path, wanted: list[tuple[str, VolumeName]]) -> str:
    """Why not."""
    told: list[VolumesGone | VolumesLinked] = []
    order = LinkVolumes(AGENT, KEY, 8, OTHER, 7, tuple(wanted))

    async def story() -> None:
        volumes = Volumes(tmp_path / "volumes", told.append)
        volumes.settle_now((KEPT,))
        volumes.link_soon(sandbox, order)
        await patience.until(lambda: bool(told))
        volumes.close()

    asyncio.run(story())
    [linked] = told
    assert isinstance(linked, VolumesLinked)
    assert (linked.key, linked.fence) == (KEY, 8)
    return linked.why_not


def test_an_executor_finds_what_its_tasks_want_one_after_the_other(tmp_path: Path) -> None:
    sandbox = tmp_path / "sandbox"
    sandbox.mkdir()
    for _ in range(2):
        assert linked_soon(tmp_path, sandbox, WANTED) == ""
    [(_, volume)] = WANTED
    assert os.readlink(sandbox / volume.container_path) == str(place_in(tmp_path))


def test_what_is_not_there_or_has_no_place_is_said(tmp_path: Path) -> None:
    sandbox = tmp_path / "sandbox"
    sandbox.mkdir()
    other = [("eng/db", VolumeName("other", "there"))]
    assert "'other' of role 'eng/db' is not there" in linked_soon(tmp_path, sandbox, other)
    [(_, volume)] = WANTED
    (sandbox / volume.container_path).parent.mkdir(parents=True, exist_ok=True)
    (sandbox / volume.container_path).write_text("mine")
    assert "File exists" in linked_soon(tmp_path, sandbox, WANTED)


def test_nobody_leads_us_out_of_the_sandbox(tmp_path: Path) -> None:
    sandbox, elsewhere = tmp_path / "sandbox", tmp_path / "elsewhere"
    sandbox.mkdir()
    elsewhere.mkdir()
    (sandbox / "in").symlink_to(elsewhere)
    wanted = [("eng/db", VolumeName("files", "in/data"))]
    assert linked_soon(tmp_path, sandbox, wanted)
    assert os.listdir(elsewhere) == []


class Died(Exception):
    """The agent, at this point."""


def dying_after(calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the next call that changes the disk, or makes a change last."""
    left = [calls]

    def counted(call: Callable[..., object]) -> Callable[..., object]:
        def counting(*args: object, **kwargs: object) -> object:
            if left[0] == 0:
                raise Died
            left[0] -= 1
            return call(*args, **kwargs)

        return counting

    monkeypatch.setattr(volumes_module, "sync_directory", counted(sync_directory))
    monkeypatch.setattr(os, "rename", counted(os.rename))
    monkeypatch.setattr(os, "fsync", counted(os.fsync))
    monkeypatch.setattr(Path, "mkdir", counted(Path.mkdir))
    monkeypatch.setattr(Path, "unlink", counted(Path.unlink))


@pytest.mark.parametrize("calls", range(30))
def test_an_agent_that_dies_while_it_makes_one_makes_it_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    with monkeypatch.context() as dying:
        dying_after(calls, dying)
        try:
            volumes_in(tmp_path).settle_now((KEPT,))
        except Died:
            assert calls < 29
    back = volumes_in(tmp_path)
    back.settle_now((KEPT,))
    sandbox = tmp_path / "sandbox"
    sandbox.mkdir()
    back.link(sandbox, WANTED, ME)
    assert os.listdir(sandbox / "deep" / "data") == []
    back.close()


@pytest.mark.parametrize("calls", range(30))
def test_an_agent_that_dies_while_it_destroys_one_destroys_it_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    volumes_in(tmp_path).settle_now((KEPT,))
    (place_in(tmp_path) / "file").write_text("kept")
    with monkeypatch.context() as dying:
        dying_after(calls, dying)
        try:
            volumes_in(tmp_path).settle_now((DOOMED, AGAIN))
        except Died:
            assert calls < 29
    back = volumes_in(tmp_path)
    assert back.settle_now((DOOMED, AGAIN)) == (VOLUME,)
    assert os.listdir(place_in(tmp_path)) == []
    back.open()
    back.close()
