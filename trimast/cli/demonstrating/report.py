"""The last page of the demonstration: what was checked, and what the failover took."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from trimast.cli.demonstrating.story import Failover, Result


def print_result(result: Result, console: Console, *, logs: Path | None) -> None:
    tally = result.tally
    mark = {True: "[green]ok[/green]", False: "[red]WRONG[/red]"}
    console.print(_failover_table(result.failover))
    checks = (
        (tally.words == result.expected_words, f"{tally.words:,} words, as counted without it"),
        (
            tally.ran_exactly_once == result.tasks,
            f"{tally.ran_exactly_once} of {result.tasks} tasks ran exactly once, "
            "by what they wrote down themselves",
        ),
        (not result.failed, f"{len(result.failed)} tasks failed"),
    )
    for is_right, text in checks:
        console.print(f"{mark[is_right]}  {text}")
    for name, how in result.failed.items():
        console.print(f"      {name}: {how}")
    console.print(f"    counted in {result.counted_in_s:.1f} s, the failover included")
    if logs is not None:
        console.print(f"    logs of all processes: {logs}")
    console.print("    next: `trimast up`, then `trimast run -- echo hello` and `trimast tasks`")


def _failover_table(failover: Failover) -> Table:
    table = Table(title=f"{failover.killed} killed, {failover.leader} took over")
    table.add_column("since the kill")
    table.add_column("seconds", justify="right")
    rows: tuple[tuple[str, float | None], ...] = (
        ("a new leader is known", failover.leader_s),
        ("its first write is committed", failover.commit_s),
        ("the framework is subscribed again", failover.subscribed_s),
        ("the first offer reaches it", failover.offer_s),
        ("the first task runs", failover.launch_s),
    )
    for what, seconds in sorted(rows, key=lambda row: row[1] or float("inf")):
        table.add_row(what, "-" if seconds is None else f"{seconds:.3f}")
    return table
