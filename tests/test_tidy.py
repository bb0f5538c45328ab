"""Rules about the code itself. Each failure names the file and the way out."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINES_MAX = 400

OWN = {"agent", "master", "protos", "replication", "tests", "trimast"}

MAY_IMPORT = {
    "trimast/cli": {"trimast", "protos"},
    "trimast/examples": {"trimast"},
    "trimast/framework": {"trimast.framework", "trimast.edge", "trimast.model", "protos"},
    "trimast/edge": {"trimast.edge", "trimast.model", "protos"},
    "trimast/model": {"trimast.model"},
    "trimast": set(),
    "replication/engine": {"replication", "trimast.edge", "protos"},
    "replication": {"replication", "trimast.model"},
    "master": {"master", "trimast.model"},
    "agent/launcher": {"agent.launcher", "agent.checkpoints.journal_format"},
    "agent": {"agent", "trimast.model"},
    "protos": {"protos"},
}
"""By folder, the longest that fits: what of ours it may import."""

AT_AN_EDGE = {
    "master": {"master", "replication", "trimast.edge", "trimast.model", "protos"},
    "agent": {"agent", "trimast.edge", "trimast.model", "protos"},
}
ONLY_AT_AN_EDGE = {
    "aiohttp",
    "asyncio",
    "click",
    "google",
    "grpc",
    "logging",
    "multiprocessing",
    "os",
    "prometheus_client",
    "psutil",
    "pysyncobj",
    "secrets",
    "socket",
    "structlog",
    "subprocess",
    "threading",
    "time",
    "uuid",
}
NEVER = {"cloudpickle", "dill", "joblib", "jsonpickle", "marshal", "pickle", "shelve"}
"""Whatever reads these from a disk or a wire runs what a stranger wrote."""

BANNED_NAMES = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}
EDGE_FOLDERS = {"edge", "cli", "engine", "framework", "examples", "launcher", "protos"}
EDGE_FILES = {"__main__.py", "assembly.py"}


def sources() -> list[Path]:
    """All of our own Python, but for what is generated and for tests."""
    tops = ("agent", "master", "protos", "replication", "trimast")
    paths = (path for top in tops for path in (ROOT / top).rglob("*.py"))
    return sorted(p for p in paths if not p.stem.endswith(("_pb2", "_pb2_grpc")))


def test_sources() -> list[Path]:
    return sorted((ROOT / "tests").rglob("*.py"))


test_sources.__test__ = False  # type: ignore[attr-defined]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0, f"{path}: write the import in full"
            yield node.module


def is_edge(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return bool(EDGE_FOLDERS & set(parts[:-1])) or parts[-1] in EDGE_FILES


def allowed_for(path: Path) -> set[str]:
    parts = path.relative_to(ROOT).parts
    if is_edge(path) and parts[0] in AT_AN_EDGE and "launcher" not in parts:
        return AT_AN_EDGE[parts[0]]
    folders = ["/".join(parts[:length]) for length in range(len(parts) - 1, 0, -1)]
    return next(MAY_IMPORT[folder] for folder in folders if folder in MAY_IMPORT)


def is_allowed(module: str, allowed: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


@pytest.mark.parametrize("path", [*sources(), *test_sources()], ids=name_of)
def test_a_file_has_one_subject_and_says_so(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LINES_MAX, f"{path}: one file, one subject; split it"
    assert not BANNED_NAMES & set(path.stem.split("_")), f"{path}: name it after what it holds"
    says_so = lines == [] or lines[0].startswith('"""')
    assert says_so or path.stem.startswith("test_"), f"{path}: say in one line what it is for"


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_a_file_imports_only_what_its_place_allows(path: Path) -> None:
    modules = set(imported_modules(path))
    ours = {m for m in modules if m.partition(".")[0] in OWN}
    strangers = {m for m in ours if not is_allowed(m, allowed_for(path))}
    assert not strangers, f"{path} may not import {sorted(strangers)}"
    roots = {m.partition(".")[0] for m in modules}
    assert not roots & NEVER, f"{path}: {roots & NEVER} runs what a stranger wrote"
    theirs = {m for m in modules if m.startswith("pysyncobj.") and m.rpartition(".")[2] in NEVER}
    assert not theirs, f"{path}: {theirs} runs what a stranger wrote"
    if "launcher" in path.parts:
        needed = roots - OWN - sys.stdlib_module_names
        assert not needed, f"{path}: {needed} would make the launcher large"
    if not is_edge(path):
        leaks = roots & ONLY_AT_AN_EDGE
        assert not leaks, f"{path}: {leaks} belong in an edge/ folder"


def test_every_folder_of_code_says_what_it_holds() -> None:
    folders = {path.parent for path in sources()}
    silent = [
        name_of(folder)
        for folder in folders
        if not (folder / "__init__.py").read_text(encoding="utf-8").startswith('"""')
    ]
    assert silent == []
