"""gzip, bzip2 and xz, into a file: never more than was allowed, and in little memory."""

import bz2
import gzip
import lzma
from collections.abc import Iterator
from typing import IO, Final

from agent.edge.fetcher.copying import PIECE_BYTES, write_all
from agent.edge.fetcher.rules import MIB, FetchFailed
from agent.edge.fetcher.stopping import Stop
from trimast.model.uri import ArchiveKind

XZ_MEMORY_BYTES_MAX: Final = 256 * MIB
"""A file says itself how much memory it takes to unpack; xz -9 says 65 MiB."""


def decompress(
    source: IO[bytes], kind: ArchiveKind, target: int, *, bytes_max: int, stop: Stop
) -> int:
    """How many bytes it has become. Raises FetchFailed, OSError, EOFError, Stopped, LZMAError."""
    written = 0
    for piece in _pieces(source, kind):
        stop.check()
        written += len(piece)
        if written > bytes_max:
            raise FetchFailed(
                f"it unpacks to more than {bytes_max} bytes, the most that is allowed"
            )
        write_all(target, piece)
    return written


def _pieces(source: IO[bytes], kind: ArchiveKind) -> Iterator[bytes]:
    if kind is ArchiveKind.TAR_XZ:
        yield from _xz(source)
        return
    is_bz2 = kind is ArchiveKind.TAR_BZ2
    reader = bz2.BZ2File(source) if is_bz2 else gzip.GzipFile(fileobj=source)
    while piece := reader.read(PIECE_BYTES):
        yield piece


def _xz(source: IO[bytes]) -> Iterator[bytes]:
    """`lzma.open` knows no bound for memory."""
    decompressor = lzma.LZMADecompressor(memlimit=XZ_MEMORY_BYTES_MAX)
    data = b""
    while True:
        if decompressor.eof:
            data = decompressor.unused_data.lstrip(b"\0") or source.read(PIECE_BYTES).lstrip(b"\0")
            if not data:
                return
            decompressor = lzma.LZMADecompressor(memlimit=XZ_MEMORY_BYTES_MAX)
        elif decompressor.needs_input:
            data = source.read(PIECE_BYTES)
            if not data:
                raise EOFError("it ends too early")
        else:
            data = b""
        yield decompressor.decompress(data, PIECE_BYTES)
