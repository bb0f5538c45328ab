"""The Mesos v1 API over HTTP: calls, streams and large answers, beside the gRPC door.

python -m tests.bench.http [--seconds 3] [--streams 1000] [--deaf 100] [--json]

Three masters and two agents on one machine; everything is asked of the leader, by this process.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from tests.bench.http import crowd, large_state
from tests.bench.http.calling import rate_of
from tests.bench.http.doors import GrpcDoor, HttpDoor, latencies_s, over_grpc, over_http
from tests.bench.replication.measured import percentile
from trimast.cli.local_cluster.cluster_file import Master
from trimast.cli.local_cluster.leader import leader_of
from trimast.cli.local_cluster.lifecycle import bring_down, bring_up
from trimast.edge.mesos_http import JSON, PROTOBUF

RESOURCES: Final = "cpus:4;mem:4096;disk:1024"
CONNECTIONS: Final = 16
QUESTIONS: Final = 500
_LEADER_WITHIN_S: Final = 20.0
_SAID_AT_ONCE: Final = 2_000


async def http_rate(door: HttpDoor, seconds: float) -> float:
    data = door.request(door.subscribed.refusal())
    return await rate_of(door.address, data, connections=CONNECTIONS, seconds=seconds)


async def grpc_rate(door: GrpcDoor, seconds: float) -> float:
    """Calls are heard in order: when a question at their end is answered, all were heard."""
    began_s, said = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        for _ in range(_SAID_AT_ONCE):
            await door.say(door.subscribed.refusal())
        said += _SAID_AT_ONCE
        await latencies_s(door, 1)
    return said / (time.perf_counter() - began_s)


async def doors(leader: Master, seconds: float) -> list[dict[str, Any]]:
    found = []
    for title, content_type in (("JSON", JSON), ("protobuf", PROTOBUF)):
        async with over_http(leader.http, content_type, title) as http:
            rate, answers_s = await http_rate(http, seconds), await latencies_s(http, QUESTIONS)
        found.append(_door(f"HTTP, {title}", rate, answers_s))
    async with over_grpc(leader.grpc, "grpc") as grpc:
        rate, answers_s = await grpc_rate(grpc, seconds), await latencies_s(grpc, QUESTIONS)
    found.append(_door("gRPC, one stream", rate, answers_s))
    return found


def _door(title: str, rate: float, answers_s: list[float]) -> dict[str, Any]:
    return {"door": title, "calls_per_s": round(rate), **_latency(answers_s)}


def _latency(answers_s: list[float]) -> dict[str, float]:
    return {
        "p50_ms": round(statistics.median(answers_s) * 1000, 2),
        "p99_ms": round(percentile(answers_s, 99) * 1000, 2),
    }


async def crowded(leader: Master, streams: int, deaf: int) -> dict[str, Any]:
    """One that asks and is answered, alone; beside a crowd that reads; beside some that do not."""
    assert leader.process is not None
    pid = leader.process.pid
    found: dict[str, Any] = {"streams": streams, "deaf": deaf}
    async with over_http(leader.http, JSON, "asking") as asking:
        await latencies_s(asking, QUESTIONS)
        found["alone"] = _latency(await latencies_s(asking, QUESTIONS))
        before_kib = crowd.memory_kib(pid)
        async with crowd.quiet(leader.http, streams - deaf) as took_s:
            found["subscribed_per_s"] = round((streams - deaf) / took_s)
            grew_kib = crowd.memory_kib(pid) - before_kib
            found["kib_a_stream"] = round(grew_kib / (streams - deaf), 1)
            found["beside_the_crowd"] = _latency(await latencies_s(asking, QUESTIONS))
            async with crowd.deaf(leader.http, deaf):
                found["beside_deaf_ones"] = _latency(await latencies_s(asking, 4 * QUESTIONS))
                found["grew_mib"] = round((crowd.memory_kib(pid) - before_kib) / 1024, 1)
    return found


async def bench(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    cluster = await bring_up(folder / "small", masters=3, agents=2, resources=RESOURCES)
    leader = await leader_of(cluster, _LEADER_WITHIN_S)
    found: dict[str, Any] = {
        "doors": await doors(leader, options.seconds),
        "crowd": await crowded(leader, options.streams, options.deaf),
    }
    await asyncio.to_thread(bring_down, cluster.folder)
    found["state"] = await large_state.bench(folder / "large")
    return found


def show(found: dict[str, Any]) -> None:
    print(f"calls a second with {CONNECTIONS} connections (gRPC: one stream); one at a time,")
    print("from a question to the event that answers it:")
    for each in found["doors"]:
        print(
            "  {door:18} {calls_per_s:7}/s   p50 {p50_ms:6.2f} ms   p99 {p99_ms:6.2f} ms".format(
                **each
            )
        )
    seen = found["crowd"]
    print(f"{seen['streams']} streams, of which {seen['deaf']} do not read:")
    print(f"  subscribed {seen['subscribed_per_s']}/s, {seen['kib_a_stream']} KiB a stream")
    for name in ("alone", "beside_the_crowd", "beside_deaf_ones"):
        latency = seen[name]
        print(f"  {name:18} p50 {latency['p50_ms']:6.2f} ms   p99 {latency['p99_ms']:6.2f} ms")
    print(f"  the leader grew by {seen['grew_mib']} MiB")
    state = found["state"]
    print("/state of {agents} agents and {tasks} tasks, {mib} MiB: {took_s} s".format(**state))
    print(f"  launch to RUNNING in ms: alone {state['launch_alone_ms']}")
    print(f"    while it is asked for all the time {state['launch_beside_ms']}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--deaf", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    crowd.allow_many_descriptors()
    folder = Path(tempfile.mkdtemp(prefix="trimast-bench-"))
    try:
        found = asyncio.run(bench(folder, options))
    finally:
        for each in ("small", "large"):
            if (folder / each / "cluster.json").exists():
                bring_down(folder / each)
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps(found))
    else:
        show(found)


if __name__ == "__main__":
    main()
