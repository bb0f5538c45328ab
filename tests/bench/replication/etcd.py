"""Three etcd as a cluster of the bench, told as much as it must be and nothing else."""

import asyncio
import shutil
import subprocess
from pathlib import Path
from typing import Final

import grpc

from tests.bench.replication import processes
from tests.bench.replication.cluster import NAMES, call

_KEY: Final = b"bench"
_ANSWER_S: Final = 0.5
_UP_WITHIN_S: Final = 60.0
_LEADER_FIELD: Final = 4
_HEADER_FIELD: Final = 1
_MEMBER_ID_FIELD: Final = 2


class Etcd:
    """Implements `Cluster`."""

    title = "etcd"
    put_method = "/etcdserverpb.KV/Put"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ports = processes.free_ports(2 * len(NAMES))
        self._peer_ports = dict(zip(NAMES, ports[: len(NAMES)], strict=True))
        self._client_ports = dict(zip(NAMES, ports[len(NAMES) :], strict=True))
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def put_request(self, value: bytes) -> bytes:
        return _bytes_field(1, _KEY) + _bytes_field(2, value)

    def is_committed(self, answer: bytes) -> bool:
        return True

    def address(self, name: str) -> str:
        return f"127.0.0.1:{self._client_ports[name]}"

    async def start(self) -> None:
        for name in NAMES:
            self.start_one(name)
        await self.wait_until_whole()

    def start_one(self, name: str) -> None:
        client, peer = f"http://{self.address(name)}", self._peer_url(name)
        command = [
            *("etcd", "--name", name, "--data-dir", str(self._folder / f"{name}.etcd")),
            *("--listen-client-urls", client, "--advertise-client-urls", client),
            *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
            *("--initial-cluster", ",".join(f"{n}={self._peer_url(n)}" for n in NAMES)),
            *("--initial-cluster-state", "new", "--log-level", "error"),
        ]
        self._running[name] = processes.start(command, self._folder / f"{name}.etcd.log")

    async def leader(self) -> str | None:
        for name in NAMES:
            if name in self._running and (ids := await self._ids(name)) and ids[0] == ids[1]:
                return name
        return None

    async def wait_until_whole(self) -> str:
        async with asyncio.timeout(_UP_WITHIN_S):
            while True:
                found = {name: await self._ids(name) for name in NAMES}
                leaders = {None if ids is None else ids[1] for ids in found.values()}
                for name, ids in found.items():
                    if ids is not None and leaders == {ids[0]}:
                        return name
                await asyncio.sleep(0.05)

    async def _ids(self, name: str) -> tuple[int, int] | None:
        """Its own id and its leader's; None if it does not answer."""
        method = "/etcdserverpb.Maintenance/Status"
        try:
            answer = await call(self.address(name), method, b"", timeout_s=_ANSWER_S)
        except grpc.aio.AioRpcError:
            return None
        status = _fields(answer)
        header = status.get(_HEADER_FIELD, b"")
        assert isinstance(header, bytes)
        own, leader = _fields(header).get(_MEMBER_ID_FIELD, 0), status.get(_LEADER_FIELD, 0)
        assert isinstance(own, int)
        assert isinstance(leader, int)
        return own, leader

    def kill(self, name: str) -> None:
        processes.kill(self._running.pop(name))

    def signal(self, name: str, number: int) -> None:
        self._running[name].send_signal(number)

    def end(self) -> None:
        for name in list(self._running):
            self.kill(name)

    def _peer_url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._peer_ports[name]}"


def is_there() -> bool:
    return shutil.which("etcd") is not None


# As much of protobuf as two messages of etcd need.


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


def _bytes_field(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _fields(message: bytes) -> dict[int, int | bytes]:
    """The last value of each field that is a number or has a length."""
    found: dict[int, int | bytes] = {}
    at = 0
    while at < len(message):
        tag, at = _read_varint(message, at)
        number, at = _read_varint(message, at)
        if tag & 7 == 2:
            found[tag >> 3] = message[at : at + number]
            at += number
        else:
            assert tag & 7 == 0, f"field {tag >> 3} is of a kind that was not expected"
            found[tag >> 3] = number
    return found


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    number, shift = 0, 0
    while True:
        digit = message[at]
        at += 1
        number |= (digit & 0x7F) << shift
        shift += 7
        if digit < 0x80:
            return number, at
