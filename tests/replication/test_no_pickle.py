"""No byte from a disk or a network is ever unpickled: it would run what a stranger wrote.

pysyncobj imports pickle itself, so that it is not there proves nothing. Instead everything that is
pickle is made to raise, wherever anyone keeps it, and then a cluster works.
"""

import subprocess
import sys
from pathlib import Path

FORBID = """
import asyncio, importlib, pathlib, pickle, pkgutil, sys

def import_all(name):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        importlib.import_module(module.name)

import_all("replication")
import_all("master")
from tests.replication.real_cluster import real_cluster, surely_commit, until

class Unpickled(BaseException): ...

calls = []

def forbidden(*args, **words):
    calls.append(args)
    raise Unpickled

import _pickle, pysyncobj.pickle as its_own
NAMES = ("loads", "load", "Unpickler", "dumps", "dump", "Pickler", "_Unpickler", "_Pickler")
FORMS = [getattr(each, name, None) for each in (pickle, _pickle, its_own) for name in NAMES]
FORMS = [each for each in FORMS if each is not None]
replaced = 0
for module in list(sys.modules.values()):
    for name, value in list(getattr(module, "__dict__", {}).items()):
        if any(value is each for each in FORMS):
            setattr(module, name, forbidden)
            replaced += 1
assert replaced > 10, replaced
for call in (pickle.loads, its_own.loads):
    try:
        call(b"")
    except Unpickled:
        pass
    else:
        raise SystemExit("pickle still works")
calls.clear()
"""

WORK = """
async def alone(directory):
    for restarts in range(2):
        async with real_cluster(directory, "a", snapshot_after_entries=5) as cluster:
            for number in range(20):
                await surely_commit(cluster, b"%d-%d" % (restarts, number))
    assert list(directory.glob("a/**/*.snapshot")), "the second began with a snapshot"

async def three(directory):
    settings = dict(snapshot_after_entries=10, trailing_entries=2, digest_every_entries=5)
    async with real_cluster(directory, "abc", **settings) as cluster:
        leader = await cluster.wait_for_leader()
        behind = min(set("abc") - {leader.status().replica_id})
        await cluster.kill(behind)
        for number in range(40):
            await surely_commit(cluster, b"%d" % number)
        await cluster.start(behind)
        await until(lambda: b"39" in cluster.recorders[behind].applied)
        assert "restored" in cluster.recorders[behind].events, "it was sent a snapshot"
        leader = await cluster.wait_for_leader()
        await cluster.kill(leader.status().replica_id)
        await surely_commit(cluster, b"after the failover")

directory = pathlib.Path(sys.argv[1])
asyncio.run(alone(directory / "alone"))
asyncio.run(three(directory / "three"))
assert not calls, calls
print("worked")
"""


def test_a_cluster_works_where_pickle_is_forbidden(tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    (tmp_path / "three").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", FORBID + WORK, str(tmp_path)],
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "worked"
