"""What a task's container is called towards tools of Mesos: as the directory of its run is."""

from zlib import crc32

from agent.tasks import TaskKey

_DIGITS_MAX = 20


def container_id(key: TaskKey, fence: int) -> str:
    """No other task of the cluster has it, not even one that was launched together with it."""
    return f"{fence}-{crc32(f'{key.framework_id}/{key.task_id}'.encode()):08x}"


def fence_of(name: str, key: TaskKey) -> int | None:
    """Of a container of this task, or of a run directory, which is called after the fence alone."""
    digits = name.partition("-")[0]
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS_MAX):
        return None
    fence = int(digits)
    return fence if name in {digits, container_id(key, fence)} else None
