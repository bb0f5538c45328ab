"""What was found in a data directory or a backup: fields for programs, lines for people."""

from datetime import UTC, datetime
from typing import Any, Final

from master.disaster.counting import counts_as_text
from master.disaster.edge.data_directories import Found
from master.disaster.edge.registry_reading import counts_of, registry_after
from replication.engine.backup_file import BackupInfo
from replication.engine.configuration_codec import as_fields
from replication.engine.inspecting import FAULTS, Findings
from replication.engine.wal_scan import Damage
from replication.membership import Configuration

_UNREADABLE: Final = "Permission denied"


def directory_fields(found: Found) -> dict[str, Any]:
    findings = found.findings
    identity, ballot, log = findings.identity, findings.ballot, findings.log
    registry, unreadable = _registry(findings)
    return {
        "directory": str(found.path),
        "in_use": found.in_use,
        "sound": findings.is_sound and not unreadable,
        "identity": None
        if identity is None
        else {
            "cluster_id": identity.cluster_id,
            "replica_id": identity.replica_id,
            "disk_id": identity.disk_id,
            "life": identity.life,
        },
        "configuration": as_fields(findings.configuration)
        if findings.configuration.number
        else None,
        "is_member": identity is not None
        and findings.configuration.is_voter(identity.replica_id, identity.disk_id),
        "ballot": None if ballot is None else {"term": ballot.term, "voted_for": ballot.voted_for},
        "log": None
        if log is None
        else {
            "first_index": log.first_index,
            "first_term": log.first_term,
            "last_index": log.last_index,
            "last_term": log.last_term,
            "commit_index": log.commit_index,
        },
        "segments": [
            {
                "file": each.file,
                "size_bytes": each.size_bytes,
                "first_index": each.first_index,
                "last_index": each.last_index,
            }
            for each in findings.segments
        ],
        "snapshots": [
            {
                "file": each.file,
                "intact": each.info is not None,
                "index": each.info.index if each.info else None,
                "term": each.info.term if each.info else None,
                "size_bytes": each.info.size_bytes if each.info else None,
            }
            for each in findings.snapshots
        ],
        "damages": [_damage_fields(damage) for damage in (*findings.damages, *unreadable)],
        "registry": registry,
    }


def directory_lines(fields: dict[str, Any]) -> list[str]:
    identity, ballot, log = fields["identity"], fields["ballot"], fields["log"]
    lines = [f"data directory {fields['directory']}"]
    if fields["in_use"]:
        lines.append("  in use       by a running master: this is what it has written by now")
    elif fields["in_use"] is None:
        lines.append("  in use       cannot be told: its lock cannot be read")
    if identity is None:
        lines.append("  identity     none that can be read")
    else:
        lines.append(
            f"  identity     {identity['replica_id']} of cluster {identity['cluster_id']}, "
            f"disk {identity['disk_id'] or 'without an id'}, life {identity['life']}"
        )
    lines += _configuration_lines(fields["configuration"], is_member=fields["is_member"])
    if ballot is not None:
        vote = f"voted for {ballot['voted_for']}" if ballot["voted_for"] else "no vote given"
        lines.append(f"  term         {ballot['term']}, {vote}")
    if log is not None:
        lines.append(
            f"  log          entries {log['first_index']} (term {log['first_term']}) to "
            f"{log['last_index']} (term {log['last_term']}), committed up to "
            f"{log['commit_index']} at least"
        )
    lines += [
        f"  log file     {each['file']}: {each['size_bytes']} bytes, "
        + (
            f"entries {each['first_index']} to {each['last_index']}"
            if each["first_index"]
            else "no entries"
        )
        for each in fields["segments"]
    ]
    for each in fields["snapshots"]:
        what = (
            f"after entry {each['index']} (term {each['term']}), {each['size_bytes']} bytes, intact"
            if each["intact"]
            else "damaged, see below"
        )
        lines.append(f"  snapshot     {each['file']}: {what}")
    if fields["registry"] is not None:
        after = f"after entry {fields['registry']['after_entry']}"
        lines.append(f"  registry     {after}: {counts_as_text(fields['registry'])}")
    for damage in fields["damages"]:
        where = f" at byte {damage['offset']}" if damage["offset"] is not None else ""
        weight = "damage" if damage["fatal"] else "harmless"
        lines.append(f"  {weight:<12} {damage['file']}{where}: {damage['what']}")
    if any(_UNREADABLE in damage["what"] for damage in fields["damages"]):
        lines.append("not all of it may be read by this user: look again as the masters' user")
    elif not fields["sound"]:
        lines.append("no master starts from it: replace this master, or restore a backup")
    return lines


def backup_fields(path: str, info: BackupInfo) -> dict[str, Any]:
    header = info.header
    return {
        "backup": path,
        "sha256": info.sha256,
        "size_bytes": info.size_bytes,
        "cluster_id": header.cluster_id,
        "configuration": as_fields(header.configuration),
        "index": header.index,
        "term": header.term,
        "made_at_ms": header.made_at_ms,
        "made_by": header.made_by,
        "registry": dict(header.contents),
    }


def backup_lines(fields: dict[str, Any]) -> list[str]:
    made = time_text(fields["made_at_ms"])
    return [
        f"backup {fields['backup']}: intact, {fields['size_bytes']} bytes",
        f"  cluster      {fields['cluster_id']}",
        f"  made         {made} from {fields['made_by']}",
        *_configuration_lines(fields["configuration"], is_member=True),
        f"  log          after entry {fields['index']} (term {fields['term']})",
        f"  registry     {counts_as_text(fields['registry'])}",
        f"  sha256       {fields['sha256']}",
    ]


def time_text(wall_ms: int) -> str:
    try:
        return datetime.fromtimestamp(wall_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{wall_ms} ms"


def members_text(configuration: Configuration) -> str:
    return ", ".join(sorted(configuration.members)) or "nobody"


def _configuration_lines(fields: dict[str, Any] | None, *, is_member: bool) -> list[str]:
    if fields is None:
        return ["  configuration none: it has not become a member of a cluster yet"]
    members = ", ".join(
        f"{name} at {each['host']}:{each['port']}" if each["port"] else name
        for name, each in fields["members"].items()
    )
    own = "" if is_member else "; this disk is NOT a member"
    return [
        f"  configuration {fields['number']}: {members}{own}; "
        f"its base is entry {fields['base_index']} (term {fields['base_term']})"
    ]


def _registry(findings: Findings) -> tuple[dict[str, Any] | None, list[Damage]]:
    if findings.log is None:
        return None, []
    index = findings.log.commit_index
    try:
        counts = counts_of(registry_after(findings, index))
    except FAULTS as error:
        return None, [Damage("the registry", None, str(error) or repr(error))]
    return {"after_entry": index, **counts.as_fields()}, []


def _damage_fields(damage: Damage) -> dict[str, Any]:
    return {
        "file": damage.file,
        "offset": damage.offset,
        "what": damage.what,
        "fatal": damage.is_promised,
    }
