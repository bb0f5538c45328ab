"""A persistent volume on its agent: one directory, from its CREATE to its DESTROY."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class HeldVolume:
    """
    Attributes:
        fence: log index of the CREATE. Another volume may have had the same name before.
    """

    role: str
    persistence_id: str
    fence: int


@dataclass(frozen=True, slots=True)
class VolumeRecord:
    """
    Attributes:
        is_doomed: destroyed, and its agent has not yet said that it is gone.
    """

    volume: HeldVolume
    is_doomed: bool = False
