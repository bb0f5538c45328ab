"""A journal as a crash or a bad disk may leave it: gone on from, or refused by name."""

from pathlib import Path

import pytest

from agent.checkpoints.journal_format import frame
from agent.checkpoints.record_codec import records_to_bytes
from agent.checkpoints.records import ProcessBegun, Record, TaskAccepted
from agent.dispatch import Agent
from agent.edge.checkpoint_files import CheckpointsUnusable, read_journal
from agent.effects import FindProcess, WriteRecords
from agent.events import LinkOpened, ProcessExited, TakeReports
from agent.recovering import recover
from tests.agent.one_agent import (
    INFO,
    KEY,
    LINK,
    OTHER,
    RULES,
    feed,
    new_agent,
    on_disk,
    run_order,
    said,
    started,
    uuid,
    welcome,
)


def written() -> list[tuple[Record, ...]]:
    """By an agent with two tasks, of which one ends and is settled; a frame each."""
    agent: Agent = new_agent()
    effects = agent.handle(LinkOpened(LINK), 0)
    effects += said(agent, welcome()) + on_disk(agent)
    effects += said(agent, run_order()) + said(agent, run_order(OTHER, 8)) + on_disk(agent)
    effects += feed(agent, started(), started(OTHER, 8)) + on_disk(agent)
    effects += feed(agent, ProcessExited(KEY, 7, 3, None)) + on_disk(agent)
    taken = tuple(uuid(number) for number in (1, 3, 5))
    effects += said(agent, TakeReports(taken)) + on_disk(agent)
    return [effect.records for effect in effects if isinstance(effect, WriteRecords)]


FRAMES = [frame(records_to_bytes(records)) for records in written()]
DATA = b"".join(FRAMES)


def check(records: list[Record]) -> None:
    """Every task of which it is written is looked for, told apart, or over."""
    state, effects = recover(records, RULES, INFO)
    accepted = {(r.key, r.fence) for r in records if isinstance(r, TaskAccepted)}
    begun = {(r.key, r.fence): r.pid for r in records if isinstance(r, ProcessBegun)}
    sought = {(e.key, e.fence): e.pid for e in effects if isinstance(e, FindProcess)}
    live = {(task.key, task.fence) for task in state.tasks.values() if task.is_live}
    over = {(t.key, t.fence) for t in state.tasks.values() if not t.is_live} | set(
        state.ended.items()
    )
    assert sought == {run: begun.get(run, 0) for run in live}
    assert live | over == accepted
    assert not live & over
    assert state.epoch_written == state.epoch_seen


def test_cut_anywhere_nothing_that_was_promised_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    ends = [sum(map(len, FRAMES[:count])) for count in range(len(FRAMES) + 1)]
    for length in range(len(DATA) + 1):
        path.write_bytes(DATA[:length])
        records = read_journal(path)
        whole = sum(end <= length for end in ends) - 1
        assert records == [record for frame_ in written()[:whole] for record in frame_]
        check(records)
        assert path.stat().st_size == ends[whole]


def test_any_flipped_bit_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    refusals: list[str] = []
    last = len(DATA) - len(FRAMES[-1])
    for place in range(len(DATA)):
        changed = bytearray(DATA)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        begin = max(end for end in _begins() if end <= place)
        if place < last:
            with pytest.raises(CheckpointsUnusable, match=f"in the frame at byte {begin}"):
                read_journal(path)
            assert path.read_bytes() == changed
            continue
        try:  # A last frame may look like one that was never finished.
            check(read_journal(path))
        except CheckpointsUnusable as error:
            refusals.append(str(error))
    assert all(f"in the frame at byte {last}" in refusal for refusal in refusals)
    assert len(refusals) > len(FRAMES[-1]) // 2


def _begins() -> list[int]:
    return [sum(map(len, FRAMES[:count])) for count in range(len(FRAMES))]
