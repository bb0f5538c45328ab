from pathlib import Path

import pytest

from agent.edge.work_dir import WorkDirUnusable, open_work_dir


def test_what_is_missing_is_made(tmp_path: Path) -> None:
    work_dir = open_work_dir(tmp_path / "a" / "b")
    assert work_dir.journal.parent.is_dir()
    assert work_dir.sandboxes.is_dir()
    work_dir.close()


def test_one_agent_each(tmp_path: Path) -> None:
    first = open_work_dir(tmp_path)
    with pytest.raises(WorkDirUnusable, match="is in use by another agent"):
        open_work_dir(tmp_path)
    first.close()
    open_work_dir(tmp_path).close()


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkDirUnusable, match=f"work_dir {tmp_path}/file cannot be used: "):
        open_work_dir(tmp_path / "file")
