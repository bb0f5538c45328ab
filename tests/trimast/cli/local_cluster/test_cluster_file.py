"""What is written of a cluster is what is read of it."""

import dataclasses
import json
from pathlib import Path

import pytest

from trimast.cli.local_cluster.cluster_file import (
    BadClusterFile,
    ClusterFile,
    load,
    planned,
    save,
)
from trimast.cli.local_cluster.processes import ProcessMark


def a_cluster(folder: Path) -> ClusterFile:
    cluster = planned(folder, range(1, 12), masters=3, agents=2, resources="cpus:1")
    [first, *_] = cluster.agents
    started = dataclasses.replace(first, process=ProcessMark(7, 8), agent_id="S1")
    return cluster.replaced(started)


def test_a_cluster_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert load(tmp_path) is None
    cluster = a_cluster(tmp_path)
    save(cluster)
    assert load(tmp_path) == cluster
    assert {path.name for path in tmp_path.iterdir()} == {"cluster.json", "targets.json"}


def test_prometheus_is_told_what_to_scrape(tmp_path: Path) -> None:
    save(a_cluster(tmp_path))
    targets = json.loads((tmp_path / "targets.json").read_text())
    assert [(each["labels"]["role"], len(each["targets"])) for each in targets] == [
        ("master", 3),
        ("agent", 2),
    ]


def test_programs_are_told_what_they_were_promised(tmp_path: Path) -> None:
    printed = a_cluster(tmp_path).as_printed()
    assert printed["dir"] == str(tmp_path)
    assert printed["masters"][1] == {
        "id": "m2",
        "http": "127.0.0.1:4",
        "grpc": "127.0.0.1:5",
        "pid": None,
    }
    assert printed["agents"][0] == {"id": "S1", "http": "127.0.0.1:10", "pid": 7}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "name": "x"}'])
def test_what_is_not_a_cluster_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "cluster.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadClusterFile, match=r"cluster\.json"):
        load(tmp_path)


def test_a_file_with_an_unknown_field_is_refused(tmp_path: Path) -> None:
    save(a_cluster(tmp_path))
    document = json.loads((tmp_path / "cluster.json").read_text(encoding="utf-8"))
    document["masters"][0]["colour"] = "red"
    (tmp_path / "cluster.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(BadClusterFile, match="colour"):
        load(tmp_path)
