"""Copies of a registry are the same to the byte, whatever way they came to be.

Masters compare hashes of these bytes, and stop when they differ.
"""

import os
import subprocess
import sys
from functools import cache
from hashlib import blake2b

import pytest

from master.edge.registry_log import RegistryLog
from tests.simulation.cluster.story import Story

SEEDS = range(8)
RESTORED_EVERY = 23
COMPARED_EVERY = 7


@cache
def committed(seed: int) -> list[bytes]:
    return Story(seed).tell().masters.committed


def state_bytes(log: RegistryLog) -> list[bytes]:
    return list(log.capture().chunks())


def from_snapshot_of(log: RegistryLog, index: int) -> RegistryLog:
    copy = RegistryLog()
    restoration = copy.restore(index)
    for chunk in state_bytes(log):
        restoration.take(chunk)
    restoration.put_in_place()
    return copy


@pytest.mark.parametrize("seed", SEEDS)
def test_a_copy_from_snapshots_goes_on_byte_for_byte(seed: int) -> None:
    straight, copy = RegistryLog(), RegistryLog()
    for index, command in enumerate(committed(seed), 1):
        assert straight.apply(index, command) == copy.apply(index, command)
        if index % COMPARED_EVERY == 0:
            assert state_bytes(copy) == state_bytes(straight)
        if index % RESTORED_EVERY == 0:
            copy = from_snapshot_of(copy, index)
    assert state_bytes(copy) == state_bytes(straight)
    assert len(committed(seed)) > 100


def digest_of_all() -> str:
    """Of every state of one long story, as every master would make it."""
    hashed = blake2b()
    log = RegistryLog()
    for index, command in enumerate(committed(1), 1):
        log.apply(index, command)
        for chunk in state_bytes(log):
            hashed.update(chunk)
    return hashed.hexdigest()


def test_a_copy_in_another_process_is_the_same() -> None:
    """Where sets and strings hash otherwise."""
    seeds = ("1", "2", "3")
    code = f"from {__name__} import digest_of_all; print(digest_of_all())"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in seeds
    ]
    said = {process.communicate()[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert said == {digest_of_all()}
