"""The replicated log beside a 3-node etcd: commits, failover, steadiness, a follower that returns.

python -m tests.bench.replication [PART ...] [--seconds N] [--trials N]
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

from tests.bench.replication import commits, etcd, failover, h2load, returning, steady
from tests.bench.replication.cluster import Cluster, up
from tests.bench.replication.measured import percentile
from tests.bench.replication.replicas import Replicas

PARTS = ("commits", "failover", "steady", "returning")


def missing() -> list[str]:
    found = []
    if not etcd.is_there():
        found.append("etcd is not installed: nothing stands beside our figures")
    if not h2load.is_there():
        found.append("h2load is not installed: etcd is measured with a Python client only")
    return [f"{text} (make bench-setup)" for text in found]


async def bench(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {"cores": os.cpu_count(), "missing": missing()}
    if "commits" in options.parts:
        results["commits"] = await _commits(_made(folder / "commits"), options)
    if "failover" in options.parts:
        results["failover"] = await _failover(_made(folder / "failover"), options)
    if "steady" in options.parts:
        results["steady"] = await _steady(_made(folder / "steady"), options)
    if "returning" in options.parts:
        results["returning"] = await _returning(folder, options)
    return results


async def _failover(folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """The two clusters by turns, so that each has the cores to itself and the same neighbours."""
    clusters: list[Cluster] = [Replicas(folder)]
    if etcd.is_there():
        clusters.append(etcd.Etcd(folder))
    random = Random(0)
    found: list[dict[str, Any]] = []
    for way in options.ways:
        for cluster in clusters:
            async with up(cluster):
                trials = await failover.bench(cluster, way, trials=options.trials, random=random)
            durations_s = trials.durations_s
            summary: dict[str, Any] = {
                "cluster": cluster.title,
                "way": way,
                "trials": len(durations_s),
                "p50_s": round(percentile(durations_s, 50), 3),
                "p99_s": round(percentile(durations_s, 99), 3),
                "max_s": round(max(durations_s), 3),
            }
            found.append(summary)
            if not options.json:
                print(
                    "{way:8} of the leader to the first committed write: {cluster:8} "
                    "p50 {p50_s:.3f} s, p99 {p99_s:.3f} s, max {max_s:.3f} s "
                    "of {trials}".format(**summary),
                    flush=True,
                )
    return found


async def _steady(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    replicas = Replicas(folder)
    async with up(replicas):
        result = await steady.bench(
            replicas, idle_s=options.steady_seconds, loaded_s=options.loaded_seconds
        )
    if not options.json:
        print(
            f"leader changes: {result.changes_idle} of {result.idle_s:.0f} idle seconds, ", end=""
        )
        print(f"{result.changes_loaded} of {result.loaded_s:.0f} with 1024 commits under way")
    return asdict(result)


async def _returning(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {}
    kinds: list[tuple[str, Mapping[str, int]]] = [
        ("entries", returning.WHOLE_LOG),
        ("snapshot", {}),
    ]
    if options.one_by_one:
        kinds = [("entries of one command", returning.MANY_ENTRIES)]
    for how, settings in kinds:
        replicas = Replicas(_made(folder / how), settings, one_by_one=options.one_by_one)
        async with up(replicas):
            result = await returning.bench(
                replicas, commands=options.commands, outstanding=1000 if options.one_by_one else 64
            )
        results[how] = asdict(result)
        if not options.json:
            print(
                f"a follower returns after {result.commands} commands in {result.entries} entries, "
                f"by {how}, in {result.caught_up_s:.1f} s"
            )
            for when in ("before", "during"):
                p50, p99, worst = (
                    results[how][f"{what}_{when}_ms"] for what in ("p50", "p99", "p99_worst")
                )
                print(
                    f"  commits {when:6}   p50 {p50:.2f} ms   p99 {p99:.2f} ms"
                    f"   p99 of the worst half second {worst:.2f} ms",
                    flush=True,
                )
    return results


async def _commits(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    ways = await commits.bench(
        folder,
        etcd.Etcd(folder) if etcd.is_there() else None,
        outstanding=options.outstanding,
        seconds=options.seconds,
        rounds=options.rounds,
    )
    ratios = commits.ratios(ways)
    if not options.json:
        _print_ways(ways, ratios)
    return {"ways": [asdict(way) for way in ways], "ratios": [asdict(each) for each in ratios]}


def _print_ways(ways: Sequence[commits.Way], ratios: Sequence[commits.Ratio]) -> None:
    print(f"commits of {commits.SIZE_BYTES} bytes, durable on two of three, one machine")
    for way in ways:
        for number, each in way.results.items():
            failed = f"   {each.failed} FAILED" if each.failed else ""
            print(
                f"  {way.cluster:8} {way.name:16} {number:5} under way  {each.rate:9.0f}/s"
                f"   p50 {each.p50_ms:8.2f} ms   p99 {each.p99_ms:8.2f} ms{failed}"
            )
    for ratio in ratios:
        p50 = "" if ratio.sequential_p50 is None else f", sequential p50 {ratio.sequential_p50:.2f}"
        print(f"  {ratio.way} beside {ratio.beside}: best rate {ratio.best_rate:.2f} times{p50}")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS))
    parser.add_argument("--seconds", type=float, default=2.0, help="of each load")
    parser.add_argument("--rounds", type=int, default=1, help="of each load; medians are told")
    parser.add_argument("--outstanding", type=int, nargs="+", default=[1, 16, 64, 256, 1024])
    parser.add_argument(
        "--dir", type=Path, default=Path("/var/tmp"), help="on an ordinary disk, not tmpfs"
    )
    parser.add_argument("--trials", type=int, default=20, help="of each kind of failover")
    parser.add_argument(
        "--ways", nargs="+", choices=failover.WAYS, default=list(failover.WAYS), metavar="WAY"
    )
    parser.add_argument("--steady-seconds", type=float, default=15.0, help="idle")
    parser.add_argument("--loaded-seconds", type=float, default=15.0, help="after that; 0: not")
    parser.add_argument("--commands", type=int, default=1_000_000, help="that a follower misses")
    parser.add_argument(
        "--one-by-one", action="store_true", help="the missed commands: each in its own entry"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    for text in missing():
        print(text, file=sys.stderr)
    folder = Path(tempfile.mkdtemp(prefix="trimast-bench-", dir=options.dir))
    try:
        results = asyncio.run(bench(folder, options))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
