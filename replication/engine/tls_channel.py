"""One TLS 1.3 connection as bytes in and bytes out; somebody else carries them."""

import ssl
from enum import StrEnum
from typing import Final, cast

from trimast.edge.tls.identity import TlsIdentity, identity_from_uris

_READ_BYTES: Final = 256 * 1024
_ALERT: Final = 0x15
_HANDSHAKE: Final = 0x16
_MAJOR_VERSION: Final = 0x03
_SPEAK_TLS: Final = bytes.fromhex("15030300020246")
"""A fatal alert, protocol_version: tells who speaks plaintext what is spoken here."""
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_NOT_FROM_OUR_AUTHORITY: Final = {7, 18, 19, 20, 21}
"""As OpenSSL numbers it: a bad signature, self-signed alone or in a chain, issuer unknown."""


class TlsFailure(StrEnum):
    """Why TLS did not come about, or broke. These are labels of a metric: few, and fixed."""

    PLAINTEXT = "tls_plaintext"
    UNEXPECTED = "tls_unexpected"
    UNKNOWN_AUTHORITY = "tls_unknown_authority"
    CERTIFICATE_EXPIRED = "tls_certificate_expired"
    CERTIFICATE_NOT_YET_VALID = "tls_certificate_not_yet_valid"
    CERTIFICATE_MISSING = "tls_certificate_missing"
    CERTIFICATE_REFUSED = "tls_certificate_refused"
    WRONG_IDENTITY = "tls_wrong_identity"
    REFUSED_BY_PEER = "tls_refused_by_peer"
    BROKEN = "tls_broken"


class TlsFailed(Exception):
    def __init__(self, failure: TlsFailure, detail: str) -> None:
        super().__init__(detail)
        self.failure: Final = failure


class TlsChannel:
    """Attributes:
    is_open: both sides have shown their certificates, as far as this side can know: of two, the
        dialling one is open before the other has looked at its certificate.
    is_ended: the other side said that nothing more comes.
    """

    def __init__(self, context: ssl.SSLContext, *, is_dialling: bool) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=not is_dialling)
        self._heard_any = False
        self.is_open = False
        self.is_ended = False

    @property
    def peer(self) -> TlsIdentity | None:
        """Whom the other side's certificate speaks for. None: nobody of any cluster."""
        try:
            certificate = self._tls.getpeercert() or {}
        except ValueError:
            # Signed by our authority, and yet with names that cannot be read.
            return None
        names = cast(tuple[tuple[str, str], ...], certificate.get("subjectAltName", ()))
        return identity_from_uris(name for kind, name in names if kind == "URI")

    def begin(self) -> None:
        """What a dialling side says first is then `to_send`."""
        self._shake_hands()

    def receive(self, data: bytes) -> bytes:
        """Returns what the other side has said, as far as it can be read.

        Raises:
            TlsFailed: it cannot go on. What is `to_send` tells the other side why.
        """
        if not self._heard_any:
            self._heard_any = True
            if data[0] not in (_ALERT, _HANDSHAKE):
                self._outgoing.write(_SPEAK_TLS)
                raise TlsFailed(TlsFailure.PLAINTEXT, "TLS is spoken here")
        self._incoming.write(data)
        try:
            if not self.is_open:
                self._shake_hands()
            return self._read() if self.is_open else b""
        except ssl.SSLError as error:
            raise _named(error) from error

    def seal(self, data: bytes) -> None:
        """It is then part of what is `to_send`."""
        left = memoryview(data)
        while left:
            # A record at a time is taken.
            left = left[self._tls.write(left) :]

    def to_send(self) -> bytes:
        return self._outgoing.read()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        self.is_open = True

    def _read(self) -> bytes:
        pieces: list[bytes] = []
        try:
            while piece := self._tls.read(_READ_BYTES):
                pieces.append(piece)
            self.is_ended = True
        except ssl.SSLWantReadError:
            pass
        return b"".join(pieces)


def looks_like_tls(data: bytes) -> bool:
    """Whether these first bytes of a connection open TLS, or refuse what is not TLS.

    As the length of a frame they would be far too large, so nothing else is lost by looking.
    """
    return len(data) >= 2 and data[0] in (_ALERT, _HANDSHAKE) and data[1] == _MAJOR_VERSION


def _named(error: ssl.SSLError) -> TlsFailed:
    reason = error.reason or type(error).__name__
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsFailed(_failed_verification(error.verify_code), error.verify_message)
    if reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        return TlsFailed(TlsFailure.CERTIFICATE_MISSING, "it showed no certificate")
    if "ALERT" in reason:
        return TlsFailed(TlsFailure.REFUSED_BY_PEER, reason)
    return TlsFailed(TlsFailure.BROKEN, reason)


def _failed_verification(code: int) -> TlsFailure:
    if code == _EXPIRED:
        return TlsFailure.CERTIFICATE_EXPIRED
    if code == _NOT_YET_VALID:
        return TlsFailure.CERTIFICATE_NOT_YET_VALID
    if code in _NOT_FROM_OUR_AUTHORITY:
        return TlsFailure.UNKNOWN_AUTHORITY
    return TlsFailure.CERTIFICATE_REFUSED
