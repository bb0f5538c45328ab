import json
import os
from pathlib import Path

from trimast.edge.ready_file import write_ready_file


def test_it_is_written_whole_and_again(tmp_path: Path) -> None:
    path = tmp_path / "ready"
    write_ready_file(path, id=None, http="127.0.0.1:5051")
    facts = {"id": None, "http": "127.0.0.1:5051", "pid": os.getpid()}
    assert json.loads(path.read_text()) == facts
    write_ready_file(path, id="agent-1", http="127.0.0.1:5051")
    assert json.loads(path.read_text()) == facts | {"id": "agent-1"}
    assert [file.name for file in tmp_path.iterdir()] == ["ready"]
