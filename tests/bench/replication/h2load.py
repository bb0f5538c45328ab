"""etcd's fastest client: nghttp2's h2load, which costs next to no CPU."""

import asyncio
import re
import shutil
from pathlib import Path
from typing import Final

from tests.bench.replication.cluster import Cluster
from tests.bench.replication.measured import Measured, measured

_FINISHED: Final = re.compile(r"finished in .*, ([0-9.]+) req/s")
_SUCCEEDED: Final = re.compile(r"(\d+) succeeded, (\d+) failed")


def is_there() -> bool:
    return shutil.which("h2load") is not None


async def load(
    cluster: Cluster, name: str, folder: Path, *, outstanding: int, seconds: float, size_bytes: int
) -> Measured:
    """One connection with so many calls under way."""
    body = cluster.put_request(b"x" * size_bytes)
    framed = folder / "put.grpc"
    framed.write_bytes(b"\x00" + len(body).to_bytes(4, "big") + body)
    log_file = folder / "h2load.log"
    log_file.unlink(missing_ok=True)
    process = await asyncio.create_subprocess_exec(
        *("h2load", "-c", "1", "-m", str(outstanding), "-t", "1"),
        *("-D", str(max(1, round(seconds))), f"--log-file={log_file}", "-d", str(framed)),
        *("-H", "content-type: application/grpc", "-H", "te: trailers"),
        f"http://{cluster.address(name)}{cluster.put_method}",
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    text = output.decode()
    finished, succeeded = _FINISHED.search(text), _SUCCEEDED.search(text)
    assert finished is not None, text
    assert succeeded is not None, text
    latencies_s: list[float] = []
    for line in log_file.read_text().splitlines():
        _, status, microseconds = line.split("\t")[:3]
        if status == "200":
            latencies_s.append(int(microseconds) / 1e6)
    return measured(
        outstanding, latencies_s, len(latencies_s) / float(finished[1]), int(succeeded[2])
    )
