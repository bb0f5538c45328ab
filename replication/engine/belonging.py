"""In which configuration this replica takes part, and with whom it speaks in it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import structlog

from replication.engine import wire
from replication.engine.instance import Instance, Surroundings
from replication.engine.meeting import Meeting
from replication.engine.messages import DiskNews, Envelope, Standing
from replication.engine.reconfiguring import Reconfiguring
from replication.membership import Configuration, MembershipStatus, NewMember

log = structlog.get_logger(__name__)

_SPREAD_MAX_S: Final = 0.3


class Belonging:
    """
    Args:
        before_end: called when this replica leaves the configuration that it is in.

    Attributes:
        instance: of the newest configuration known.
    """

    def __init__(
        self,
        around: Surroundings,
        *,
        applied_index: Callable[[], int],
        before_end: Callable[[], None],
        wake: Callable[[], None],
    ) -> None:
        self._around = around
        self._membership = around.membership
        self._links = around.links
        self._applied_index = applied_index
        self._before_end = before_end
        self._wake = wake
        self._meeting = Meeting(around.config, around.membership)
        self._reconfiguring = Reconfiguring(around.membership, around.wal)
        self._led_before = False
        self._sealed: Configuration | None = None
        self._spread_until_s = 0.0
        self._learners: Mapping[str, NewMember] = {}
        self._is_short_of_space = False
        self.instance: Instance = self._new_instance()
        if self._membership.configuration.number == 0 and around.config.peers:
            log.info(
                "belongs_to_no_cluster_yet",
                waits_for=sorted(around.config.peers),
                hint="a new cluster begins when all are there; an existing one must add this one",
            )
        self._begin_cluster()

    @property
    def standings(self) -> Mapping[str, Standing]:
        """Of those with whom there is a session."""
        return self._meeting.standings

    def status(self) -> MembershipStatus:
        return MembershipStatus(
            self._membership.configuration,
            self._membership.disk_id,
            self.instance.may_stand(),
            self.instance.changing.lacking,
        )

    @property
    def is_short_of_space(self) -> bool:
        return self._is_short_of_space

    @is_short_of_space.setter
    def is_short_of_space(self, is_short: bool) -> None:
        self._is_short_of_space = is_short
        self.instance.firewall.following.is_short_of_space = is_short

    @property
    def standing(self) -> Standing:
        """What is said of this replica when a session begins."""
        wal = self._around.wal
        return replace(
            self._membership.standing,
            term=wal.term,
            voted_for=wal.getVotedForNodeId() or "",
            last_index=wal.durable_index,
        )

    def note_promise(self, peer: str, envelope: Envelope) -> None:
        self._meeting.promises.note(peer, envelope)

    @property
    def is_between(self) -> bool:
        """One configuration is over, here, and the next has not begun yet."""
        return self._reconfiguring.is_under_way or self._sealed is not None

    @property
    def is_waiting_for_disk(self) -> bool:
        """Nothing can be done before what is void is gone from the disk."""
        return self._reconfiguring.is_under_way

    def run(self) -> bool:
        """Begin the next configuration if one is due. Whether anything is to be done in this one,
        if only to spread its end."""
        if self._sealed is not None:
            self._spread(self._sealed)
        if not self._reconfiguring.is_under_way:
            return True
        if not self._reconfiguring.run():
            return False
        self._begin()
        self.instance.elections.start_early(first=self._led_before)
        return True

    def end_with(self, sealed: Configuration) -> None:
        """This one was agreed on: what was agreed stays, and nothing more is agreed here but in
        the next."""
        if self.instance.core.is_leader and self._sealed is None:
            # Those that stay may all have it only from this leader, which perhaps leaves.
            self._before_end()
            self._sealed = sealed
            self._spread_until_s = self._around.now_s() + _SPREAD_MAX_S
            self._wake()
        else:
            self._end(sealed)

    def next_deadline_s(self) -> float:
        return float("inf") if self._sealed is None else self._spread_until_s

    def _spread(self, sealed: Configuration) -> None:
        is_late = self._around.now_s() >= self._spread_until_s
        if is_late or not self.instance.core.is_leader or self.instance.has_spread(sealed):
            self._end(sealed)

    def _end(self, configuration: Configuration) -> None:
        led = self._sealed is not None
        if not self._reconfiguring.begin(configuration, applied_index=self._applied_index()):
            return
        self._sealed = None
        self._led_before = led
        self._before_end()
        self.instance.end()
        self.instance.changing.sealed(configuration)
        self._wake()

    def session_opened(self, peer: str, standing: Standing) -> None:
        news = self._meeting.opened(peer, standing)
        if news is not None:
            self._links.send(peer, wire.encode_news(news))
        self._speak_raft_with(peer)
        self._begin_cluster()

    def session_closed(self, peer: str, *, by_peer: bool) -> None:
        self._meeting.standings.pop(peer, None)
        self.instance.firewall.session_closed(peer, by_peer=by_peer)

    def hear_configuration(self, peer: str, configuration: Configuration) -> None:
        if configuration.number == self._membership.configuration.number:
            # It does not know that this one is known here: it knew us as we were before.
            self._begin_session_anew(peer)
        else:
            self._end(configuration)

    def hear_disk(self, news: DiskNews) -> None:
        """N13: this directory is an old copy, so it may have forgotten promises. From now on it
        is another disk, and comes back as an emptied one does."""
        ours = self._membership.standing
        if news.disk_id != ours.disk_id or news.life < ours.life:
            return
        log.error("disk_is_an_old_copy", life=ours.life, seen_life=news.life)
        self._before_end()
        self.instance.end()
        self._membership.become_another_disk(f"{self._around.random.getrandbits(128):032x}")
        self._begin()

    def meet_learners(self) -> None:
        """Those to be brought up to date may have changed."""
        learners = self.instance.changing.learners
        if learners == self._learners:
            return
        self._learners = dict(learners)
        addresses = {name: learner.address for name, learner in learners.items()}
        self._links.set_contacts(self._meeting.contacts(addresses))
        for peer in learners:
            self._speak_raft_with(peer)

    def _begin(self) -> None:
        for peer in list(self._meeting.standings):
            self._begin_session_anew(peer)
        self._learners = {}
        self.instance = self._new_instance()
        self._begin_cluster()

    def _new_instance(self) -> Instance:
        instance = Instance(self._around, self._meeting.standings)
        instance.core.jump_to(self._applied_index())
        instance.firewall.following.is_short_of_space = self._is_short_of_space
        if instance.may_tick:
            # pysyncobj takes note of all that is known to be committed in one tick, however long
            # the log is: now, while nobody waits for a heartbeat.
            instance.core.tick()
        self._links.set_contacts(self._meeting.contacts({}))
        configuration = self._membership.configuration
        observer = self._around.observer
        observer.configuration_begun(configuration.number, len(configuration.members))
        return instance

    def _begin_cluster(self) -> None:
        founded = None if self.is_between else self._meeting.founded()
        if founded is not None:
            self._end(founded)

    def _speak_raft_with(self, peer: str) -> None:
        if self._reconfiguring.is_under_way or not self._meeting.speaks_raft(peer):
            return
        firewall, instance = self.instance.firewall, self.instance
        if peer in firewall.open_sessions:
            return
        if peer in instance.voters or peer in instance.changing.learners:
            firewall.session_opened(peer, is_learner=self._meeting.is_learner(peer))

    def _begin_session_anew(self, peer: str) -> None:
        self.session_closed(peer, by_peer=False)
        self._links.close_session(peer)
