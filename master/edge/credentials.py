"""Who may speak to this master over HTTP, and how it knows them."""

import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_BYTES_MAX: Final = 1024 * 1024


class CredentialsRefused(Exception):
    """Its text names the file, and says what would be right."""


class Credentials:
    """Secrets are kept as hashes, which are of no use in another process."""

    def __init__(self, secret_of: Mapping[str, str]) -> None:
        self._salt = secrets.token_bytes(32)
        self._hashes = {name: self._hash(secret) for name, secret in secret_of.items()}
        self._nobodys = self._hash(secrets.token_hex())

    def __len__(self) -> int:
        return len(self._hashes)

    @classmethod
    def read(cls, path: Path) -> Self:
        """From lines of `principal secret`.

        Raises:
            CredentialsRefused
        """
        return cls(_secrets_in(path, _text_of(path)))

    def are_right(self, principal: str, secret: str) -> bool:
        """Takes as long for one that is not known, and whatever of the secret is right."""
        known = self._hashes.get(principal, self._nobodys)
        return hmac.compare_digest(known, self._hash(secret)) and principal in self._hashes

    def _hash(self, secret: str) -> bytes:
        return hashlib.blake2b(secret.encode("utf-8", "surrogateescape"), key=self._salt).digest()


def _text_of(path: Path) -> str:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise CredentialsRefused(f"{path} cannot be read: {error.strerror}") from error
    try:
        # Of what was opened, so that nobody can put another file there in between.
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            raise CredentialsRefused(f"{path} is no file")
        if mode & _OTHERS:
            raise CredentialsRefused(f"{path} can be read by others: chmod 600 {path}")
        return os.read(file, _BYTES_MAX).decode("utf-8")
    except UnicodeDecodeError:
        raise CredentialsRefused(f"{path} is no text in UTF-8") from None
    finally:
        os.close(file)


def _secrets_in(path: Path, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or ":" in words[0]:
            # Never the line itself: there may be a secret in it.
            raise CredentialsRefused(
                f"{path}, line {number}: a line is `principal secret`, and no principal has a colon"
            )
        if words[0] in found:
            raise CredentialsRefused(f"{path}, line {number}: {words[0]} stands there twice")
        found[words[0]] = words[1]
    if not found:
        raise CredentialsRefused(f"{path} names nobody, so nobody could be served")
    return found
