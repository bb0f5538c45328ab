from pathlib import Path

import pytest

from agent.container_names import container_id
from agent.edge.sandbox.files_places import FilePlace, FilePlaces
from agent.edge.sandbox.sandboxes import Sandboxes
from tests.agent.one_agent import AGENT, KEY

RUNS = "slaves/agent-1/frameworks/f/executors/t/runs"


@pytest.fixture
def places(tmp_path: Path) -> FilePlaces:
    boxes = Sandboxes(tmp_path / "slaves", kept_max=9, age_max_ms=10**9)
    boxes.create(AGENT, KEY, 7)
    (tmp_path / RUNS / "8").mkdir()
    return FilePlaces(boxes, tmp_path)


@pytest.mark.parametrize(
    ("path", "below"),
    [
        (f"WORK/{RUNS}/7", ""),
        (f"WORK/{RUNS}/7/a/b", "a/b"),
        (f"WORK/./{RUNS}//7/", ""),
        (f"WORK/{RUNS}/{container_id(KEY, 7)}/a", "a"),
        (f"WORK/{RUNS}/latest/a", "a"),
        ("/frameworks/f/executors/t/latest", ""),
        ("frameworks/f/executors/t/latest/a/../../b", "a/../../b"),
    ],
)
def test_a_sandbox_has_several_names(
    places: FilePlaces, tmp_path: Path, path: str, below: str
) -> None:
    found = places.find(path.replace("WORK", str(tmp_path)))
    assert found == FilePlace(tmp_path / RUNS / "7", below)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/etc/passwd",
        "WORK",
        "WORK/lock",
        "WORK/meta/journal",
        "WORK-2/slaves",
        f"WORK/{RUNS}",
        f"WORK/{RUNS}/8",
        f"WORK/{RUNS}/7x",
        f"WORK/{RUNS}/{container_id(KEY, 8)}",
        f"WORK/{RUNS}/7-00000000",
        f"WORK/{RUNS}/..",
        f"WORK/{RUNS}/9/../7",
        f"WORK/{RUNS}-x/7",
        "WORK/slaves/../meta/frameworks/f/executors/t/runs/7",
        "/frameworks/f/executors/u/latest",
        "/frameworks/../executors/t/latest",
        "/frameworks/f/executors/t/7",
        "/frameworks/f/executors/t/latest\0",
        "/" * 9000,
    ],
)
def test_nothing_else_has_any(places: FilePlaces, tmp_path: Path, path: str) -> None:
    assert places.find(path.replace("WORK", str(tmp_path))) is None
