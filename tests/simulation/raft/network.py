"""Sessions that keep order and lose nothing until they break, as TCP does; unless told not to."""

from bisect import insort
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from replication.engine.messages import Standing

SILENCE_MAX_S = 3.0
"""After this the system gives a session up whose other side does not answer."""

DISORDER_S = 0.4
"""So much later than its successors a frame may come where there is no order."""


class Host(Protocol):
    """Where frames arrive."""

    is_up: bool
    is_paused: bool

    @property
    def standing(self) -> Standing: ...

    @property
    def contacts(self) -> Collection[str]:
        """With whom it wants sessions."""

    def session_opened(self, peer: str, standing: Standing) -> None: ...

    def session_closed(self, peer: str, *, by_peer: bool) -> None: ...

    def received(self, peer: str, frame: bytes) -> None: ...


@dataclass(slots=True)
class Link:
    """One direction of one pair.

    Attributes:
        is_held: frames wait, nothing arrives.
        is_lossy: frames vanish; the session has to break before anything arrives again.
        is_disorderly: frames are delayed each by itself, overtake each other, and come twice.
        is_open: the receiving side has a session.
        queue: due time and frame; None is the end of the session.
    """

    latency_s: float = 0.0005
    is_held: bool = False
    is_lossy: bool = False
    is_disorderly: bool = False
    is_open: bool = False
    last_due_s: float = 0.0
    queue: deque[tuple[float, bytes | None]] = field(default_factory=deque)


class Network:
    def __init__(
        self,
        *,
        now_s: Callable[[], float],
        at: Callable[[float, Callable[[], None]], None],
        random: Random,
    ) -> None:
        self._now_s = now_s
        self._at = at
        self._random = random
        self.hosts: dict[str, Host] = {}
        self.links: dict[tuple[str, str], Link] = {}
        self._cuts: set[frozenset[str]] = set()
        self._redialling: set[frozenset[str]] = set()
        self.frames_sent = 0
        self.on_send: Callable[[str, str, bytes], None] | None = None

    def add(self, name: str, host: Host) -> None:
        for other in self.hosts:
            self.links[other, name] = Link()
            self.links[name, other] = Link()
        self.hosts[name] = host

    def link(self, sender: str, receiver: str) -> Link:
        return self.links[sender, receiver]

    def send(self, sender: str, receiver: str, frame: bytes) -> None:
        if self.on_send is not None:
            self.on_send(sender, receiver, frame)
        self.frames_sent += 1
        self._put(sender, receiver, frame)

    # What a nemesis does.

    def dial(self, a: str, b: str) -> None:
        """Open a session if that can be done now; else try again a little later."""
        pair = frozenset((a, b))
        if pair in self._redialling:
            return
        hosts = self.hosts[a], self.hosts[b]
        links = self.links[a, b], self.links[b, a]
        if any(link.is_open for link in links):
            return
        if pair in self._cuts or not all(host.is_up and not host.is_paused for host in hosts):
            self._redial(pair)
            return
        if a not in hosts[1].contacts or b not in hosts[0].contacts:
            self._redial(pair)
            return
        for link in links:
            link.queue.clear()
            link.is_open = True
            link.is_lossy = False
            link.last_due_s = 0.0
        standings = hosts[0].standing, hosts[1].standing
        hosts[0].session_opened(b, standings[1])
        if hosts[1].is_up and self.links[a, b].is_open:
            hosts[1].session_opened(a, standings[0])

    def meet(self, a: str, b: str) -> None:
        """The two may never have spoken before."""
        if a in self.hosts and b in self.hosts:
            self.dial(a, b)

    def close_session(self, name: str, peer: str) -> None:
        """`name` has ended it, and knows; what it said before still arrives."""
        link = self.links[peer, name]
        link.queue.clear()
        if link.is_open:
            link.is_open = False
            self._put(name, peer, None)
            self._redial(frozenset((name, peer)))

    def reset(self, a: str, b: str) -> None:
        """The session breaks; what is under way is lost."""
        for sender, receiver in ((a, b), (b, a)):
            self._close(sender, receiver, by_peer=self._random.random() < 0.5)

    def replace(self, a: str, b: str) -> None:
        """A new session at once; some of the old one's frames still came in, the rest is lost."""
        if not all(self.hosts[name].is_up and not self.hosts[name].is_paused for name in (a, b)):
            return
        links = self.links[a, b], self.links[b, a]
        if frozenset((a, b)) in self._cuts or not all(
            link.is_open and not link.is_lossy for link in links
        ):
            return
        for sender, receiver in ((a, b), (b, a)):
            queue = self.links[sender, receiver].queue
            late = [queue.popleft() for _ in range(self._random.randrange(len(queue) + 1))]
            for _, frame in late:
                if frame is not None and self.hosts[receiver].is_up:
                    self.hosts[receiver].received(sender, frame)
        for sender, receiver in ((a, b), (b, a)):
            if self.hosts[receiver].is_up and self.links[sender, receiver].is_open:
                self.links[sender, receiver].is_open = False
                self.hosts[receiver].session_closed(sender, by_peer=False)
        self.dial(a, b)

    def cut(self, a: str, b: str, *, at_once: bool) -> None:
        """Nothing passes; the sides notice at once, or when they have heard nothing for long."""
        self._cuts.add(frozenset((a, b)))
        for link in (self.links[a, b], self.links[b, a]):
            link.is_lossy = True
            link.queue.clear()
        self._at(0.0 if at_once else SILENCE_MAX_S, lambda: self._end_if_lossy(a, b))

    def lose_one_way(self, sender: str, receiver: str) -> None:
        self.links[sender, receiver].is_lossy = True
        self._at(SILENCE_MAX_S, lambda: self._end_if_lossy(sender, receiver))

    def hold(self, sender: str, receiver: str, for_s: float) -> None:
        self.links[sender, receiver].is_held = True
        self._at(for_s, lambda: self.let_go(sender, receiver))

    def let_go(self, sender: str, receiver: str) -> None:
        self.links[sender, receiver].is_held = False
        self._pump(sender, receiver)

    def disorder(self, sender: str, receiver: str, for_s: float) -> None:
        """Nothing that TCP would do."""
        self.links[sender, receiver].is_disorderly = True
        self._at(for_s, lambda: self.keep_order(sender, receiver))

    def keep_order(self, sender: str, receiver: str) -> None:
        self.links[sender, receiver].is_disorderly = False

    def mend(self, a: str, b: str) -> None:
        self._cuts.discard(frozenset((a, b)))
        self._end_if_lossy(a, b)

    def mend_all(self) -> None:
        for a, b in self.links:
            self.let_go(a, b)
            self.keep_order(a, b)
            self.links[a, b].latency_s = 0.0005
            if a < b:
                self.mend(a, b)
                self.dial(a, b)

    def host_died(self, name: str, *, with_word: bool) -> None:
        """`with_word`: its system still ends the sessions, as after kill -9."""
        for other in self.hosts:
            if other == name:
                continue
            self.links[other, name].is_open = False
            self.links[other, name].queue.clear()
            if not self.links[name, other].is_open:
                continue
            if with_word:
                self._put(name, other, None)
            else:
                self._at(SILENCE_MAX_S, lambda other=other: self._end_dead(name, other))  # type: ignore[misc]

    def resume(self, name: str) -> None:
        for other in self.hosts:
            if other != name:
                self._pump(other, name)

    # How frames travel.

    def _put(self, sender: str, receiver: str, frame: bytes | None) -> None:
        link = self.links[sender, receiver]
        if not link.is_open or link.is_lossy:
            return
        delay_s = link.latency_s * (0.5 + self._random.random())
        if link.is_disorderly and frame is not None:
            for _ in range(self._random.choice((1, 1, 1, 2))):
                strayed_s = self._random.choice((0.0, 0.0, self._random.uniform(0.0, DISORDER_S)))
                self._arrive(sender, receiver, self._now_s() + delay_s + strayed_s, frame)
            return
        link.last_due_s = max(self._now_s() + delay_s, link.last_due_s)
        self._arrive(sender, receiver, link.last_due_s, frame)

    def _arrive(self, sender: str, receiver: str, due_s: float, frame: bytes | None) -> None:
        insort(self.links[sender, receiver].queue, (due_s, frame), key=lambda each: each[0])
        self._at(due_s - self._now_s(), lambda: self._pump(sender, receiver))

    def _pump(self, sender: str, receiver: str) -> None:
        link = self.links[sender, receiver]
        host = self.hosts[receiver]
        while link.queue and not link.is_held and host.is_up and not host.is_paused:
            due_s, frame = link.queue[0]
            if due_s > self._now_s():
                return
            link.queue.popleft()
            if frame is None:
                self._close(sender, receiver, by_peer=True)
                return
            host.received(sender, frame)

    def _close(self, sender: str, receiver: str, *, by_peer: bool) -> None:
        link = self.links[sender, receiver]
        link.queue.clear()
        if not link.is_open:
            return
        link.is_open = False
        if self.hosts[receiver].is_up:
            self.hosts[receiver].session_closed(sender, by_peer=by_peer)
        back = self.links[receiver, sender]
        if back.is_open:
            # The other side sees the end a little later, and loses what was under way to it.
            back.queue.clear()
            self._put(receiver, sender, None)
            if back.is_lossy:
                self._at(SILENCE_MAX_S, lambda: self._end_dead(receiver, sender))
        self._redial(frozenset((sender, receiver)))

    def _end_if_lossy(self, a: str, b: str) -> None:
        if self.links[a, b].is_lossy or self.links[b, a].is_lossy:
            for link in (self.links[a, b], self.links[b, a]):
                link.is_lossy = False
            self._close(a, b, by_peer=False)
            self._close(b, a, by_peer=False)

    def _end_dead(self, sender: str, receiver: str) -> None:
        if self.links[sender, receiver].is_open and not self.links[receiver, sender].is_open:
            self._close(sender, receiver, by_peer=False)

    def _redial(self, pair: frozenset[str]) -> None:
        if pair in self._redialling:
            return
        self._redialling.add(pair)
        a, b = sorted(pair)

        def again() -> None:
            self._redialling.discard(pair)
            self.dial(a, b)

        self._at(self._random.uniform(0.02, 0.3), again)
