"""The launcher's loop: orders come in, processes start and end, news go out."""

import contextlib
import errno
import os
import selectors
import signal
import socket
import time
from typing import Any, Final

from agent.launcher.journal import Journal, Record, began, forgotten, marked, over
from agent.launcher.launch import (
    ENDED,
    FAILED,
    LAUNCHER_DIED,
    MACHINE_RESTARTED,
    RECORDS_DAMAGED,
    RUNNING,
    UNKNOWN,
    VANISHED,
    Launch,
    news_of,
)
from agent.launcher.peer import Peer
from agent.launcher.processes import boot_id, kill_left_of_group, open_if_it_is, signal_group
from agent.launcher.said import say
from agent.launcher.spawning import BATCH_MAX, Spawner
from agent.launcher.wire import VERSION, Message

END_WAIT_S: Final = 5.0
"""For what was killed to be gone; a process may hang in the kernel."""


class Launcher:
    """
    Args:
        listener: where agents connect; one at a time, the newest counts.
        idle_s: without an agent and without a living task, it ends after this.
    """

    def __init__(self, listener: socket.socket, journal: Journal, *, idle_s: float) -> None:
        self._listener = listener
        self._journal = journal
        self._idle_s = idle_s
        self._boot_id = boot_id()
        self._launches = journal.launches
        self._spawner = Spawner(self._boot_id)
        self._selector = selectors.DefaultSelector()
        self._peer: Peer | None = None
        self._orders: list[Message] = []
        self._over: list[Launch] = []
        self._live = 0
        self._alone_since_s = time.monotonic()
        self._end_by_s: float | None = None
        self._leaves = False

    def serve(self) -> None:
        """Until there is nothing left to do, or it is told to end. Raises OSError: the disk."""
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._find_orphans()
        while not self._is_done():
            ready = self._selector.select(self._wait_s())
            for key, mask in ready:
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.data, Launch):
                    self._look_at(key.data, key.fd)
                elif key.data is self._peer:
                    self._talk(mask)
            self._start_all()
            self._settle()
            self._journal.shrink(self._launches)
            self._flush()
        if self._peer is not None:
            self._peer.close()

    def _is_done(self) -> bool:
        now_s = time.monotonic()
        if self._end_by_s is not None:
            return self._live == 0 or now_s >= self._end_by_s
        if self._live or self._peer is not None:
            return False
        return self._leaves or now_s - self._alone_since_s >= self._idle_s

    def _wait_s(self) -> float | None:
        if self._orders:
            return 0.0
        if self._end_by_s is not None:
            return max(0.0, self._end_by_s - time.monotonic())
        if self._live or self._peer is not None:
            return None
        return max(0.0, self._alone_since_s + self._idle_s - time.monotonic())

    def _find_orphans(self) -> None:
        """An earlier launcher started these, and is gone: they run on, but not as our children."""
        for launch in self._launches.values():
            if launch.is_live:
                launch.phase = VANISHED
                self._watch(launch)
        self._settle()

    def _watch(self, launch: Launch) -> None:
        """A process that is not our child: look whether it is still there."""
        if launch.boot_id != self._boot_id:
            launch.why = MACHINE_RESTARTED
            self._over.append(launch)
            return
        handle = open_if_it_is(launch.pid, launch.start_ticks)
        if handle is None:
            kill_left_of_group(launch.pid, launch.folder)
            launch.why = LAUNCHER_DIED
            self._over.append(launch)
            return
        launch.phase, launch.handle = RUNNING, handle
        self._live += 1
        self._selector.register(handle, selectors.EVENT_READ, launch)

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
        if self._peer is not None:
            self._peer.send(message)

    def _obey(self, message: Message) -> None:
        match message["do"]:
            case "hello":
                say("agent_came", version=message["version"])
                pid, damage = os.getpid(), self._journal.damage
                self._tell({"say": "hello", "version": VERSION, "pid": pid, "damage": damage})
            case "start":
                self._order_start(message)
            case "watch":
                self._answer(message)
            case "signal":
                self._signal(message["launch"], int(message["number"]), str(message["mark"]))
            case "list":
                live = [launch.name for launch in self._launches.values() if launch.is_live]
                done = [launch.name for launch in self._launches.values() if not launch.is_live]
                self._tell({"say": "list", "live": live, "done": done})
            case "forget":
                self._forget(message["launches"])
            case "leave":
                self._leaves = True
            case "end":
                self._end_all()
            case other:
                raise ValueError(f"nothing is called {other!r}")

    def _order_start(self, order: Message) -> None:
        """Once for a name, ever, however often it is said."""
        known = self._launches.get(order["launch"])
        if known is None and self._end_by_s is None:
            self._orders.append(order)
        elif known is not None and known.is_told:
            self._tell(news_of(known))

    def _answer(self, message: Message) -> None:
        """What has become of it? The agent may know of a process of which nothing is known here."""
        name = message["launch"]
        launch = self._launches.get(name)
        if launch is None and message["pid"]:
            place = (message["pid"], message["start_ticks"], message["boot_id"])
            launch = Launch(name, VANISHED, *place, message["folder"])
            self._launches[name] = launch
            self._journal.append([began(launch)])
            self._watch(launch)
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

    def _signal(self, name: str, number: int, mark: str) -> None:
        launch = self._launches.get(name)
        if launch is None or not launch.is_live:
            return
        if mark and not launch.mark:
            # Before the blow: whoever reads it must never take its end for one of its own accord.
            launch.mark = mark
            self._journal.append([marked(launch)])
        is_ours = launch.is_child or open_still(launch)
        if is_ours and not signal_group(launch.pid, number):
            say("task_not_signalled", launch=name, signal=number)

    def _forget(self, names: list[str]) -> None:
        records: list[Record] = []
        for name in names:
            launch = self._launches.get(name)
            if launch is not None and not launch.is_live:
                del self._launches[name]
                records.append(forgotten(name))
        self._journal.append(records)

    def _end_all(self) -> None:
        say("ends_all", tasks=self._live)
        self._orders.clear()
        self._end_by_s = time.monotonic() + END_WAIT_S
        for launch in self._launches.values():
            if launch.is_live and (launch.is_child or open_still(launch)):
                signal_group(launch.pid, signal.SIGKILL)

    # Processes.

    def _start_all(self) -> None:
        # The same may have been ordered twice since; or in the batch before.
        orders = {
            order["launch"]: order
            for order in self._orders[:BATCH_MAX]
            if order["launch"] not in self._launches
        }
        del self._orders[:BATCH_MAX]
        if not orders:
            return
        try:
            launches = self._spawner.fork_all(list(orders.values()))
        except OSError as error:
            self._fail_all(list(orders), f"[Errno {error.errno}] {error.strerror}")
            return
        self._journal.append([began(launch) for launch in launches])
        self._spawner.open_gate(len(launches))
        for launch in launches:
            self._launches[launch.name] = launch
            self._live += 1
            self._selector.register(launch.handle, selectors.EVENT_READ, launch)
            self._selector.register(launch.errors, selectors.EVENT_READ, launch)

    def _fail_all(self, names: list[str], why: str) -> None:
        say("cannot_fork", tasks=len(names), why=why)
        for name in names:
            self._launches[name] = launch = Launch(name, FAILED, why=why)
            self._over.append(launch)

    def _look_at(self, launch: Launch, file: int) -> None:
        if launch.errors != -1:
            self._hear_of_start(launch)
        if file == launch.handle:
            self._selector.unregister(launch.handle)
            self._live -= 1
            self._over.append(launch)

    def _hear_of_start(self, launch: Launch) -> None:
        """Nothing is heard of a start that went well but that nobody can complain any more."""
        try:
            complaint = os.read(launch.errors, 4096)
        except BlockingIOError:
            complaint = b""
        self._selector.unregister(launch.errors)
        os.close(launch.errors)
        launch.errors = -1
        if complaint:
            launch.why = complaint.decode("utf-8", "replace")
            return  # The process ends by itself, and that is when this is told.
        launch.is_told = True
        self._tell(news_of(launch))

    def _settle(self) -> None:
        """Ends are written down, then told. Until they are, the numbers stay taken."""
        ends, self._over = self._over, []
        if not ends:
            return
        for launch in ends:
            self._learn_end(launch)
        self._journal.append([over(launch) for launch in ends])
        self._journal.sync()
        for launch in ends:
            if launch.is_child:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(launch.pid, 0)
            if launch.handle != -1:
                os.close(launch.handle)
                launch.handle = -1
            launch.is_told = True
            self._tell(news_of(launch))

    def _learn_end(self, launch: Launch) -> None:
        if launch.phase != RUNNING:
            return  # It was over before it could be watched.
        if not launch.is_child:
            launch.phase, launch.why = VANISHED, LAUNCHER_DIED
            kill_left_of_group(launch.pid, launch.folder)
            return
        # First whatever it left behind, while the number of the group is still its own.
        signal_group(launch.pid, signal.SIGKILL)
        end: Any = os.waitid(os.P_PID, launch.pid, os.WEXITED | os.WNOWAIT)
        if launch.why:
            launch.phase = FAILED
            return
        launch.phase = ENDED
        if end.si_code == os.CLD_EXITED:
            launch.exit_code = end.si_status
        else:
            launch.signal = end.si_status


def open_still(launch: Launch) -> bool:
    """Whether a process that is not our child is still the one it was."""
    handle = open_if_it_is(launch.pid, launch.start_ticks)
    if handle is None:
        return False
    os.close(handle)
    return True
