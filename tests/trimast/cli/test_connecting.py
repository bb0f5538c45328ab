"""Which masters a command talks to when it is told, and when it is not."""

import dataclasses
import os
from pathlib import Path

import pytest

from trimast.cli.connecting import chosen_masters
from trimast.cli.failing import WrongUse
from trimast.cli.local_cluster.cluster_file import planned, save
from trimast.cli.local_cluster.processes import mark_of


def a_cluster(folder: Path, *, runs: bool) -> None:
    cluster = planned(folder, [1, 2, 3, 4], masters=1, agents=1, resources="")
    process = mark_of(os.getpid()) if runs else None
    save(cluster.replaced(dataclasses.replace(cluster.masters[0], process=process)))


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TRIMAST_MASTERS", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "trimast").mkdir()


def test_a_flag_wins_over_the_environment_and_that_over_a_local_cluster(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    a_cluster(tmp_path / "trimast", runs=True)
    assert chosen_masters(None, None, 1).addresses == ("127.0.0.1:2",)
    monkeypatch.setenv("TRIMAST_MASTERS", "b:1, c:2")
    assert chosen_masters(None, None, 1).addresses == ("b:1", "c:2")
    assert chosen_masters("a:1", None, 1).addresses == ("a:1",)
    assert chosen_masters(None, tmp_path / "trimast", 1).addresses == ("127.0.0.1:2",)


def test_without_a_cluster_that_runs_the_usual_port_is_asked(tmp_path: Path) -> None:
    assert chosen_masters(None, None, 1).addresses == ("127.0.0.1:5052",)
    a_cluster(tmp_path / "trimast", runs=False)
    assert chosen_masters(None, None, 1).addresses == ("127.0.0.1:5052",)


def test_a_cluster_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "cluster.json").write_text("{", encoding="utf-8")
    with pytest.raises(WrongUse, match=r"cluster\.json cannot be read"):
        chosen_masters(None, tmp_path, 1)
