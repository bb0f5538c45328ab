"""HyperQueue as a peer: runs tasks without replicating anything. `make bench-setup` installs it."""

import importlib.util
import json
import subprocess
import sys
import tempfile
from typing import Final

_RUN: Final = """
import json, sys, time
from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig
command, count = json.loads(sys.argv[1]), int(sys.argv[2])
with LocalCluster() as cluster:
    cluster.start_worker(WorkerConfig(cores=2))
    client = cluster.client()
    for number in (max(50, count // 10), count):
        job = Job()
        for _ in range(number):
            job.program(command)
        began_s = time.perf_counter()
        client.wait_for_jobs([client.submit(job)])
        took_s = time.perf_counter() - began_s
print(json.dumps(took_s), file=sys.stderr)
"""


def is_installed() -> bool:
    return importlib.util.find_spec("hyperqueue") is not None


def tasks_s(command: list[str], count: int) -> float:
    """How long so many tasks took, after some to warm up."""
    # Its tasks leave their outputs where it stands.
    with tempfile.TemporaryDirectory(prefix="trimast-bench-") as folder:
        done = subprocess.run(
            [sys.executable, "-c", _RUN, json.dumps(command), str(count)],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=600,
        )
    return float(json.loads(done.stderr.splitlines()[-1]))
