from agent.checkpoints.records import EpochSeen
from agent.effects import WriteRecords
from agent.journaling import write, written
from agent.state import EpochWritten
from tests.agent.one_agent import new_agent


def test_batches_are_numbered_and_their_consequences_come_in_order() -> None:
    state = new_agent().state
    for epoch in (1, 2, 3):
        effect = write(state, [EpochSeen(epoch)], [EpochWritten(epoch)])
        assert effect == WriteRecords(epoch, (EpochSeen(epoch),))
    assert written(state, 2) == [EpochWritten(1), EpochWritten(2)]
    assert written(state, 2) == []
    assert written(state, 3) == [EpochWritten(3)]
