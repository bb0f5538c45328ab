"""recover: what is told before anything is done, and what is done then."""

import fcntl
from dataclasses import replace
from pathlib import Path

import pytest

from replication.engine.disk_layout import load_configuration, read_identity
from replication.engine.files import OsDirectory
from tests.master.disaster.a_cluster import THREE, contents, make_data_directory, run


@pytest.fixture
def survivor(tmp_path: Path) -> Path:
    """m1 of three: entries 1 to 7, of which it knows 1 to 5 to be committed."""
    return make_data_directory(tmp_path / "m1", tasks=3, committed=5)


def a_plan(tmp_path: Path, *directories: Path) -> Path:
    path = tmp_path / "plan"
    done = run("recover", "plan", *directories, "--out", path)
    assert done.code == 0, done.err
    return path


def test_the_plan_says_what_is_certain_possible_and_lost(tmp_path: Path, survivor: Path) -> None:
    before = contents(survivor)
    done = run("recover", "plan", survivor, "--out", tmp_path / "plan")
    assert done.code == 0
    assert "best      m1" in done.out
    assert "certain   entries up to 5" in done.out
    assert "possible  entries 6 to 7" in done.out
    assert "entry 6: launch t2 of f1" in done.out
    assert "lost      perhaps some: 2 of 3 are missing (m2, m3), and 2 are enough" in done.out
    assert "certain: epoch 1, 1 agents (1 active), 1 frameworks (1 active), 1 tasks" in done.out
    assert "planned: epoch 1, 1 agents (1 active), 1 frameworks (1 active), 2 tasks" in done.out
    assert contents(survivor) == before


def test_programs_get_the_plan_itself(tmp_path: Path, survivor: Path) -> None:
    fields = run("recover", "plan", survivor, "--out", tmp_path / "plan", "--json").document
    assert fields["chosen"]["replica_id"] == "m1"
    assert fields["possible"] == [6, 7]
    assert fields["may_be_lost"]
    assert fields["configuration"]["number"] == 1005


def test_the_survivor_becomes_the_only_member(tmp_path: Path, survivor: Path) -> None:
    plan = a_plan(tmp_path, survivor)
    small = {name: contents(survivor)[name] for name in ("identity", "configuration", "term.a")}
    done = run("recover", "apply", "--data-dir", survivor, "--plan", plan, "--yes")
    assert done.code == 0, done.err
    configuration = load_configuration(OsDirectory(survivor))
    assert list(configuration.members) == ["m1"]
    assert list(configuration.departed) == ["m2", "m3"]
    assert configuration.is_voter("m1", read_identity(OsDirectory(survivor)).disk_id)
    fields = run("inspect", survivor, "--json").document
    assert fields["sound"]
    assert fields["log"]["last_index"] == configuration.base_index == 1_000_000_007
    assert fields["registry"]["tasks"] == {"starting": 2}
    assert fields["registry"]["epoch"] == 1_000_001
    kept = contents(survivor / "before-recovery-1005")
    assert {name: kept[name] for name in small} == small


def test_it_can_be_given_again(tmp_path: Path, survivor: Path) -> None:
    plan = a_plan(tmp_path, survivor)
    flags = ("--data-dir", survivor, "--plan", plan, "--yes")
    assert run("recover", "apply", *flags).code == 0
    after = contents(survivor)
    again = run("recover", "apply", *flags)
    assert again.code == 0
    assert "carried out already" in again.err
    assert contents(survivor) == after


def test_it_asks_first(tmp_path: Path, survivor: Path) -> None:
    plan = a_plan(tmp_path, survivor)
    before = contents(survivor)
    for answer in ("n\n", ""):
        refused = run("recover", "apply", "--data-dir", survivor, "--plan", plan, stdin=answer)
        assert refused.code == 1
        assert "Make m1 the only master of prod" in refused.err
        assert contents(survivor) == before
    flags = ("--data-dir", survivor, "--plan", plan)
    assert run("recover", "apply", *flags, stdin="y\n").code == 0


def test_a_plan_made_from_copies_is_carried_out_on_the_original(
    tmp_path: Path, survivor: Path
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for name, data in contents(survivor).items():
        (copy / name).write_bytes(data)
    plan = a_plan(tmp_path, copy)
    assert run("recover", "apply", "--data-dir", survivor, "--plan", plan, "--yes").code == 0


def test_a_directory_that_is_not_as_planned_is_refused(tmp_path: Path, survivor: Path) -> None:
    plan = a_plan(tmp_path, survivor)
    other = make_data_directory(tmp_path / "other", tasks=2)
    refused = run("recover", "apply", "--data-dir", other, "--plan", plan, "--yes")
    assert refused.code == 1
    assert "last_index is 6, planned was 7. Make a new plan" in refused.err
    wrong = make_data_directory(tmp_path / "m2", "m2", tasks=3)
    refused = run("recover", "apply", "--data-dir", wrong, "--plan", plan, "--yes")
    assert "replica_id is m2, planned was m1" in refused.err


def test_a_directory_in_use_is_refused(tmp_path: Path, survivor: Path) -> None:
    plan = a_plan(tmp_path, survivor)
    with (survivor / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = run("recover", "apply", "--data-dir", survivor, "--plan", plan, "--yes")
        assert refused.code == 2
        assert "is in use" in refused.err
        refused = run("recover", "plan", survivor, "--out", tmp_path / "another")
        assert refused.code == 2
        assert "is in use by a running master; stop all of them first" in refused.err


def test_a_changed_plan_is_refused(tmp_path: Path, survivor: Path) -> None:
    plan = a_plan(tmp_path, survivor)
    data = plan.read_bytes()
    for position in range(0, len(data), 7):
        changed = bytearray(data)
        changed[position] ^= 1
        plan.write_bytes(changed)
        refused = run("recover", "apply", "--data-dir", survivor, "--plan", plan, "--yes")
        assert refused.code == 1, position
        assert "has been changed" in refused.err
    missing = tmp_path / "none"
    refused = run("recover", "apply", "--data-dir", survivor, "--plan", missing, "--yes")
    assert refused.code == 2
    assert "make a plan first" in refused.err


def test_a_plan_is_not_written_over_another_file(tmp_path: Path, survivor: Path) -> None:
    (tmp_path / "plan").write_text("precious")
    refused = run("recover", "plan", survivor, "--out", tmp_path / "plan")
    assert (refused.code, (tmp_path / "plan").read_text()) == (2, "precious")


def test_a_lost_minority_is_refused(tmp_path: Path, survivor: Path) -> None:
    other = make_data_directory(tmp_path / "m2", "m2")
    refused = run("recover", "plan", survivor, other, "--out", tmp_path / "plan")
    assert refused.code == 1
    assert "2 of 3 survive, and 2 are enough: nothing to recover, start them" in refused.err
    assert not (tmp_path / "plan").exists()


def test_other_clusters_and_damaged_directories_are_named(tmp_path: Path, survivor: Path) -> None:
    foreign = make_data_directory(tmp_path / "f", "m2", cluster="test")
    refused = run("recover", "plan", survivor, foreign, "--out", tmp_path / "plan")
    assert refused.code == 1
    assert "different clusters" in refused.err
    damaged = make_data_directory(tmp_path / "m2", "m2")
    (damaged / "configuration").write_bytes(b"garbage")
    done = run("recover", "plan", survivor, damaged, "--out", tmp_path / "plan")
    assert done.code == 0
    assert f"set aside {damaged} is damaged and cannot be used" in done.out
    alone = run("recover", "plan", damaged, "--out", tmp_path / "plan2")
    assert alone.code == 1
    assert "is damaged" in alone.err


def test_who_is_no_member_does_not_become_one(tmp_path: Path) -> None:
    others = replace(THREE, members={name: THREE.members[name] for name in ("m2", "m3")})
    learner = make_data_directory(tmp_path / "m1", configuration=others)
    refused = run("recover", "plan", learner, "--out", tmp_path / "plan")
    assert refused.code == 1
    assert "m1 is no member" in refused.err
