"""The Raft link: one session with each peer, dialled by the one whose id is lower."""

import asyncio
import itertools
from collections import deque
from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from protos.trimast.v1 import raft_link_pb2 as pb
from replication.config import PeerAddress, ReplicationConfig
from replication.engine.acceptor import Acceptor
from replication.engine.messages import Standing
from replication.engine.session import Session
from replication.engine.tls_channel import TlsFailure
from replication.engine.wire import (
    MalformedFrame,
    get_standing,
    parse_frame,
    put_standing,
)
from replication.observer import LogObserver

if TYPE_CHECKING:
    from replication.engine.link_tls import LinkTls

log = structlog.get_logger(__name__)

PROTOCOL_VERSION: Final = 2
STRANGERS_MAX: Final = 64
_CONNECT_TIMEOUT_S: Final = 1.0
_CLOSE_TIMEOUT_S: Final = 2.0


class LinkUser(Protocol):
    @property
    def standing(self) -> Standing:
        """What is said of this replica when a session begins."""

    def session_opened(self, peer: str, standing: Standing) -> None: ...

    def session_closed(self, peer: str, *, by_peer: bool) -> None: ...

    def received(self, peer: str, frame: bytes) -> None: ...

    def all_received(self) -> None:
        """What was received last was all that came at once."""


class Net:
    """Implements `outbox.Links`, and `session.SessionOwner`."""

    def __init__(
        self,
        config: ReplicationConfig,
        user: LinkUser,
        *,
        random: Random,
        observer: LogObserver,
        tls: "LinkTls | None" = None,
    ) -> None:
        self._config = config
        self._contacts: dict[str, PeerAddress] = dict(config.peers)
        self._tls = tls
        self._user = user
        self._random = random
        self._observer = observer
        self._sessions_dialled = 0
        self._open: dict[str, Session] = {}
        self._strangers: dict[Session, asyncio.TimerHandle] = {}
        self._sessions: set[Session] = set()
        self._newest_hello: dict[str, tuple[int, int]] = {}
        self._refusals: dict[str, str] = {}
        self._refused_lately: deque[str] = deque(maxlen=STRANGERS_MAX)
        self._acceptor = Acceptor(self._new_session, backlog=STRANGERS_MAX)
        self._is_started = False
        self._dialling: dict[str, asyncio.Task[None]] = {}
        self._is_closed = False

    def start(self) -> None:
        """Raises `OSError` if it cannot listen."""
        if not (self._contacts or self._tls or self._config.insecure or self._config.is_local):
            # Alone, and nobody could be let in: others can be added only with certificates.
            return
        self._acceptor.start(self._config.listen_host, self._config.listen_port)
        self._is_started = True
        log.info(
            "raft_link_listens",
            address=self._config.listen_host,
            port=self._config.listen_port,
            encrypted=self._tls is not None,
        )
        if self._config.insecure and self._tls is None:
            log.warning("raft_link_insecure", detail="who reaches the port can play a replica")
        self._dial_contacts()

    def set_contacts(self, contacts: Mapping[str, PeerAddress]) -> None:
        moved = {p for p, address in self._contacts.items() if contacts.get(p) != address}
        self._contacts = dict(contacts)
        for peer in moved:
            task = self._dialling.pop(peer, None)
            if task is not None:
                task.cancel()
            if peer in self._open:
                self._open[peer].close()
        self._dial_contacts()

    @property
    def contacts(self) -> Mapping[str, PeerAddress]:
        """With whom there should be a session."""
        return self._contacts

    def close_session(self, peer: str) -> None:
        session = self._open.pop(peer, None)
        if session is not None:
            session.close()

    def send(self, peer: str, frame: bytes) -> None:
        session = self._open.get(peer)
        if session is not None:
            session.send(frame)

    def abort(self) -> None:
        """At once, and without a word."""
        self._is_closed = True
        self._acceptor.stop()
        for task in self._dialling.values():
            task.cancel()
        for session in list(self._sessions):
            session.abort()

    async def close(self) -> None:
        self.abort()
        await asyncio.gather(*self._dialling.values(), return_exceptions=True)
        await self._acceptor.wait_stopped()
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            while self._sessions:
                await next(iter(self._sessions)).ended.wait()

    # What sessions tell.

    def connection_made(self, session: Session) -> None:
        if len(self._strangers) >= STRANGERS_MAX or self._is_closed:
            session.abort()
            return
        loop = asyncio.get_running_loop()
        self._strangers[session] = loop.call_later(
            self._config.handshake_timeout_ms / 1000, self._reject, session, "handshake_timeout"
        )

    def ready(self, session: Session) -> None:
        fault = self._fault_of_certificate(session)
        if fault is not None:
            refusal = pb.RaftRefusal(cause=pb.RaftRefusal.UNKNOWN_REPLICA, detail=fault)
            self._refuse(session, refusal, TlsFailure.WRONG_IDENTITY)
        elif session.dialled is not None:
            self._sessions_dialled += 1
            standing = self._user.standing
            hello = pb.RaftHello(
                protocol_version=PROTOCOL_VERSION,
                cluster_id=self._config.cluster_id,
                replica_id=self._config.replica_id,
                to_replica_id=session.dialled,
                incarnation=standing.incarnation,
                session=self._sessions_dialled,
                standing=put_standing(standing),
            )
            session.send(pb.RaftFrame(hello=hello).SerializeToString())

    def frame_received(self, session: Session, frame: bytes) -> None:
        try:
            if session.peer is not None:
                self._user.received(session.peer, frame)
            else:
                self._shake_hands(session, parse_frame(frame))
        except MalformedFrame as error:
            self._reject(session, "malformed_frame", detail=str(error))

    def frames_ended(self, session: Session) -> None:
        if session.peer is not None:
            self._user.all_received()

    def frame_too_large(self, session: Session, size_bytes: int) -> None:
        self._reject(session, "frame_too_large", detail=f"{size_bytes} bytes")

    def tls_failed(self, session: Session, failure: TlsFailure, detail: str) -> None:
        # Not aborted: what tells the other side the reason shall still go out.
        self._reject(session, failure, detail, abort=False)
        session.close()

    def connection_lost(self, session: Session) -> None:
        self._sessions.discard(session)
        handle = self._strangers.pop(session, None)
        if handle is not None:
            handle.cancel()
        peer = session.peer
        if peer is None and session.dialled is not None and session.closed_by_peer:
            what = "before TLS came about" if self._tls is not None else "before it said who it is"
            self._reject(session, "cut_short", f"closed by the other side {what}")
        if peer is None or self._open.get(peer) is not session:
            return
        del self._open[peer]
        log.info("raft_session_closed", peer=peer, by_peer=session.closed_by_peer)
        self._user.session_closed(peer, by_peer=session.closed_by_peer)

    # The handshake.

    def _shake_hands(self, session: Session, frame: pb.RaftFrame) -> None:
        match frame.WhichOneof("content"):
            case "hello" if session.dialled is None:
                self._answer_hello(session, frame.hello)
            case "welcome" if session.dialled is not None:
                if frame.welcome.replica_id != session.dialled:
                    raise MalformedFrame(f"{frame.welcome.replica_id!r} is not {session.dialled!r}")
                self._opened(session, session.dialled, get_standing(frame.welcome.standing))
            case "refusal" if session.dialled is not None:
                cause = pb.RaftRefusal.Cause.Name(frame.refusal.cause)
                self._note_refusal(session.dialled, f"{cause}: {frame.refusal.detail}")
                session.abort()
            case "refusal" if session.certificate_of is not None:
                self._reject(session, "refused_by_peer", detail=repr(frame.refusal.detail))
            case other:
                raise MalformedFrame(f"{other} instead of a handshake")

    def _answer_hello(self, session: Session, hello: pb.RaftHello) -> None:
        certified = session.certificate_of
        if certified is not None and certified.name != hello.replica_id:
            detail = f"its certificate speaks for {certified}, it says {hello.replica_id!r}"
            refusal = pb.RaftRefusal(cause=pb.RaftRefusal.UNKNOWN_REPLICA, detail=detail)
            self._refuse(session, refusal, TlsFailure.WRONG_IDENTITY)
            return
        refused = self._refusal(hello)
        if refused is not None:
            self._refuse(session, refused, "peer_refused")
            return
        standing = get_standing(hello.standing)
        self._newest_hello[hello.replica_id] = (hello.incarnation, hello.session)
        welcome = pb.RaftWelcome(
            replica_id=self._config.replica_id, standing=put_standing(self._user.standing)
        )
        session.send(pb.RaftFrame(welcome=welcome).SerializeToString())
        self._opened(session, hello.replica_id, standing)

    def _fault_of_certificate(self, session: Session) -> str | None:
        if self._tls is None:
            return None
        return self._tls.fault_of(session.certificate_of, dialled=session.dialled)

    def _refuse(self, session: Session, refusal: pb.RaftRefusal, label: str) -> None:
        if refusal.detail not in self._refused_lately:
            # Who is refused comes again and again.
            self._refused_lately.append(refusal.detail)
            log.error(
                "raft_peer_refused",
                peer=session.dialled,
                address=session.address,
                cause=pb.RaftRefusal.Cause.Name(refusal.cause),
                detail=refusal.detail,
            )
        self._observer.frame_rejected(label)
        session.send(pb.RaftFrame(refusal=refusal).SerializeToString())
        session.close()

    def _refusal(self, hello: pb.RaftHello) -> pb.RaftRefusal | None:
        refused = pb.RaftRefusal
        ours = self._config
        if hello.protocol_version != PROTOCOL_VERSION:
            detail = f"protocol {hello.protocol_version}, here is {PROTOCOL_VERSION}"
            return refused(cause=refused.OTHER_PROTOCOL, detail=detail)
        if hello.cluster_id != ours.cluster_id:
            detail = f"cluster {hello.cluster_id!r}, here is {ours.cluster_id!r}"
            return refused(cause=refused.OTHER_CLUSTER, detail=detail)
        if hello.to_replica_id != ours.replica_id:
            detail = f"looks for {hello.to_replica_id!r}, here is {ours.replica_id!r}"
            return refused(cause=refused.NOT_ME, detail=detail)
        if hello.replica_id not in self._contacts or hello.replica_id >= ours.replica_id:
            detail = f"{hello.replica_id!r} is no peer that dials {ours.replica_id!r}"
            return refused(cause=refused.UNKNOWN_REPLICA, detail=detail)
        incarnation, newest = self._newest_hello.get(hello.replica_id, (0, 0))
        if hello.incarnation == incarnation and hello.session <= newest:
            # N9: an old connection that was slow to arrive must not replace the new one.
            detail = f"session {hello.session} after {newest}"
            return refused(cause=refused.OLD_SESSION, detail=detail)
        return None

    def _opened(self, session: Session, peer: str, standing: Standing) -> None:
        self._strangers.pop(session).cancel()
        older = self._open.pop(peer, None)
        if older is not None:
            # N9: one session with each peer, so that all it says keeps its order.
            older.abort()
            self._user.session_closed(peer, by_peer=False)
        session.peer = peer
        self._open[peer] = session
        self._refusals.pop(peer, None)
        log.info("raft_session_opened", peer=peer, address=session.address)
        self._user.session_opened(peer, standing)

    def _reject(
        self, session: Session, cause: str, detail: str = "", *, abort: bool = True
    ) -> None:
        if session.dialled is None or self._is_news(session.dialled, f"{cause}: {detail}"):
            log.warning(
                "raft_session_rejected",
                peer=session.peer or session.dialled,
                address=session.address,
                cause=cause,
                detail=detail,
            )
        self._observer.frame_rejected(cause)
        if abort:
            session.abort()

    def _note_refusal(self, peer: str, text: str) -> None:
        if self._is_news(peer, text):
            log.error("raft_refused_by_peer", peer=peer, detail=text)

    def _is_news(self, peer: str, text: str) -> bool:
        """A peer is dialled again and again, and each time the same is wrong with it."""
        if self._refusals.get(peer) == text:
            return False
        self._refusals[peer] = text
        return True

    # Dialling.

    def _dial_contacts(self) -> None:
        if not self._is_started:
            return
        loop = asyncio.get_running_loop()
        for peer, address in sorted(self._contacts.items()):
            if self._config.replica_id < peer and peer not in self._dialling:
                dialling = self._keep_dialling(peer, address)
                self._dialling[peer] = loop.create_task(dialling, name=f"dial {peer}")

    def _new_session(self, dialled: str | None = None) -> Session:
        tls = None if self._tls is None else self._tls.channel(is_dialling=dialled is not None)
        session = Session(self, outbound_bytes_max=self._config.outbound_bytes_max, tls=tls)
        session.dialled = dialled
        self._sessions.add(session)
        return session

    async def _keep_dialling(self, peer: str, address: PeerAddress) -> None:
        delay_min_s = self._config.reconnect_delay_min_ms / 1000
        delay_max_s = self._config.reconnect_delay_max_ms / 1000
        delay_s = delay_min_s
        # A configuration cannot know of members that moved while none of them led: then the
        # settings do. Who answers says who it is, wherever that is.
        named = self._config.peers.get(peer, address)
        for where in itertools.cycle(dict.fromkeys((address, named))):
            if await self._dial(peer, where):
                delay_s = delay_min_s
            await asyncio.sleep(delay_s * (0.5 + self._random.random()))
            delay_s = min(2 * delay_s, delay_max_s)

    async def _dial(self, peer: str, address: PeerAddress) -> bool:
        """Hold one session until it ends; whether there was one at all."""
        session = self._new_session(dialled=peer)
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                await asyncio.get_running_loop().create_connection(
                    lambda: session, address.host, address.port
                )
        except OSError as error:
            log.debug("raft_peer_not_reached", peer=peer, detail=str(error))
            return False
        finally:
            if not session.is_connected:
                self._sessions.discard(session)
        await session.ended.wait()
        return session.peer is not None
