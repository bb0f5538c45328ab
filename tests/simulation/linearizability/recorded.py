"""Reads the histories in data/: Jepsen runs against etcd, and a small key-value store's."""

import re
from pathlib import Path
from typing import Any, Final

from tests.simulation.linearizability.checker import Operation
from tests.simulation.linearizability.models import (
    ANYTHING,
    Append,
    CompareAndSet,
    Read,
    Write,
)

DATA: Final = Path(__file__).parent / "data"
_JEPSEN: Final = re.compile(r"INFO\s+jepsen\.util\s+-\s+(\d+)\s+:(\w+)\s+:(\w+)\s+(.*?)\s*")
_KV: Final = re.compile(
    r'\{:process (\d+), :type :(\w+), :f :(\w+), :key "(.*)", :value (?:nil|"(.*)")\}'
)


def verdicts() -> dict[str, bool]:
    """Whether a history is linearizable, by its name."""
    lines = (DATA / "verdicts.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return {name: verdict == "true" for name, verdict in (line.split("\t") for line in lines)}


def history_of_register(name: str) -> list[Operation]:
    operations: list[Operation] = []
    open_calls: dict[str, tuple[int, Any]] = {}
    for at, line in enumerate((DATA / name).read_text(encoding="utf-8").splitlines()):
        match = _JEPSEN.fullmatch(line)
        if match is None:
            continue
        process, kind, verb, value = match.groups()
        if kind == "invoke":
            open_calls[process] = at, _asked_of_register(verb, value)
        elif kind == "ok" or (kind == "fail" and verb in {"cas", "read"}):
            called, asked = open_calls.pop(process)
            told = _told_by_register(kind, verb, value)
            operations.append(Operation(called, at, asked, told))
    operations += [Operation(called, None, asked) for called, asked in open_calls.values()]
    return operations


def history_of_texts(name: str) -> list[Operation]:
    operations: list[Operation] = []
    open_calls: dict[str, tuple[int, Any]] = {}
    for at, line in enumerate((DATA / name).read_text(encoding="utf-8").splitlines()):
        match = _KV.fullmatch(line.strip())
        assert match is not None, line
        process, kind, verb, key, value = match.groups()
        if kind == "invoke":
            asked = {"get": Read(), "put": Write(value), "append": Append(value or "")}[verb]
            open_calls[process] = at, asked
        else:
            called, asked = open_calls.pop(process)
            operations.append(Operation(called, at, asked, value, key))
    assert not open_calls
    return operations


def _asked_of_register(verb: str, value: str) -> Read | Write | CompareAndSet:
    if verb == "read":
        return Read()
    if verb == "write":
        return Write(int(value))
    expected, new = value.strip("[]").split()
    return CompareAndSet(int(expected), int(new))


def _told_by_register(kind: str, verb: str, value: str) -> object:
    if verb == "cas":
        return kind == "ok"
    if verb != "read" or value == "nil":
        return None
    return int(value) if kind == "ok" else ANYTHING
