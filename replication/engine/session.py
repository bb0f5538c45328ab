"""One connection between two replicas: frames in order, each with its length before it."""

import asyncio
import errno
import socket
from typing import Final, Protocol, cast

from replication.engine.tls_channel import TlsChannel, TlsFailed, TlsFailure, looks_like_tls
from replication.engine.wire import FRAME_BYTES_MAX
from trimast.edge.tls.identity import TlsIdentity

_LENGTH_BYTES: Final = 4
STRANGER_FRAME_BYTES_MAX: Final = 1024
"""Who has not said who it is may not make us keep more than this."""
_UNANSWERED_MAX_MS: Final = 3_000
_KEEPALIVE_IDLE_S: Final = 2
_GONE: Final = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}


class SessionOwner(Protocol):
    def connection_made(self, session: "Session") -> None: ...

    def ready(self, session: "Session") -> None:
        """Frames may be sent, and will come. With TLS: certificates were shown and are valid."""

    def tls_failed(self, session: "Session", failure: TlsFailure, detail: str) -> None: ...

    def frame_received(self, session: "Session", frame: bytes) -> None: ...

    def frames_ended(self, session: "Session") -> None:
        """These were all that came at once."""

    def frame_too_large(self, session: "Session", size_bytes: int) -> None: ...

    def connection_lost(self, session: "Session") -> None: ...


class Session(asyncio.Protocol):
    """Attributes:
    peer: set by the owner once the handshake is done.
    closed_by_peer: the other side, or its system, ended the connection.
    ended: set when the connection is gone.
    """

    def __init__(
        self, owner: SessionOwner, *, outbound_bytes_max: int, tls: TlsChannel | None = None
    ) -> None:
        self._owner = owner
        self._tls = tls
        self._is_ready = False
        self._outbound_bytes_max = outbound_bytes_max
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._is_aborted = False
        self.peer: str | None = None
        self.dialled: str | None = None
        self.closed_by_peer = False
        self.ended = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        return self._transport is not None

    @property
    def address(self) -> str:
        name = None if self._transport is None else self._transport.get_extra_info("peername")
        return "unknown" if name is None else f"{name[0]}:{name[1]}"

    @property
    def certificate_of(self) -> TlsIdentity | None:
        return None if self._tls is None else self._tls.peer

    def send(self, frame: bytes) -> None:
        """A peer that lets too much wait loses the session: it could not keep up anyway."""
        if self._transport is None or self._is_aborted:
            return
        data = len(frame).to_bytes(_LENGTH_BYTES, "big") + frame
        if self._tls is None:
            self._transport.write(data)
        else:
            self._tls.seal(data)
            self._transport.write(self._tls.to_send())
        if self._transport.get_write_buffer_size() > self._outbound_bytes_max:
            self.abort()

    def close(self) -> None:
        """What was sent still goes out; nothing is taken in any more."""
        self._is_aborted = True
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Nothing goes out, nothing is taken in; `ended` follows in a later turn."""
        self._is_aborted = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._is_aborted:
            self._transport.abort()
            return
        connection = self._transport.get_extra_info("socket")
        # asyncio does it for what is dialled only. A second small message would wait 40 ms until
        # the other side's system acknowledges the first.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _watch_for_silence(connection)
        self._owner.connection_made(self)
        if self._transport.is_closing():
            return
        if self._tls is None:
            self._owner.ready(self)
        elif self.dialled is not None:
            self._tls.begin()
            self._transport.write(self._tls.to_send())

    def data_received(self, data: bytes) -> None:
        if self._is_aborted:
            return
        if self._tls is not None:
            self._decipher(self._tls, data)
        elif self.peer is None and not self._received and looks_like_tls(data):
            self._owner.tls_failed(self, TlsFailure.UNEXPECTED, "plaintext is spoken here")
        else:
            self._take(data)

    def _decipher(self, tls: TlsChannel, data: bytes) -> None:
        assert self._transport is not None
        try:
            data = tls.receive(data)
        except TlsFailed as error:
            # Says to the other side what is wrong.
            self._transport.write(tls.to_send())
            self._owner.tls_failed(self, error.failure, str(error))
            return
        self._transport.write(tls.to_send())
        if tls.is_open and not self._is_ready:
            self._is_ready = True
            self._owner.ready(self)
        self._take(data)
        if tls.is_ended and not self._is_aborted:
            self.eof_received()
            self._transport.close()

    def _take(self, data: bytes) -> None:
        received = self._received
        received += data
        start = 0
        while not self._is_aborted and len(received) - start >= _LENGTH_BYTES:
            body = start + _LENGTH_BYTES
            size_bytes = int.from_bytes(received[start:body], "big")
            limit = STRANGER_FRAME_BYTES_MAX if self.peer is None else FRAME_BYTES_MAX
            if size_bytes > limit:
                self._owner.frame_too_large(self, size_bytes)
                break
            if len(received) - body < size_bytes:
                break
            start = body + size_bytes
            self._owner.frame_received(self, bytes(received[body:start]))
        if start:
            del received[:start]
            self._owner.frames_ended(self)

    def eof_received(self) -> None:
        self.closed_by_peer = not self._is_aborted

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError) and exc.errno in _GONE and not self._is_aborted:
            self.closed_by_peer = True
        self._is_aborted = True
        self._owner.connection_lost(self)
        self.ended.set()


def _watch_for_silence(connection: socket.socket) -> None:
    """Have the system end a connection whose other side has vanished without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNANSWERED_MAX_MS)
