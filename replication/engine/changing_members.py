"""A leader changes the members: who is new is brought up to date, then a seal names the next ones.

By sealing (Lamport, Malkhi, Zhou, "Reconfiguring a State Machine", 2010): the log of a
configuration ends with the entry that names the next. A disk that the configuration does not name,
an emptied one perhaps, comes back by the same way (N13).
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from replication.config import ReplicationConfig
from replication.engine.configuration_codec import MEMBERS_MAX
from replication.engine.core import RaftCore
from replication.engine.leading import Leading
from replication.engine.membership_store import MembershipStore
from replication.engine.messages import Standing
from replication.engine.wal import Wal
from replication.membership import (
    ChangeListener,
    ChangeOutcome,
    ChangeRefusalCause,
    ChangeRefused,
    Configuration,
    Member,
    MembershipChange,
    MembershipChanged,
    NewMember,
)

log = structlog.get_logger(__name__)

_LAG_MAX: Final = 64
"""Entries that one may lack and still count as up to date: the rest follows in no time."""
_HEAL_PAUSE_S: Final = 1.0


@dataclass(slots=True)
class _Change:
    """Attributes:
    targets: ids of the members to be.
    term: the one that this replica leads in.
    lacking: the least that the new ones lacked so far, in entries.
    nearer_s: when that became less.
    is_sealed: the seal is in this replica's log.
    """

    targets: frozenset[str]
    added: Mapping[str, NewMember]
    term: int
    nearer_s: float
    on_outcome: ChangeListener
    lacking: float = float("inf")
    is_sealed: bool = False


@dataclass(slots=True)
class ChangingMembers:
    """
    Attributes:
        standings: of those with whom there is a session in this configuration.
        learners: by id, those to be brought up to date that are no members.
    """

    config: ReplicationConfig
    membership: MembershipStore
    core: RaftCore
    wal: Wal
    leading: Leading
    standings: Mapping[str, Standing]
    now_s: Callable[[], float]
    _change: _Change | None = None
    _heal_not_before_s: float = float("-inf")
    _answers: deque[tuple[ChangeListener, ChangeOutcome]] = field(default_factory=deque)

    @property
    def is_holding(self) -> bool:
        """Nothing may follow the seal in the log: it would be void."""
        return self._change is not None and self._change.is_sealed

    @property
    def is_under_way(self) -> bool:
        return self._change is not None or self.can_go_on

    @property
    def can_go_on(self) -> bool:
        return bool(self._answers)

    @property
    def deadline_s(self) -> float:
        if self._change is None or self._change.is_sealed:
            return float("inf")
        return self._change.nearer_s + self.config.change_patience_ms / 1000

    @property
    def learners(self) -> Mapping[str, NewMember]:
        return {} if self._change is None else self._change.added

    @property
    def lacking(self) -> dict[str, int | None]:
        """By id of those that are brought up to date: see `lacks`."""
        healing = [n for n in self.membership.configuration.members if self.leading.is_learner(n)]
        return {name: self.lacks(name) for name in sorted({*self.learners, *healing})}

    def lacks(self, peer: str) -> int | None:
        """How many entries this one lacks; None if it has not been reached."""
        if peer not in self.standings:
            return None
        return max(0, self.wal.last_index - self.leading.matched_index(peer))

    def begin(
        self, change: MembershipChange, on_outcome: ChangeListener, *, is_leading: bool
    ) -> None:
        refused = self._refusal(change, is_leading=is_leading)
        if refused is not None:
            self._answers.append((on_outcome, refused))
            return
        current = self.membership.configuration
        targets = (frozenset(current.members) - change.remove) | frozenset(change.add)
        added = {name: new for name, new in change.add.items() if self._is_new(name, new)}
        if targets == frozenset(current.members) and not added:
            self._answers.append((on_outcome, MembershipChanged(current)))
            return
        self._begin(targets, added, on_outcome)

    def run(self, *, is_leading: bool) -> Configuration | None:
        """Take the next step. Returns the configuration that is to be sealed now, once."""
        change = self._change
        if change is not None and self.core.term != change.term:
            self._end(ChangeRefusalCause.UNKNOWN, "leadership was lost meanwhile")
        elif change is None and is_leading:
            self._heal()
        if change is None or self._change is not change or change.is_sealed or not is_leading:
            return None
        lacking = self._lacking(change)
        if lacking < change.lacking:
            change.lacking, change.nearer_s = lacking, self.now_s()
        if lacking > 0:
            if self.now_s() >= self.deadline_s:
                self._end(ChangeRefusalCause.UNREADY, self._who_is_unready(change))
            return None
        missing = self._missing_for_quorum(change)
        if missing:
            self._end(ChangeRefusalCause.NO_QUORUM, missing)
            return None
        change.is_sealed = True
        return self._next(change)

    def answer(self) -> None:
        for _ in range(len(self._answers)):
            on_outcome, outcome = self._answers.popleft()
            on_outcome(outcome)

    def sealed(self, configuration: Configuration) -> None:
        """The next configuration has begun: this one's work is done."""
        change, self._change = self._change, None
        if change is not None:
            is_it = change.targets == frozenset(configuration.members)
            refused = ChangeRefused(ChangeRefusalCause.UNKNOWN, "another change came first")
            outcome = MembershipChanged(configuration) if is_it else refused
            self._answers.append((change.on_outcome, outcome))
        self.answer()

    def give_up(self) -> None:
        """This replica stops."""
        if self._change is not None:
            self._end(ChangeRefusalCause.UNKNOWN, "this replica stopped")
        self.answer()

    def _refusal(self, change: MembershipChange, *, is_leading: bool) -> ChangeRefused | None:
        members = self.membership.configuration.members
        left = (frozenset(members) - change.remove) | frozenset(change.add)
        unknown = sorted(change.remove - frozenset(members) - frozenset(change.add))
        impossible = ChangeRefusalCause.IMPOSSIBLE
        if not is_leading:
            return ChangeRefused(ChangeRefusalCause.NOT_LEADING, "this replica does not lead")
        if self._change is not None:
            return ChangeRefused(ChangeRefusalCause.UNDER_WAY, "another change is under way")
        if unknown:
            listed = ", ".join(sorted(members))
            return ChangeRefused(impossible, f"{unknown[0]} is no member; members are {listed}")
        if not left:
            return ChangeRefused(impossible, "no member would be left")
        # Some of those that stay must be among any that agreed on the seal.
        staying = frozenset(members) - change.remove
        if 2 * len(staying) < len(members):
            return ChangeRefused(
                impossible,
                f"only {len(staying)} of {len(members)} members would stay; at least half must: "
                "take two steps, add first and remove then",
            )
        if len(left) > MEMBERS_MAX:
            return ChangeRefused(impossible, f"{len(left)} members; at most {MEMBERS_MAX}")
        return None

    def _is_new(self, name: str, new: NewMember) -> bool:
        member = self.membership.configuration.members.get(name)
        if member is None or (member.address, member.note) != (new.address, new.note):
            return True
        standing = self.standings.get(name)
        return standing is not None and standing.disk_id != member.disk_id

    def _begin(
        self, targets: frozenset[str], added: Mapping[str, NewMember], on_outcome: ChangeListener
    ) -> None:
        self._change = _Change(targets, added, self.core.term, self.now_s(), on_outcome)
        log.info("members_change_begun", members=sorted(targets), added=sorted(added))

    def _heal(self) -> None:
        """A member came back with another disk, and has all of the log again: name that disk."""
        if self.now_s() < self._heal_not_before_s:
            return
        members = self.membership.configuration.members
        if not any(self._is_healed(name) for name in members):
            return
        self._heal_not_before_s = self.now_s() + _HEAL_PAUSE_S
        self._begin(frozenset(members), {}, _log_outcome)

    def _is_healed(self, name: str) -> bool:
        lacks = self.lacks(name) if self.leading.is_learner(name) else None
        return lacks is not None and lacks <= _LAG_MAX

    def _lacking(self, change: _Change) -> float:
        """Entries that the one lacks that lacks most, beyond what is allowed."""
        lacks = [self.lacks(name) for name in change.added if name != self.membership.replica_id]
        return max((float("inf") if n is None else max(0, n - _LAG_MAX) for n in lacks), default=0)

    def _who_is_unready(self, change: _Change) -> str:
        unready: list[str] = []
        for name, new in sorted(change.added.items()):
            lacks = self.lacks(name)
            host, port = new.address
            if lacks is None:
                unready.append(f"{name} was not reached at {host}:{port}; is it started there?")
            elif lacks > _LAG_MAX:
                unready.append(f"{name} still lacks {lacks} entries")
        return "; ".join(unready)

    def _missing_for_quorum(self, change: _Change) -> str:
        ready = {
            name
            for name in change.targets
            if name == self.membership.replica_id or self._is_ready(name)
        }
        if 2 * len(ready) > len(change.targets):
            return ""
        missing = ", ".join(sorted(change.targets - ready))
        return f"of {', '.join(sorted(change.targets))} these are not there or not up to date: " + (
            f"{missing}; nothing could be decided without them"
        )

    def _is_ready(self, name: str) -> bool:
        lacks = self.lacks(name)
        return lacks is not None and lacks <= _LAG_MAX

    def _next(self, change: _Change) -> Configuration:
        current = self.membership.configuration
        departed = {n: m for n, m in current.members.items() if n not in change.targets}
        members = {name: self._member(name, change) for name in sorted(change.targets)}
        return Configuration(current.number + 1, members, departed)

    def _member(self, name: str, change: _Change) -> Member:
        old = self.membership.configuration.members.get(name)
        new = change.added.get(name)
        if name == self.membership.replica_id:
            disk_id = self.membership.disk_id
        elif name in self.standings and (new is not None or self._is_healed(name)):
            disk_id = self.standings[name].disk_id
        else:
            assert old is not None, "who is added has been reached"
            disk_id = old.disk_id
        if new is not None:
            return Member(disk_id, new.address, new.note)
        assert old is not None
        return Member(disk_id, old.address, old.note)

    def _end(self, cause: ChangeRefusalCause, detail: str) -> None:
        change, self._change = self._change, None
        assert change is not None
        log.warning("members_change_ended", cause=cause, detail=detail)
        self._answers.append((change.on_outcome, ChangeRefused(cause, detail)))


def _log_outcome(outcome: ChangeOutcome) -> None:
    if isinstance(outcome, MembershipChanged):
        log.info("member_healed", configuration=outcome.configuration.number)
