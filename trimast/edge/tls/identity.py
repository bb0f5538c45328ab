"""Whom a certificate speaks for: one role of one cluster, by a URI such as trimast://blue/master/m1."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_URI: Final = re.compile(rf"trimast://({_NAME})/(master|agent|client)/({_NAME})")


class Role(StrEnum):
    """What a certificate lets its holder be. Only a master may speak Raft."""

    MASTER = "master"
    AGENT = "agent"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    cluster: str
    role: Role
    name: str

    def __str__(self) -> str:
        return f"trimast://{self.cluster}/{self.role}/{self.name}"


def identity_from_uris(uris: Iterable[str]) -> TlsIdentity | None:
    """None unless exactly one of them is of our kind, to the letter."""
    own = [uri for uri in uris if uri.lower().startswith("trimast:")]
    match = _URI.fullmatch(own[0]) if len(own) == 1 else None
    return None if match is None else TlsIdentity(match[1], Role(match[2]), match[3])


def is_name(text: str) -> bool:
    """Whether a cluster or a member may be called so."""
    return re.fullmatch(_NAME, text) is not None
