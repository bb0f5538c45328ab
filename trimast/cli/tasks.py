"""`trimast tasks`: what runs where, and what has ended."""

from pathlib import Path

import click

from protos.trimast.v1 import cluster_pb2
from trimast.cli.connecting import Masters, chosen_masters, masters_options, the_leader
from trimast.cli.failing import run_async
from trimast.cli.listing import Row, completed_option, json_option, print_rows
from trimast.cli.portions import portions

COLUMNS = (
    "id",
    "state",
    "name",
    "framework_id",
    "agent_id",
    "resources",
    "exit_code",
    "message",
    "launched_at_ms",
    "unacknowledged",
    "fence",
    "paused",
)
FOR_PEOPLE = COLUMNS[:8]


@click.command()
@masters_options
@click.option("--framework", "framework_id", default="", metavar="ID", help="Of this one only.")
@completed_option
@json_option
def tasks(
    master: str | None,
    folder: Path | None,
    timeout_s: float,
    framework_id: str,
    completed: bool,
    as_json: bool,
) -> None:
    """List tasks."""
    masters = chosen_masters(master, folder, timeout_s)
    rows = run_async(lambda: task_rows(masters, framework_id, completed))
    columns = COLUMNS if as_json else FOR_PEOPLE
    if not as_json:
        rows = [_for_people(row) for row in rows]
    print_rows(rows, columns, as_json=as_json, none="no tasks; run one: trimast run -- echo hi")


async def task_rows(masters: Masters, framework_id: str, completed: bool) -> list[Row]:
    request = cluster_pb2.ListTasksRequest(framework_id=framework_id, completed=completed)
    async with the_leader(masters) as leader:
        call = leader.ListTasks(request)
        return [
            _row(row)
            async for portion in portions(call, silence_max_s=masters.timeout_s)
            for row in portion.tasks
        ]


def _row(task: cluster_pb2.TaskRow) -> Row:
    row = {name: getattr(task, name) for name in COLUMNS}
    return {**row, "exit_code": task.exit_code if task.HasField("exit_code") else None}


def _for_people(row: Row) -> Row:
    return {**row, "state": f"{row['state']} (paused)"} if row["paused"] else row
