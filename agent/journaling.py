"""Records on their way to the disk, and what follows once they are there."""

from collections.abc import Iterable

from agent.checkpoints.records import Record
from agent.effects import WriteRecords
from agent.state import AgentState, Consequence


def write(
    state: AgentState, records: Iterable[Record], consequences: Iterable[Consequence] = ()
) -> WriteRecords:
    """
    Args:
        consequences: must wait for these records, and for all that were written before.
    """
    state.batch_id += 1
    state.unwritten.append((state.batch_id, tuple(consequences)))
    return WriteRecords(state.batch_id, tuple(records))


def written(state: AgentState, batch_id: int) -> list[Consequence]:
    """What may happen now that every batch up to `batch_id` is on disk, in order."""
    consequences: list[Consequence] = []
    while state.unwritten and state.unwritten[0][0] <= batch_id:
        consequences += state.unwritten.popleft()[1]
    return consequences
