"""Archives that nobody means well with."""

import io
import struct
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any


def tar(*members: tuple[str, dict[str, Any], bytes], mode: str = "w") -> bytes:
    """Of a name, attributes of its TarInfo, and the bytes of a file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, attributes, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for attribute, value in attributes.items():
                setattr(info, attribute, value)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zipped(*members: tuple[str, int, bytes]) -> bytes:
    """Of a name, the mode with its type, and bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, mode, data in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return buffer.getvalue()


SYM, LINK = {"type": tarfile.SYMTYPE}, {"type": tarfile.LNKTYPE}


def sym(name: str, target: str) -> tuple[str, dict[str, Any], bytes]:
    return name, {**SYM, "linkname": target}, b""


def hard(name: str, target: str) -> tuple[str, dict[str, Any], bytes]:
    return name, {**LINK, "linkname": target}, b""


def a_file(name: str, data: bytes = b"x", **attributes: Any) -> tuple[str, dict[str, Any], bytes]:
    return name, attributes, data


def special(name: str, kind: bytes) -> tuple[str, dict[str, Any], bytes]:
    return name, {"type": kind, "devmajor": 1, "devminor": 5}, b""


def huge_header() -> bytes:
    """A pax header that says it is 8 GiB long: a reader that believes it is out of memory."""
    info = tarfile.TarInfo("x")
    info.type = tarfile.XHDTYPE
    info.size = 8 * 1024**3 - 1
    return info.tobuf(tarfile.USTAR_FORMAT) + bytes(10_240)


def negative_size() -> bytes:
    """A header whose size leads back to itself, for ever."""
    info = tarfile.TarInfo("x")
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" + struct.pack(">q", -1024).rjust(11, b"\xff")
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header[:512])
    return bytes(header) + bytes(10_240)


TARS: dict[str, tuple[Callable[[], bytes], str]] = {
    "climbs": (lambda: tar(a_file("../evil")), "leads out"),
    "climbs later": (lambda: tar(a_file("a/../../evil")), "leads out"),
    "absolute": (lambda: tar(a_file("/tmp/evil")), "absolute"),
    "absolute directory": (lambda: tar(("/tmp/evil", {"type": b"5"}, b"")), "leads out"),
    "link to absolute": (lambda: tar(sym("l", "/etc")), "leads out"),
    "link up": (lambda: tar(sym("l", "..")), "leads out"),
    "link up later": (lambda: tar(sym("d/l", "../..")), "leads out"),
    "link up through a link": (
        lambda: tar(sym("d/e", "."), sym("l", "d/e/e/e/../../..")),
        "leads out",
    ),
    "through a link": (lambda: tar(sym("l", "d"), a_file("l/x")), "goes through a link"),
    "hard link out": (lambda: tar(hard("h", "../outside")), "leads out"),
    "hard link absolute": (lambda: tar(hard("h", "/etc/passwd")), "absolute"),
    "hard link to a link": (lambda: tar(sym("l", "x"), hard("h", "l")), "something else"),
    "device": (lambda: tar(special("d", tarfile.CHRTYPE)), "a device"),
    "fifo": (lambda: tar(special("f", tarfile.FIFOTYPE)), "a device, a pipe"),
    "setuid": (lambda: tar(a_file("s", mode=0o4755)), "setuid"),
    "setgid": (lambda: tar(a_file("s", mode=0o2755)), "setgid"),
    "own output": (lambda: tar(a_file("./stdout")), "the task itself writes"),
    "too deep": (lambda: tar(a_file("/".join("x" * 100))), "not a path"),
    "too long": (lambda: tar(a_file("x" * 300)), "File name too long"),
    "too large": (lambda: tar(a_file("x", bytes(300_000))), "more than 200000 bytes"),
    "too many": (lambda: tar(*(a_file(f"x{n}") for n in range(60))), "more than 50 entries"),
    "huge header": (huge_header, "a header of it is larger than"),
    "negative size": (negative_size, "a header of it"),
    "garbage": (lambda: bytes(range(256)) * 20, "cannot be unpacked as tar"),
    "empty": (lambda: b"", "cannot be unpacked as tar"),
}

ZIPS: dict[str, tuple[Callable[[], bytes], str]] = {
    "climbs": (lambda: zipped(("../evil", 0o100644, b"x")), "leads out"),
    "absolute": (lambda: zipped(("/tmp/evil", 0o100644, b"x")), "absolute"),
    "link out": (lambda: zipped(("l", 0o120777, b"../..")), "leads out"),
    "long link": (lambda: zipped(("l", 0o120777, b"x" * 5000)), "link of too many bytes"),
    "through a link": (
        lambda: zipped(("l", 0o120777, b"d"), ("l/x", 0o100644, b"x")),
        "goes through a link",
    ),
    "device": (lambda: zipped(("d", 0o020666, b"")), "a device"),
    "setuid": (lambda: zipped(("s", 0o104755, b"x")), "setuid"),
    "bomb": (lambda: zipped(("b", 0o100644, bytes(10_000_000))), "more than 200000 bytes"),
    "many": (lambda: zipped(*((f"x{n}", 0o100644, b"") for n in range(60))), "50 entries"),
    "garbage": (lambda: b"PK\x03\x04" + bytes(500), "cannot be unpacked as zip"),
}
