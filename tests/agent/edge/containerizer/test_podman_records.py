"""What is noted of containers, and read again."""

from pathlib import Path

from agent.edge.containerizer.podman_records import (
    ContainerRecord,
    ContainerRecords,
    complaint_in,
    container_name,
)

RECORD = ContainerRecord(container_name("[]"), "[]", "/trimast/a/task-b", False, 64, "/x/stderr")


def test_what_was_noted_is_there_until_it_is_dropped(tmp_path: Path) -> None:
    records = ContainerRecords(tmp_path / "containers")
    assert records.all() == []
    records.add(RECORD)
    assert ContainerRecords(tmp_path / "containers").all() == [RECORD]
    assert not records.has_begun(RECORD.name)
    records.pid_file(RECORD.name).write_text("5")
    assert records.has_begun(RECORD.name)
    records.drop(RECORD.name)
    assert list((tmp_path / "containers").iterdir()) == []


def test_what_was_never_whole_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text('{"name": "b"}')
    assert ContainerRecords(tmp_path).all() == []
    assert list(tmp_path.iterdir()) == []


def test_the_last_line_is_what_podman_complains_of(tmp_path: Path) -> None:
    said = tmp_path / "stderr"
    said.write_text("time=now level=warning\nError: no such thing\n\n")
    assert complaint_in(str(said)) == "no such thing"
    assert complaint_in(str(tmp_path / "none")) == ""
    (tmp_path / "link").symlink_to(said)
    assert complaint_in(str(tmp_path / "link")) == "", "it is the task's folder"
