"""The launcher's loop: orders come in, and news go out."""

import errno
import os
import selectors
import signal
import socket
import time
from typing import Final

from agent.launcher.beside import Beside, Besides
from agent.launcher.cgroups.contract import Bounds
from agent.launcher.holding import Holder
from agent.launcher.journal import Journal
from agent.launcher.launch import RECORDS_DAMAGED, UNKNOWN, VANISHED, Launch, news_of
from agent.launcher.peer import Peer
from agent.launcher.running import Running
from agent.launcher.said import say
from agent.launcher.spawning import BATCH_MAX
from agent.launcher.wire import CAN, VERSION, Message

LOOK_AGAIN_S: Final = 0.005
"""For groups to be empty: nothing tells of that in cgroup v1."""
END_WAIT_S: Final = 5.0
"""For what was killed to be gone; a process may hang in the kernel."""


class Launcher:
    """
    Args:
        listener: where agents connect; one at a time, the newest counts.
        holder: keeps the tasks within their bounds.
        idle_s: without an agent and without a living task, it ends after this.
    """

    def __init__(
        self, listener: socket.socket, journal: Journal, holder: Holder, *, idle_s: float
    ) -> None:
        self._listener = listener
        self._journal = journal
        self._holder = holder
        self._idle_s = idle_s
        self._selector = selectors.DefaultSelector()
        self._running = Running(journal, holder, self._selector, self._tell)
        self._besides = Besides(holder.enter, self._selector, self._tell)
        self._peer: Peer | None = None
        self._orders: list[Message] = []
        self._alone_since_s = time.monotonic()
        self._end_by_s: float | None = None
        self._leaves = False

    def serve(self) -> None:
        """Until there is nothing left to do, or it is told to end. Raises OSError: the disk."""
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._running.find_orphans()
        while not self._is_done():
            ready = self._selector.select(self._wait_s())
            for key, mask in ready:
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.data, Launch):
                    self._running.look_at(key.data, key.fd)
                    if key.fd == key.data.handle:
                        self._besides.end_of(key.data.name)
                elif isinstance(key.data, Beside):
                    self._besides.look_at(key.data, key.fd)
                elif key.data is self._peer:
                    self._talk(mask)
            self._start_some()
            self._running.empty()
            self._running.settle()
            self._journal.shrink(self._running.launches)
            self._flush()
        self._holder.close()
        if self._peer is not None:
            self._peer.close()

    def _is_done(self) -> bool:
        now_s = time.monotonic()
        if self._end_by_s is not None:
            is_all = not self._running.live and not self._holder.has_leaving
            return is_all or now_s >= self._end_by_s
        if self._running.live or self._peer is not None:
            return False
        return self._leaves or now_s - self._alone_since_s >= self._idle_s

    def _wait_s(self) -> float | None:
        if self._orders:
            return 0.0
        if self._running.has_ending or self._holder.has_leaving:
            return LOOK_AGAIN_S
        if self._end_by_s is not None:
            return max(0.0, self._end_by_s - time.monotonic())
        if self._running.live or self._peer is not None:
            return None
        return max(0.0, self._alone_since_s + self._idle_s - time.monotonic())

    # The agent.

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOMEM}:
                raise
            return  # It went away again.
        if self._peer is not None:
            # What it had still to say is void: the agent that comes asks what was done of it.
            self._drop_peer("another agent has connected")
        self._orders.clear()
        self._peer = Peer(connection)
        self._leaves = False
        self._selector.register(connection, selectors.EVENT_READ, self._peer)

    def _talk(self, mask: int) -> None:
        assert self._peer is not None
        if not mask & selectors.EVENT_READ:
            return
        messages = self._peer.receive()
        if messages is None:
            self._drop_peer("the agent has gone")
            return
        for message in messages:
            try:
                self._obey(message)
            except (KeyError, TypeError, ValueError) as error:
                say("message_not_understood", what=str(message)[:200], error=repr(error))
                self._drop_peer("a message was not understood")
                return

    def _drop_peer(self, why: str) -> None:
        assert self._peer is not None
        say("agent_left", why=why)
        self._selector.unregister(self._peer.connection)
        self._peer.close()
        self._peer = None
        self._besides.end_all()
        self._alone_since_s = time.monotonic()

    def _flush(self) -> None:
        peer = self._peer
        if peer is None:
            return
        if not peer.flush():
            self._drop_peer("the agent does not listen")
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.has_more else 0)
        self._selector.modify(peer.connection, wanted, peer)

    def _tell(self, message: Message) -> None:
        # Before it has said hello an agent expects nothing else; and then it asks for itself.
        if self._peer is not None and self._peer.has_said_hello:
            self._peer.send(message)

    def _obey(self, message: Message) -> None:
        match message["do"]:
            case "hello":
                say("agent_came", version=message["version"])
                self._greet()
            case "start":
                self._order_start(message)
            case "watch":
                self._answer(message)
            case "signal":
                self._running.signal(
                    message["launch"], int(message["number"]), str(message["mark"])
                )
            case "pause":
                self._running.pause(message["launch"], bool(message["paused"]))
            case "bound":
                self._running.bound(message["launch"], Bounds.of(message["bounds"]))
            case "beside":
                assert self._peer is not None
                launch = self._running.launches.get(message["launch"])
                self._besides.start(message, launch, self._peer.pid)
            case "end_beside":
                # An earlier agent names no signal.
                self._besides.end(message["number"], message.get("signal", signal.SIGKILL))
            case "usage":
                self._running.resize_some()
                self._tell_usage()
            case "list":
                live = [launch.name for launch in self._running.launches.values() if launch.is_live]
                done = [
                    launch.name for launch in self._running.launches.values() if not launch.is_live
                ]
                self._tell({"say": "list", "live": live, "done": done})
                self._running.drop_strays()
            case "forget":
                self._running.forget(message["launches"])
            case "leave":
                self._leaves = True
            case "end":
                self._orders.clear()
                self._besides.end_all()
                self._end_by_s = time.monotonic() + END_WAIT_S
                self._running.end_all()
            case other:
                raise ValueError(f"nothing is called {other!r}")

    def _greet(self) -> None:
        assert self._peer is not None
        self._peer.has_said_hello = True
        self._tell(
            {
                "say": "hello",
                "version": VERSION,
                "pid": os.getpid(),
                "can": CAN,
                "damage": self._journal.damage,
                "isolation": self._holder.kind,
                "isolation_why": self._holder.why,
            }
        )

    def _order_start(self, order: Message) -> None:
        """Once for a name, ever, however often it is said."""
        known = self._running.launches.get(order["launch"])
        if known is None and self._end_by_s is None:
            self._orders.append(order)
        elif known is not None and known.is_told:
            self._tell(news_of(known))

    def _start_some(self) -> None:
        # The same may have been ordered twice since; or in the batch before.
        orders = {
            order["launch"]: order
            for order in self._orders[:BATCH_MAX]
            if order["launch"] not in self._running.launches
        }
        del self._orders[:BATCH_MAX]
        if orders:
            self._running.start_all(orders)

    def _answer(self, message: Message) -> None:
        """What has become of it? The agent may know of a process of which nothing is known here."""
        name = message["launch"]
        launch = self._running.launches.get(name)
        if launch is None and message["pid"]:
            place = (message["pid"], message["start_ticks"], message["boot_id"])
            launch = Launch(name, VANISHED, *place, message["folder"])
            launch.group = message.get("group", "")
            self._running.take_over(launch)
            if launch.is_live:
                self._tell(news_of(launch))
            return  # If it is gone, that is told once it is written down.
        if launch is not None:
            if launch.is_told:
                self._tell(news_of(launch))
            return
        is_sure = not self._journal.damage
        phase, why = (UNKNOWN, "") if is_sure else (VANISHED, RECORDS_DAMAGED)
        self._tell(news_of(Launch(name, phase, why=why)))

    def _tell_usage(self) -> None:
        used = {
            launch.name: usage
            for launch in self._running.launches.values()
            if launch.is_live and (usage := self._holder.usage(launch)) is not None
        }
        self._tell({"say": "usage", "at": time.time(), "launches": used})
