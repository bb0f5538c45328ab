"""The replicated log beside a 3-node etcd: commits, failover, and a follower that returns.

python -m tests.bench.replication [commits] [failover] [returning] [--seconds 2] [--trials 20]
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.replication import commits, etcd, h2load

PARTS = ("commits",)


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
