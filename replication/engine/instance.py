"""One configuration while it lasts: all of the engine that ends with it, and nothing that stays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from replication.config import ReplicationConfig
from replication.engine.changing_members import ChangingMembers
from replication.engine.firewall import Firewall
from replication.engine.membership_store import MembershipStore
from replication.engine.messages import Body, HeartbeatAnswer, Matched, Standing
from replication.engine.outbox import Links
from replication.engine.reads import Reads
from replication.engine.receiving_snapshots import Install
from replication.engine.snapshot_store import SnapshotStore
from replication.engine.wal import Wal
from replication.engine.workbench import Workbench
from replication.membership import Configuration
from replication.observer import LogObserver
from replication.state_machine import StateMachine

_USUAL_ANSWERS: Final = (Matched, HeartbeatAnswer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What stays when a configuration ends."""

    config: ReplicationConfig
    membership: MembershipStore
    wal: Wal
    store: SnapshotStore
    state_machine: StateMachine
    workbench: Workbench
    observer: LogObserver
    links: Links
    install: Install
    now_s: Callable[[], float]
    random: Random


class Instance:
    """The newest configuration that this replica knows. Terms and log go on, all else is new (S9).

    Attributes:
        voters: ids of all other members.
    """

    def __init__(self, around: Surroundings, standings: Mapping[str, Standing]) -> None:
        self._membership = around.membership
        self._wal = around.wal
        members = around.membership.configuration.members
        self.voters: Final = tuple(sorted(set(members) - {around.membership.replica_id}))
        self.firewall: Final = Firewall(
            around.config,
            voters=self.voters,
            may_vote=lambda: around.membership.is_voter,
            may_stand=self.may_stand,
            wal=around.wal,
            links=around.links,
            store=around.store,
            state_machine=around.state_machine,
            workbench=around.workbench,
            observer=around.observer,
            install=around.install,
            now_s=around.now_s,
            random=around.random,
        )
        self.core: Final = self.firewall.core
        self.elections: Final = self.firewall.elections
        self.leading: Final = self.firewall.leading
        self.transferring: Final = self.firewall.transferring
        self.reads: Final = Reads(
            around.config, core=self.core, leading=self.leading, now_s=around.now_s
        )
        self.changing: Final = ChangingMembers(
            around.config,
            membership=around.membership,
            core=self.core,
            wal=around.wal,
            leading=self.leading,
            standings=standings,
            now_s=around.now_s,
        )

    def may_stand(self) -> bool:
        """Its disk is the one that the configuration names, and has all that was agreed before."""
        configuration = self._membership.configuration
        base_index = configuration.base_index
        if not self._membership.is_voter or self._wal.durable_index < base_index:
            return False
        # What follows the base was matched with a leader of this configuration: so was the base.
        is_beyond = self._wal.last_index > base_index
        return is_beyond or self._wal.term_at(base_index) == configuration.base_term

    @property
    def may_tick(self) -> bool:
        # Without peers pysyncobj commits in the tick what is in the log: it must be durable first.
        return bool(self.voters) or self._wal.durable_index == self._wal.last_index

    @property
    def can_go_on(self) -> bool:
        """Something is to be done right now, for which nothing else would wake us."""
        return self.reads.can_go_on or self.transferring.can_go_on or self.changing.can_go_on

    @property
    def is_holding(self) -> bool:
        """Nothing more may be added to the log for now."""
        return self.transferring.is_holding or self.changing.is_holding

    @property
    def is_led_quietly(self) -> bool:
        """This replica leads others, and a step would find nothing to do before the next deadline:
        nothing was heard that counts, and nobody waits for anything that is heard."""
        return (
            self.core.is_leader
            and bool(self.voters)
            and not self.leading.has_news
            and not self.reads.is_under_way
            and not self.transferring.is_under_way
            and not self.changing.is_under_way
        )

    def is_of_no_consequence(self, heard: Body) -> bool:
        """This body of a message was heard, and a step would find nothing to do for it."""
        return isinstance(heard, _USUAL_ANSWERS) and self.is_led_quietly

    @property
    def is_following(self) -> bool:
        return not self.core.is_leader and self.core.leader_id is not None

    def next_deadline_s(self) -> float:
        return min(
            self.firewall.next_deadline_s(),
            self.reads.next_deadline_s(),
            self.changing.deadline_s,
        )

    def has_spread(self, configuration: Configuration) -> bool:
        """Most of its members have the entry that it begins with, by what this leader knows."""
        index = configuration.base_index
        have = sum(
            name == self._membership.replica_id or self.leading.matched_index(name) >= index
            for name in configuration.members
        )
        return 2 * have > len(configuration.members)

    def end(self) -> None:
        """Nothing is said or heard in it any more. Leadership was lost before."""
        self.firewall.mute()
        self.reads.give_up_all()
        self.transferring.give_up()
