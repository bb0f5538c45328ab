"""From elected to leading and back: a leader's memory is built, served, and thrown away."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from master.edge.metrics import MasterMetrics
from master.edge.pacing import Pacing
from master.edge.registry_codec import command_to_bytes
from master.edge.registry_log import RegistryLog
from master.leader.dispatch import Leader
from master.leader.effects import LeaderEffect, Propose
from master.leader.events import CommandDecided, DeadlinePassed, LeaderEvent
from master.leader.settings import LeaderSettings
from master.leader.state import LeaderState
from master.leader.taking_over import take_over
from master.registry.commands import (
    AcknowledgeReport,
    BeginEpoch,
    Command,
    Decision,
    ReportTask,
)
from master.registry.outcome import Applied, Outcome, refused
from replication.replicated_log import (
    Committed,
    OutcomeUnknown,
    ProposalOutcome,
    ProposalRefused,
    RefusalCause,
    ReplicatedLog,
)
from trimast.edge.clock import monotonic_ms, wall_ms
from trimast.edge.core_runner import CoreRunner
from trimast.edge.fatal import fatal_if_it_fails
from trimast.model.ids import MasterId
from trimast.model.refusal import RefusalReason, Refused

log = structlog.get_logger()


class Doors(Protocol):
    """Where those stand who are served by a leader: agents, frameworks, operators."""

    def perform(self, effect: LeaderEffect) -> None:
        """Carry out any effect but a proposal."""

    def decided(self, decision: Decision, outcome: Outcome) -> None:
        """The leader has dealt with what became of a command that it proposed."""

    def close_all(self) -> None:
        """The reign is over: nobody may rely on this master now."""


@dataclass(slots=True)
class Reign:
    """One time of leading: begun when our epoch is applied, over when leadership is lost.

    Attributes:
        submit: tells the leader; does nothing once the reign is over.
        began_at_ms: wall clock, for people.
    """

    state: LeaderState
    runner: CoreRunner[LeaderEvent, LeaderEffect]
    submit: Callable[[LeaderEvent], None]
    began_at_ms: int


@dataclass(slots=True)
class Leadership:
    """A `replication.replicated_log.LeadershipListener`.

    Attributes:
        reign: None while this master does not lead.
    """

    master_id: MasterId
    id_prefix: str
    registry_log: RegistryLog
    settings: LeaderSettings
    metrics: MasterMetrics
    reign: Reign | None = None
    _log: ReplicatedLog | None = None
    _doors: Doors | None = None
    _elected_ms: int = 0
    _attempt: int = 0
    _pacing: Pacing[tuple[Reign, Propose]] = field(init=False)

    def __post_init__(self) -> None:
        self._pacing = Pacing(self._propose)

    def begin(self, replicated_log: ReplicatedLog, doors: Doors) -> None:
        """Call in the turn in which the log was started: before it can tell of leadership."""
        self._log = replicated_log
        self._doors = doors

    def leadership_gained(self, term: int) -> None:
        self._elected_ms = monotonic_ms()
        self._begin_epoch()

    def leadership_lost(self, term: int) -> None:
        self._attempt += 1
        self._end_reign()

    def _begin_epoch(self) -> None:
        assert self._log is not None
        self._attempt += 1
        attempt = self._attempt
        begin = Command(self.registry_log.state.epoch, wall_ms(), BeginEpoch(self.master_id))

        def begun(outcome: ProposalOutcome) -> None:
            if attempt != self._attempt:
                return  # That leadership is over.
            if isinstance(outcome, Committed):
                self._take_over()
            else:
                log.warning("epoch_not_begun", outcome=str(outcome))
                self._begin_epoch_again(attempt)

        self._log.propose(command_to_bytes(begin), begun)

    def _begin_epoch_again(self, attempt: int) -> None:
        assert self._log is not None
        if attempt == self._attempt and self._log.status().leading:
            self._begin_epoch()

    def _take_over(self) -> None:
        started_ms = monotonic_ms()
        state = take_over(
            self.registry_log.state,
            self.settings,
            id_prefix=self.id_prefix,
            wall_offset_ms=wall_ms() - started_ms,
            now_ms=started_ms,
        )
        runner: CoreRunner[LeaderEvent, LeaderEffect] = CoreRunner(
            Leader(state),
            perform=self._perform,
            now_ms=monotonic_ms,
            deadline_passed=DeadlinePassed(),
        )
        submit = fatal_if_it_fails(self._submit_to(runner))
        self.reign = Reign(state, runner, submit, began_at_ms=wall_ms())
        runner.start()
        self.metrics.reign_began(elected_ms=self._elected_ms)
        registry = self.registry_log.state
        log.info(
            "leading",
            epoch=state.epoch,
            agents=len(registry.agents),
            frameworks=len(registry.frameworks),
            tasks=len(registry.tasks),
        )

    def _submit_to(
        self, runner: CoreRunner[LeaderEvent, LeaderEffect]
    ) -> Callable[[LeaderEvent], None]:
        def submit(event: LeaderEvent) -> None:
            # A stream may outlast its reign by a moment: what it still says is not for the next.
            if self.reign is not None and self.reign.runner is runner:
                runner.submit(event)

        return submit

    def _end_reign(self) -> None:
        if self.reign is None:
            return
        self.reign.runner.stop()
        self.reign = None
        self._pacing.drop()
        self.registry_log.expect_nothing()
        self.metrics.reign_ended()
        assert self._doors is not None
        self._doors.close_all()

    def _perform(self, effect: LeaderEffect) -> None:
        if isinstance(effect, Propose):
            assert self.reign is not None
            self._pacing.put((self.reign, effect))
        else:
            assert self._doors is not None
            self._doors.perform(effect)

    def _propose(self, proposal: tuple[Reign, Propose]) -> None:
        assert self._log is not None
        reign, effect = proposal

        def decided(outcome: ProposalOutcome) -> None:
            if self.reign is not reign:
                return  # Decided in a reign that is over: the registry has it, if it was taken.
            if isinstance(outcome, OutcomeUnknown):
                # It may be committed at any later time: only a new epoch makes sure it is not.
                log.warning("outcome_unknown", decision=type(effect.command.decision).__name__)
                self._end_reign()
                self._begin_epoch_again(self._attempt)
                return
            index, verdict = _verdict(outcome)
            if isinstance(outcome, ProposalRefused):
                self.registry_log.expect_nothing()
            self.metrics.command_decided(effect.command.decision, verdict)
            reign.submit(CommandDecided(effect.command.decision, index, verdict, effect.regards))
            assert self._doors is not None
            self._doors.decided(effect.command.decision, verdict)

        data = command_to_bytes(effect.command)
        if isinstance(effect.command.decision, _COME_FROM_THEIR_BYTES):
            self.registry_log.expect(data, effect.command)
        self._log.propose(data, decided)


_COME_FROM_THEIR_BYTES: Final = (ReportTask, AcknowledgeReport)
"""Most commands are one of these, and were read from a message of the same shape just now: to read
them again would give the same. `tests/master/edge/test_registry_codec.py` holds that."""


def _verdict(outcome: Committed | ProposalRefused) -> tuple[int, Outcome]:
    if isinstance(outcome, ProposalRefused):
        if outcome.cause is RefusalCause.TOO_LARGE:
            return 0, refused(RefusalReason.INVALID, "it is too large to be put into the log")
        if outcome.cause is RefusalCause.DISK_FULL:
            return 0, refused(RefusalReason.OVERLOADED, "the disk of the leading master is full")
        return 0, refused(RefusalReason.OVERLOADED, f"the masters are too busy: {outcome.cause}")
    assert isinstance(outcome.result, Applied | Refused)
    return outcome.index, outcome.result
