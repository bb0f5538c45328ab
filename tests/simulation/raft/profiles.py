"""Kinds of trouble: which faults come how often."""

from dataclasses import dataclass
from typing import Final

_START = ("start",) * 3
_MEND = ("mend",) * 4


@dataclass(frozen=True, slots=True)
class Profile:
    """Attributes:
    faults: each is as likely as it is often in here.
    strikes_per_s: on average.
    """

    faults: tuple[str, ...]
    strikes_per_s: float = 4.0


PROFILES: Final = {
    "mixed": Profile(
        (
            *("partition", *_MEND, "reset", "reset", "hold", "hold", "slow_link", "one_way"),
            *("kill", "power", "power_in_write", *_START, "pause", "pause", "transfer", "transfer"),
            *("slow_disk", "broken_disk", "machine_death", "blackout", "short_disk"),
        )
    ),
    # Processes die, networks split, links come and go, leadership is handed on meanwhile.
    "links": Profile(
        (
            *("partition", "partition", *_MEND, "flap", "flap", "flap", "one_way", "slow_link"),
            *("kill", "kill", *_START, "pause", "transfer", "transfer", "hold"),
        )
    ),
    # Everybody loses power at once, again and again, some in the middle of a write.
    "blackouts": Profile(
        (
            *("blackout", "blackout", "blackout_in_write", "blackout_in_write"),
            *("slow_disk", "slow_disk", *_START, "transfer", "hold", *_MEND),
        ),
        strikes_per_s=2.0,
    ),
    # One machine after the other loses power; disks are slow or break.
    "power": Profile(
        (
            *("power", "power", "power_in_write", "power_in_write", "machine_death", *_START),
            *("start", "slow_disk", "slow_disk", "broken_disk", "short_disk", "transfer"),
        )
    ),
    # What TCP permits: sessions replaced while the old one's frames still come, answers that are
    # very late, and all that was under way sent again in another session.
    "stale": Profile(
        (
            *("replace", "replace", "replace", "reset", "reset", "hold", "hold", "hold"),
            *("slow_link", "slow_link", "pause", "pause", "mend", "transfer", "kill", *_START),
        ),
        strikes_per_s=8.0,
    ),
    # Members come and go while all else goes wrong as well; disks are emptied, or go back in time.
    "members": Profile(
        (
            *("change", "change", "change", "partition", "one_way", *_MEND, "reset", "hold"),
            *("kill", "power", "power_in_write", *_START, "start", "pause", "transfer"),
            *("blackout", "emptied", "old_copy", "take_copy", "slow_disk"),
        ),
    ),
    # More than TCP permits: the frames of one session overtake each other and come twice.
    "reorder": Profile(
        (
            *("disorder",) * 8,
            *("replace", "replace", "reset", "hold", "hold", "slow_link", "pause", *_MEND),
            *("partition", "transfer", "kill", "power", *_START),
        ),
        strikes_per_s=6.0,
    ),
    # A minority's disks decay: those replicas must notice, and come back by the others' help.
    "rot": Profile(
        ("rot", "kill", "power", *_START, "start", "partition", *_MEND, "reset", "transfer"),
    ),
}
