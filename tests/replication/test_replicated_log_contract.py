"""What every replicated log promises: the one in memory, one real replica, three real replicas."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from replication.in_memory import InMemoryLog
from replication.replicated_log import (
    Committed,
    OutcomeUnknown,
    ProposalOutcome,
    ProposalRefused,
    ReadOutcome,
    ReadReady,
    ReadRefusalCause,
    ReadRefused,
    RefusalCause,
    ReplicatedLog,
    TransferOutcome,
)
from tests.replication.real_cluster import Recorder, commit, real_cluster, until

COMMAND_BYTES_MAX = 1000
PROPOSALS_MAX = 50


@dataclass
class Subject:
    """Attributes:
    lose: makes the log lose its leadership, at once.
    """

    log: ReplicatedLog
    recorder: Recorder
    lose: Callable[[], Awaitable[None]]


@asynccontextmanager
async def in_memory(_: Path) -> AsyncIterator[Subject]:
    recorder = Recorder()
    log = InMemoryLog(
        recorder,
        recorder,
        later=asyncio.get_running_loop().call_soon,
        command_bytes_max=COMMAND_BYTES_MAX,
        pending_proposals_max=PROPOSALS_MAX,
    )
    log.gain_leadership()

    async def lose() -> None:
        log.lose_leadership()

    yield Subject(log, recorder, lose)


@asynccontextmanager
async def real(directory: Path, names: str) -> AsyncIterator[Subject]:
    async with real_cluster(
        directory,
        names,
        command_bytes_max=COMMAND_BYTES_MAX,
        pending_proposals_max=PROPOSALS_MAX,
    ) as cluster:
        log = await cluster.wait_for_leader()
        name = log.status().replica_id

        async def lose() -> None:
            del cluster.logs[name]
            await log.stop()

        yield Subject(log, cluster.recorders[name], lose)


SUBJECTS: dict[str, Callable[[Path], object]] = {
    "in memory": in_memory,
    "one replica": lambda directory: real(directory, "a"),
    "three replicas": lambda directory: real(directory, "abc"),
}
Story = Callable[[Subject], Awaitable[None]]


@pytest.fixture(params=list(SUBJECTS))
def tell(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Story], None]:
    """Runs a story against each kind of log."""

    def run(story: Story) -> None:
        async def main() -> None:
            async with SUBJECTS[request.param](tmp_path) as subject:  # type: ignore[attr-defined]
                await story(subject)

        asyncio.run(main())

    return run


Tell = Callable[[Story], None]


def test_a_command_is_applied_and_its_result_handed_back(tell: Tell) -> None:
    async def story(subject: Subject) -> None:
        before = subject.log.status()
        outcome = await commit(subject.log, b"one")
        assert outcome == Committed(before.last_index + 1, 1)
        assert subject.recorder.applied == [b"one"]

    tell(story)


def test_the_outcome_comes_once_and_never_from_within_propose(tell: Tell) -> None:
    async def story(subject: Subject) -> None:
        outcomes: list[ProposalOutcome] = []
        subject.log.propose(b"one", outcomes.append)
        subject.log.propose(bytes(COMMAND_BYTES_MAX + 1), outcomes.append)
        assert outcomes == []
        for number in range(5):
            await commit(subject.log, b"later-%d" % number)
        assert len(outcomes) == 2

    tell(story)


def test_the_proposals_of_one_turn_share_an_entry_and_keep_their_order(tell: Tell) -> None:
    async def story(subject: Subject) -> None:
        outcomes: list[ProposalOutcome] = []
        commands = [b"%d" % number for number in range(10)]
        for command in commands[:-1]:
            subject.log.propose(command, outcomes.append)
        outcomes.append(await commit(subject.log, commands[-1]))
        assert subject.recorder.applied == commands
        indexes = {outcome.index for outcome in outcomes if isinstance(outcome, Committed)}
        assert len(indexes) == 1
        results = [outcome.result for outcome in outcomes if isinstance(outcome, Committed)]
        assert results == list(range(1, 11))

    tell(story)


def test_an_outcome_comes_before_the_next_command_is_applied(tell: Tell) -> None:
    async def story(subject: Subject) -> None:
        events = subject.recorder.events
        events.clear()
        subject.log.propose(b"one", lambda _: events.append("told one"))
        subject.log.propose(b"two", lambda _: events.append("told two"))
        await commit(subject.log, b"three")
        assert events[:4] == [("applied", b"one"), "told one", ("applied", b"two"), "told two"]

    tell(story)


def test_what_is_proposed_while_an_outcome_is_told_is_committed_too(tell: Tell) -> None:
    async def story(subject: Subject) -> None:
        outcomes: list[ProposalOutcome] = []
        subject.log.propose(b"one", lambda _: subject.log.propose(b"two", outcomes.append))
        await until(lambda: bool(outcomes))
        assert subject.recorder.applied == [b"one", b"two"]

    tell(story)


def test_a_command_that_is_too_large_is_refused(tell: Tell) -> None:
    async def story(subject: Subject) -> None:
        outcome = await commit(subject.log, bytes(COMMAND_BYTES_MAX + 1))
        assert outcome == ProposalRefused(RefusalCause.TOO_LARGE)
        assert isinstance(await commit(subject.log, bytes(COMMAND_BYTES_MAX)), Committed)

    tell(story)


def test_more_than_may_wait_is_refused(tell: Tell) -> None:
    async def story(subject: Subject) -> None:
        outcomes: list[ProposalOutcome] = []
        for number in range(PROPOSALS_MAX + 3):
            subject.log.propose(b"%d" % number, outcomes.append)
        await until(lambda: len(outcomes) == PROPOSALS_MAX + 3)
        refused = [outcome for outcome in outcomes if isinstance(outcome, ProposalRefused)]
        assert refused == [ProposalRefused(RefusalCause.OVERLOADED)] * 3
        assert len(subject.recorder.applied) == PROPOSALS_MAX
        assert isinstance(await commit(subject.log, b"again"), Committed)

    tell(story)


def test_what_is_open_when_leadership_is_lost_has_an_unknown_outcome(tell: Tell) -> None:
    async def story(subject: Subject) -> None:
        events = subject.recorder.events
        events.clear()
        subject.log.propose(b"one", events.append)
        subject.log.propose(b"two", events.append)
        await subject.lose()
        assert events == [OutcomeUnknown(), OutcomeUnknown(), "lost"]
        assert not subject.log.status().leading

    tell(story)


def test_a_read_is_ready_at_all_that_was_acknowledged_before(tell: Tell) -> None:
    async def story(subject: Subject) -> None:
        committed = await commit(subject.log, b"one")
        assert isinstance(committed, Committed)
        last_index = subject.log.status().last_index
        outcomes: list[ReadOutcome] = []
        subject.log.read(outcomes.append)
        subject.log.read(outcomes.append)
        assert outcomes == []
        await until(lambda: len(outcomes) == 2)
        assert outcomes == [ReadReady(committed.index)] * 2
        await commit(subject.log, b"two")
        assert len(outcomes) == 2
        assert subject.log.status().last_index == last_index + 1

    tell(story)


def test_a_read_asked_for_while_a_read_is_told_is_told_too(tell: Tell) -> None:
    async def story(subject: Subject) -> None:
        outcomes: list[ReadOutcome] = []
        subject.log.read(lambda _: subject.log.read(outcomes.append))
        await until(lambda: bool(outcomes))
        assert isinstance(outcomes[0], ReadReady)

    tell(story)


def test_a_read_that_is_open_when_leadership_is_lost_is_refused(tell: Tell) -> None:
    async def story(subject: Subject) -> None:
        events = subject.recorder.events
        events.clear()
        subject.log.read(events.append)
        await subject.lose()
        assert events == [ReadRefused(ReadRefusalCause.NOT_LEADING), "lost"]

    tell(story)


def test_leadership_is_not_handed_to_a_stranger(tell: Tell) -> None:
    async def story(subject: Subject) -> None:
        outcomes: list[TransferOutcome] = []
        subject.log.transfer_leadership("stranger", outcomes.append)
        assert outcomes == []
        await until(lambda: bool(outcomes))
        assert outcomes == [TransferOutcome.UNKNOWN_REPLICA]
        assert isinstance(await commit(subject.log, b"one"), Committed)

    tell(story)


def test_the_status_counts(tell: Tell) -> None:
    async def story(subject: Subject) -> None:
        before = subject.log.status()
        assert before.leading
        assert before.leader_id == before.replica_id
        await commit(subject.log, b"one")
        after = subject.log.status()
        assert after.entries_committed == before.entries_committed + 1
        assert after.commands_committed == before.commands_committed + 1
        assert after.commit_index == after.applied_index == after.last_index

    tell(story)
