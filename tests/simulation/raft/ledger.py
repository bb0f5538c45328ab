"""What a simulated world saw, and what its replicas are held to."""

from dataclasses import dataclass, field

from replication.engine.fail_stop import Fatal
from replication.membership import Configuration


@dataclass
class Ledger:
    """What the world saw, apart from what any replica believes.

    Attributes:
        leaders: who led in each term of each configuration.
        applied: the commands of each index, as first applied anywhere.
        proposed, acknowledged: commands, in order.
    """

    leaders: dict[tuple[int, int], str] = field(default_factory=dict)
    applied: dict[int, tuple[bytes, ...]] = field(default_factory=dict)
    proposed: list[bytes] = field(default_factory=list)
    acknowledged: list[bytes] = field(default_factory=list)
    refused: set[bytes] = field(default_factory=set)
    fatal: list[tuple[str, Fatal]] = field(default_factory=list)
    leadership: list[tuple[float, str, str, int]] = field(default_factory=list)
    configurations: dict[int, Configuration] = field(default_factory=dict)
    captures: int = 0
    installs: list[tuple[str, int]] = field(default_factory=list)

    def fold(self, index: int) -> list[bytes]:
        """What the state after this entry must be."""
        entries = sorted((i, commands) for i, commands in self.applied.items() if i <= index)
        return [command for _, commands in entries for command in commands]
