"""Reads and writes the small files by which the kernel is told about groups."""

import contextlib
import os


def write(folder: int, path: str, data: bytes) -> None:
    """Raises OSError, with the name of the file."""
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.write(file, data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        os.close(file)


def read(folder: int, path: str) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        parts: list[bytes] = []
        while part := os.read(file, 65536):
            parts.append(part)
    finally:
        os.close(file)
    return b"".join(parts)


def read_table(folder: int, path: str) -> dict[str, int]:
    """A name and a number a line. Empty if there is no such file."""
    with contextlib.suppress(FileNotFoundError):
        lines = [line.split() for line in read(folder, path).decode("ascii").splitlines()]
        return {line[0]: int(line[1]) for line in lines if len(line) == 2}
    return {}


def read_numbers(folder: int, path: str) -> list[int]:
    """Empty if there is no such file, or if what it is about is gone."""
    with contextlib.suppress(FileNotFoundError):
        try:
            return [int(number) for number in read(folder, path).split()]
        except OSError as error:
            if error.errno != _NO_DEVICE:
                raise
    return []


def folders_below(parent: int, name: str) -> list[str]:
    """The deepest first, and `name` itself the last. Empty if there is no such folder."""
    try:
        folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=parent)
    except FileNotFoundError:
        return []
    try:
        found = [
            f"{name}/{below}"
            for entry in folders_in(folder)
            for below in folders_below(folder, entry)
        ]
    finally:
        os.close(folder)
    return [*found, name]


def remove_folder(parent: int, name: str) -> bool:
    """False if it is in use. True if there is none."""
    try:
        os.rmdir(name, dir_fd=parent)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def make_folder(parent: int, name: str) -> None:
    """Nothing happens if it is there."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=parent)


def make_folders(path: str) -> None:
    """Raises OSError."""
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):
            os.makedirs(path, exist_ok=True)
            return
    # Another launcher, the last of its kind, has removed what holds us both, each time.
    os.makedirs(path, exist_ok=True)


def folders_in(parent: int) -> list[str]:
    with os.scandir(parent) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))


def open_folder(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


_NO_DEVICE = 19
_ATTEMPTS = 10
