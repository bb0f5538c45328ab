"""Persistent volumes: directories that no task and no sandbox takes with it when it goes.

Below the work dir, as with Mesos: `volumes/roles/<role>/<persistence id>`, with spaces for the
slashes of a role. `made/` notes, in the same places, which volume of a name is there; what is
destroyed goes to `trash/` first, and what has no business there to `aside/`.
"""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import structlog

from agent.edge.work_dir import sync_directory
from agent.events import VolumesGone, VolumesLinked
from agent.executors.effects import LinkVolumes
from agent.volumes.planning import Step, plan
from trimast.edge.fatal import own_task
from trimast.model.resource_kind import VolumeName
from trimast.model.volume import HeldVolume, VolumeRecord

log = structlog.get_logger()

Owner = tuple[int, int]
"""User and group, by number."""
_NEW: Final = ".new"
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class VolumeMissing(Exception):
    """Names the volume, and says where it should be."""


class Volumes:
    """Everything is done in one thread, in order: who links a volume waits until it is there.

    Args:
        root: made when the first volume is.
        on_event: is told which of those that were to be destroyed are not there any more, and what
            came of links for executors.
    """

    def __init__(self, root: Path, on_event: Callable[[VolumesGone | VolumesLinked], None]) -> None:
        self._root = root
        self._on_event = on_event
        self._linking: set[asyncio.Task[None]] = set()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="volumes")
        self._removing = ThreadPoolExecutor(1, thread_name_prefix="trash")

    def open(self) -> None:
        """What an earlier life of the agent has left in the trash goes."""
        self._removing.submit(self._empty_trash)

    def settle(self, records: tuple[VolumeRecord, ...]) -> None:
        """Have these, or have them no more. Told twice, that changes nothing."""
        # At once, so that whoever links one after this finds it.
        done = self._pool.submit(self.settle_now, records)

        async def tell() -> None:
            gone = await asyncio.wrap_future(done)
            if gone:
                self._on_event(VolumesGone(gone))

        self._telling = own_task(tell())

    def settle_now(self, records: tuple[VolumeRecord, ...]) -> tuple[HeldVolume, ...]:
        """In its thread. Returns those that were to be destroyed, and are not there."""
        gone: list[HeldVolume] = []
        for record in records:
            try:
                self._settle_one(record)
            except OSError as error:
                # It is told again when the agent comes back to a master.
                log.error("volume_not_settled", **_names(record.volume), error=str(error))
                continue
            if record.is_doomed:
                gone.append(record.volume)
        return tuple(gone)

    def link(self, sandbox: Path, wanted: list[tuple[str, VolumeName]], owner: Owner) -> None:
        """From any thread but its own. Raises VolumeMissing, OSError."""
        if wanted:
            self._pool.submit(self._link_all, sandbox, wanted, owner).result()

    def link_soon(self, sandbox: Path, order: LinkVolumes) -> None:
        """They belong to whom the sandbox does."""
        done = self._pool.submit(self._try_to_link, sandbox, list(order.volumes))

        async def tell() -> None:
            why_not = await asyncio.wrap_future(done)
            self._on_event(VolumesLinked(order.key, order.fence, why_not))

        task = own_task(tell())
        self._linking.add(task)
        task.add_done_callback(self._linking.discard)

    def close(self) -> None:
        self._pool.shutdown()
        self._removing.shutdown(wait=False, cancel_futures=True)

    # In its thread.

    def _try_to_link(self, sandbox: Path, wanted: list[tuple[str, VolumeName]]) -> str:
        """Why that cannot be; "" if it can."""
        try:
            owner = sandbox.stat()
            self._link_all(sandbox, wanted, (owner.st_uid, owner.st_gid))
        except (VolumeMissing, OSError) as error:
            return str(error)
        return ""

    def _link_all(self, sandbox: Path, wanted: list[tuple[str, VolumeName]], owner: Owner) -> None:
        for role, volume in wanted:
            place = self._place("roles", role, volume.persistence_id)
            note = self._place("made", role, volume.persistence_id)
            if not (place.is_dir() and note.is_file()):
                raise VolumeMissing(
                    f"persistent volume {volume.persistence_id!r} of role {role!r} is not there:"
                    f" {place} is gone, or could not be made"
                )
            _put_link(sandbox, volume.container_path, place, owner)
            os.chown(place, *owner, follow_symlinks=False)

    def _settle_one(self, record: VolumeRecord) -> None:
        volume = record.volume
        place = self._place("roles", volume.role, volume.persistence_id)
        note = self._place("made", volume.role, volume.persistence_id)
        match plan(record, _fence_in(note), _has_files(place)):
            case Step.KEEP | Step.FORGET:
                return
            case Step.MISS:
                log.error("volume_missing", **_names(volume), path=str(place))
            case Step.REMOVE:
                self._move(place, "trash", volume)
                _remove(note)
                log.info("volume_destroyed", **_names(volume), path=str(place))
                self._removing.submit(self._empty_trash)
            case Step.MAKE_ANEW:
                aside = self._move(place, "aside", volume)
                log.warning("files_moved_aside", **_names(volume), path=str(aside))
                self._make(volume, place, note)
            case Step.MAKE:
                self._make(volume, place, note)

    def _make(self, volume: HeldVolume, place: Path, note: Path) -> None:
        self._make_folders(place.parent)
        place.mkdir(exist_ok=True)
        sync_directory(place)
        sync_directory(place.parent)
        self._make_folders(note.parent)
        new = self._root / _NEW
        with open(new, "w", encoding="ascii") as file:
            file.write(str(volume.fence))
            file.flush()
            os.fsync(file.fileno())
        os.rename(new, note)
        sync_directory(note.parent)
        log.info("volume_made", **_names(volume), path=str(place))

    def _move(self, place: Path, where: str, volume: HeldVolume) -> Path:
        """Out of the way, in one step that lasts. What is not there need not go."""
        folder = self._root / where
        self._make_folders(folder)
        count = 0
        while os.path.lexists(target := folder / f"{volume.fence}-{count}"):
            count += 1
        with contextlib.suppress(FileNotFoundError):
            os.rename(place, target)
            sync_directory(place.parent)
            sync_directory(folder)
        return target

    def _make_folders(self, folder: Path) -> None:
        missing = [f for f in (folder, *folder.parents) if not f.exists()]
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            sync_directory(each.parent)

    def _empty_trash(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            for entry in list(os.scandir(self._root / "trash")):
                try:
                    shutil.rmtree(entry.path)
                except OSError as error:
                    log.warning("trash_not_removed", path=entry.path, error=str(error))

    def _place(self, where: str, role: str, persistence_id: str) -> Path:
        return self._root / where / role.replace("/", " ") / persistence_id


def _put_link(sandbox: Path, path: str, place: Path, owner: Owner) -> None:
    """Step by step, and never along a link: an executor may have put one in our way."""
    folder = os.open(sandbox, _FOLDER)
    try:
        *parents, name = path.split("/")
        for parent in parents:
            is_new = _make_folder(folder, parent)
            inner = os.open(parent, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
            if is_new:
                os.fchown(folder, *owner)
        if not _leads_to(folder, name, place):
            os.symlink(place, name, dir_fd=folder)
    finally:
        os.close(folder)


def _make_folder(folder: int, name: str) -> bool:
    """False if there is something of that name."""
    try:
        os.mkdir(name, dir_fd=folder)
    except FileExistsError:
        return False
    return True


def _leads_to(folder: int, name: str, place: Path) -> bool:
    """An earlier task of the same executor may have had it."""
    try:
        return os.readlink(name, dir_fd=folder) == str(place)
    except OSError:
        return False


def _fence_in(note: Path) -> int | None:
    try:
        return int(note.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise OSError(f"{note} does not hold a number: {error}") from error


def _has_files(place: Path) -> bool | None:
    try:
        with os.scandir(place) as entries:
            return any(True for _ in entries)
    except FileNotFoundError:
        return None


def _remove(note: Path) -> None:
    note.unlink(missing_ok=True)
    sync_directory(note.parent)


def _names(volume: HeldVolume) -> dict[str, str | int]:
    return {"role": volume.role, "persistence_id": volume.persistence_id, "fence": volume.fence}
