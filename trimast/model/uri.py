"""What a task wants fetched into its sandbox before it starts."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

SCHEMES: Final = ("http", "https", "file")
URIS_MAX: Final = 256
VALUE_CHARS_MAX: Final = 8 * 1024
NAME_BYTES_MAX: Final = 255
RESERVED_NAMES: Final = frozenset({"stdout", "stderr"})
_HEX_DIGITS: Final = {"sha256": 64, "sha512": 128}


class ArchiveKind(StrEnum):
    TAR = "tar"
    TAR_GZ = "tar.gz"
    TAR_BZ2 = "tar.bz2"
    TAR_XZ = "tar.xz"
    ZIP = "zip"
    GZ = "gz"


_KIND_BY_ENDING: Final = {
    ".tar": ArchiveKind.TAR,
    ".tgz": ArchiveKind.TAR_GZ,
    ".tar.gz": ArchiveKind.TAR_GZ,
    ".tbz2": ArchiveKind.TAR_BZ2,
    ".tar.bz2": ArchiveKind.TAR_BZ2,
    ".txz": ArchiveKind.TAR_XZ,
    ".tar.xz": ArchiveKind.TAR_XZ,
    ".zip": ArchiveKind.ZIP,
    ".gz": ArchiveKind.GZ,
}


@dataclass(frozen=True, slots=True)
class Uri:
    """
    Attributes:
        value: http, https or file, or the absolute path of a file. A fragment of the form
            `#sha256=<hex>` or `#sha512=<hex>` is what the bytes must hash to.
        executable: it may be run, and is not unpacked.
        extract: unpack it, if its name says that it is an archive.
        cache: keep it on the agent for the next task that wants it.
        output_file: its path in the sandbox; "" is the last part of the value's path.
    """

    value: str
    executable: bool = False
    extract: bool = True
    cache: bool = False
    output_file: str = ""

    @property
    def path(self) -> str:
        """Below the sandbox."""
        return self.output_file or _path_of(self.value).rpartition("/")[2]

    @property
    def source(self) -> str:
        """Without the checksum."""
        return self.value.partition("#")[0]

    @property
    def checksum(self) -> tuple[str, str] | None:
        """The name of a hash, and its hex digits in small letters."""
        fragment = self.value.partition("#")[2]
        name, _, digits = fragment.partition("=")
        return (name, digits.lower()) if name in _HEX_DIGITS else None

    @property
    def archive_kind(self) -> ArchiveKind | None:
        """What it is to be unpacked as; None if it is not."""
        if self.executable or not self.extract:
            return None
        name = self.path.rpartition("/")[2].lower()
        endings = [ending for ending in _KIND_BY_ENDING if name.endswith(ending)]
        if not endings or name in endings:
            return None
        return _KIND_BY_ENDING[max(endings, key=len)]


def fault_of_uri(uri: Uri) -> str | None:
    """Why it cannot be fetched anywhere; None if it may be."""
    value = uri.value
    if not value:
        return "a uri must have a value"
    if len(value) > VALUE_CHARS_MAX:
        return f"a uri has more than {VALUE_CHARS_MAX} characters"
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in value):
        return f"uri {shown(value)} has a control character"
    scheme = _scheme_of(value)
    if scheme not in SCHEMES:
        return (
            f"uri {shown(value)} has the scheme {scheme[:40]!r}; http, https, file and absolute"
            " paths are supported"
        )
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"uri {shown(value)} cannot be read: {error}"
    if scheme != "file" and not host:
        return f"uri {shown(value)} names no host"
    if scheme == "file" and host not in {None, "", "localhost"}:
        return f"uri {shown(value)} names a host; a file is one of the agent's own machine"
    return _fault_of_checksum(value) or _fault_of_path(uri)


def shown(value: str) -> str:
    """For people, without a password that may be in it, and not too long."""
    scheme, separator, rest = value.partition("://")
    authority, slash, path = rest.partition("/")
    if separator and "@" in authority:
        value = f"{scheme}://***@{authority.rpartition('@')[2]}{slash}{path}"
    return repr(value if len(value) <= 200 else f"{value[:200]}...")


def _scheme_of(value: str) -> str:
    if value.startswith("/"):
        return "file"
    scheme, separator, _ = value.partition(":")
    return scheme.lower() if separator else ""


def _path_of(value: str) -> str:
    bare = value.partition("#")[0]
    if bare.startswith("/"):
        return bare
    try:
        return urlsplit(bare).path
    except ValueError:
        return ""


def _fault_of_checksum(value: str) -> str | None:
    name, separator, digits = value.partition("#")[2].partition("=")
    if not separator or not name.lower().startswith(("sha", "md5")):
        return None  # Some other fragment; it is for browsers.
    if name not in _HEX_DIGITS:
        return f"uri {shown(value)} has a checksum {name[:20]!r}; sha256 and sha512 are supported"
    if re.fullmatch(f"[0-9a-fA-F]{{{_HEX_DIGITS[name]}}}", digits) is None:
        return f"uri {shown(value)} needs {_HEX_DIGITS[name]} hexadecimal digits after {name}="
    return None


def _fault_of_path(uri: Uri) -> str | None:
    path = uri.path
    where = f"output_file {path[:200]!r}" if uri.output_file else f"uri {shown(uri.value)}"
    if not path:
        return f"{where} does not end in a name; give it an output_file"
    if path.startswith("/"):
        return f"{where} must be a path below the sandbox, and not an absolute one"
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            return f"{where} must be a path below the sandbox, without {part!r} in it"
        if "\0" in part or len(part.encode(errors="surrogatepass")) > NAME_BYTES_MAX:
            return f"{where} has a name that no file may have"
    if path in RESERVED_NAMES:
        return f"{where} must not be {path}, which is what the task itself writes"
    return None
