"""One volume: what its master says of it, and what is on the disk, decide what to do."""

from enum import StrEnum

from trimast.model.volume import VolumeRecord


class Step(StrEnum):
    KEEP = "keep"
    """It is there."""
    MAKE = "make"
    """It was never there, or was about to be when the agent died."""
    MAKE_ANEW = "make_anew"
    """Somebody else's files have its name. Nobody ordered them to be destroyed: move them aside."""
    MISS = "miss"
    """It was there, and somebody has taken it away. An empty one in its place would be a lie."""
    REMOVE = "remove"
    FORGET = "forget"
    """It is to be destroyed, and is not there."""


def plan(record: VolumeRecord, made_fence: int | None, has_files: bool | None) -> Step:
    """
    Args:
        made_fence: of the volume of this name that was made here last, and not destroyed since.
        has_files: whether there is anything in the directory of this name; None if there is none.
    """
    is_it = made_fence == record.volume.fence
    if record.is_doomed:
        return Step.REMOVE if is_it else Step.FORGET
    if is_it:
        return Step.MISS if has_files is None else Step.KEEP
    # Whatever runs here has waited for the note that the volume is made: so without it, what is
    # in the directory is not of this volume.
    return Step.MAKE_ANEW if has_files or made_fence is not None else Step.MAKE
