"""Random faults and random load on a simulated cluster, and what must hold all the same."""

import errno
from collections import Counter

from tests.simulation.raft.disk import PowerLoss, failing, losing_power_at
from tests.simulation.raft.world import Replica, Violation, World

_FAULTS = (
    *("partition", "mend", "mend", "mend", "mend", "reset", "reset", "hold", "hold", "slow_link"),
    *("one_way", "kill", "power", "power_in_write", "start", "start", "start", "pause", "pause"),
    *("slow_disk", "broken_disk", "machine_death", "blackout"),
)


class Story:
    """One run: trouble, then peace, then the account."""

    def __init__(
        self, world: World, *, trouble_s: float, more_faults: tuple[str, ...] = ()
    ) -> None:
        self.world = world
        self._random = world.random
        self._names = sorted(world.replicas)
        self._down_max = (len(self._names) - 1) // 2
        self._end_s = world.now_s + trouble_s
        self._written = 0
        self._faults_possible = (*_FAULTS, *more_faults)
        self.faults: Counter[str] = Counter()

    def tell(self) -> None:
        self.world.at(0.5, self._write)
        self.world.at(0.5, self._strike)
        self.world.run(self._end_s - self.world.now_s)
        self._make_peace()
        self._check_convergence()
        self._check_acknowledged()

    def _write(self) -> None:
        if self.world.now_s >= self._end_s:
            return
        leading = [r for r in self.world.replicas.values() if r.is_raft_leader and not r.is_paused]
        if leading:
            replica = self._random.choice(leading)
            for _ in range(self._random.choice((1, 1, 3))):
                self._propose(replica, self._random.choice((0, 0, 0, 200, 20_000)))
        self.world.at(self._random.expovariate(40.0), self._write)

    def _propose(self, replica: Replica, size_bytes: int) -> None:
        self._written += 1
        self.world.propose(replica, b"w%d-" % self._written + bytes(size_bytes))

    def _strike(self) -> None:
        if self.world.now_s >= self._end_s:
            return
        fault = self._random.choice(self._faults_possible)
        if self._do(fault):
            self.faults[fault] += 1
        self.world.at(self._random.expovariate(4.0), self._strike)

    def _do(self, fault: str) -> bool:
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
            case "blackout":
                # All lose power at once: only what is really on disk is left.
                for each in self.world.replicas.values():
                    each.crash(power=True)
                    each.start()
            case "start":
                return self._start_one()
            case "pause" if replica.is_up:
                replica.pause(self._random.uniform(0.05, 2.0))
            case "slow_disk" if replica.is_up:
                replica.sync_s = self._random.choice((0.0002, 0.002, 0.05, 0.7))
            case _:
                return False
        return True

    def _count_down(self) -> int:
        return sum(not r.is_up or r.disk.fault is not None for r in self.world.replicas.values())

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
        return all(r.is_up and command in r.state[-3:] for r in self.world.replicas.values())

    def _check_acknowledged(self) -> None:
        ledger = self.world.ledger
        states = [replica.state for replica in self.world.replicas.values()]
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
