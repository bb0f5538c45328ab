"""`trimast recover`: after the loss of a majority, one survivor goes on alone."""

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from master.disaster.counting import counts_as_text
from master.disaster.edge.data_directories import Found, look_at
from master.disaster.edge.failing import Failed, WrongUse
from master.disaster.edge.registry_reading import (
    captured_for_new_life,
    counts_of,
    registry_after,
)
from master.disaster.touching import tasks_touched
from master.edge.registry_codec import command_from_bytes
from master.registry.commands import Decision
from replication.engine.checked_file import CheckedFileDamaged, read_checked, write_checked
from replication.engine.configuration_codec import (
    ConfigurationUnreadable,
    as_fields,
    decode,
)
from replication.engine.disk_layout import SMALL_FILES, DataDirectoryRefused, locked
from replication.engine.files import OsDirectory
from replication.engine.inspecting import FAULTS, Findings
from replication.engine.new_life import NUMBERS_SKIPPED, base_beyond, lay_base
from replication.membership import Configuration, Member
from replication.survivors import Judgement, RecoveryRefused, Survivor, judge
from trimast.edge.wire.bad_message import BadMessage

_FORMAT: Final = 1
_TASKS_NAMED: Final = 20


@click.command("plan")
@click.argument(
    "directories", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path)
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("recovery.plan"),
    show_default=True,
    help="The plan file to write.",
)
@click.option("--force", is_flag=True, help="Replace the plan file, if it is there.")
@click.option("--json", "as_json", is_flag=True, help="For programs: print the plan.")
def plan_command(directories: tuple[Path, ...], out: Path, force: bool, as_json: bool) -> None:
    """Say what the data directories of the survivors, or copies of them, still have.

    Which entries are certain, possible and lost; which survivor is the best; and what the registry
    would hold. Changes nothing but the plan file.
    """
    if out.exists() and not force:
        raise WrongUse(f"{out} is there already; name another file with --out, or say --force")
    founds = [look_at(path) for path in directories]
    fields = plan(founds)
    try:
        write_checked(OsDirectory(out.absolute().parent), out.name, fields)
    except OSError as error:
        raise Failed(f"{out} cannot be written: {error.strerror}") from error
    if as_json:
        click.echo(json.dumps(fields, indent=2))
        return
    click.echo("\n".join(_plan_lines(fields)))
    click.echo(
        f"\nThe plan is in {out}. Nothing has been changed. To carry it out, with all masters "
        f"stopped, on the host of {fields['chosen']['replica_id']}:\n"
        f"  trimast recover apply --data-dir DIR --plan {out}"
    )


@click.command("apply")
@click.option("--data-dir", required=True, type=click.Path(path_type=Path), help="The survivor's.")
@click.option(
    "--plan", "plan_file", required=True, type=click.Path(path_type=Path), help="What `plan` wrote."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def apply_command(data_dir: Path, plan_file: Path, yes: bool) -> None:
    """Make the planned survivor the only master of its cluster.

    Keeps a copy of the small files in `before-recovery-…` beside the log. Stopped in the middle,
    it can be given again.
    """
    fields = _read_plan(plan_file)
    target = _target(fields)
    click.echo("\n".join(_plan_lines(fields)))
    found = look_at(data_dir)
    if found.in_use:
        raise WrongUse(f"{data_dir} is in use by another process; stop that master first")
    if _is_done(found.findings, target):
        click.echo(f"{data_dir}: the plan is carried out already; start that master", err=True)
        return
    _check_as_planned(found, fields, target)
    if not yes:
        click.confirm(
            f"Make {target.replica_id} the only master of {target.cluster_id}, from "
            f"{data_dir}? What is called lost above is given up for good.",
            abort=True,
            err=True,
        )
    try:
        with locked(data_dir):
            # Nobody has changed it since: this time, nobody can.
            found = look_at(data_dir)
            _check_as_planned(found, fields, target)
            _carry_out(found, fields, target)
    except DataDirectoryRefused as error:
        raise WrongUse(str(error)) from error
    except OSError as error:
        raise Failed(
            f"{error.filename or data_dir}: {error.strerror}; make room, then give the same "
            "command again"
        ) from error
    click.echo(
        f"{target.replica_id} is the only member of configuration {target.configuration.number}. "
        "Start it, and see: trimast masters. Then add others, each with an empty data directory; "
        "never start the lost ones with what they had"
    )


def plan(founds: Sequence[Found]) -> dict[str, Any]:
    """
    Raises:
        Failed: there is nothing to recover, or no way to.
    """
    survivors, unusable = _survivors(founds)
    try:
        judgement = judge(survivors)
    except RecoveryRefused as error:
        notes = "".join(f"\n  {each}" for each in unusable)
        raise Failed(f"{error}{notes}") from error
    best = next(each for each in founds if str(each.path) == judgement.best.place)
    base = base_beyond(
        judgement.best.last_index, max(judgement.best.ballot_term, judgement.best.last_term)
    )
    return {
        "format": _FORMAT,
        "made_at_ms": round(time.time() * 1000),
        "cluster_id": judgement.best.cluster_id,
        "survivors": [_survivor_fields(each) for each in survivors],
        "set_aside": [*judgement.set_aside, *unusable],
        "chosen": _survivor_fields(judgement.best),
        "certain_index": judgement.certain_index,
        "possible": judgement.possible,
        "missing": list(judgement.missing),
        "may_be_lost": judgement.may_be_lost,
        "why": judgement.why,
        **_registry_fields(best.findings, judgement),
        "configuration": as_fields(_alone(judgement, base.index, base.term)),
    }


def _alone(judgement: Judgement, base_index: int, base_term: int) -> Configuration:
    best = judgement.best
    before = best.configuration
    number = before.number + NUMBERS_SKIPPED
    own = before.members.get(best.replica_id)
    if own is None:
        raise Failed(
            f"{best.place} is the best survivor, but {best.replica_id} is no member: where it "
            "listens is not known. Make a backup of it, and restore that"
        )
    others = {name: each for name, each in before.members.items() if name != best.replica_id}
    member = Member(best.disk_id, own.address, own.note)
    return Configuration(number, {best.replica_id: member}, others, base_index, base_term)


def _survivors(founds: Sequence[Found]) -> tuple[list[Survivor], list[str]]:
    survivors: list[Survivor] = []
    unusable: list[str] = []
    for found in founds:
        if found.in_use:
            raise WrongUse(f"{found.path} is in use by a running master; stop all of them first")
        findings = found.findings
        identity, log, ballot = findings.identity, findings.log, findings.ballot
        if not findings.is_sound or identity is None or ballot is None:
            first = next(each for each in findings.damages if each.is_promised)
            unusable.append(f"{found.path} is damaged and cannot be used: {first.what}")
            continue
        if log is None:
            unusable.append(f"{found.path} holds no log: that master has never heard of anything")
            continue
        survivors.append(
            Survivor(
                str(found.path),
                identity.cluster_id,
                identity.replica_id,
                identity.disk_id,
                identity.life,
                findings.configuration,
                log.first_index,
                log.last_index,
                log.last_term,
                ballot.term,
                log.commit_index,
            )
        )
    return survivors, unusable


def _registry_fields(findings: Findings, judgement: Judgement) -> dict[str, Any]:
    certain = min(judgement.certain_index, judgement.best.last_index)
    try:
        with_certain = counts_of(registry_after(findings, certain)).as_fields()
        with_possible = counts_of(registry_after(findings, judgement.best.last_index)).as_fields()
        touched: list[str] = []
        if judgement.possible is not None:
            commands = findings.commands_between(*judgement.possible)
            touched = tasks_touched(_readable(commands))
    except FAULTS as error:
        raise Failed(
            f"{judgement.best.place}: the registry in it cannot be read: {error}"
        ) from error
    return {
        "registry_certain": with_certain,
        "registry_planned": with_possible,
        "tasks_touched": touched,
    }


def _readable(commands: list[tuple[int, bytes]]) -> Iterator[tuple[int, Decision]]:
    for index, command in commands:
        try:
            yield index, command_from_bytes(command).decision
        except BadMessage:
            continue  # Every master refuses it, so it changes nothing.


def _plan_lines(fields: dict[str, Any]) -> list[str]:
    chosen = fields["chosen"]
    lines = [f"cluster {fields['cluster_id']}, configuration {chosen['configuration']}"]
    for each in fields["survivors"]:
        mark = "best" if each == chosen else "survives"
        lines.append(
            f"  {mark:<9} {each['replica_id']} in {each['place']}: log up to entry "
            f"{each['last_index']} (term {each['last_term']}), committed up to "
            f"{each['commit_index']} at least"
        )
    lines += [f"  set aside {each}" for each in fields["set_aside"]]
    lines.append(f"  certain   entries up to {fields['certain_index']}")
    if fields["possible"] is None:
        lines.append("  possible  none beyond")
    else:
        first, last = fields["possible"]
        lines.append(
            f"  possible  entries {first} to {last}: in the log, but not known to be committed; "
            "they are kept"
        )
        touched = fields["tasks_touched"]
        lines += [f"              {each}" for each in touched[:_TASKS_NAMED]]
        if len(touched) > _TASKS_NAMED:
            lines.append(f"              and {len(touched) - _TASKS_NAMED} more")
    lost = "perhaps some" if fields["may_be_lost"] else "none"
    lines.append(f"  lost      {lost}: {fields['why']}")
    lines.append(f"  registry  certain: {counts_as_text(fields['registry_certain'])}")
    lines.append(f"            planned: {counts_as_text(fields['registry_planned'])}")
    return lines


@dataclass(frozen=True, slots=True)
class _Target:
    cluster_id: str
    replica_id: str
    configuration: Configuration


def _read_plan(path: Path) -> dict[str, Any]:
    try:
        fields = read_checked(OsDirectory(path.absolute().parent), path.name)
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}; make a plan first") from error
    except CheckedFileDamaged as error:
        raise Failed(f"{path} is no plan, or has been changed; make one again") from error
    if fields.get("format") != _FORMAT:
        raise Failed(f"{path} is no plan of format {_FORMAT}; make one again")
    return fields


def _target(fields: dict[str, Any]) -> _Target:
    try:
        configuration = decode(json.dumps(fields["configuration"]).encode())
        return _Target(fields["cluster_id"], fields["chosen"]["replica_id"], configuration)
    except (LookupError, TypeError, ConfigurationUnreadable) as error:
        raise Failed(f"the plan makes no sense: {error!r}; make one again") from error


def _is_done(findings: Findings, target: _Target) -> bool:
    return (
        findings.configuration == target.configuration
        and findings.log is not None
        and findings.log.last_index >= target.configuration.base_index
    )


def _check_as_planned(found: Found, fields: dict[str, Any], target: _Target) -> None:
    findings = found.findings
    chosen = fields["chosen"]
    identity, log = findings.identity, findings.log
    if identity is None or log is None or not findings.is_sound:
        raise Failed(f"{found.path} is damaged; see: trimast inspect {found.path}")
    now = {
        "cluster_id": identity.cluster_id,
        "replica_id": identity.replica_id,
        "disk_id": identity.disk_id,
        "life": identity.life,
        "last_index": log.last_index,
        "last_term": log.last_term,
    }
    planned = {"cluster_id": fields["cluster_id"]} | {name: chosen[name] for name in _CHECKED}
    differing = [name for name, value in now.items() if value != planned[name]]
    is_begun = findings.configuration == target.configuration
    if not is_begun and findings.configuration.number != chosen["configuration"]:
        differing.append("configuration")
    if differing:
        told = (
            "; ".join(
                f"{name} is {now.get(name)}, planned was {planned.get(name)}"
                for name in differing
                if name in now
            )
            or "its configuration is another"
        )
        raise Failed(f"{found.path} is not as planned: {told}. Make a new plan")


_CHECKED: Final = ("replica_id", "disk_id", "life", "last_index", "last_term")


def _carry_out(found: Found, fields: dict[str, Any], target: _Target) -> None:
    try:
        state = registry_after(found.findings, fields["chosen"]["last_index"])
    except FAULTS as error:
        raise Failed(f"{found.path}: the registry in it cannot be read: {error}") from error
    _keep_copies(found.path, target.configuration.number)
    lay_base(OsDirectory(found.path), target.configuration, captured_for_new_life(state))


def _keep_copies(path: Path, number: int) -> None:
    """Of all small files, as they were before the first attempt."""
    folder = path / f"before-recovery-{number}"
    if folder.exists():
        return
    draft = path / f"{folder.name}.unfinished"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    copies = OsDirectory(draft)
    for name in SMALL_FILES:
        if (path / name).exists():
            copies.overwrite(name, (path / name).read_bytes())
    copies.sync()
    draft.rename(folder)
    OsDirectory(path).sync()


def _survivor_fields(survivor: Survivor) -> dict[str, Any]:
    return {
        "place": survivor.place,
        "replica_id": survivor.replica_id,
        "disk_id": survivor.disk_id,
        "life": survivor.life,
        "configuration": survivor.configuration.number,
        "is_member": survivor.is_member,
        "first_index": survivor.first_index,
        "last_index": survivor.last_index,
        "last_term": survivor.last_term,
        "ballot_term": survivor.ballot_term,
        "commit_index": survivor.commit_index,
    }
