"""Which task is meant, and which agent has it."""

import click

from trimast.cli.agents import agent_rows
from trimast.cli.connecting import Masters
from trimast.cli.failing import Failed, run_async
from trimast.cli.listing import Row
from trimast.cli.tasks import task_rows

framework_option = click.option(
    "--framework", "framework_id", default="", metavar="ID", help="Whose task, if several have it."
)


def place_of_task(masters: Masters, task_id: str, framework_id: str) -> tuple[Row, str]:
    """Its last launch, and the HTTP address of its agent. Raises Failed."""
    launches = found_tasks(masters, task_id, framework_id)
    row = launches[0]
    if len({each["framework_id"] for each in launches}) > 1:
        click.echo(
            f"trimast: several frameworks have had a {task_id}; this is the last one's. "
            f"--framework names another: {whose(launches[1:])}",
            err=True,
        )
    agents = run_async(lambda: agent_rows(masters))
    agent = next((each for each in agents if each["id"] == row["agent_id"]), None)
    if agent is None or not agent["http"]:
        raise Failed(f"the agent of {task_id}, {row['agent_id']!r}, is not known any more")
    return row, agent["http"]


def found_tasks(masters: Masters, task_id: str, framework_id: str) -> list[Row]:
    """Every launch of the task, the last one first: an id may be used again, and by others."""
    rows = run_async(lambda: task_rows(masters, framework_id, True))
    found = [row for row in rows if row["id"] == task_id]
    if not found:
        where = f" in framework {framework_id}" if framework_id else ""
        raise Failed(f"no task {task_id!r} is known{where}; see: trimast tasks --completed")
    return sorted(found, key=lambda row: int(row["fence"]), reverse=True)


def whose(rows: list[Row]) -> str:
    return ", ".join(dict.fromkeys(row["framework_id"] for row in rows))
