"""Random faults and random load on a simulated cluster, and what must hold all the same."""

import errno
from collections import Counter

from tests.simulation.raft.clients import Clients
from tests.simulation.raft.disk import PowerLoss, failing, losing_power_at
from tests.simulation.raft.profiles import PROFILES, Profile
from tests.simulation.raft.replica import Replica, Violation
from tests.simulation.raft.rot import rot_a_promise
from tests.simulation.raft.world import World

_MEMBERS_MIN = 3
_MEMBERS_MAX = 5
_MENDING = frozenset({"mend", "start"})


class Story:
    """One run: trouble, then peace, then the account."""

    def __init__(
        self,
        world: World,
        *,
        trouble_s: float,
        profile: Profile = PROFILES["mixed"],
        more_faults: tuple[str, ...] = (),
    ) -> None:
        self.world = world
        self.clients = Clients(world)
        self._profile = profile
        self._random = world.random
        self._names = sorted(world.replicas)
        self._down_max = (len(self._names) - 1) // 2
        self._end_s = world.now_s + trouble_s
        self._faults = (*profile.faults, *more_faults)
        self.faults: Counter[str] = Counter()
        self._old_copy: tuple[Replica, str] | None = None

    def tell(self) -> None:
        self.world.at(0.5, self._write)
        self.world.at(0.5, self._read)
        self.world.at(0.5, self._strike)
        self.world.run(self._end_s - self.world.now_s)
        self._make_peace()
        self._check_convergence()
        self._check_acknowledged()
        self.clients.check()

    def _write(self) -> None:
        if self.world.now_s >= self._end_s:
            return
        self.clients.write()
        self.world.at(self._random.expovariate(40.0), self._write)

    def _read(self) -> None:
        if self.world.now_s >= self._end_s:
            return
        self.clients.read()
        self.world.at(self._random.expovariate(40.0), self._read)

    def _strike(self) -> None:
        if self.world.now_s >= self._end_s:
            return
        fault = self._random.choice(self._faults)
        if self._do(fault):
            self.faults[fault] += 1
        self.world.at(self._random.expovariate(self._profile.strikes_per_s), self._strike)

    def _is_old_copy_about(self) -> bool:
        replica, disk_id = self._old_copy or (None, "")
        return replica is not None and replica.is_up and replica.membership.disk_id == disk_id

    def _do(self, fault: str) -> bool:
        if fault not in _MENDING and self._is_old_copy_about():
            return False
        network = self.world.network
        a, b = self._random.sample(self._names, 2)
        replica = self.world.replicas[a]
        may_fall = replica.is_up and self._count_down() < self._down_max
        match fault:
            case "partition":
                names = list(self._names)
                self._random.shuffle(names)
                at = self._random.randrange(1, len(names))
                sides = "".join(names[:at]), "".join(names[at:])
                self.world.partition(*sides, at_once=self._random.random() < 0.5)
            case "mend":
                network.mend_all()
            case "reset":
                network.reset(a, b)
            case "hold":
                network.hold(a, b, self._random.uniform(0.1, 2.5))
            case "slow_link":
                network.link(a, b).latency_s = self._random.choice((0.0005, 0.01, 0.05, 0.15))
            case "flap":
                self._flap(a, b, self._random.randrange(3, 9))
            case "disorder":
                network.disorder(a, b, self._random.uniform(0.5, 5.0))
            case "replace":
                network.replace(a, b)
            case "transfer":
                return self._transfer()
            case "one_way":
                network.lose_one_way(a, b)
            case "kill" if may_fall:
                replica.crash(power=False)
            case "power" if may_fall:
                replica.crash(power=True, with_word=self._random.random() < 0.5)
            case "machine_death" if may_fall:
                replica.crash(power=True, with_word=False)
            case "power_in_write" if may_fall:
                replica.disk.fault = losing_power_at(self._random.randrange(4))
            case "broken_disk" if may_fall:
                replica.disk.fault = failing(self._random.choice(("append", "sync", "overwrite")))
            case "full_disk" if replica.is_up and replica.disk.fault is None:
                # Enough for the log, but not for a snapshot.
                no_space = failing("rename", errno.ENOSPC)
                replica.disk.fault = no_space
                self.world.at(self._random.uniform(0.5, 3.0), lambda: replica.end_fault(no_space))
            case "short_disk" if replica.is_up:
                self._run_short_of_space(replica)
            case "blackout":
                self._black_out()
            case "blackout_in_write":
                replica.disk.fault = losing_power_at(self._random.randrange(4))
                self.world.at(self._random.uniform(0.0, 0.05), self._black_out)
            case "rot" if may_fall and self._all_vote():
                self._rot(replica)
            case "change":
                return self._change_members()
            case "emptied" | "old_copy" if may_fall and self._all_vote() and self._all_meet():
                self._exchange_disk(replica, old_copy=fault == "old_copy")
            case "take_copy" if replica.is_up:
                replica.copy_of_disk = replica.disk.copy()
            case "start":
                return self._start_one()
            case "pause" if replica.is_up:
                replica.pause(self._random.uniform(0.05, 2.0))
            case "slow_disk" if replica.is_up:
                replica.sync_s = self._random.choice((0.0002, 0.002, 0.05, 0.7))
            case _:
                return False
        return True

    def _run_short_of_space(self, replica: Replica) -> None:
        life = replica.life
        replica.engine.space_changed(is_short=True)

        def end() -> None:
            if replica.life == life:
                replica.engine.space_changed(is_short=False)

        self.world.at(self._random.uniform(0.3, 3.0), end)

    def _black_out(self) -> None:
        """All lose power at once: only what is really on disk is left."""
        if self.world.now_s >= self._end_s:
            return
        for each in self.world.replicas.values():
            each.crash(power=True)
            each.start()

    def _flap(self, a: str, b: str, times: int) -> None:
        """0.1 to 2 s off, and as long on."""
        if times == 0 or self.world.now_s >= self._end_s:
            return
        if times % 2:
            self.world.network.cut(a, b, at_once=self._random.random() < 0.5)
        else:
            self.world.network.mend(a, b)
        period_s = self._random.uniform(0.1, 2.0)
        self.world.at(period_s, lambda: self._flap(a, b, times - 1))

    def _transfer(self) -> bool:
        leading = [r for r in self.world.replicas.values() if r.is_raft_leader and not r.is_paused]
        if not leading:
            return False
        replica = self._random.choice(leading)
        to = self._random.choice([None, *(name for name in self._names if name != replica.name)])
        told: list[object] = []

        def on_outcome(outcome: object) -> None:
            assert not told, "answered twice"
            told.append(outcome)

        replica.transfer_leadership(to, on_outcome)
        if self._random.random() < 0.5:
            # It may go, but hears late that it has gone: whoever reads there must not see the old.
            self.world.at(self._random.uniform(0.0, 0.004), lambda: self._deafen(replica))
        return True

    def _deafen(self, replica: Replica) -> None:
        for_s = self._random.uniform(0.1, 0.6)
        for other in self._names:
            if other != replica.name:
                self.world.network.hold(other, replica.name, for_s)

    def _rot(self, replica: Replica) -> None:
        """What it had promised decays while it is down: it must notice, and promise nothing more
        under this disk's name."""
        replica.crash(power=False)
        disk_id = replica.membership.disk_id
        is_rotten = rot_a_promise(replica.disk, self._random)
        replica.start()
        if is_rotten and replica.membership.disk_id == disk_id:
            raise Violation(f"{replica.name} did not notice that a bit of its log had turned over")

    def _exchange_disk(self, replica: Replica, *, old_copy: bool) -> None:
        replica.crash(power=True)
        disk_id = replica.membership.disk_id
        replica.get_another_disk(replica.copy_of_disk if old_copy else {})
        replica.start()
        if replica.membership.disk_id == disk_id:
            # Somebody who remembers has to meet it first. That all of those lose their memory
            # before it is more than can be asked of any log.
            self._old_copy = replica, disk_id

    def _change_members(self) -> bool:
        """One is added or removed, or takes another's place; one that is down perhaps."""
        leading = [r for r in self.world.replicas.values() if r.is_raft_leader and not r.is_paused]
        if not leading:
            return False
        replica = self._random.choice(leading)
        members = sorted(replica.membership.configuration.members)
        others = sorted(set(self._names) - set(members))
        add = self._random.choice([*others, ""]) if len(members) < _MEMBERS_MAX else ""
        removes = len(members) > _MEMBERS_MIN or (add and self._random.random() < 0.5)
        remove = self._random.choice(members) if removes else ""
        self.world.change_members(replica, add=add, remove=remove)
        return True

    def _all_vote(self) -> bool:
        """Nobody has to be brought back yet: one more disk that forgets would be a majority."""
        return all(
            r.is_up and (r.engine.membership().is_voter or not r.is_member)
            for r in self.world.replicas.values()
        )

    def _all_meet(self) -> bool:
        """All that are members have met, so each knows what the others have promised."""
        up = [r for r in self.world.replicas.values() if r.is_member]
        return all(
            other.name in r.engine.open_sessions for r in up for other in up if other is not r
        )

    def _count_down(self) -> int:
        """Of those whose vote is needed."""
        needed = [r for r in self.world.replicas.values() if r.is_member]
        return sum(
            not r.is_up or r.disk.fault is not None or not r.engine.membership().is_voter
            for r in needed
        )

    def _start_one(self) -> bool:
        for replica in self.world.replicas.values():
            if not replica.is_up:
                replica.start()
                return True
        return False

    def _make_peace(self) -> None:
        for replica in self.world.replicas.values():
            replica.disk.fault = None
            replica.sync_s = 0.002
            replica.resume()
            if not replica.is_up:
                replica.start()
            replica.engine.space_changed(is_short=False)
        self.world.network.mend_all()

    def _check_convergence(self) -> None:
        """R14: a leader within 5 s, a write within 10 s, all alike within 30 s."""
        if not self.world.run(5.0, until=lambda: self.world.leader() is not None):
            raise Violation("nobody leads 5 s after the last fault")
        for attempt in range(10):
            leader = self.world.leader()
            if leader is not None:
                command = b"final-%d" % attempt
                self.world.propose(leader, command)
                if self.world.run(3.0, until=lambda command=command: self._all_have(command)):  # type: ignore[misc]
                    return
            else:
                self.world.run(0.5)
        raise Violation(f"no convergence: {self._statuses()}")

    def _all_have(self, command: bytes) -> bool:
        return all(r.is_up and command in r.state[-3:] for r in self._sound())

    def _sound(self) -> list[Replica]:
        """All that belong to the cluster in the end."""
        return [r for r in self.world.replicas.values() if r.is_member]

    def _check_acknowledged(self) -> None:
        ledger = self.world.ledger
        states = [replica.state for replica in self._sound()]
        if any(state != states[0] for state in states):
            raise Violation("the replicas differ in the end")
        times = Counter(states[0])
        lost = [command for command in ledger.acknowledged if command not in times]
        if lost:
            raise Violation(f"{len(lost)} acknowledged commands are lost: {lost[0][:20]!r}")
        doubled = [command for command, count in times.items() if count > 1]
        if doubled:
            raise Violation(f"{len(doubled)} commands were applied twice: {doubled[0][:20]!r}")
        refused = [command for command in times if command in ledger.refused]
        if refused:
            raise Violation(f"a refused command was committed: {refused[0][:20]!r}")
        for name, fatal in ledger.fatal:
            if not isinstance(fatal.error, PowerLoss | OSError):
                raise Violation(f"{name} broke: {fatal}") from fatal.error

    def _statuses(self) -> list[object]:
        return [r.engine.status() if r.is_up else r.name for r in self.world.replicas.values()]
